import fc from 'fast-check'
import { SecretMask, suggestion } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { environmentNames, expandPlaceholders, PropertyLookup } from '../src/descriptor/placeholder.ts'

const SEED = { seed: 20_261_122 }
const lookup = (settings: Record<string, string> = {}): PropertyLookup =>
  new PropertyLookup({ settings, env: {}, mask: new SecretMask() })

describe('placeholders', () => {
  test('any text without a placeholder stays as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('${'))
        return expandPlaceholders(text, lookup(), new Map()).text === text
      }),
      SEED,
    )
  })

  test('any text is expanded or refused, and never throws or hangs', () => {
    const piece = fc.constantFrom('${', '}', 'a', ':', '\\', '${a}', '${b:', '$', '{')
    const pieces = fc.array(piece, { maxLength: 30 })
    fc.assert(
      fc.property(pieces, (parts) => {
        const file = new Map([
          ['a', '${b:x}'],
          ['b', '${a}'],
        ])
        return typeof expandPlaceholders(parts.join(''), lookup(), file).text === 'string'
      }),
      SEED,
    )
  })

  test('a value from outside is taken as it is, even when it looks like a placeholder', () => {
    const { text } = expandPlaceholders('<${x}>', lookup({ x: '${y}' }), new Map([['y', 'no']]))
    expect(text).toBe('<${y}>')
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
