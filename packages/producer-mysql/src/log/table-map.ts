import { type TableName } from '@aesop/producer'
import { type BinLogEvent } from './binlog-event.ts'
import { labelsFault, metadataFault } from './column-metadata.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { hidesFraction } from './old-temporal.ts'
import { ColumnType, isCharacterType, isEnumOrSet, isNumericType } from './column-type.ts'
import { PacketReader } from './packet-reader.ts'

/** One column as a TABLE_MAP event describes it. What the server did not log is undefined. */
export interface MappedColumn {
  /** Code of the real type: ENUM and SET are told apart from CHAR. */
  readonly type: number
  /** The metadata of the type: length, precision and scale, fraction digits. Its meaning depends on the type. */
  readonly meta: number
  readonly nullable: boolean
  /** The value may have fractional seconds, and the log does not say how many digits of them. */
  readonly fractionUnlogged?: true
  readonly name?: string
  readonly unsigned?: boolean
  /** Collation id of text, ENUM and SET columns; 63 is binary. */
  readonly collation?: number
  /** Labels of ENUM and SET columns, in the bytes of their character set. */
  readonly labels?: readonly Buffer[]
}

/** What a TABLE_MAP event says of a table. */
export interface TableMap {
  readonly tableId: number
  readonly database: string
  readonly table: string
  readonly columns: readonly MappedColumn[]
  /** Indexes of the primary key's columns, in the key's order; undefined: not logged. */
  readonly primaryKey: readonly number[] | undefined
}

type Draft = { -readonly [K in keyof MappedColumn]: MappedColumn[K] }
type Refuse = (fault: string) => never

/**
 * Reads the body of a TABLE_MAP event; what it returns owns its memory.
 *
 * | bytes    | what                                                      |
 * |----------|-----------------------------------------------------------|
 * | 6        | table id                                                  |
 * | 2        | flags                                                     |
 * | 1 + n + 1| length, database name, 0                                  |
 * | 1 + n + 1| length, table name, 0                                     |
 * | lenenc   | number of columns                                         |
 * | n        | one type code per column                                  |
 * | lenenc+n | type metadata, 0–2 bytes per column                       |
 * | ⌈n/8⌉    | bit per column: it may be NULL                            |
 * | …        | optional metadata: type (1), length (lenenc), value; to the end |
 *
 * `mariadb` says which server wrote it, because the two count text columns differently.
 * @throws BinlogEventCorruptError
 */
export function parseTableMap(bytes: Buffer, body: number, end: number, mariadb: boolean): TableMap {
  const reader = new PacketReader(bytes, body, end, 'table map')
  const tableId = reader.uint(6)
  reader.take(2)
  const database = reader.text(reader.uint8())
  reader.take(1)
  const table = reader.text(reader.uint8())
  reader.take(1)
  const corrupt: Refuse = (fault: string): never => {
    throw new BinlogEventCorruptError(`table map of ${database}.${table}: ${fault}`)
  }
  const count = reader.lengthEncoded()
  const types = Array.from(reader.view(count))
  const metaEnd = reader.lengthEncoded() + reader.at
  const columns = types.map((type, i): Draft => {
    const column = readType(type, reader)
    const fault = metadataFault(type, column.type, column.meta)
    if (fault !== undefined) corrupt(`column ${i + 1}: ${fault}`)
    return column
  })
  if (reader.at !== metaEnd) corrupt(`its column metadata ends at ${reader.at}, expected ${metaEnd}`)
  if (mariadb) for (const column of columns) if (hidesFraction(column.type)) column.fractionUnlogged = true
  const nullBits = reader.view((count + 7) >> 3)
  columns.forEach((column, i) => (column.nullable = bitAt(nullBits, i)))
  const primaryKey = readOptionalMetadata(reader, columns, mariadb, corrupt)
  return { tableId, database, table, columns, primaryKey }
}

/** The table of a TABLE_MAP event, without its columns. @throws BinlogEventCorruptError */
export function parseTableName(event: BinLogEvent): TableName {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'table map')
  reader.take(8)
  const database = reader.text(reader.uint8())
  reader.take(1)
  return { database, table: reader.text(reader.uint8()) }
}

function bitAt(bits: Buffer, index: number): boolean {
  return ((bits.readUInt8(index >> 3) >> (index & 7)) & 1) === 1
}

function readType(type: number, reader: PacketReader): Draft {
  switch (type) {
    case ColumnType.FLOAT:
    case ColumnType.DOUBLE:
    case ColumnType.TIMESTAMP2:
    case ColumnType.DATETIME2:
    case ColumnType.TIME2:
    case ColumnType.BLOB:
    case ColumnType.TINY_BLOB:
    case ColumnType.MEDIUM_BLOB:
    case ColumnType.LONG_BLOB:
    case ColumnType.BLOB_COMPRESSED:
    case ColumnType.JSON:
    case ColumnType.GEOMETRY:
    case ColumnType.VECTOR:
      return { type, meta: reader.uint8(), nullable: false }
    case ColumnType.VARCHAR:
    case ColumnType.VARCHAR_COMPRESSED:
    case ColumnType.BIT:
    case ColumnType.NEWDECIMAL:
      return { type, meta: reader.uint(2), nullable: false }
    case ColumnType.STRING:
    case ColumnType.VAR_STRING:
    case ColumnType.ENUM:
    case ColumnType.SET:
      return readStringType(reader.uint8(), reader.uint8())
    default:
      return { type, meta: 0, nullable: false }
  }
}

