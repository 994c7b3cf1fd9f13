import fc from 'fast-check'
import { SecretMask, suggestion } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { expandPlaceholders } from '../src/descriptor/placeholder.ts'
import { environmentNames, PropertyLookup } from '../src/descriptor/property-lookup.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_261_122
const lookup = (settings: Record<string, string> = {}): PropertyLookup =>
  new PropertyLookup({ settings, env: {}, mask: new SecretMask() })

describe('placeholders', () => {
  test('any text without a placeholder stays as it is', () => {
    const reached = { texts: 0, signs: 0 }
    assertProperty(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('$', '}', ':', 'a') })), (text) => {
        fc.pre(!text.includes('${'))
        reached.texts++
        if (/[$}:]/.test(text)) reached.signs++
        return expandPlaceholders(text, lookup(), new Map()).text === text
      }),
      { seed: SEED, numRuns: 200, reached, atLeast: 20 },
    )
  })

  test('any text is expanded or refused, and never throws or hangs', () => {
    const piece = fc.constantFrom('${', '}', 'a', ':', '\\', '${a}', '${b:', '$', '{')
    const pieces = fc.array(piece, { maxLength: 30 })
    const reached = { expanded: 0, refused: 0 }
    assertProperty(
      fc.property(pieces, (parts) => {
        const file = new Map([
          ['a', '${b:x}'],
          ['b', '${a}'],
        ])
        const { text, fault } = expandPlaceholders(parts.join(''), lookup(), file)
        reached[fault === undefined ? 'expanded' : 'refused']++
        return typeof text === 'string'
      }),
      { seed: SEED, numRuns: 200, reached, atLeast: 10 },
    )
  })

  test('a value from outside is taken as it is, even when it looks like a placeholder', () => {
    const { text } = expandPlaceholders('<${x}>', lookup({ x: '${y}' }), new Map([['y', 'no']]))
    expect(text).toBe('<${y}>')
  })

  test('26 lines that double each other end at once, with an error of their own', () => {
    const doubling = Array.from({ length: 26 }, (_, i): [string, string] => [`k${i}`, `\${k${i + 1}}\${k${i + 1}}`])
    const file = new Map([...doubling, ['k26', 'x'.repeat(10)] as const])
    expect(expandPlaceholders('${k0}', lookup(), file).fault).toMatchObject({ kind: 'too-long' })
  })

  test('each of 20 lines that double nothing is looked up once', () => {
    let asked = 0
    class Counted extends Map<string, string> {
      override get(key: string): string | undefined {
        asked++
        return super.get(key)
      }
    }
    const lines = Array.from({ length: 20 }, (_, i): [string, string] => [`k${i}`, `\${k${i + 1}}\${k${i + 1}}`])
    const { text, fault } = expandPlaceholders('${k0}', lookup(), new Counted([...lines, ['k20', '']]))
    expect({ text, fault, asked }).toEqual({ text: '', fault: undefined, asked: 21 })
  })

  test('64 KiB are expanded, and one byte more is not', () => {
    const of = (value: string): unknown => expandPlaceholders('<${x}', lookup({ x: value }), new Map()).fault?.kind
    expect([of('ü'.repeat(32_767)), of('ü'.repeat(32_768))]).toEqual([undefined, 'too-long'])
  })

  test('a key that is used many times is looked up once', () => {
    let asked = 0
    const providers = { vault: { read: () => `text ${++asked}` } }
    const own = new PropertyLookup({ env: {}, providers, mask: new SecretMask() })
    expect(expandPlaceholders('${vault:a} ${vault:a}', own, new Map()).text).toBe('text 1 text 1')
  })

  test('chains and defaults that are nested too deep are refused instead of ending the process', () => {
    const chain = new Map(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, `\${k${i + 1}}`]))
    expect(expandPlaceholders('${k0}', lookup(), chain).fault).toMatchObject({ kind: 'too-long' })
    const defaults = `${'${a:'.repeat(50_000)}${'}'.repeat(50_000)}`
    expect(expandPlaceholders(defaults, lookup(), new Map()).fault).toMatchObject({ kind: 'too-long' })
  })

  test('what is wrong in a value from outside is said without the value', () => {
    const layers = [new Map([['db.word', { value: 'hunter22${', origin: 'x.yaml', isTemplate: true }]])]
    const own = new PropertyLookup({ env: {}, layers, mask: new SecretMask() })
    const fault = expandPlaceholders('${db.word}', own, new Map()).fault
    expect(fault?.message).toBe('a placeholder in the value of ${db.word} has no closing brace')
  })

  test('the environment may hold a key under relaxed names', () => {
    expect(environmentNames('relay.port')).toEqual(['relay.port', 'RELAY_PORT'])
    expect(environmentNames('db-host.maxSize')).toEqual(['db-host.maxSize', 'DB_HOST_MAXSIZE', 'DB_HOST_MAX_SIZE'])
  })
})

describe('did you mean', () => {
  test.each([
    ['relayConfg', ['relayConfig', 'relay'], 'did you mean "relayConfig"?'],
    ['PORT', ['port', 'host'], 'did you mean "port"?'],
    ['nothingLikeIt', ['port', 'host'], 'possible here: port, host'],
    ['x', [], undefined],
  ])('%s among %j', (word, names, expected) => {
    expect(suggestion(word, names)).toBe(expected)
  })
})
