import { EventView } from '@aesop/event'
import Database from 'libsql'
import { type Chunk, type WindowBatch } from '@aesop/bootstrap-store'

/** What is fastest of 1, 16, 64, 128, 256 and 512 rows. */
const ROWS_OF_STATEMENT = 256
const PAGE_ROWS = 8192

/**
 * What SQLite does without a store around it: the same tables, settings and bytes, over the same binding, by prepared statements of many
 * rows, a transaction for each chunk or batch.
 */
export class BareStore {
  readonly #database: Database.Database

  constructor(path: string) {
    this.#database = new Database(path)
    for (const pragma of ['journal_mode = WAL', 'synchronous = NORMAL', 'cache_size = -65536'])
      this.#database.exec(`PRAGMA ${pragma}`)
    this.#database
      .exec(`CREATE TABLE IF NOT EXISTS row_1 (id INTEGER PRIMARY KEY, row_key BLOB NOT NULL UNIQUE, scn INTEGER NOT NULL,
      is_deleted INTEGER NOT NULL, seeding INTEGER NOT NULL, bytes BLOB NOT NULL)`)
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS log_1 (id INTEGER PRIMARY KEY, scn INTEGER NOT NULL, bytes BLOB NOT NULL)',
    )
  }

  close(): void {
    this.#database.close()
  }

  /** Inserts the rows of chunks. */
  insert(chunks: readonly Chunk[]): void {
    this.#enter(chunks, [rowsInto('row_1', '(row_key, scn, is_deleted, seeding, bytes)', 5)], [rowOf])
  }

  /** Inserts a row of the log for each window, and its row into the table. */
  log(batches: readonly WindowBatch[]): void {
    const upsert = `${rowsInto('row_1', '(row_key, scn, is_deleted, seeding, bytes)', 5)}
      ON CONFLICT (row_key) DO UPDATE SET scn = excluded.scn, is_deleted = excluded.is_deleted, bytes = excluded.bytes`
    const pieces = batches.map(({ pieces: [piece] }) => ({ bytes: piece?.bytes ?? Buffer.alloc(0) }))
    this.#enter(pieces, [rowsInto('log_1', '(scn, bytes)', 2), upsert], [logRowOf, rowOf])
  }

  /** Reads the table page by page. */
  read(): void {
    const select = this.#database.prepare(`SELECT id, bytes FROM row_1 WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS}`)
    select.raw(true).safeIntegers(true)
    for (let afterId = 0n; ;) {
      const rows = select.all([afterId]) as unknown as readonly (readonly [bigint, Buffer])[]
      const last = rows.at(-1)
      if (last === undefined) return
      afterId = last[0]
    }
  }

  #enter(
    all: readonly { readonly bytes: Buffer }[],
    sql: readonly string[],
    columns: readonly ((view: EventView, bytes: Buffer) => readonly unknown[])[],
  ): void {
    const statements = sql.map((text) => this.#database.prepare(text))
    for (const { bytes } of all) {
      this.#database.exec('BEGIN IMMEDIATE')
      const view = new EventView()
      for (let offset = 0; offset < bytes.length;) {
        const values: unknown[][] = statements.map(() => [])
        for (let row = 0; row < ROWS_OF_STATEMENT; row++, offset = view.end) {
          view.moveTo(bytes, offset)
          const event = bytes.subarray(offset, view.end)
          for (const [at, valuesOf] of columns.entries()) values[at]?.push(...valuesOf(view, event))
        }
        for (const [at, statement] of statements.entries()) statement.run(values[at])
      }
      this.#database.exec('COMMIT')
    }
  }
}

function rowsInto(table: string, columns: string, count: number): string {
  const row = `(${new Array(count).fill('?').join(', ')})`
  return `INSERT INTO ${table} ${columns} VALUES ${new Array(ROWS_OF_STATEMENT).fill(row).join(', ')}`
}

function rowOf(view: EventView, event: Buffer): readonly unknown[] {
  const key = Buffer.alloc(9)
  key.writeBigInt64BE(view.key as bigint, 1)
  return [key, view.scn, 0, 1, event]
}

function logRowOf(view: EventView, event: Buffer): readonly unknown[] {
  return [view.scn, event]
}
