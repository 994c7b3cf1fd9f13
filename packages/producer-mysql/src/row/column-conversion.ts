import { type AvroPrimitive, type RecordField } from '@aesop/schema'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { type ColumnValue, labelNumber, readColumnValue } from './column-value.ts'
import { ColumnConversionError, ValueConversionError } from '../error/errors.ts'
import { clockMicros, dateMicros, timestampText } from './temporal-value.ts'

/** The Avro type that a derived schema gives a column. */
export interface DerivedType {
  readonly type: AvroPrimitive
  readonly logicalType?: string
  /** Nullable although the column is not: a zero TIMESTAMP has no other value. */
  readonly nullable?: boolean
}

/** How one column becomes one field. */
export interface ColumnConversion {
  readonly column: BinlogColumn
  readonly field: RecordField
  readonly type: AvroPrimitive
  /** The derived type: compiled code may write it straight from the bytes. */
  readonly direct: boolean
  /** The value to be encoded as `type`; null where the column's value has none. Plain and slow. */
  readonly read: (bytes: Buffer, at: number) => ColumnValue | boolean
}

type Read = ColumnConversion['read']

/** What a column is in a schema that nobody wrote by hand. */
export function derivedType(column: BinlogColumn, zeroTimestamp: 'null' | 'text'): DerivedType {
  switch (column.kind) {
    case 'int':
      if (column.fixedBytes === 8) return { type: 'long' }
      return { type: column.fixedBytes === 4 && column.unsigned ? 'long' : 'int' }
    case 'year':
      return { type: 'int' }
    case 'float':
    case 'double':
      return { type: column.kind }
    case 'bit':
      return { type: 'long' }
    case 'bytes':
      return { type: 'bytes' }
    case 'timestamp':
    case 'oldTimestamp':
      if (zeroTimestamp === 'text') return { type: 'string' }
      return { type: 'long', logicalType: 'timestamp-micros', nullable: true }
    default:
      return { type: 'string' }
  }
}

/** How the column is written as the field. @throws ColumnConversionError naming both */
export function columnConversion(table: string, column: BinlogColumn, field: RecordField): ColumnConversion {
  const derived = derivedType(column, field.type === 'string' ? 'text' : 'null')
  const direct = field.type === derived.type && field.logicalType === derived.logicalType
  const read = direct ? directRead(column, field) : alternativeRead(column, field)
  if (read === undefined || field.type === 'complex') {
    const wanted = field.logicalType === undefined ? field.type : `${field.type}, ${field.logicalType}`
    throw new ColumnConversionError(table, column.name, column.typeName, field.name, wanted)
  }
  return { column, field, type: field.type, direct, read }
}

function directRead(column: BinlogColumn, field: RecordField): Read {
  if (isTimestamp(column) && field.type === 'string') return timestampAsText(column)
  return (bytes, at) => readColumnValue(column, bytes, at)
}

function isTimestamp(column: BinlogColumn): boolean {
  return column.kind === 'timestamp' || column.kind === 'oldTimestamp'
}

function timestampAsText(column: BinlogColumn): Read {
  return (bytes, at) => {
    const micros = readColumnValue(column, bytes, at)
    return timestampText(typeof micros === 'bigint' ? micros : null, column.fractionDigits)
  }
}

/** The conversions that hand-written schemas may ask for; each keeps the value whole. */
function alternativeRead(column: BinlogColumn, field: RecordField): Read | undefined {
  const value: Read = (bytes, at) => readColumnValue(column, bytes, at)
  switch (column.kind) {
    case 'int':
    case 'year':
      return integerRead(column, field, value)
    case 'bit':
      return bitRead(column, field, value)
    case 'float':
      return field.type === 'double' ? value : undefined
    case 'text':
    case 'json':
      return field.type === 'bytes' ? (bytes, at) => Buffer.from(String(value(bytes, at)), 'utf8') : undefined
    case 'enum':
    case 'set': {
      const fits = field.type === 'long' || (field.type === 'int' && (column.kind === 'enum' || column.fixedBytes < 4))
      return fits ? (bytes, at) => labelNumber(column, bytes, at) : undefined
    }
    case 'date':
    case 'datetime':
    case 'oldDatetime':
    case 'time':
    case 'oldTime':
    case 'timestamp':
    case 'oldTimestamp':
      return temporalRead(column, field, value)
    default:
      return undefined
  }
}

function integerRead(column: BinlogColumn, field: RecordField, value: Read): Read | undefined {
  if (field.logicalType !== undefined) return undefined
  const small = column.fixedBytes < 4 || (column.fixedBytes === 4 && !column.unsigned)
  if (field.type === 'long' || (field.type === 'int' && small)) return value
  if (field.type === 'double' && column.fixedBytes < 8) return value
  if (field.type === 'float' && column.fixedBytes < 4) return value
  if (field.type === 'string') return (bytes, at) => String(value(bytes, at))
  return undefined
}

function bitRead(column: BinlogColumn, field: RecordField, value: Read): Read | undefined {
  if (field.type === 'int' && column.precision < 32) return value
  if (field.type === 'boolean' && column.precision === 1) return (bytes, at) => value(bytes, at) !== 0n
  if (field.type === 'bytes') return (bytes, at) => Uint8Array.from(bytes.subarray(at, at + column.fixedBytes))
  return undefined
}

const UNITS: Readonly<Record<string, bigint>> = {
  'timestamp-micros': 1n,
  'time-micros': 1n,
  'timestamp-millis': 1000n,
  'time-millis': 1000n,
  date: 86_400_000_000n,
}

/**
 * Dates and times as numbers, taken as UTC: microseconds, milliseconds or days by the logical type, milliseconds for
 * a plain long as the generator of old wrote them. What would lose digits is refused.
 */
function temporalRead(column: BinlogColumn, field: RecordField, value: Read): Read | undefined {
  if (field.type !== 'long' && field.type !== 'int') return undefined
  const unit = field.logicalType === undefined ? 1000n : UNITS[field.logicalType]
  if (unit === undefined || (field.type === 'int' && unit !== 86_400_000_000n)) return undefined
  if (field.logicalType === 'date' && column.kind !== 'date') return undefined
  if (unit === 1000n && column.fractionDigits > 3) return undefined
  return (bytes, at) => {
    const micros = microsOf(value(bytes, at), column)
    if (micros !== null || field.nullBranch !== undefined) return micros === null ? null : micros / unit
    throw new ValueConversionError(field.name, 'a zero or partial date has no number')
  }
}

function microsOf(value: ColumnValue | boolean, column: BinlogColumn): bigint | null {
  if (typeof value === 'bigint') return value
  if (typeof value !== 'string') return null
  return column.kind === 'time' || column.kind === 'oldTime' ? clockMicros(value) : (dateMicros(value) ?? null)
}
