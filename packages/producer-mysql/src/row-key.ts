import { type EventKey } from '@aesop/event'
import { type BinlogColumn } from './binlog-column.ts'
import { type ColumnValue, readColumnValue } from './column-value.ts'
import { BinlogEventCorruptError } from './errors.ts'
import { KeyText } from './key-text.ts'
import { missing } from './missing.ts'
import { timestampText } from './temporal-value.ts'

/** Reads the key of a row from its image; `at` holds the offsets of its values. */
export type RowKey = (bytes: Buffer, at: Int32Array) => EventKey

const KEY_NULL = '\\N'

/**
 * One integer column is a long key, or `\N`. Everything else is text, see `KeyText`: the columns' texts joined by TAB. In texts, bytes
 * are hex digits, timestamps are UTC, `\` and TAB are escaped by `\`, and NULL (in keys of a whole row) is `\N`.
 */
export function rowKey(columns: readonly BinlogColumn[]): RowKey {
  const [only] = columns
  if (columns.length === 1 && only !== undefined && (only.kind === 'int' || only.kind === 'year'))
    return integerKey(only)
  const text = new KeyText()
  return (bytes, at) => {
    text.begin()
    columns.forEach((column, i) => {
      if (i > 0) text.add('\t')
      addColumn(text, column, bytes, at[column.index] ?? missing(`the place of key column ${column.name}`))
    })
    return text.take()
  }
}

function integerKey(column: BinlogColumn): RowKey {
  const { index } = column
  const read = integerReader(column)
  return (bytes, at) => {
    const p = at[index] ?? missing('the place of the key')
    if (p < 0) return nullKey(column)
    return read(bytes, p)
  }
}

/** A table without a key may have one column alone, and that may be NULL. */
function nullKey({ name, nullable }: BinlogColumn): string {
  if (!nullable) throw new BinlogEventCorruptError(`column ${name} is NULL, its table map says that it never is`)
  return KEY_NULL
}

type IntegerReader = (bytes: Buffer, p: number) => EventKey

function integerReader(column: BinlogColumn): IntegerReader {
  const { fixedBytes, unsigned } = column
  if (column.kind === 'year') return (bytes, p) => Number(readColumnValue(column, bytes, p))
  if (fixedBytes === 8) return unsigned ? readUnsigned64 : readSigned64
  return unsigned ? (bytes, p) => bytes.readUIntLE(p, fixedBytes) : (bytes, p) => bytes.readIntLE(p, fixedBytes)
}

const SAFE_HIGH = 0x1fffff

function readSigned64(bytes: Buffer, p: number): EventKey {
  const high = bytes.readInt32LE(p + 4)
  const low = bytes.readInt32LE(p)
  // Nearly every key is one, and needs no floating-point number.
  if (high === 0 && low >= 0) return low
  if (high > SAFE_HIGH || high < -SAFE_HIGH) return bytes.readBigInt64LE(p)
  return high * 0x100000000 + (low >>> 0)
}

function readUnsigned64(bytes: Buffer, p: number): EventKey {
  const high = bytes.readUInt32LE(p + 4)
  const low = bytes.readInt32LE(p)
  if (high === 0 && low >= 0) return low
  return high > SAFE_HIGH ? bytes.readBigUInt64LE(p) : high * 0x100000000 + (low >>> 0)
}

/** Bytes of hex digits that are made at once. */
const HEX_PIECE_BYTES = 64 * 1024

function addColumn(text: KeyText, column: BinlogColumn, bytes: Buffer, p: number): void {
  if (p < 0) {
    text.add(KEY_NULL)
    return
  }
  const value = readColumnValue(column, bytes, p)
  if (value instanceof Uint8Array) addHex(text, value)
  else text.add(escaped(valueText(column, value)))
}

function addHex(text: KeyText, value: Uint8Array): void {
  for (let from = 0; from < value.length; from += HEX_PIECE_BYTES) {
    text.add(Buffer.from(value.subarray(from, from + HEX_PIECE_BYTES)).toString('hex'))
  }
}

function escaped(text: string): string {
  return /[\\\t]/.test(text) ? text.replace(/[\\\t]/g, '\\$&') : text
}

function valueText(column: BinlogColumn, value: ColumnValue): string {
  if (column.kind === 'timestamp' || column.kind === 'oldTimestamp') {
    return timestampText(typeof value === 'bigint' ? value : null, column.fractionDigits)
  }
  if (column.kind === 'float' && typeof value === 'number') return floatText(value)
  return String(value)
}

/** The shortest digits that mean the same 32-bit float. */
function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(value)
}

/** Whether two keys name the same row. */
export function sameKey(left: EventKey, right: EventKey): boolean {
  return left === right
}
