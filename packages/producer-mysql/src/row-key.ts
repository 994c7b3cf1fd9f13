import { type EventKey } from '@aesop/event'
import { type BinlogColumn } from './binlog-column.ts'
import { type ColumnValue, readColumnValue } from './column-value.ts'
import { AT_NULL } from './row-scanner.ts'
import { timestampText } from './temporal-value.ts'

/** Reads the key of a row from its image; `at` holds the offsets of its values. */
export type RowKey = (bytes: Buffer, at: Int32Array) => EventKey

/**
 * One integer column is a long key. Everything else is text: the columns' texts joined by TAB, with `\` and TAB
 * escaped by `\`. In texts, bytes are hex digits, timestamps are UTC, and NULL (in keys of a whole row) is `\N`.
 */
export function rowKey(columns: readonly BinlogColumn[]): RowKey {
  const [only] = columns
  if (columns.length === 1 && only !== undefined && (only.kind === 'int' || only.kind === 'year'))
    return integerKey(only)
  return (bytes, at) => columns.map((column) => keyPart(column, bytes, at[column.index] ?? AT_NULL)).join('\t')
}

function integerKey(column: BinlogColumn): RowKey {
  const { index, fixedBytes, unsigned } = column
  if (column.kind === 'year') return (bytes, at) => Number(readColumnValue(column, bytes, at[index] ?? 0))
  if (fixedBytes === 8) return unsigned ? unsignedKey(index) : signedKey(index)
  if (unsigned) return (bytes, at) => bytes.readUIntLE(at[index] ?? 0, fixedBytes)
  return (bytes, at) => bytes.readIntLE(at[index] ?? 0, fixedBytes)
}

const SAFE_HIGH = 0x1fffff

function int32At(bytes: Buffer, p: number): number {
  return (bytes[p] ?? 0) | ((bytes[p + 1] ?? 0) << 8) | ((bytes[p + 2] ?? 0) << 16) | ((bytes[p + 3] ?? 0) << 24)
}

function signedKey(index: number): RowKey {
  return (bytes, at) => {
    const p = at[index] ?? 0
    const high = int32At(bytes, p + 4)
    const low = int32At(bytes, p)
    // Nearly every key is one, and needs no floating-point number.
    if (high === 0 && low >= 0) return low
    if (high > SAFE_HIGH || high < -SAFE_HIGH) return bytes.readBigInt64LE(p)
    return high * 0x100000000 + (low >>> 0)
  }
}

function unsignedKey(index: number): RowKey {
  return (bytes, at) => {
    const p = at[index] ?? 0
    const high = int32At(bytes, p + 4) >>> 0
    const low = int32At(bytes, p)
    if (high === 0 && low >= 0) return low
    return high > SAFE_HIGH ? bytes.readBigUInt64LE(p) : high * 0x100000000 + (low >>> 0)
  }
}

function keyPart(column: BinlogColumn, bytes: Buffer, p: number): string {
  if (p < 0) return '\\N'
  const text = valueText(column, readColumnValue(column, bytes, p))
  return /[\\\t]/.test(text) ? text.replace(/[\\\t]/g, '\\$&') : text
}

function valueText(column: BinlogColumn, value: ColumnValue): string {
  if (column.kind === 'timestamp' || column.kind === 'oldTimestamp') {
    return timestampText(typeof value === 'bigint' ? value : null, column.fractionDigits)
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
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
