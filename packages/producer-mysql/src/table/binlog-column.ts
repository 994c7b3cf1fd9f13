import { charsetOfCollation, type TextDecoding, textDecodingOf } from './charset.ts'
import { ColumnType } from '../log/column-type.ts'
import { ColumnUnsupportedError } from '../error/errors.ts'
import { digitsOfTypeName, hidesFraction, oldTemporalBytes } from '../log/old-temporal.ts'
import { type ColumnDescription } from './table-description.ts'
import { type MappedColumn } from '../log/table-map.ts'

/** How a value is read, apart from where it ends. */
export type ColumnKind =
  | 'int'
  | 'year'
  | 'float'
  | 'double'
  | 'decimal'
  | 'bit'
  | 'text'
  | 'bytes'
  | 'enum'
  | 'set'
  | 'date'
  | 'time'
  | 'datetime'
  | 'timestamp'
  | 'oldTime'
  | 'oldDatetime'
  | 'oldTimestamp'
  | 'json'
  | 'uuid'
  | 'inet4'
  | 'inet6'

/** A column of a captured table: everything that reading a value needs. */
export interface BinlogColumn {
  /** Place in the row image, from 0. */
  readonly index: number
  readonly name: string
  readonly kind: ColumnKind
  /** The type for people and for `dbFieldType`: `int unsigned`, `decimal(10,2)`. */
  readonly typeName: string
  readonly nullable: boolean
  readonly unsigned: boolean
  /** Bytes of a value of fixed size; 0 where a length stands before the value. */
  readonly fixedBytes: number
  /** Bytes of the length before the value; 0 for a fixed size. */
  readonly prefixBytes: number
  /** The server strips trailing zero bytes of BINARY(n), UUID, INET4 and INET6: values are this long. */
  readonly paddedBytes: number
  /** A compressed column of MariaDB. */
  readonly compressed: boolean
  readonly precision: number
  readonly scale: number
  /** Digits of fractional seconds, 0–6. */
  readonly fractionDigits: number
  readonly text: TextDecoding | undefined
  /** Labels of ENUM and SET. */
  readonly labels: readonly string[]
}

type Draft = { -readonly [K in keyof BinlogColumn]: BinlogColumn[K] }

/**
 * Joins what the table map and the catalogue say of a column; the table map wins where both do.
 * @throws ColumnUnsupportedError rather than guess a type, a sign or a character set
 */
export function binlogColumn(
  table: string,
  index: number,
  mapped: MappedColumn,
  described: ColumnDescription | undefined,
): BinlogColumn {
  const name = mapped.name ?? described?.name ?? `@${index + 1}`
  const draft: Draft = {
    index,
    name,
    kind: 'int',
    typeName: '',
    nullable: mapped.nullable,
    unsigned: mapped.unsigned ?? described?.unsigned ?? false,
    fixedBytes: 0,
    prefixBytes: 0,
    paddedBytes: 0,
    compressed: false,
    precision: 0,
    scale: 0,
    fractionDigits: 0,
    text: undefined,
    labels: [],
  }
  const refuse = (fault: string): never => {
    throw new ColumnUnsupportedError(table, name, fault)
  }
  const charset = mapped.collation === undefined ? described?.charset : charsetOfCollation(mapped.collation)
  if (mapped.collation !== undefined && charset === undefined) refuse(`unknown collation id ${mapped.collation}`)
  describe(draft, mapped, charset === 'binary' ? undefined : charset, refuse)
  if (described?.typeName !== undefined) applyTypeName(draft, described.typeName)
  if (hidesFraction(mapped.type)) applyHiddenFraction(draft, mapped, described?.typeName, refuse)
  if (draft.kind === 'enum' || draft.kind === 'set') draft.labels = labelsOf(mapped, described, draft, refuse)
  if (draft.unsigned && NUMBERS.has(draft.kind) && !/unsigned|zerofill/.test(draft.typeName))
    draft.typeName += ' unsigned'
  return draft
}

