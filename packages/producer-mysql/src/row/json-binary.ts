import { ColumnType } from '../log/column-type.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { readDecimal } from './decimal-value.ts'
import { doubleText } from './double-text.ts'
import { dateText } from './temporal-value.ts'

/**
 * MySQL's binary JSON as the text that the server prints. Offsets count from the first byte after the type; small
 * documents use 2-byte offsets, large ones 4-byte offsets; all little-endian.
 *
 * | type      | value                                                               |
 * |-----------|---------------------------------------------------------------------|
 * | 0, 1      | object: count, size, count × (key offset, key length 2), count × entry, keys, values |
 * | 2, 3      | array: count, size, count × entry, values                           |
 * | 4         | literal: 0 null, 1 true, 2 false                                    |
 * | 5–10      | int16, uint16, int32, uint32, int64, uint64                         |
 * | 11        | double                                                              |
 * | 12        | string: length (7 bits a byte, lowest first), UTF-8                 |
 * | 15        | opaque: column type, length, bytes; decimals, dates and times as themselves, any other as `base64:type<n>:` and base64 |
 *
 * An entry is a type and either an offset or, where it fits, the value itself.
 */
export function jsonBinaryToText(bytes: Buffer): string {
  // An empty value is what the server stores for NULL where the column forbids it.
  if (bytes.length === 0) return 'null'
  try {
    return valueText(bytes, bytes.readUInt8(0), 1, 0)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new BinlogEventCorruptError('binary JSON ends early', undefined, error)
  }
}

const DEPTH_MAX = 100

function valueText(bytes: Buffer, type: number, at: number, depth: number): string {
  if (depth > DEPTH_MAX) throw new BinlogEventCorruptError(`binary JSON is nested deeper than ${DEPTH_MAX}`)
  switch (type) {
    case 0:
    case 1:
    case 2:
    case 3:
      return containerText(bytes, type, at, depth)
    case 4:
      return literalText(bytes.readUInt8(at))
    case 5:
      return String(bytes.readInt16LE(at))
    case 6:
      return String(bytes.readUInt16LE(at))
    case 7:
      return String(bytes.readInt32LE(at))
    case 8:
      return String(bytes.readUInt32LE(at))
    case 9:
      return String(bytes.readBigInt64LE(at))
    case 10:
      return String(bytes.readBigUInt64LE(at))
    case 11:
      return doubleText(bytes.readDoubleLE(at))
    case 12:
      return JSON.stringify(prefixed(bytes, at).toString('utf8'))
    case 15:
      return opaqueText(bytes.readUInt8(at), prefixed(bytes, at + 1))
    default:
      throw new BinlogEventCorruptError(`binary JSON has a value of type ${type}`)
  }
}

function containerText(bytes: Buffer, type: number, at: number, depth: number): string {
  const wide = type % 2 === 1 ? 4 : 2
  const isObject = type < 2
  const count = bytes.readUIntLE(at, wide)
  const keysAt = at + wide * 2
  const entriesAt = keysAt + (isObject ? count * (wide + 2) : 0)
  if (entriesAt + count * (wide + 1) > bytes.length) throw new BinlogEventCorruptError('binary JSON ends early')
  const items = Array.from({ length: count }, (_, i) => {
    const value = entryText(bytes, at, entriesAt + i * (wide + 1), wide, depth)
    if (!isObject) return value
    const keyAt = at + bytes.readUIntLE(keysAt + i * (wide + 2), wide)
    const length = bytes.readUInt16LE(keysAt + i * (wide + 2) + wide)
    return `${JSON.stringify(bytes.toString('utf8', keyAt, keyAt + length))}: ${value}`
  })
  return isObject ? `{${items.join(', ')}}` : `[${items.join(', ')}]`
}

function entryText(bytes: Buffer, container: number, at: number, wide: number, depth: number): string {
  const type = bytes.readUInt8(at)
  const inlined = type === 4 || type === 5 || type === 6 || (wide === 4 && (type === 7 || type === 8))
  return valueText(bytes, type, inlined ? at + 1 : container + bytes.readUIntLE(at + 1, wide), depth + 1)
}

function literalText(literal: number): string {
  const text = ['null', 'true', 'false'][literal]
  if (text === undefined) throw new BinlogEventCorruptError(`binary JSON has a literal ${literal}`)
  return text
}

function prefixed(bytes: Buffer, at: number): Buffer {
  let length = 0
  let position = at
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes.readUInt8(position++)
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (position + length > bytes.length) throw new BinlogEventCorruptError('binary JSON ends early')
  return bytes.subarray(position, position + length)
}

/** A value that JSON has no type for: the server knows some, and prints the bytes of all others. */
function opaqueText(type: number, value: Buffer): string {
  switch (type) {
    case ColumnType.NEWDECIMAL:
      return decimalText(value)
    case ColumnType.DATE:
      return JSON.stringify(datetime(value.readBigInt64LE(), true))
    case ColumnType.DATETIME:
    case ColumnType.TIMESTAMP:
      return JSON.stringify(datetime(value.readBigInt64LE(), false))
    case ColumnType.TIME:
      return JSON.stringify(time(value.readBigInt64LE()))
    default:
      return `"base64:type${type}:${brokenLines(value.toString('base64'))}"`
  }
}

const BASE64_LINE = /.{76}(?=.)/g

/** Base64 with the line breaks of the server, as JSON writes them. */
function brokenLines(base64: string): string {
  return base64.length > 76 ? base64.replace(BASE64_LINE, '$&\\n') : base64
}

function decimalText(value: Buffer): string {
  return readDecimal(value.subarray(2), value.readUInt8(0), value.readUInt8(1))
}

function datetime(packed: bigint, dateOnly: boolean): string {
  const clock = packed >> 24n
  const date = Number(clock >> 17n)
  const yearMonth = date >> 5
  const dateBits = (Math.floor(yearMonth / 13) << 9) | ((yearMonth % 13) << 5) | (date & 31)
  if (dateOnly) return dateText(dateBits)
  return `${dateText(dateBits)} ${clockText(Number(clock & 0x1ffffn), Number(packed & 0xffffffn))}`
}

function time(packed: bigint): string {
  const magnitude = packed < 0n ? -packed : packed
  const text = clockText(Number((magnitude >> 24n) & 0x3fffffn), Number(magnitude & 0xffffffn))
  return packed < 0n ? `-${text}` : text
}

function clockText(clock: number, micros: number): string {
  const pad = (value: number, digits: number): string => String(value).padStart(digits, '0')
  return `${pad(clock >> 12, 2)}:${pad((clock >> 6) & 63, 2)}:${pad(clock & 63, 2)}.${pad(micros, 6)}`
}
