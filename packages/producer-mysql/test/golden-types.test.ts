import { describe, expect, it } from 'vitest'
import { type Row } from '@aesop/schema'
import { timestampText } from '../src/row/temporal-value.ts'
import { catalogueOf, decodeRecording, readTestdata } from './recorded-log.ts'

interface Expected {
  readonly columns: readonly string[]
  readonly types: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Recordings of one script have the same values. */
const RECORDINGS = {
  full: 'full',
  'no-log': 'no-log',
  compressed: 'compressed',
  'mysql9-full': 'mysql9-full',
  'mysql9-minimal': 'mysql9-full',
  'mysql9-compressed': 'mysql9-full',
}

/** With minimal metadata: labels that the catalogue can not show, and a table that was changed after its first row. */
const UNSURE = new Set(['wide_labels', 'instant'])

/** A decoded value in the words of SELECT. */
function asSelected(decoded: Row[string], type: string): string | null {
  const value = decoded as string | number | bigint | Uint8Array | null | undefined
  const digits = Number(/^timestamp\((\d)\)/.exec(type)?.[1] ?? 0)
  if (type.startsWith('timestamp')) {
    // The zero timestamp has no number: SELECT prints it, we give null.
    return timestampText(typeof value === 'bigint' ? value : null, digits)
  }
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').toUpperCase()
  if (type.startsWith('bit')) return String(value)
  if (/zerofill/.test(type)) return String(value).padStart(5, '0')
  if (type.startsWith('year')) return String(value).padStart(4, '0')
  return String(value)
}

function equalAs(type: string, got: string | null, expected: string | null): boolean {
  if (type.startsWith('timestamp') && expected === null) return got?.startsWith('0000') === true
  if (/^(float|double)/.test(type) && got !== null && expected !== null) {
    const narrow = type.startsWith('float') ? Math.fround : Number
    // SELECT prints six digits of a float.
    return narrow(Number(got)) === narrow(Number(expected)) || Number(Number(got).toPrecision(6)) === Number(expected)
  }
  return got === expected
}

describe.each(Object.entries(RECORDINGS))('a log recorded with %s', (recording, script) => {
  const expected = JSON.parse(readTestdata(`${script}/expected.json`)) as Record<string, Expected>

  const tables = Object.keys(expected).filter((table) => recording !== 'mysql9-minimal' || !UNSURE.has(table))

  it.each(tables)('gives every value of %s as SELECT prints it', async (table) => {
    const { columns, types, rows } = expected[table] ?? { columns: [], types: [], rows: [] }
    const sink = await decodeRecording(recording, [`types.${table}`], { catalogue: catalogueOf(script) })
    const last = new Map(sink.changes.map((change) => [change.key, change]))
    for (const change of sink.changes) if (change.opcode === 'DELETE') last.delete(change.key)
    const decoded = [...last.values()].map(({ row }) => row)
    expect(decoded.length).toBe(rows.length)
    const faults = rows.flatMap((row, i) =>
      columns.flatMap((column, c) => {
        const got = asSelected(decoded[i]?.[column], types[c] ?? '')
        const wanted = row[c] ?? null
        return equalAs(types[c] ?? '', got, wanted)
          ? []
          : [`${column} ${types[c] ?? ''} row ${i + 1}: got ${String(got)}, expected ${String(wanted)}`]
      }),
    )
    expect(faults).toEqual([])
  })
})