const NUMBERS = new Set<ColumnKind>(['int', 'float', 'double', 'decimal'])
const INTEGERS = new Map<number, readonly [bytes: number, name: string]>([
  [ColumnType.TINY, [1, 'tinyint']],
  [ColumnType.SHORT, [2, 'smallint']],
  [ColumnType.INT24, [3, 'mediumint']],
  [ColumnType.LONG, [4, 'int']],
  [ColumnType.LONGLONG, [8, 'bigint']],
])
/** Kind, bytes, name. Fractional seconds take ⌈digits/2⌉ more. */
const FIXED = new Map<number, readonly [ColumnKind, number, string]>([
  [ColumnType.FLOAT, ['float', 4, 'float']],
  [ColumnType.DOUBLE, ['double', 8, 'double']],
  [ColumnType.YEAR, ['year', 1, 'year']],
  [ColumnType.DATE, ['date', 3, 'date']],
  [ColumnType.NEWDATE, ['date', 3, 'date']],
  [ColumnType.TIME, ['oldTime', 3, 'time']],
  [ColumnType.DATETIME, ['oldDatetime', 8, 'datetime']],
  [ColumnType.TIMESTAMP, ['oldTimestamp', 4, 'timestamp']],
  [ColumnType.TIME2, ['time', 3, 'time']],
  [ColumnType.DATETIME2, ['datetime', 5, 'datetime']],
  [ColumnType.TIMESTAMP2, ['timestamp', 4, 'timestamp']],
])
const BLOBS = new Set<number>([
  ColumnType.BLOB,
  ColumnType.TINY_BLOB,
  ColumnType.MEDIUM_BLOB,
  ColumnType.LONG_BLOB,
  ColumnType.BLOB_COMPRESSED,
])
const BLOB_SIZES = ['', 'tiny', '', 'medium', 'long']
const OTHER_BLOBS = new Map<number, readonly [ColumnKind, string]>([
  [ColumnType.JSON, ['json', 'json']],
  [ColumnType.GEOMETRY, ['bytes', 'geometry']],
  [ColumnType.VECTOR, ['bytes', 'vector']],
])

function describe(
  draft: Draft,
  mapped: MappedColumn,
  charset: string | undefined,
  refuse: (fault: string) => never,
): void {
  const { type, meta } = mapped
  const integer = INTEGERS.get(type)
  const fixed = FIXED.get(type)
  const otherBlob = OTHER_BLOBS.get(type)
  if (integer !== undefined) [draft.fixedBytes, draft.typeName] = integer
  else if (fixed !== undefined) describeFixed(draft, mapped, fixed)
  else if (otherBlob !== undefined) [draft.kind, draft.typeName, draft.prefixBytes] = [...otherBlob, meta]
  else if (BLOBS.has(type)) {
    draft.prefixBytes = meta
    draft.compressed = type === ColumnType.BLOB_COMPRESSED
    describeText(draft, charset, `${BLOB_SIZES[meta] ?? ''}blob`, `${BLOB_SIZES[meta] ?? ''}text`, refuse)
  } else if (type === ColumnType.VARCHAR || type === ColumnType.VARCHAR_COMPRESSED) {
    draft.prefixBytes = meta > 255 ? 2 : 1
    draft.compressed = type === ColumnType.VARCHAR_COMPRESSED
    describeText(draft, charset, 'varbinary', 'varchar', refuse)
  } else if (type === ColumnType.STRING || type === ColumnType.VAR_STRING) {
    draft.prefixBytes = meta > 255 ? 2 : 1
    if (charset === undefined) draft.paddedBytes = meta
    describeText(draft, charset, `binary(${meta})`, 'char', refuse)
  } else if (type === ColumnType.NEWDECIMAL) describeDecimal(draft, meta)
  else if (type === ColumnType.BIT) describeBit(draft, meta)
  else if (type === ColumnType.ENUM || type === ColumnType.SET) {
    draft.kind = type === ColumnType.ENUM ? 'enum' : 'set'
    draft.typeName = draft.kind
    draft.fixedBytes = meta
    draft.text = charset === undefined ? textDecodingOf('utf8mb4') : textDecodingOf(charset)
    if (draft.text === undefined) refuse(`character set ${charset ?? ''} of its labels can't be decoded`)
  } else refuse(`column type ${type} is unknown or from before MySQL 5`)
}

function describeFixed(
  draft: Draft,
  mapped: MappedColumn,
  [kind, bytes, name]: readonly [ColumnKind, number, string],
): void {
  const fraction = kind === 'time' || kind === 'datetime' || kind === 'timestamp' ? mapped.meta : 0
  draft.kind = kind
  draft.fractionDigits = fraction
  draft.fixedBytes = bytes + ((fraction + 1) >> 1)
  draft.typeName = fraction > 0 ? `${name}(${fraction})` : name
}

