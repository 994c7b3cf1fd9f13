import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { FileSchemaRegistry, MemorySchemaRegistry, type SchemaRegistry } from '@aesop/schema'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-schema-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const shape = (field: string): string => `{"type":"record","name":"Person","fields":[{"name":"${field}","type":"int"}]}`

/** `1:a 2:b`: the versions with their fields. */
const listed = (registry: SchemaRegistry): string =>
  registry
    .versions('p')
    .map(({ version, text }) => `${version}:${/"fields":\[\{"name":"(\w+)"/.exec(text)?.[1] ?? text}`)
    .join(' ')
const spans = (registry: SchemaRegistry): string =>
  registry
    .history('p')
    .map(({ sinceScn, version }) => `${sinceScn}:${version}`)
    .join(' ')

/** `a@10 b@20`: shapes, each with the SCN from which it holds. */
function register(registry: SchemaRegistry, steps: string): string {
  return steps
    .split(' ')
    .map((step) => {
      const [field = '', scn = ''] = step.split('@')
      return registry.register('p', shape(field), BigInt(scn)).version
    })
    .join(' ')
}

describe.each([
  ['in memory', (): SchemaRegistry => new MemorySchemaRegistry()],
  ['in files', (): SchemaRegistry => new FileSchemaRegistry({ derived: folder })],
])('the versions of a source %s', (_where, open) => {
  test.each([
    ['a shape that stays is one version', 'a@10 a@20', '1 1', '1:a', '10:1'],
    ['a newer shape takes the next number', 'a@10 b@20', '1 2', '1:a 2:b', '10:1 20:2'],
    ['what is read again is known', 'a@10 b@20 a@10 a@15 b@20', '1 2 1 1 2', '1:a 2:b', '10:1 20:2'],
    ['a shape that comes back is the newest', 'a@10 b@20 a@30', '1 2 3', '1:a 2:b 3:a', '10:1 20:2 30:3'],
    ['an older one that comes late lies below the newest', 'b@20 a@10', '1 2', '1:b 2:a 3:b', '10:2 20:3'],
    ['one between two comes late, too', 'a@10 c@30 b@20', '1 2 3', '1:a 2:c 3:b 4:c', '10:1 20:3 30:4'],
    ['the newest holds from earlier on', 'a@20 a@10', '1 1', '1:a', '10:1 20:1'],
    [
      'a known one that comes late takes no number',
      'a@10 b@30 c@40 a@35',
      '1 2 3 1',
      '1:a 2:b 3:c',
      '10:1 30:2 35:1 40:3',
    ],
    ['two that begin with one SCN do not take turns', 'a@10 b@10 a@10 b@10', '1 2 1 2', '1:a 2:b', '10:1 10:2'],
    ['those after a late one go on', 'b@20 a@10 b@25 c@30', '1 2 3 4', '1:b 2:a 3:b 4:c', '10:2 20:3 30:4'],
  ])('%s', (_what, steps, numbers, versions, history) => {
    const registry = open()
    expect(register(registry, steps)).toBe(numbers)
    expect(listed(registry)).toBe(versions)
    expect(spans(registry)).toBe(history)
  })

  test('a version whose SCN nobody knows is older than every other shape', () => {
    const registry = open()
    registry.register('p', shape('a'))
    registry.register('p', shape('b'))
    expect(register(registry, 'b@20 a@10 c@30')).toBe('2 1 3')
    expect(listed(registry)).toBe('1:a 2:b 3:c')
    expect(spans(registry)).toBe('10:1 20:2 30:3')
  })

  test('SCNs that begin anew are forgotten, versions are not', () => {
    const registry = open()
    register(registry, 'a@10 b@20')
    registry.forgetHistory('p')
    expect(register(registry, 'b@1 c@2')).toBe('2 3')
    expect(spans(registry)).toBe('1:2 2:3')
  })

  test('the revision counts what was registered, for all and for each source', () => {
    const registry = open()
    expect([registry.revision, registry.revisionOf('p')]).toEqual([0, 0])
    register(registry, 'b@20 b@20')
    registry.register('q', shape('q'))
    expect([registry.revision, registry.revisionOf('p'), registry.revisionOf('q')]).toEqual([2, 1, 2])
    register(registry, 'a@10')
    expect([registry.revision, registry.revisionOf('p'), registry.revisionOf('q')]).toEqual([3, 3, 2])
  })
})

