import { type TableName } from '@aesop/producer'
import { type BinlogPosition } from '../log/binlog-stream.ts'

/**
 * What is known of a table's columns beyond a TABLE_MAP event without full metadata: read from INFORMATION_SCHEMA by
 * the live source, from the table map itself with `binlog_row_metadata=FULL`.
 */
export interface ColumnDescription {
  readonly name: string
  readonly unsigned: boolean
  /** Character set of text, ENUM and SET columns (`utf8mb4`, `latin1` …); undefined for binary ones. */
  readonly charset: string | undefined
  /** Labels of ENUM and SET columns. */
  readonly labels: readonly string[] | undefined
  /** The type as the server names it (`int unsigned`, `uuid`, `decimal(10,2)`), where known. */
  readonly typeName: string | undefined
  /** Left out: nobody has asked. */
  readonly nullable?: boolean
  /** Whether `SELECT *` leaves the column out. Left out: it does not, or nobody has asked. */
  readonly invisible?: boolean
  /** The server logs the column and does not show it, so it is not delivered either; see `hidden-columns.ts`. */
  readonly hidden?: HiddenColumn
}

/** `period`: implicit columns of system versioning; `hash`: of a long UNIQUE key; `generatedKey`: MySQL's own primary key. */
export type HiddenColumn = 'period' | 'hash' | 'generatedKey'

/** Names of the columns that say from when to when a row of a system-versioned table is the current one. */
export interface PeriodNames {
  readonly start: string
  readonly end: string
}

export { type TableName }

export interface TableDescription extends TableName {
  /** The names as the server has them, which may differ in case from those that were asked for. Left out: not known. */
  readonly asShown?: TableName
  /** Every column of a row image, in its order, those that the server hides as well. */
  readonly columns: readonly ColumnDescription[]
  /** Names of the primary key's columns, in the key's order; empty without one. A versioned table's has no end of a period. */
  readonly primaryKey: readonly string[]
  /** Left out: the table is not versioned. */
  readonly period?: PeriodNames
}

/** What a catalogue says of a table. */
export interface CatalogueAnswer {
  /** Undefined: there is no such table. */
  readonly description: TableDescription | undefined
  /**
   * The place of the log where the table was like this; undefined: a session held the table locked, and nothing says when.
   * `everywhere`: what is described belongs to a recorded log.
   */
  readonly at: BinlogPosition | 'everywhere' | undefined
}

/** Where the decoder asks for tables that the log itself does not describe. */
export interface TableCatalogue {
  /** What is known now; undefined: unknown table. */
  describe(database: string, table: string): TableDescription | undefined
  /** Reads the table anew. @throws AesopError of the connection */
  refresh(database: string, table: string): Promise<CatalogueAnswer>
  /** Answers that were given since this was called last; left out: those of `refresh` are all. */
  takeAnswers?(): readonly { readonly name: TableName; readonly answer: CatalogueAnswer }[]
}