function describeDecimal(draft: Draft, meta: number): void {
  draft.kind = 'decimal'
  draft.precision = meta & 0xff
  draft.scale = meta >> 8
  draft.fixedBytes = decimalBytes(draft.precision - draft.scale) + decimalBytes(draft.scale)
  draft.typeName = `decimal(${draft.precision},${draft.scale})`
}

/** Bytes of so many decimal digits: four for each nine, one for each two or the last one of the rest. */
export function decimalBytes(digits: number): number {
  return Math.floor(digits / 9) * 4 + (((digits % 9) + 1) >> 1)
}

function describeBit(draft: Draft, meta: number): void {
  draft.kind = 'bit'
  draft.precision = (meta >> 8) * 8 + (meta & 0xff)
  draft.fixedBytes = (draft.precision + 7) >> 3
  draft.typeName = `bit(${draft.precision})`
}

function describeText(
  draft: Draft,
  charset: string | undefined,
  binaryName: string,
  textName: string,
  refuse: (fault: string) => never,
): void {
  draft.kind = charset === undefined ? 'bytes' : 'text'
  draft.typeName = charset === undefined ? binaryName : textName
  if (charset === undefined) return
  draft.text = textDecodingOf(charset)
  if (draft.text === undefined) refuse(`character set ${charset} can't be decoded`)
}

/** MariaDB's remark on times that were written with mysql56_temporal_format=OFF: it says nothing of their values. */
const OLD_FORMAT = / \/\* mariadb-5\.3 \*\/$/

/** The catalogue knows what the log can't say: UUID and INET columns, which look like BINARY there. */
function applyTypeName(draft: Draft, typeName: string): void {
  // A semicolon of a label would end the meta annotation that carries the name.
  draft.typeName = /^(enum|set)\b/i.exec(typeName)?.[1]?.toLowerCase() ?? typeName.toLowerCase().replace(OLD_FORMAT, '')
  if (draft.kind !== 'bytes') return
  const base = /^(uuid|inet4|inet6)\b/.exec(draft.typeName)?.[1]
  if (base === 'uuid' || base === 'inet4' || base === 'inet6') draft.kind = base
}

/** The catalogue alone knows how many digits MariaDB's own times have; other logs hold old times without any. */
function applyHiddenFraction(
  draft: Draft,
  { type, fractionUnlogged }: MappedColumn,
  typeName: string | undefined,
  refuse: (fault: string) => never,
): void {
  const digits = typeName === undefined && fractionUnlogged !== true ? 0 : digitsOfTypeName(typeName ?? '')
  const bytes = digits === undefined ? undefined : oldTemporalBytes(type, digits)
  if (digits === undefined || bytes === undefined) {
    const said = typeName === undefined ? 'nobody else knows' : `the server says ${typeName}`
    return refuse(
      `the log does not tell how many digits of fractional seconds its ${draft.typeName} has, and ${said}; ALTER TABLE … FORCE under mysql56_temporal_format=ON makes it one that the log tells`,
    )
  }
  draft.fractionDigits = digits
  draft.fixedBytes = bytes
}

/** INFORMATION_SCHEMA is utf8mb3: a label of these sets may hold characters that it shows as question marks. */
const BEYOND_UTF8MB3 = new Set(['utf8mb4', 'utf16', 'utf16le', 'utf32', 'gb18030', 'binary'])

function shown(described: ColumnDescription | undefined): string {
  return described?.typeName === undefined ? '' : `, the server shows ${described.typeName}`
}

function labelsOf(
  mapped: MappedColumn,
  described: ColumnDescription | undefined,
  draft: Draft,
  refuse: (fault: string) => never,
): readonly string[] {
  const decoding = draft.text
  if (mapped.labels !== undefined && decoding !== undefined) return mapped.labels.map((label) => decoding.decode(label))
  if (described?.labels === undefined)
    return refuse(`nothing says what the labels of the ${draft.kind} are${shown(described)}`)
  const doubtful = BEYOND_UTF8MB3.has(described.charset ?? 'binary')
    ? described.labels.find((label) => label.includes('?'))
    : undefined
  if (doubtful !== undefined) {
    refuse(
      `label "${doubtful}" may be another one on the server; SET GLOBAL binlog_row_metadata=FULL writes it to the log`,
    )
  }
  return described.labels
}
