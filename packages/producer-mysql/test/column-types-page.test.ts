import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { catalogueOf, decodeRecording, readTestdata } from './recorded-log.ts'

interface Expected {
  readonly columns: readonly string[]
  readonly types: readonly string[]
}

interface Field {
  readonly name: string
  readonly type: unknown
}

/** What the page says of a column type: Avro type and what `event.row` gives. */
function page(): Map<string, readonly [avro: string, row: string]> {
  const text = readFileSync(fileURLToPath(new URL('../TYPES.md', import.meta.url)), 'utf8')
  const found = new Map<string, readonly [string, string]>()
  for (const line of text.split('\n')) {
    const [, names, avro, row] = /^\| (`[A-Z].*?) *\| (.*?) *\| (.*?) *\|/.exec(line) ?? []
    for (const [, name] of (names ?? '').matchAll(/`([^`]+)`/g)) {
      found.set(name ?? '', [(avro ?? '').replaceAll('`', ''), (row ?? '').split('`')[1] ?? ''])
    }
  }
  return found
}

/** `int(5) unsigned zerofill` is on the page as `INT UNSIGNED`. */
function pageName(type: string): string {
  const name = /^[a-z0-9]+/.exec(type)?.[0] ?? ''
  const unsigned = /unsigned|zerofill/.test(type) && !/^(float|double|decimal)/.test(type) ? ' unsigned' : ''
  return `${name}${unsigned}`.toUpperCase()
}

function avroOf(type: unknown): string {
  const [value, nullable] = Array.isArray(type)
    ? [type.find((each) => each !== 'null') as unknown, true]
    : [type, false]
  if (typeof value === 'object' && value !== null && 'logicalType' in value && 'type' in value) {
    return `${String(value.type)}, ${String(value.logicalType)}`
  }
  return nullable && typeof value !== 'string' ? JSON.stringify(value) : String(value)
}

function rowTypeOf(value: unknown): string {
  return value instanceof Uint8Array ? 'Uint8Array' : typeof value
}

const known = page()

describe.each(['full', 'mysql9-full'])('the page of column types, against the log recorded with %s', (recording) => {
  const tables = Object.entries(JSON.parse(readTestdata(`${recording}/expected.json`)) as Record<string, Expected>)

  it.each(tables)('says what becomes of the columns of %s', async (table, { columns, types }) => {
    const schemas = new MemorySchemaRegistry()
    const sink = await decodeRecording(recording, [`types.${table}`], { schemas, catalogue: catalogueOf(recording) })
    const faults: string[] = []
    for (const { row, schemaIdHex } of sink.changes) {
      const { fields } = JSON.parse(schemas.byId(schemaIdHex)?.text ?? '{}') as { fields: Field[] }
      for (const { name, type } of fields) {
        const column = types[columns.indexOf(name)]
        const value = row[name]
        if (column === undefined) continue
        const said = known.get(pageName(column))?.join(' → ')
        const seen = `${avroOf(type)} → ${value === null ? (said?.split(' → ')[1] ?? '') : rowTypeOf(value)}`
        if (said !== seen) faults.push(`${pageName(column)}: ${seen}, the page says ${said ?? 'nothing'}`)
      }
    }
    expect([...new Set(faults)]).toEqual([])
  })
})

it('the page of column types names no type that no recorded log has', () => {
  const recorded = ['full', 'mysql9-full'].flatMap((recording) => {
    const tables = JSON.parse(readTestdata(`${recording}/expected.json`)) as Record<string, Expected>
    return Object.values(tables).flatMap(({ types }) => types.map(pageName))
  })
  expect(known.size).toBeGreaterThan(40)
  expect([...known.keys()].filter((name) => !recorded.includes(name))).toEqual([])
})

it('the README says what BIT and TIMESTAMP arrive as, and says the same', () => {
  const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8')
  const [, names] =
    /event\.row is typed by the column: bigint for ([A-Z, and]+) \(microseconds since 1970, UTC\)/.exec(readme) ?? []
  expect((names ?? '').split(/, | and /)).toEqual(['BIGINT', 'BIT', 'TIMESTAMP'])
  for (const name of ['BIGINT', 'BIT', 'TIMESTAMP']) expect(known.get(name)?.[1]).toBe('bigint')
})
