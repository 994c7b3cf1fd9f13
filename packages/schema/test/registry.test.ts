import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { FileSchemaRegistry, MemorySchemaRegistry, SchemaInvalidError, type SchemaRegistry } from '@aesop/schema'
import { thrownBy } from '../../../test/support/thrown-by.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-schema-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const record = (field: string): string =>
  `{"type":"record","name":"Person","fields":[{"name":"${field}","type":"int"}]}`

describe('the schema registry', () => {
  test('numbers versions, gives a known text its version again, and finds them by id after a restart', () => {
    const first = new FileSchemaRegistry({ derived: folder }).register('shop.person', record('a'))
    const registry = new FileSchemaRegistry({ derived: folder })
    expect(registry.register('shop.person', record('a'))).toEqual(first)
    const second = registry.register('shop.person', record('b'))
    expect([first.version, second.version]).toEqual([1, 2])
    expect(new FileSchemaRegistry({ derived: folder }).byId(second.idHex)).toEqual(second)
    expect(new FileSchemaRegistry({ derived: folder }).latest('shop.person')).toEqual(second)
    expect(readdirSync(folder).sort()).toEqual(['shop.person.1.avsc', 'shop.person.2.avsc'])
  })

  test('serves the text as it stands in the file, and takes the MD5 of its normal form as id', () => {
    const text = `{ "name":"Person",\n  "type":"record", "fields":[{"type":"int", "name":"a"}] }`
    writeFileSync(join(folder, 'p.1.avsc'), `${text}\n`)
    const schema = new FileSchemaRegistry({ derived: folder }).latest('p')
    expect(schema?.text).toBe(text)
    expect(schema?.id).toEqual(createHash('md5').update(record('a')).digest())
  })

  test.each(['file', 'memory'])('keeps what is registered in normal form, in %s', (kind) => {
    const registry = kind === 'file' ? new FileSchemaRegistry({ derived: folder }) : new MemorySchemaRegistry()
    const spaced = '{ "name":"Person", "fields":[{"name":"a","type":"int"}], "type":"record", "doc":"of a doc" }'
    expect(registry.register('p', spaced).text).toBe(record('a'))
    expect(registry.register('p', record('a')).version).toBe(1)
    expect(registry.register('p', spaced.replaceAll(' ', '')).version).toBe(1)
    expect(registry.register('p', record('b')).version).toBe(2)
    if (kind === 'file') expect(readFileSync(join(folder, 'p.1.avsc'), 'utf8')).toBe(`${record('a')}\n`)
  })

  test.each(['file', 'memory'])('takes a schema over with its version and text, in %s', (kind) => {
    const open = (): SchemaRegistry => new FileSchemaRegistry({ derived: folder })
    const registry = kind === 'file' ? open() : new MemorySchemaRegistry()
    // A, B and A again: by its text alone the third one would be the first.
    const texts = [record('a').replace('{', '{ '), record('b'), record('a')]
    const taken = texts.map((text, i) => registry.takeOver('p', i + 3, text))
    const seen = (from: SchemaRegistry): unknown[] => from.versions('p').map(({ version, text }) => [version, text])
    expect(taken.map(({ version, text }) => [version, text])).toEqual(texts.map((text, i) => [i + 3, text]))
    expect(seen(registry)).toEqual(texts.map((text, i) => [i + 3, text]))
    expect(registry.revisionOf('p')).toBe(3)
    expect(registry.takeOver('p', 4, record('b'))).toBe(registry.versions('p')[1])
    expect(registry.revision).toBe(3)
    expect(thrownBy(() => registry.takeOver('p', 4, record('c')))).toMatchObject({ code: 'AESOP_SCHEMA_VERSION_TAKEN' })
    expect(seen(registry)).toEqual(seen(kind === 'file' ? open() : registry))
  })

  test('takes files in a row with one normal form for one version, the last; numbers and texts stay', () => {
    const texts = [record('a'), record('a').replace('{', '{ '), record('b'), record('a')]
    texts.forEach((text, i) => {
      writeFileSync(join(folder, `p.${i + 1}.avsc`), text)
    })
    const registry = new FileSchemaRegistry({ derived: folder })
    expect(registry.versions('p').map(({ version }) => version)).toEqual([2, 3, 4])
    expect(registry.versions('p').map(({ text }) => text)).toEqual(texts.slice(1))
    expect(registry.register('p', record('a')).version).toBe(4)
    expect(registry.register('p', record('c')).version).toBe(5)
  })

  test('gives no schema that it could not keep; what can be mended may be tried again', () => {
    const derived = join(folder, 'derived')
    const registry = new FileSchemaRegistry({ derived })
    writeFileSync(derived, 'a file where the folder should be')
    const register = (): unknown => registry.register('p', record('a'))
    expect(register).toThrow(expect.objectContaining({ code: 'AESOP_SCHEMA_REGISTRY_UNWRITABLE', canRetry: true }))
    expect(registry.latest('p')).toBeUndefined()
    rmSync(derived)
    expect(register()).toMatchObject({ version: 1 })
  })

  test('sorts versions as numbers', () => {
    for (const version of [1, 2, 10]) writeFileSync(join(folder, `p.${version}.avsc`), record(`f${version}`))
    expect(new FileSchemaRegistry({ derived: folder }).latest('p')?.version).toBe(10)
  })

  test('obeys hand-written schemas and leaves their folder alone', () => {
    const handWritten = join(folder, 'mine')
    const derived = join(folder, 'derived')
    mkdirSync(handWritten)
    mkdirSync(derived)
    writeFileSync(join(handWritten, 'p.1.avsc'), record('mine'))
    writeFileSync(join(derived, 'p.2.avsc'), record('derived'))
    const registry = new FileSchemaRegistry({ handWritten, derived })
    expect(registry.isHandWritten('p')).toBe(true)
    expect(registry.versions('p').map((schema) => schema.text)).toEqual([record('mine')])
    registry.register('q', record('q'))
    expect(readdirSync(handWritten)).toEqual(['p.1.avsc'])
    expect(registry.isHandWritten('q')).toBe(false)
  })

  test.each([
    ['{"type":"record"', 'JSON'],
    ['{"type":"enum","name":"E","symbols":["A"]}', 'its type is "enum", expected "record"'],
    ['{"type":"record","name":"P"}', 'no list of fields'],
    ['{"type":"record","name":"P","fields":[{"type":"int"}]}', 'a field without a name'],
    ['{"type":"record","name":"P","fields":[{"name":"a"}]}', 'field "a" has no type'],
    ['{"type":"record","name":"P","fields":[{"name":"a","type":"integer"}]}', 'integer'],
  ])('refuses %s with the file and the fault', (text, fault) => {
    writeFileSync(join(folder, 'p.1.avsc'), text)
    const open = (): FileSchemaRegistry => new FileSchemaRegistry({ derived: folder })
    expect(open).toThrow(SchemaInvalidError)
    expect(open).toThrow(fault)
    expect(open).toThrow(join(folder, 'p.1.avsc'))
  })

  test('writes nothing for a text that is no schema', () => {
    expect(() => new FileSchemaRegistry({ derived: folder }).register('p', '{}')).toThrow(SchemaInvalidError)
    expect(readdirSync(folder)).toEqual([])
  })

  describe('keeps each source apart on disk', () => {
    const sources = [
      '../../x',
      '/etc/x',
      '..',
      'a/b',
      'a\0b',
      '.x',
      'c:\\x',
      'shop.Item',
      'shop.item',
      'shop.it%65m',
      '测试'.repeat(24),
      'nul',
    ]

    test('inside its folder, whatever its name, and finds it after a restart', () => {
      const derived = join(folder, 'a', 'b', 'derived')
      const registry = new FileSchemaRegistry({ derived })
      sources.forEach((source, i) => registry.register(source, record(`f${i}`)))
      expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('avsc'))).toHaveLength(
        sources.length,
      )
      const names = readdirSync(derived).map((name) => name.toLowerCase())
      expect(new Set(names).size).toBe(sources.length)
      const again = new FileSchemaRegistry({ derived })
      sources.forEach((source, i) => {
        expect(again.versions(source).map(({ version, text }) => [version, text])).toEqual([[1, record(`f${i}`)]])
        expect(again.register(source, record('next')).version).toBe(2)
      })
    })

    test('reads names as Databus and former versions wrote them, and goes on counting', () => {
      const former = ['com.example.events.Person', 'per%cent', 'with space']
      for (const source of former) writeFileSync(join(folder, `${source}.3.avsc`), record('a'))
      const registry = new FileSchemaRegistry({ derived: folder })
      for (const source of former) {
        expect(registry.latest(source)?.version).toBe(3)
        expect(registry.register(source, record('b')).version).toBe(4)
      }
      expect(readdirSync(folder)).toContain('com.example.events.%50erson.4.avsc')
      expect(new FileSchemaRegistry({ derived: folder }).versions('com.example.events.Person')).toHaveLength(2)
    })

    test('obeys hand-written schemas under either form of the name', () => {
      const handWritten = join(folder, 'mine')
      mkdirSync(handWritten)
      writeFileSync(join(handWritten, 'Person.1.avsc'), record('a'))
      writeFileSync(join(handWritten, 'in%2fout.1.avsc'), record('b'))
      const registry = new FileSchemaRegistry({ handWritten, derived: join(folder, 'derived') })
      expect(['Person', 'person', 'in/out'].map((source) => registry.isHandWritten(source))).toEqual([
        true,
        false,
        true,
      ])
    })
  })

  test('writes the text and a newline', () => {
    new FileSchemaRegistry({ derived: folder }).register('p', record('a'))
    expect(readFileSync(join(folder, 'p.1.avsc'), 'utf8')).toBe(`${record('a')}\n`)
  })
})
