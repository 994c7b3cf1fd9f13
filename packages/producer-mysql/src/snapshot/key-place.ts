import { SnapshotCursorInvalidError } from '@aesop/producer'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { readColumnValue, storedBytes } from '../row/column-value.ts'
import { timestampText } from '../row/temporal-value.ts'
import { labelNumber } from '../row/column-value.ts'

/** A value of a key, by the kind of its column: digits, a printed time, or the bytes of a text in hex. */
type KeyValue = readonly [form: KeyForm, value: string]
type KeyForm = 'number' | 'float' | 'time' | 'text' | 'bytes' | 'printed'

/** What a value of a form may be: it goes into a statement. */
const FORMS: Readonly<Record<KeyForm, RegExp>> = {
  number: /^-?\d{1,65}(\.\d{1,38})?$/,
  float: /^-?\d+(\.\d+)?(e[+-]?\d+)?$/,
  time: /^-?[\d:. -]{1,40}$/,
  text: /^([0-9a-f]{2})*$/,
  bytes: /^([0-9a-f]{2})*$/,
  printed: /^[0-9a-f:.-]{1,60}$/,
}

/** A column of a key by which a table is read. */
export interface KeyColumn {
  readonly column: BinlogColumn
  /** As the server calls its character set; undefined: its values are no text. */
  readonly charset: string | undefined
}

function formOf({ column }: KeyColumn): KeyForm {
  switch (column.kind) {
    case 'float':
    case 'double':
      return 'float'
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return 'time'
    case 'text':
      return /^(uuid|inet4|inet6)\b/.test(column.typeName) ? 'printed' : 'text'
    case 'bytes':
      return 'bytes'
    default:
      return 'number'
  }
}

function valueOf(key: KeyColumn, bytes: Buffer, p: number): string {
  const { column } = key
  switch (formOf(key)) {
    case 'text':
    case 'bytes':
      return bytes.toString('hex', p + column.prefixBytes, p + storedBytes(column, bytes, p))
    case 'time': {
      const value = readColumnValue(column, bytes, p)
      if (column.kind !== 'timestamp') return String(value)
      return timestampText(typeof value === 'bigint' ? value : null, column.fractionDigits)
    }
    case 'number':
      if (column.kind === 'enum' || column.kind === 'set') return String(labelNumber(column, bytes, p))
      return String(readColumnValue(column, bytes, p)).padStart(column.kind === 'year' ? 4 : 0, '0')
    case 'float':
    case 'printed':
      return String(readColumnValue(column, bytes, p))
  }
}

/** The place after a row: `{"key":[[form, value], …]}`, where texts are the hex digits of their bytes. */
export function placeAfter(key: readonly KeyColumn[], bytes: Buffer, at: Int32Array): string {
  const values = key.map((each): KeyValue => [formOf(each), valueOf(each, bytes, at[each.column.index] ?? -1)])
  return JSON.stringify({ key: values })
}

/** The condition of rows behind a place, which an index over the columns serves. @throws SnapshotCursorInvalidError */
export function conditionAfter(source: string, place: string, key: readonly KeyColumn[]): string {
  const values = parsePlace(source, place, key)
  const columns = key.map(({ column }, i) => {
    const name = quoted(column.name)
    const value = literal(key[i], values[i])
    return { name, value }
  })
  const [first] = columns
  const ranges = columns.map(({ name, value }, i) =>
    [...columns.slice(0, i).map((before) => `${before.name} = ${before.value}`), `${name} > ${value}`].join(' AND '),
  )
  const all = ranges.map((range) => `(${range})`).join(' OR ')
  return first === undefined || columns.length === 1 ? all : `${first.name} >= ${first.value} AND (${all})`
}

function parsePlace(source: string, place: string, key: readonly KeyColumn[]): readonly KeyValue[] {
  const forms = key.map(formOf)
  const refuse = (): never => {
    const expected = `one of its key: ${key.map(({ column }, i) => `${column.name} (${forms[i] ?? ''})`).join(', ')}`
    throw new SnapshotCursorInvalidError(source, place, expected)
  }
  const values = valuesIn(place)
  if (values?.length !== key.length) return refuse()
  return values.map((value, i): KeyValue => {
    const [form, text] = Array.isArray(value) ? (value as unknown[]) : []
    const wanted = forms[i]
    if (wanted === undefined || form !== wanted || typeof text !== 'string' || !FORMS[wanted].test(text))
      return refuse()
    return [wanted, text]
  })
}

function valuesIn(place: string): readonly unknown[] | undefined {
  try {
    const parsed = JSON.parse(place) as { key?: unknown } | null
    return Array.isArray(parsed?.key) ? parsed.key : undefined
  } catch {
    return undefined
  }
}

/** With the column's own collation: what a literal has gives way to it. */
function literal(key: KeyColumn | undefined, [form, value]: KeyValue = ['number', '0']): string {
  switch (form) {
    case 'number':
      return key?.column.kind === 'year' ? `'${value}'` : value
    case 'float':
      return value.includes('e') ? value : `${value}e0`
    case 'time':
    case 'printed':
      return `'${value}'`
    case 'bytes':
      return value === '' ? "''" : `x'${value}'`
    case 'text':
      return value === '' ? "''" : `_${key?.charset ?? 'utf8mb4'} x'${value}'`
  }
}

export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
