import { setTimeout as delay } from 'node:timers/promises'
import { type MariadbServer } from './mariadb-server.ts'
import { type MysqlServer } from './mysql-server.ts'
import { type SeededDraw } from './seeded-draw.ts'

const KEYS = 1500
const ROWS_BEFORE = 1000
/** Key of the row that ends a schedule. */
export const LAST = 1_000_000

/** Statements that leave stored rows as they are, or such that change or remove rows of which the log says nothing. */
export type TableChanges = 'plain' | 'rewriting'

type Tables = readonly [string, ...string[]]

/** The tables of the source: what writers do to their rows, and what happens to the tables. */
export class OracleTables {
  readonly names: Tables
  readonly #server: MariadbServer | MysqlServer
  readonly #changes: TableChanges
  #columns = 0

  constructor(server: MariadbServer | MysqlServer, names: Tables, changes: TableChanges) {
    this.#server = server
    this.names = names
    this.#changes = changes
  }

  async make(): Promise<void> {
    for (const statement of ['DROP DATABASE IF EXISTS shop', 'CREATE DATABASE shop'])
      await this.#server.query(statement)
    for (const table of this.names) {
      await this.#create(table)
      const rows = Array.from({ length: ROWS_BEFORE }, (_, id) => `(${id}, 'before', ${id})`)
      await this.#server.query(`INSERT INTO ${table} (id, name, more) VALUES ${rows.join(', ')}`)
    }
  }

  async #create(table: string): Promise<void> {
    await this.#server.query(`CREATE TABLE ${table} (id BIGINT PRIMARY KEY, name LONGTEXT, more INT)`)
  }

  /** Changes rows, one statement after the other, until the signal aborts. */
  async write(draw: SeededDraw, signal: AbortSignal): Promise<void> {
    const connection = await this.#server.connect()
    for (let n = 0; !signal.aborted; n++) {
      const table = draw.of(this.names)
      const key = draw.below(KEYS)
      const name = `${draw.of(['', ''.padEnd(200, '.')])}by ${draw.seed}, ${n}`
      const statement =
        draw.below(3000) === 0
          ? `TRUNCATE ${table}`
          : draw.of([
              `REPLACE INTO ${table} (id, name, more) VALUES (${key}, '${name}', ${n})`,
              `INSERT INTO ${table} (id, name, more) VALUES (${key}, '${name}', ${n}) ON DUPLICATE KEY UPDATE more = ${n}`,
              `UPDATE ${table} SET more = more + 1 WHERE id BETWEEN ${key} AND ${key + 5}`,
              `DELETE FROM ${table} WHERE id = ${key}`,
              `UPDATE IGNORE ${table} SET id = ${draw.below(KEYS)} WHERE id = ${key}`,
            ])
      // A table may be gone or narrower for a while, and two of them may hold each other up.
      await connection.query(statement).catch(() => undefined)
      if (draw.below(2) === 0) await delay(draw.below(6))
    }
    await connection.end()
  }

  /** Each has the row that ends the schedule. */
  async writeLast(): Promise<void> {
    for (const table of this.names)
      await this.#server.query(`REPLACE INTO ${table} (id, name, more) VALUES (${LAST}, 'the last', 0)`)
  }

  /** By key, as a consumer keeps them. */
  async rows(table: string): Promise<ReadonlyMap<number, string>> {
    const found = await this.#server.query<{ id: bigint; name: string; more: number }>(
      `SELECT id, name, more FROM ${table}`,
    )
    return new Map(found.map(({ id, name, more }) => [Number(id), `${name}|${more}`]))
  }

  /** Something happens to one of them. @returns what */
  async change(draw: SeededDraw): Promise<string> {
    const table = draw.of(this.names)
    const changes = this.#changes === 'plain' ? this.#plain(table, draw) : this.#rewriting(table, draw)
    const [what = '', change] = Object.entries(changes)[draw.below(Object.keys(changes).length)] ?? []
    await change?.()
    return `${what} ${table}`
  }

  #plain(table: string, draw: SeededDraw): Readonly<Record<string, () => Promise<void>>> {
    const away = `${table}_away`
    const alter = (): Promise<void> => this.#run(`ALTER TABLE ${table} ADD COLUMN c${this.#columns++} INT DEFAULT 7`)
    return {
      drop: async () => {
        await this.#server.query(`DROP TABLE ${table}`)
        await delay(draw.below(300))
        await this.#create(table)
      },
      rename: async () => {
        await this.#server.query(`RENAME TABLE ${table} TO ${away}`)
        await delay(draw.below(300))
        await this.#server.query(`RENAME TABLE ${away} TO ${table}`)
      },
      alter,
      'alter again': alter,
      replace: async () => {
        await this.#server.query(`DROP TABLE IF EXISTS ${away}`)
        await this.#server.query(`DROP TABLE ${table}`)
        await this.#create(table)
        await this.#server.query(`INSERT INTO ${table} (id, name, more) VALUES (1, 'new', 0), (2, 'new', 0)`)
      },
    }
  }

  #rewriting(table: string, draw: SeededDraw): Readonly<Record<string, () => Promise<void>>> {
    const other = `${table}_other`
    const split = `ALTER TABLE ${table} PARTITION BY HASH (id) PARTITIONS 4`
    const join = `ALTER TABLE ${table} REMOVE PARTITIONING`
    const byRange = `ALTER TABLE ${table} PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (${draw.below(KEYS)}), PARTITION p1 VALUES LESS THAN MAXVALUE)`
    return {
      'cut texts': () =>
        this.#run(
          `ALTER TABLE ${table} MODIFY name VARCHAR(${3 + draw.below(20)})`,
          `ALTER TABLE ${table} MODIFY name LONGTEXT`,
        ),
      'clamp numbers': () =>
        this.#run(`ALTER TABLE ${table} MODIFY more TINYINT`, `ALTER TABLE ${table} MODIFY more INT`),
      'make a column anew': () =>
        this.#run(`ALTER TABLE ${table} DROP COLUMN more, ADD COLUMN more INT DEFAULT ${draw.below(1000)}`),
      'convert texts': () =>
        this.#run(
          `ALTER TABLE ${table} CONVERT TO CHARACTER SET latin1`,
          `ALTER TABLE ${table} CONVERT TO CHARACTER SET utf8mb4`,
        ),
      'empty a partition': () => this.#run(split, `ALTER TABLE ${table} TRUNCATE PARTITION p1`, join),
      'drop a partition': () => this.#run(byRange, `ALTER TABLE ${table} DROP PARTITION p0`, join),
      'exchange a partition': () =>
        this.#run(
          split,
          `CREATE TABLE ${other} LIKE ${table}`,
          `ALTER TABLE ${other} REMOVE PARTITIONING`,
          `ALTER TABLE ${table} EXCHANGE PARTITION p2 WITH TABLE ${other}`,
          `DROP TABLE ${other}`,
          join,
        ),
    }
  }

  /** Values that do not fit any more are cut, as servers did it by themselves for many years. */
  async #run(...statements: readonly string[]): Promise<void> {
    const connection = await this.#server.connect()
    try {
      await connection.query("SET sql_mode = ''")
      for (const statement of statements) await connection.query(statement)
    } finally {
      await connection.end()
    }
  }
}
