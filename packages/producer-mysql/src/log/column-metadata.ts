import { ColumnType } from './column-type.ts'

const BLOB_TYPES = new Set<number>([
  ColumnType.BLOB,
  ColumnType.TINY_BLOB,
  ColumnType.MEDIUM_BLOB,
  ColumnType.LONG_BLOB,
  ColumnType.BLOB_COMPRESSED,
  ColumnType.JSON,
  ColumnType.GEOMETRY,
  ColumnType.VECTOR,
])
const SET_BYTES = [1, 2, 3, 4, 8]
/** Types that share one code in the list of types; the metadata tells them apart. */
const STRING_TYPES: readonly number[] = [ColumnType.ENUM, ColumnType.SET, ColumnType.VAR_STRING, ColumnType.STRING]

/**
 * What is wrong with the metadata of a column in a table map; undefined: no server writes anything else.
 *
 * | type                        | metadata                                                      |
 * |-----------------------------|---------------------------------------------------------------|
 * | FLOAT, DOUBLE               | 4, 8: bytes of a value                                        |
 * | TIMESTAMP, DATETIME, TIME   | 0–6: digits of fractional seconds                             |
 * | BLOB, TEXT, JSON, GEOMETRY, VECTOR | 1–4: bytes of the length before a value                |
 * | BIT                         | whole bytes, and bits beyond them: 1–64 together              |
 * | DECIMAL                     | 1–65 digits, 0–38 of them, and no more than all, after the point |
 * | ENUM, SET                   | 1–2, and 1, 2, 3, 4 or 8: bytes of a value                    |
 * | CHAR, BINARY, ENUM, SET     | no other type among those that share a code                   |
 *
 * @param code the one in the list of types @param type what it really is
 */
export function metadataFault(code: number, type: number, meta: number): string | undefined {
  if (STRING_TYPES.includes(code) && !STRING_TYPES.includes(type)) {
    return `type ${type} among CHAR, ENUM and SET`
  }
  switch (type) {
    case ColumnType.FLOAT:
      return oneOf('FLOAT of bytes', meta, [4])
    case ColumnType.DOUBLE:
      return oneOf('DOUBLE of bytes', meta, [8])
    case ColumnType.TIMESTAMP2:
    case ColumnType.DATETIME2:
    case ColumnType.TIME2:
      return within('digits of fractional seconds', meta, 0, 6)
    case ColumnType.BIT:
      return bitFault(meta >> 8, meta & 0xff)
    case ColumnType.NEWDECIMAL:
      return decimalFault(meta & 0xff, meta >> 8)
    case ColumnType.ENUM:
      return within('bytes of an ENUM', meta, 1, 2)
    case ColumnType.SET:
      return oneOf('bytes of a SET', meta, SET_BYTES)
    default:
      return BLOB_TYPES.has(type) ? within('bytes of a length', meta, 1, 4) : undefined
  }
}

function within(what: string, value: number, from: number, to: number): string | undefined {
  return value >= from && value <= to ? undefined : `${what}: ${value}, expected ${from} to ${to}`
}

function oneOf(what: string, value: number, expected: readonly number[]): string | undefined {
  return expected.includes(value) ? undefined : `${what}: ${value}, expected ${expected.join(', ')}`
}

function bitFault(bytes: number, bits: number): string | undefined {
  return within('bits beyond the whole bytes of a BIT', bits, 0, 7) ?? within('bits of a BIT', bytes * 8 + bits, 1, 64)
}

function decimalFault(precision: number, scale: number): string | undefined {
  return (
    within('digits of a DECIMAL', precision, 1, 65) ??
    within('digits after the point of a DECIMAL', scale, 0, Math.min(38, precision))
  )
}

/** Labels of an ENUM or SET of so many bytes. */
export function labelsFault(type: number, meta: number, count: number): string | undefined {
  return type === ColumnType.ENUM
    ? within('labels of an ENUM', count, 0, 2 ** (8 * meta) - 1)
    : within('labels of a SET', count, 0, 8 * meta)
}
