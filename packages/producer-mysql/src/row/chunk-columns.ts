import { ColumnType } from '../log/column-type.ts'
import { decimalBytes } from '../table/binlog-column.ts'
import { digitsOfTypeName } from '../log/old-temporal.ts'
import { type MappedColumn } from '../log/table-map.ts'
import { type ColumnDescription, type HiddenColumn } from '../table/table-description.ts'

/** What the server sends for a column in its binary protocol, and what becomes of it in a row image. */
export type Transfer =
  | { readonly kind: 'bytes'; readonly bytes: number; readonly wireBytes: number }
  | { readonly kind: 'year' | 'date' | 'text' }
  | { readonly kind: 'bit'; readonly bytes: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'time' | 'datetime' | 'timestamp'; readonly digits: number }

/** A column of a chunk: how it is asked for, how it comes, and what a row image says of it. */
export interface ChunkColumn {
  readonly name: string
  /** As a table map would describe it; what no log stores in this way is text or bytes with a length before it. */
  readonly mapped: MappedColumn
  /** Undefined: the server does not show the column, and it is NULL in the image. */
  readonly transfer: Transfer | undefined
  /** Types under which the server may send it. */
  readonly wireTypes: readonly number[]
  /** Whether the server is asked for its number, not for its label. */
  readonly isLabelled: boolean
}

/** Collation ids: what the text of the server's own types is written in, and what is no text. */
const UTF8MB4 = 45
const INTEGERS: Readonly<Record<string, readonly [type: number, bytes: number, wireBytes: number]>> = {
  tinyint: [ColumnType.TINY, 1, 1],
  smallint: [ColumnType.SHORT, 2, 2],
  mediumint: [ColumnType.INT24, 3, 4],
  int: [ColumnType.LONG, 4, 4],
  bigint: [ColumnType.LONGLONG, 8, 8],
}
const TEXTS = [
  ColumnType.VARCHAR,
  ColumnType.VAR_STRING,
  ColumnType.STRING,
  ColumnType.TINY_BLOB,
  ColumnType.BLOB,
  ColumnType.MEDIUM_BLOB,
  ColumnType.LONG_BLOB,
  ColumnType.GEOMETRY,
  ColumnType.JSON,
  ColumnType.VECTOR,
]
/** Types of which the server prints text that is not in the catalogue's character sets. */
const PRINTED = new Set(['json', 'uuid', 'inet4', 'inet6'])
const OTHERS = new Set(
  `char varchar binary varbinary tinytext text mediumtext longtext tinyblob blob mediumblob longblob vector geometry point linestring
  polygon multipoint multilinestring multipolygon geometrycollection geomcollection`.split(/\s+/),
)

/** @returns undefined for a type that is not known */
export function chunkColumn(described: ColumnDescription): ChunkColumn | undefined {
  const { name, typeName = '', nullable = true, hidden } = described
  if (isUnshown(hidden)) {
    return { name, mapped: { type: ColumnType.LONGLONG, meta: 0, nullable: true, name }, ...UNSHOWN }
  }
  const base = /^\w+/.exec(typeName)?.[0].toLowerCase() ?? ''
  const found = integerOf(base) ?? fixedOf(base, typeName) ?? labelledOf(base, described) ?? textOf(base)
  if (found === undefined) return undefined
  const { mapped, ...rest } = found
  return { name, mapped: { ...mapped, nullable, name }, isLabelled: false, ...rest }
}

const UNSHOWN = { transfer: undefined, wireTypes: [], isLabelled: false } as const

function isUnshown(hidden: HiddenColumn | undefined): boolean {
  return hidden === 'period' || hidden === 'hash'
}

type Found = Pick<ChunkColumn, 'transfer' | 'wireTypes'> & {
  readonly mapped: Omit<MappedColumn, 'nullable'>
  readonly isLabelled?: boolean
}

