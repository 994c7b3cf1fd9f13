import { type EventKey } from '@aesop/event'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { type ColumnValue, readColumnValue, storedBytes } from './column-value.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { KEY_TEXT_BYTES_MAX, keyOfText, KeyText } from '@aesop/producer'
import { missing } from '../error/missing.ts'
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
  const large = new LargeKey(columns)
  return (bytes, at) =>
    large.isOf(bytes, at)
      ? large.read(bytes, at)
      : keyOfText(columns.map((column) => keyPart(column, bytes, placeOf(column, at))).join('\t'))
}

function placeOf({ index }: BinlogColumn, at: Int32Array): number {
  return at[index] ?? missing('the place of the key')
}

/** Reads keys with values of which no text is to be made as a whole. */
class LargeKey {
  private readonly columns: readonly BinlogColumn[]
  private readonly maybeLarge: readonly BinlogColumn[]
  private readonly text = new KeyText()

  constructor(columns: readonly BinlogColumn[]) {
    this.columns = columns
    this.maybeLarge = columns.filter(({ prefixBytes, compressed }) => prefixBytes > 1 || compressed)
  }

  isOf(bytes: Buffer, at: Int32Array): boolean {
    for (const column of this.maybeLarge) {
      const p = placeOf(column, at)
      if (p >= 0 && (column.compressed || storedBytes(column, bytes, p) > KEY_TEXT_BYTES_MAX)) return true
    }
    return false
  }

  read(bytes: Buffer, at: Int32Array): string {
    this.text.begin()
    this.columns.forEach((column, i) => {
      if (i > 0) this.text.add('\t')
      this.add(column, bytes, placeOf(column, at))
    })
    return this.text.take()
  }

  private add(column: BinlogColumn, bytes: Buffer, p: number): void {
    const value = p < 0 || column.kind !== 'bytes' ? undefined : readColumnValue(column, bytes, p)
    if (!(value instanceof Uint8Array)) {
      this.text.add(keyPart(column, bytes, p))
      return
    }
    for (let from = 0; from < value.length; from += HEX_PIECE_BYTES) {
      this.text.add(hexOf(value.subarray(from, from + HEX_PIECE_BYTES)))
    }
  }
}

/** Bytes of hex digits that are made at once. */
const HEX_PIECE_BYTES = 64 * 1024

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The two that keys are made of nearly always are written out: a call in between is felt in every row. */
function integerKey(column: BinlogColumn): RowKey {
  if (column.kind !== 'year' && column.fixedBytes === 8)
    return column.unsigned ? unsigned64Key(column) : signed64Key(column)
  const { index } = column
  const read = integerReader(column)
  return (bytes, at) => {
    const p = at[index] ?? missing('the place of the key')
    return p < 0 ? nullKey(column) : read(bytes, p)
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
  return unsigned ? (bytes, p) => bytes.readUIntLE(p, fixedBytes) : (bytes, p) => bytes.readIntLE(p, fixedBytes)
}

const SAFE_HIGH = 0x1fffff

/** Written out, because a call for each byte, or with the checks of a Buffer's own, is felt in every row */
function int32At(bytes: Buffer, p: number): number {
  const last = bytes[p + 3] ?? missing('a byte of the key')
  return (bytes[p] as number) | ((bytes[p + 1] as number) << 8) | ((bytes[p + 2] as number) << 16) | (last << 24)
}

function signed64Key(column: BinlogColumn): RowKey {
  const { index } = column
  return (bytes, at) => {
    const p = at[index] ?? missing('the place of the key')
    if (p < 0) return nullKey(column)
    const high = int32At(bytes, p + 4)
    const low = int32At(bytes, p)
    // Nearly every key is one, and needs no floating-point number.
    if (high === 0 && low >= 0) return low
    if (high > SAFE_HIGH || high < -SAFE_HIGH) return bytes.readBigInt64LE(p)
    return high * 0x100000000 + (low >>> 0)
  }
}

function unsigned64Key(column: BinlogColumn): RowKey {
  const { index } = column
  return (bytes, at) => {
    const p = at[index] ?? missing('the place of the key')
    if (p < 0) return nullKey(column)
    const high = int32At(bytes, p + 4) >>> 0
    const low = int32At(bytes, p)
    if (high === 0 && low >= 0) return low
    return high > SAFE_HIGH ? bytes.readBigUInt64LE(p) : high * 0x100000000 + (low >>> 0)
  }
}

function keyPart(column: BinlogColumn, bytes: Buffer, p: number): string {
  if (p < 0) return KEY_NULL
  const text = valueText(column, readColumnValue(column, bytes, p))
  return /[\\\t]/.test(text) ? text.replace(/[\\\t]/g, '\\$&') : text
}

function valueText(column: BinlogColumn, value: ColumnValue): string {
  if (column.kind === 'timestamp' || column.kind === 'oldTimestamp') {
    return timestampText(typeof value === 'bigint' ? value : null, column.fractionDigits)
  }
  if (value instanceof Uint8Array) return hexOf(value)
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
