import { EventView } from '@aesop/event'
import { rowKeyOf } from './row-key.ts'
import { type SqlParameter, type SqlSession } from './sql/sql-session.ts'

/** Rows of one statement: each costs a trip to the database, and its text is made for so many rows. */
const ROWS_AT_ONCE = 64
const ROW_COLUMNS = 5

/**
 * Enters events into the table of a source, many in one statement. `seeding` is the number of the seeding that they are of;
 * undefined: they are of the stream.
 */
export class RowEntry {
  readonly #session: SqlSession
  readonly #table: string
  readonly #seeding: bigint | undefined
  #values: SqlParameter[] = []

  constructor(session: SqlSession, table: string, seeding: bigint | undefined) {
    this.#session = session
    this.#table = table
    this.#seeding = seeding
  }

  /** Takes the event, whose bytes must not change before `flush`. */
  add(view: EventView): Promise<void> | undefined {
    const bytes = view.bytes.subarray(view.offset, view.end)
    const isDeleted = view.opcode === 'DELETE' ? 1 : 0
    this.#values.push(rowKeyOf(view), view.scn, isDeleted, this.#seeding ?? 0n, bytes)
    return this.#values.length === ROWS_AT_ONCE * ROW_COLUMNS ? this.#enter(ROWS_AT_ONCE) : undefined
  }

  /** Lets go of what is not entered yet: something after it makes it void. */
  forget(): void {
    this.#values = []
  }

  async flush(): Promise<void> {
    if (this.#values.length > 0) await this.#enter(this.#values.length / ROW_COLUMNS)
  }

  async #enter(rows: number): Promise<void> {
    const { dialect } = this.#session
    const sql =
      this.#seeding === undefined ? dialect.upsertOfStream(this.#table, rows) : dialect.upsertOfChunk(this.#table, rows)
    const values = this.#values
    this.#values = []
    await this.#session.run(sql, values)
  }
}

/** Calls `visit` for each event of a piece, with one view that moves. */
export async function eachEvent(bytes: Buffer, visit: (view: EventView) => Promise<void> | undefined): Promise<void> {
  const view = new EventView()
  for (let offset = 0; offset < bytes.length; offset = view.end) {
    const waits = visit(view.moveTo(bytes, offset))
    if (waits !== undefined) await waits
  }
}