function integerOf(base: string): Found | undefined {
  const found = INTEGERS[base]
  if (found === undefined) return undefined
  const [type, bytes, wireBytes] = found
  return { mapped: { type, meta: 0 }, transfer: { kind: 'bytes', bytes, wireBytes }, wireTypes: [type] }
}

function fixedOf(base: string, typeName: string): Found | undefined {
  const [first = 0, second = 0] = [...(/\(([\d, ]+)\)/.exec(typeName)?.[1] ?? '').matchAll(/\d+/g)].map(Number)
  const temporal = (type: number, wire: number, kind: 'time' | 'datetime' | 'timestamp'): Found => {
    const digits = digitsOfTypeName(typeName) ?? 0
    return { mapped: { type, meta: digits }, transfer: { kind, digits }, wireTypes: [wire] }
  }
  switch (base) {
    case 'float':
    case 'double': {
      const [type, bytes] = base === 'float' ? [ColumnType.FLOAT, 4] : [ColumnType.DOUBLE, 8]
      return { mapped: { type, meta: bytes }, transfer: { kind: 'bytes', bytes, wireBytes: bytes }, wireTypes: [type] }
    }
    case 'decimal':
      return {
        mapped: { type: ColumnType.NEWDECIMAL, meta: first | (second << 8) },
        transfer: { kind: 'decimal', precision: first, scale: second },
        wireTypes: [ColumnType.NEWDECIMAL],
      }
    case 'bit':
      return {
        mapped: { type: ColumnType.BIT, meta: ((first >> 3) << 8) | (first & 7) },
        transfer: { kind: 'bit', bytes: (first + 7) >> 3 },
        wireTypes: [ColumnType.BIT],
      }
    case 'year':
      return { mapped: { type: ColumnType.YEAR, meta: 0 }, transfer: { kind: base }, wireTypes: [ColumnType.YEAR] }
    case 'date':
      return { mapped: { type: ColumnType.DATE, meta: 0 }, transfer: { kind: base }, wireTypes: [ColumnType.DATE] }
    case 'time':
      return temporal(ColumnType.TIME2, ColumnType.TIME, base)
    case 'datetime':
      return temporal(ColumnType.DATETIME2, ColumnType.DATETIME, base)
    case 'timestamp':
      return temporal(ColumnType.TIMESTAMP2, ColumnType.TIMESTAMP, base)
    default:
      return undefined
  }
}

/** As many bytes as the server stores: hand-written schemas may ask for the number, and its width decides what fits. */
function labelledOf(base: string, { labels = [] }: ColumnDescription): Found | undefined {
  if (base !== 'enum' && base !== 'set') return undefined
  const type = base === 'enum' ? ColumnType.ENUM : ColumnType.SET
  const bytes = base === 'enum' ? (labels.length > 255 ? 2 : 1) : setBytes(labels.length)
  const transfer = { kind: 'bytes', bytes, wireBytes: 8 } as const
  return { mapped: { type, meta: bytes }, transfer, wireTypes: [ColumnType.LONGLONG], isLabelled: true }
}

function setBytes(labels: number): number {
  const bytes = (labels + 7) >> 3
  return bytes > 4 ? 8 : bytes
}

function textOf(base: string): Found | undefined {
  const transfer = { kind: 'text' } as const
  if (PRINTED.has(base)) {
    return { mapped: { type: ColumnType.BLOB, meta: 4, collation: UTF8MB4 }, transfer, wireTypes: TEXTS }
  }
  return OTHERS.has(base) ? { mapped: { type: ColumnType.BLOB, meta: 4 }, transfer, wireTypes: TEXTS } : undefined
}

/** Bytes that a column takes in an image beyond those that it has on the wire, at most. */
export function grownBytes({ transfer }: ChunkColumn): number {
  switch (transfer?.kind) {
    case undefined:
      return 0
    case 'decimal':
      return decimalBytes(transfer.precision - transfer.scale) + decimalBytes(transfer.scale)
    default:
      return 8
  }
}