describe('the history in files', () => {
  const reopened = (): FileSchemaRegistry => new FileSchemaRegistry({ derived: folder })

  test('is there after a restart, beside the schemas, without repeated texts', () => {
    register(reopened(), 'b@20 a@9223372036854775800')
    register(reopened(), 'c@10')
    const registry = reopened()
    expect(listed(registry)).toBe('1:b 2:a 3:c 4:a')
    expect(spans(registry)).toBe('10:3 20:1 9223372036854775800:4')
    expect(register(registry, 'a@9223372036854775801 b@21 c@11')).toBe('4 1 3')
    expect(registry.revision).toBe(0)
    const names = [1, 2, 3, 4].map((version) => `p.${version}.avsc`)
    expect(readdirSync(folder).sort()).toEqual([...names, 'p.history.json'])
  })

  test.each(['Shop.Item', 'shop/item', 'x'.repeat(300)])('is found again whatever the name: %.20s', (source) => {
    reopened().register(source, shape('a'), 10n)
    expect(reopened().history(source)).toEqual([{ sinceScn: 10n, version: 1 }])
  })

  test('of a folder of a former version is empty, and begins with what comes', () => {
    writeFileSync(join(folder, 'p.1.avsc'), shape('a'))
    writeFileSync(join(folder, 'p.2.avsc'), shape('b'))
    const registry = reopened()
    expect(spans(registry)).toBe('')
    expect(register(registry, 'b@20')).toBe('2')
    expect(spans(reopened())).toBe('20:2')
  })

  test('is written after the schemas: the newest shape keeps the highest number when a crash comes between', () => {
    register(reopened(), 'b@20')
    register(reopened(), 'a@10')
    rmSync(join(folder, 'p.2.avsc'))
    const registry = reopened()
    expect(registry.latest('p')?.text).toBe(shape('b'))
    expect(register(registry, 'b@20 a@10 b@30')).toMatch(/^3 4 5$/)
  })

  test('is what it was, whatever the order of the names of files: ten lies before two', () => {
    const registry = reopened()
    register(registry, 'y@5 z@100 a@10 b@20 c@30 d@40 e@50 f@60')
    expect(listed(registry)).toBe('1:y 2:z 3:a 4:z 5:b 6:z 7:c 8:z 9:d 10:z 11:e 12:z 13:f 14:z')
    expect([listed(reopened()), spans(reopened())]).toEqual([listed(registry), spans(registry)])
  })

  test('that can not be kept registers nothing', () => {
    const registry = reopened()
    register(registry, 'a@10')
    rmSync(folder, { recursive: true })
    writeFileSync(folder, 'a file where the folder should be')
    expect(() => register(registry, 'b@20')).toThrow(
      expect.objectContaining({ code: 'AESOP_SCHEMA_REGISTRY_UNWRITABLE', canRetry: true }),
    )
    expect([listed(registry), spans(registry), registry.revision]).toEqual(['1:a', '10:1', 1])
  })

  test.each([
    ['no JSON', '{'],
    ['no list', '{"history":1}'],
    ['a number for an SCN', '{"history":[{"sinceScn":10,"version":1}]}'],
  ])('that is %s is refused with its path', (_what, text) => {
    register(reopened(), 'a@10')
    writeFileSync(join(folder, 'p.history.json'), text)
    expect(reopened).toThrow(expect.objectContaining({ code: 'AESOP_SCHEMA_REGISTRY_UNREADABLE' }))
    expect(reopened).toThrow('p.history.json')
  })

  test('of a source that has hand-written schemas is not read', () => {
    register(reopened(), 'a@10')
    const handWritten = mkdtempSync(join(tmpdir(), 'aesop-schema-'))
    writeFileSync(join(handWritten, 'p.1.avsc'), shape('mine'))
    const registry = new FileSchemaRegistry({ handWritten, derived: folder })
    expect([listed(registry), spans(registry)]).toEqual(['1:mine', ''])
    rmSync(handWritten, { recursive: true })
    expect(readFileSync(join(folder, 'p.history.json'), 'utf8')).toContain('"10"')
  })
})