/** CHAR, ENUM and SET share a code: the first byte tells them apart and lends two inverted bits to the length. */
function readStringType(first: number, second: number): Draft {
  if ((first & 0x30) === 0x30) return { type: first, meta: second, nullable: false }
  return { type: first | 0x30, meta: second | (((first & 0x30) ^ 0x30) << 4), nullable: false }
}

const Metadata = {
  SIGNEDNESS: 1,
  DEFAULT_CHARSET: 2,
  COLUMN_CHARSET: 3,
  COLUMN_NAME: 4,
  SET_LABELS: 5,
  ENUM_LABELS: 6,
  SIMPLE_PRIMARY_KEY: 8,
  PRIMARY_KEY_WITH_PREFIX: 9,
  ENUM_AND_SET_DEFAULT_CHARSET: 10,
  ENUM_AND_SET_COLUMN_CHARSET: 11,
} as const

function readOptionalMetadata(
  reader: PacketReader,
  columns: readonly Draft[],
  mariadb: boolean,
  corrupt: Refuse,
): readonly number[] | undefined {
  const texts = columns.filter((column) => isCharacterType(column.type, mariadb))
  let primaryKey: readonly number[] | undefined
  let named = false
  while (reader.left > 0) {
    const type = reader.uint8()
    const length = reader.lengthEncoded()
    const field = new PacketReader(reader.bytes, reader.take(length), reader.at, 'table map metadata')
    if (type === Metadata.SIMPLE_PRIMARY_KEY) primaryKey = readIndexes(field, false, columns.length, corrupt)
    else if (type === Metadata.PRIMARY_KEY_WITH_PREFIX) primaryKey = readIndexes(field, true, columns.length, corrupt)
    else readColumnMetadata(type, field, columns, texts, corrupt)
    named ||= type === Metadata.COLUMN_NAME
  }
  // With full metadata a table without this field has no primary key; with less, nothing is known of it.
  return primaryKey ?? (named ? [] : undefined)
}

function readIndexes(field: PacketReader, withPrefix: boolean, columns: number, corrupt: Refuse): readonly number[] {
  const indexes: number[] = []
  while (field.left > 0) {
    const index = field.lengthEncoded()
    if (index >= columns) corrupt(`its primary key has column ${index + 1} of ${columns}`)
    indexes.push(index)
    if (withPrefix) field.lengthEncoded()
  }
  return indexes
}

function readColumnMetadata(
  type: number,
  field: PacketReader,
  columns: readonly Draft[],
  texts: readonly Draft[],
  corrupt: Refuse,
): void {
  const labelled = columns.filter((column) => isEnumOrSet(column.type))
  if (type === Metadata.SIGNEDNESS) readSignedness(field, columns, corrupt)
  else if (type === Metadata.DEFAULT_CHARSET) readDefaultCharset(field, texts, corrupt)
  else if (type === Metadata.COLUMN_CHARSET) readCharsets(field, texts)
  else if (type === Metadata.ENUM_AND_SET_DEFAULT_CHARSET) readDefaultCharset(field, labelled, corrupt)
  else if (type === Metadata.ENUM_AND_SET_COLUMN_CHARSET) readCharsets(field, labelled)
  else if (type === Metadata.COLUMN_NAME) for (const column of columns) column.name = field.text(field.lengthEncoded())
  else if (type === Metadata.SET_LABELS) readLabels(field, columns, ColumnType.SET, corrupt)
  else if (type === Metadata.ENUM_LABELS) readLabels(field, columns, ColumnType.ENUM, corrupt)
}

/** One bit per numeric column, the highest of a byte first. */
function readSignedness(field: PacketReader, columns: readonly Draft[], corrupt: Refuse): void {
  const bits = field.view(field.left)
  const numbers = columns.filter((column) => isNumericType(column.type))
  if (bits.length !== (numbers.length + 7) >> 3) {
    corrupt(`signs of its ${numbers.length} columns of numbers in ${bits.length} bytes`)
  }
  numbers.forEach((column, i) => (column.unsigned = ((bits.readUInt8(i >> 3) << (i & 7)) & 0x80) !== 0))
}

/** A collation for all, then pairs of index and collation for the exceptions. */
function readDefaultCharset(field: PacketReader, columns: readonly Draft[], corrupt: Refuse): void {
  const collation = field.lengthEncoded()
  for (const column of columns) column.collation = collation
  while (field.left > 0) {
    const index = field.lengthEncoded()
    const column = columns[index] ?? corrupt(`a collation of text column ${index + 1} of ${columns.length}`)
    column.collation = field.lengthEncoded()
  }
}

function readCharsets(field: PacketReader, columns: readonly Draft[]): void {
  for (const column of columns) column.collation = field.lengthEncoded()
}

function readLabels(field: PacketReader, columns: readonly Draft[], type: number, corrupt: Refuse): void {
  for (const column of columns.filter((each) => each.type === type)) {
    const count = field.lengthEncoded()
    const fault = labelsFault(type, column.meta, count)
    if (fault !== undefined) corrupt(`column ${columns.indexOf(column) + 1}: ${fault}`)
    column.labels = Array.from({ length: count }, () => Buffer.from(field.view(field.lengthEncoded())))
  }
}
