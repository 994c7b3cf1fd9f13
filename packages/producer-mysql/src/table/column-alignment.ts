import { ColumnType } from '../log/column-type.ts'
import { TableUndescribedError } from '../error/errors.ts'
import { hidesFraction } from '../log/old-temporal.ts'
import { GENERATED_KEY, HASH_NAME, IMPLICIT_PERIOD } from './hidden-columns.ts'
import {
  type ColumnDescription,
  type HiddenColumn,
  type PeriodNames,
  type TableDescription,
} from './table-description.ts'
import { type MappedColumn, type TableMap } from '../log/table-map.ts'

/** The collation of what is no text. */
const BINARY = 63

/** A logged column beside what is known of it. */
export interface AlignedColumn {
  readonly mapped: MappedColumn
  /** Undefined: the log alone describes the column. */
  readonly described: ColumnDescription | undefined
  /** Set: the server does not show the column, and it belongs neither to rows nor to keys of whole rows. */
  readonly hidden: HiddenColumn | undefined
}

/** The columns of a row image, in their order. */
export interface ColumnAlignment {
  readonly columns: readonly AlignedColumn[]
  /** Places of the columns that say from when to when a row is the current one; undefined: the table is not versioned. */
  readonly period: { readonly start: number; readonly end: number } | undefined
}

/** The log says all that it can. */
const WAY_ON =
  'Read the log from its server (uri mysql://…), while the table is there as it is in the log; or leave the table out.'

/**
 * Brings the columns of a table map and those of a description together. Where the log names its columns
 * (`binlog_row_metadata=FULL`) names decide, else count, place and type; what the server hides is told by the
 * description, or by a name that the description does not know.
 * @throws TableUndescribedError when it is not sure which column is which, or which ones the server hides
 */
export function alignColumns(table: string, map: TableMap, description: TableDescription | undefined): ColumnAlignment {
  if (namesItself(map)) return alignByName(table, map, description)
  if (description !== undefined) return alignByPlace(table, map, description)
  throw new TableUndescribedError(table, 'the log carries no column names, and nobody else knows the table')
}

/** Whether the table map has all that is needed: written with binlog_row_metadata=FULL. */
export function namesItself(map: TableMap): boolean {
  return map.columns.every((column) => column.name !== undefined)
}

/**
 * Whether the log names its columns and yet does not say what they are: UUID and INET6 look as BINARY there, and nothing tells
 * a period of system versioning, or a key that the server made, from columns of the same name and type.
 */
export function isAmbiguous({ columns, primaryKey }: TableMap, mariadb: boolean): boolean {
  if (!mariadb) return columns[0]?.name === GENERATED_KEY
  const isAddress = ({ type, meta, collation = BINARY }: MappedColumn): boolean =>
    type === ColumnType.STRING && collation === BINARY && (meta === 4 || meta === 16)
  const last = columns.at(-1)
  if (columns.some(({ type }) => hidesFraction(type))) return true
  if (columns.some(isAddress) || (last !== undefined && HASH_NAME.test(last.name ?? ''))) return true
  if (columns.filter(isPeriodEnd).length < 2 || primaryKey?.length === 1) return false
  const lastOfKey = columns[primaryKey?.at(-1) ?? -1]
  return lastOfKey === undefined || isPeriodEnd(lastOfKey)
}

function alignByName(table: string, map: TableMap, description: TableDescription | undefined): ColumnAlignment {
  const known = new Map(description?.columns.map((column) => [column.name, column]))
  const unknown = unshown(map, known)
  const [doubtful] = unknown
  if (doubtful !== undefined && description === undefined) {
    const fault = `column ${doubtful[0]} may be one that MariaDB adds and hides, and nobody is there who can say so`
    throw new TableUndescribedError(table, fault, WAY_ON)
  }
  if (description !== undefined) refuseGonePeriod(table, map, (name) => known.has(name) || unknown.has(name))
  const columns = map.columns.map((mapped) => {
    const described = known.get(mapped.name ?? '')
    return { mapped, described, hidden: described?.hidden ?? unknown.get(mapped.name ?? '') }
  })
  const isImplicit = unknown.has(IMPLICIT_PERIOD.end)
  return { columns, period: periodOf(columns, isImplicit ? IMPLICIT_PERIOD : description?.period, map.primaryKey) }
}

/**
 * A versioned table has the end of its period in its key. Where such a column and another one of its type have been
 * dropped since, nobody can say whether the rows are history.
 */
