import { setTimeout as delay } from 'node:timers/promises'
import { type PrivateServer } from './private-server.ts'
import { type SeededDraw } from './seeded-draw.ts'
import { ROW_TEXT } from './markers.ts'

const KEYS = 200

/**
 * Commits transactions of random inserts, updates and deletes, one after the other, and notes what each of them has to become.
 * A commit that was cut off is looked up: each transaction leaves its number in a table that nobody captures.
 */
export class RandomWriter {
  /** The changes that the consumer has to see, by transaction: `UPSERT key v` or `DELETE key -`. */
  readonly committed: string[][] = []
  readonly #server: PrivateServer
  readonly #draw: SeededDraw
  #version = 0
  #rows = new Map<number, number>()
  #stopping = false

  constructor(server: PrivateServer, draw: SeededDraw) {
    this.#server = server
    this.#draw = draw
  }

  static async makeTables(server: PrivateServer): Promise<void> {
    await server.query(
      `CREATE DATABASE ledger; CREATE TABLE ledger.entry (id INT PRIMARY KEY, v INT NOT NULL, filler VARCHAR(2100));
       CREATE TABLE ledger.done (n INT PRIMARY KEY)`,
    )
  }

  stop(): void {
    this.#stopping = true
  }

  async run(): Promise<void> {
    while (!this.#stopping) {
      await this.#transaction()
      if (this.#draw.below(20) === 0) await delay(this.#draw.below(30))
    }
  }

  async #transaction(): Promise<void> {
    const number = this.committed.length + 1
    const rows = new Map(this.#rows)
    const changes: string[] = []
    const statements = Array.from({ length: 1 + this.#draw.below(6) }, () => this.#statement(rows, changes))
    const isUndone = this.#draw.below(10) === 0
    const end = isUndone ? 'ROLLBACK' : 'COMMIT'
    const sql = ['BEGIN', `INSERT INTO ledger.done VALUES (${number})`, ...statements, end].join(';')
    const happened = await this.#attempt(sql, number)
    if (!happened || isUndone) return
    this.#rows = rows
    this.committed.push(changes)
  }

  #statement(rows: Map<number, number>, changes: string[]): string {
    const key = this.#draw.below(KEYS)
    if (rows.has(key) && this.#draw.below(4) === 0) {
      rows.delete(key)
      changes.push(`DELETE ${key} -`)
      return `DELETE FROM ledger.entry WHERE id = ${key}`
    }
    const version = ++this.#version
    const isThere = rows.has(key)
    rows.set(key, version)
    changes.push(`UPSERT ${key} ${version}`)
    if (isThere) return `UPDATE ledger.entry SET v = ${version} WHERE id = ${key}`
    return `INSERT INTO ledger.entry VALUES (${key}, ${version}, CONCAT('${ROW_TEXT}', REPEAT('x', ${this.#draw.below(2000)})))`
  }

  /** Whether the transaction has happened. */
  async #attempt(sql: string, number: number): Promise<boolean> {
    try {
      await this.#server.query(sql)
      return true
    } catch {
      return this.#lookUp(number)
    }
  }

  async #lookUp(number: number): Promise<boolean> {
    for (;;) {
      try {
        const found = await this.#server.query('SELECT n FROM ledger.done WHERE n = ?', [number])
        return found.length > 0
      } catch {
        await delay(20)
      }
    }
  }
}
