import { type BinlogColumn } from '../table/binlog-column.ts'
import { readDecimal } from './decimal-value.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { jsonBinaryToText } from './json-binary.ts'
import { missing } from '../error/missing.ts'
import { uncompressColumn } from '../log/mariadb-compression.ts'
import * as old from '../log/old-temporal.ts'
import * as temporal from './temporal-value.ts'

/**
 * What a column holds, as row objects carry it: number for integers up to 32 bits, FLOAT and DOUBLE; bigint for BIGINT,
 * BIT, and TIMESTAMP (microseconds since 1970, UTC); string for DECIMAL, text, labels, dates and times; Uint8Array for
 * bytes. Null is NULL, and a TIMESTAMP that is zero.
 */
export type ColumnValue = number | bigint | string | Uint8Array | null

/** Bytes that a value takes in the row image, from its own first byte; its length prefix included. */
export function storedBytes(column: BinlogColumn, bytes: Buffer, at: number): number {
  if (column.prefixBytes === 0) return column.fixedBytes
  return column.prefixBytes + bytes.readUIntLE(at, column.prefixBytes)
}

/**
 * Reads one value that is not NULL, plainly and slowly: for row objects, for keys of text, and as the measure that
 * the compiled writer is tested against. The value owns its memory.
 */
export function readColumnValue(column: BinlogColumn, bytes: Buffer, at: number): ColumnValue {
  const value = valueBytes(column, bytes, at)
  switch (column.kind) {
    case 'int':
      return readInteger(value, column.unsigned)
    case 'year':
      return value.readUInt8() === 0 ? 0 : 1900 + value.readUInt8()
    case 'float':
      return value.readFloatLE()
    case 'double':
      return value.readDoubleLE()
    case 'decimal':
      return readDecimal(value, column.precision, column.scale)
    case 'bit':
      return BigInt(`0x${value.toString('hex')}`)
    case 'text':
      return textOf(column, value)
    case 'bytes':
      return Uint8Array.from(value)
    case 'enum':
      return enumLabel(column, value.readUIntLE(0, value.length))
    case 'set':
      return setLabels(column, readUnsigned(value))
    case 'date':
      return temporal.dateText(value.readUIntLE(0, 3))
    case 'time':
      return temporal.timeText(value, column.fractionDigits)
    case 'datetime':
      return temporal.datetimeText(value, column.fractionDigits)
    case 'timestamp':
      return temporal.timestampMicros(value.readUInt32BE(), value.subarray(4))
    case 'oldTime':
      return old.timeText(value, column.fractionDigits)
    case 'oldDatetime':
      return old.datetimeText(value, column.fractionDigits)
    case 'oldTimestamp':
      return old.timestampMicros(value, column.fractionDigits)
    case 'json':
      return jsonBinaryToText(value)
    case 'uuid':
      return value.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    case 'inet4':
      return value.join('.')
    case 'inet6':
      return inet6Text(value)
  }
}

function valueBytes(column: BinlogColumn, bytes: Buffer, at: number): Buffer {
  const value = bytes.subarray(at + column.prefixBytes, at + storedBytes(column, bytes, at))
  if (column.compressed) return uncompressColumn(value)
  if (column.paddedBytes <= value.length) return value
  return Buffer.concat([value], column.paddedBytes)
}

function textOf(column: BinlogColumn, value: Buffer): string {
  return (column.text ?? missing(`the character set of column ${column.name}`)).decode(value)
}

function readInteger(value: Buffer, unsigned: boolean): number | bigint {
  if (value.length === 8) return unsigned ? value.readBigUInt64LE() : value.readBigInt64LE()
  return unsigned ? value.readUIntLE(0, value.length) : value.readIntLE(0, value.length)
}

function readUnsigned(value: Buffer): bigint {
  return BigInt(`0x${Buffer.from(value).reverse().toString('hex')}`)
}

/** Label of an index from 1; 0 is the empty string that stands for an invalid value. */
export function enumLabel(column: BinlogColumn, index: number): string {
  if (index === 0) return ''
  const label = column.labels[index - 1]
  if (label === undefined) {
    throw new BinlogEventCorruptError(
      `column ${column.name} has ${column.labels.length} labels, a value lies beyond them`,
    )
  }
  return label
}

function setLabels(column: BinlogColumn, mask: bigint): string {
  if (mask >> BigInt(column.labels.length) !== 0n) {
    throw new BinlogEventCorruptError(
      `column ${column.name} has ${column.labels.length} labels, a value lies beyond them`,
    )
  }
  return column.labels.filter((_label, i) => (mask >> BigInt(i)) & 1n).join(',')
}

/** The number behind an ENUM (index from 1) or a SET (a bit per label). */
export function labelNumber(column: BinlogColumn, bytes: Buffer, at: number): bigint {
  return readUnsigned(bytes.subarray(at, at + column.fixedBytes))
}

/** As the server prints it: the longest run of zero groups shortened, mapped IPv4 addresses with dots. */
function inet6Text(value: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => value.readUInt16BE(i * 2))
  const zeros = groups.findIndex((group) => group !== 0)
  if (zeros === 6 || (zeros === 5 && groups[5] === 0xffff)) {
    return `::${zeros === 5 ? 'ffff:' : ''}${value.subarray(12).join('.')}`
  }
  const run = longestZeroRun(groups)
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return run.length < 2 ? text(0, 8) : `${text(0, run.start)}::${text(run.start + run.length, 8)}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  groups.forEach((group, i) => {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  })
  return best
}