function refuseGonePeriod(table: string, map: TableMap, isKnown: (name: string) => boolean): void {
  const gone = (column: MappedColumn | undefined): boolean =>
    column?.type === ColumnType.TIMESTAMP2 && isPeriodEnd(column) && !isKnown(column.name ?? '')
  const end = map.columns[map.primaryKey?.at(-1) ?? -1]
  const start = map.columns.find((column) => column !== end && gone(column))
  if (end === undefined || start === undefined || !gone(end)) return
  const fault = `${start.name ?? '?'} and ${end.name ?? '?'}, which the server does not know any more, may be the period of a versioned table`
  throw new TableUndescribedError(table, fault, WAY_ON)
}

/** Columns that nobody describes and that look, in name, type and place, as those do that MariaDB hides. */
function unshown(map: TableMap, known: ReadonlyMap<string, unknown>): Map<string, HiddenColumn> {
  const found = new Map<string, HiddenColumn>()
  let i = map.columns.length - 1
  const at = (place: number): MappedColumn | undefined => {
    const column = map.columns[place]
    return column === undefined || known.has(column.name ?? '') ? undefined : column
  }
  for (let column = at(i); column !== undefined && isHash(column); column = at(--i)) {
    if (!HASH_NAME.test(column.name ?? '')) break
    found.set(column.name ?? '', 'hash')
  }
  const [start, end] = [at(i - 1), at(i)]
  const isNamed = start?.name === IMPLICIT_PERIOD.start && end?.name === IMPLICIT_PERIOD.end
  if (isNamed && isPeriodEnd(end) && isPeriodEnd(start)) {
    found.set(IMPLICIT_PERIOD.start, 'period')
    found.set(IMPLICIT_PERIOD.end, 'period')
  }
  return found
}

function alignByPlace(table: string, map: TableMap, description: TableDescription): ColumnAlignment {
  const { columns: described } = description
  if (described.length !== map.columns.length) {
    const fault = `the log has ${map.columns.length} columns, the server now says ${described.length}`
    throw new TableUndescribedError(table, fault)
  }
  const columns = map.columns.map((mapped, i) => ({ mapped, described: described[i], hidden: described[i]?.hidden }))
  const wrong = columns.find(({ mapped, hidden }) => hidden !== undefined && !looksLike(hidden, mapped))
  if (wrong !== undefined) {
    const fault = `the server hides ${wrong.described?.name ?? '?'} of type ${wrong.described?.typeName ?? '?'}, the log has another type there`
    throw new TableUndescribedError(table, fault)
  }
  const period = periodOf(columns, description.period, undefined)
  if (description.period !== undefined && period === undefined) {
    const fault = `the log has other types than those of a period at ${description.period.start} and ${description.period.end}`
    throw new TableUndescribedError(table, fault)
  }
  return { columns, period }
}

function looksLike(hidden: HiddenColumn, mapped: MappedColumn): boolean {
  if (hidden === 'hash') return isHash(mapped)
  if (hidden === 'period') return isPeriodEnd(mapped) && mapped.type !== ColumnType.LONGLONG
  return mapped.type === ColumnType.LONGLONG && mapped.unsigned !== false && !mapped.nullable
}

function isHash({ type, unsigned, nullable }: MappedColumn): boolean {
  return type === ColumnType.LONGLONG && unsigned !== false && nullable
}

/** TIMESTAMP(6), or BIGINT UNSIGNED for identifiers of transactions; never NULL. */
function isPeriodEnd({ type, meta, unsigned, nullable }: MappedColumn): boolean {
  if (nullable) return false
  return type === ColumnType.LONGLONG ? unsigned !== false : type === ColumnType.TIMESTAMP2 && meta === 6
}

/** A key that the log names holds the end of the period; one without it is from before the table was versioned. */
function periodOf(
  columns: readonly AlignedColumn[],
  names: PeriodNames | undefined,
  primaryKey: readonly number[] | undefined,
): ColumnAlignment['period'] {
  if (names === undefined) return undefined
  const placeOf = (wanted: string): number =>
    columns.findIndex(({ mapped, described }) => (mapped.name ?? described?.name) === wanted && isPeriodEnd(mapped))
  const [start, end] = [placeOf(names.start), placeOf(names.end)]
  if (start < 0 || end < 0) return undefined
  if (primaryKey !== undefined && primaryKey.length > 0 && !primaryKey.includes(end)) return undefined
  return { start, end }
}
