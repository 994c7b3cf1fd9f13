import { charsetOfCollation } from './charset.ts'
import { namesItself } from './column-alignment.ts'
import { ColumnType, isNumericType } from '../log/column-type.ts'
import { HASH_NAME } from './hidden-columns.ts'
import { type ColumnDescription, type TableDescription } from './table-description.ts'
import { type MappedColumn, type TableMap } from '../log/table-map.ts'

/** What a column of a table map looks like when it is of a described type. */
interface Looks {
  readonly types: readonly number[]
  /** Left out: any. */
  readonly meta?: number
  /** One of the types, of which the log has no metadata. */
  readonly untold?: number
}

type Parameters = readonly number[]
type LooksOf = (parameters: Parameters, described: ColumnDescription) => Looks

const T = ColumnType
const BLOB_TYPES = [T.BLOB, T.TINY_BLOB, T.MEDIUM_BLOB, T.LONG_BLOB, T.BLOB_COMPRESSED]
const GEOMETRIES =
  'geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection'

const just = (...types: number[]): LooksOf => {
  const looks = { types }
  return () => looks
}
const blob = (lengthBytes: number): LooksOf => withMeta(BLOB_TYPES, lengthBytes)
function withMeta(types: readonly number[], meta: number): LooksOf {
  return () => ({ types, meta })
}
/** The older form has a type of its own, which does not tell the digits of fractions. */
const temporal =
  (type: number, older: number): LooksOf =>
  ([digits = 0]) => ({ types: [type, older], meta: digits, untold: older })
const padded =
  (bytesPerCharacter: (described: ColumnDescription) => number): LooksOf =>
  ([length = 1], described) => ({ types: [T.STRING], meta: length * bytesPerCharacter(described) })
const varying =
  (bytesPerCharacter: (described: ColumnDescription) => number): LooksOf =>
  ([length = 0], described) =>
    isCompressed(described)
      ? { types: [T.VARCHAR_COMPRESSED] }
      : { types: [T.VARCHAR, T.VAR_STRING], meta: length * bytesPerCharacter(described) }
const one = (): number => 1

/** By the first word of the type, as the server names it. */
const LOOKS = new Map<string, LooksOf>([
  ['tinyint', just(T.TINY)],
  ['smallint', just(T.SHORT)],
  ['mediumint', just(T.INT24)],
  ['int', just(T.LONG)],
  ['bigint', just(T.LONGLONG)],
  ['float', just(T.FLOAT)],
  ['double', just(T.DOUBLE)],
  ['year', just(T.YEAR)],
  ['date', just(T.DATE, T.NEWDATE)],
  ['time', temporal(T.TIME2, T.TIME)],
  ['datetime', temporal(T.DATETIME2, T.DATETIME)],
  ['timestamp', temporal(T.TIMESTAMP2, T.TIMESTAMP)],
  ['decimal', ([precision = 10, scale = 0]) => ({ types: [T.NEWDECIMAL], meta: precision | (scale << 8) })],
  ['bit', ([bits = 1]) => ({ types: [T.BIT], meta: ((bits >> 3) << 8) | (bits & 7) })],
  ['char', padded(bytesPerCharacter)],
  ['binary', padded(one)],
  ['varchar', varying(bytesPerCharacter)],
  ['varbinary', varying(one)],
  ['tinyblob', blob(1)],
  ['tinytext', blob(1)],
  ['blob', blob(2)],
  ['text', blob(2)],
  ['mediumblob', blob(3)],
  ['mediumtext', blob(3)],
  ['longblob', blob(4)],
  ['longtext', blob(4)],
  ['json', withMeta([T.JSON, ...BLOB_TYPES], 4)],
  ['enum', (_none, { labels = [] }) => ({ types: [T.ENUM], meta: labels.length > 255 ? 2 : 1 })],
  ['set', (_none, { labels = [] }) => ({ types: [T.SET], meta: setBytes(labels.length) })],
  ['uuid', withMeta([T.STRING], 16)],
  ['inet6', withMeta([T.STRING], 16)],
  ['inet4', withMeta([T.STRING], 4)],
  ...GEOMETRIES.split(' ').map((name) => [name, just(T.GEOMETRY)] as const),
])

