import { type SqlDialect } from './sql-dialect.ts'

/** Integers come as bigint, whatever their size. */
export type SqlValue = bigint | string | Buffer | null
export type SqlRow = readonly SqlValue[]
/** What goes in: numbers are integers, and safe ones. */
export type SqlParameter = SqlValue | number

/**
 * One connection to the database of a store. A home that is synchronous answers at once. Statements that come again are
 * prepared once.
 */
export interface SqlSession {
  readonly dialect: SqlDialect
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<void> | void
  /** The columns of each row in the order of the statement. */
  rows(sql: string, parameters?: readonly SqlParameter[]): Promise<readonly SqlRow[]> | readonly SqlRow[]
  /** All of it, or nothing. `reads`: what is read is of one moment, and nothing is written. */
  transaction<T>(kind: 'writes' | 'reads', work: () => Promise<T>): Promise<T>
  close(): Promise<void> | void
}