/**
 * Why a description can not be that of the logged columns: every type, its metadata, whether it may be NULL, and sign and
 * character set as far as the log tells them, are compared. Undefined: it fits.
 */
export function misfitOf(map: TableMap, { columns }: TableDescription): string | undefined {
  const isNamed = namesItself(map)
  if (!isNamed && columns.length !== map.columns.length) {
    return `the log has ${map.columns.length} columns, the server says ${columns.length}`
  }
  const named = new Map(columns.map((column) => [column.name, column]))
  for (const [i, mapped] of map.columns.entries()) {
    const described = isNamed ? named.get(mapped.name ?? '') : columns[i]
    if (described === undefined && HASH_NAME.test(mapped.name ?? '')) continue
    if (described === undefined) return `the log has column ${mapped.name ?? i + 1}, which the server does not have`
    const fault = misfit(mapped, described)
    if (fault !== undefined) return `column ${described.name} (${described.typeName ?? 'of unknown type'}): ${fault}`
  }
  return undefined
}

function misfit(mapped: MappedColumn, described: ColumnDescription): string | undefined {
  const looks = looksOf(described)
  if (looks !== undefined && !looks.types.includes(mapped.type)) return `the log has type ${mapped.type}`
  if (looks?.meta !== undefined && looks.untold !== mapped.type && looks.meta !== mapped.meta) {
    return `the log has ${mapped.meta} as the metadata of its type, not ${looks.meta}`
  }
  if (described.nullable !== undefined && described.nullable !== mapped.nullable) {
    return `the log says that it ${mapped.nullable ? 'may' : 'may not'} be NULL`
  }
  return misfitOfSign(mapped, described) ?? misfitOfCharset(mapped, described)
}

/** A type that nobody has described here has looks that nobody knows. */
function looksOf(described: ColumnDescription): Looks | undefined {
  const [, name = '', list = ''] = /^(\w+)(?:\(([\d,\s]*)\))?/.exec(described.typeName?.toLowerCase() ?? '') ?? []
  const parameters = list === '' ? [] : list.split(',').map(Number)
  return LOOKS.get(name)?.(parameters, described)
}

function misfitOfSign(mapped: MappedColumn, described: ColumnDescription): string | undefined {
  if (mapped.unsigned === undefined || mapped.type === T.YEAR || !isNumericType(mapped.type)) return undefined
  if (mapped.unsigned === described.unsigned) return undefined
  return `the log says that it is ${mapped.unsigned ? 'unsigned' : 'signed'}`
}

function misfitOfCharset(mapped: MappedColumn, described: ColumnDescription): string | undefined {
  // Of these the log has a character set that says nothing.
  if (mapped.collation === undefined || !isText(described)) return undefined
  const charset = charsetOfCollation(mapped.collation) ?? `collation ${mapped.collation}`
  if (plain(charset) === plain(described.charset ?? 'binary')) return undefined
  return `the log says that its character set is ${charset}`
}

function isText({ typeName = '' }: ColumnDescription): boolean {
  return /^(?:var)?char|text|^enum|^set|blob|binary/i.test(typeName)
}

function plain(charset: string): string {
  return charset === 'utf8' ? 'utf8mb3' : charset
}

function isCompressed({ typeName = '' }: ColumnDescription): boolean {
  return /\bCOMPRESSED\b/i.test(typeName)
}

function setBytes(labels: number): number {
  const bytes = (labels + 7) >> 3
  return bytes > 4 ? 8 : bytes
}

/** Bytes of the longest character. */
const WIDTHS = new Map([
  ...'utf8mb4 utf16 utf16le utf32 gb18030'.split(' ').map((name) => [name, 4] as const),
  ...'utf8 utf8mb3 ujis eucjpms'.split(' ').map((name) => [name, 3] as const),
  ...'ucs2 gbk gb2312 big5 sjis cp932 euckr'.split(' ').map((name) => [name, 2] as const),
])

function bytesPerCharacter({ charset = 'binary' }: ColumnDescription): number {
  return WIDTHS.get(charset) ?? 1
}
