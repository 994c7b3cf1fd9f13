import { type MariadbServer } from '../../test/support/mariadb-server.ts'
import { type Items } from './picture.ts'

const PAUSE_MS = 60

/** Changes the shop. */
export class Shopkeeper {
  transactions = 0
  readonly #server: MariadbServer
  #working: Promise<void> | undefined
  #isStopped = false
  #nextId: number

  constructor(server: MariadbServer, items: number) {
    this.#server = server
    this.#nextId = items + 1
  }

  /** One change after the other, until `rest`. */
  work(): void {
    this.#isStopped = false
    this.#working = this.#workOn()
  }

  async rest(): Promise<void> {
    this.#isStopped = true
    await this.#working
  }

  /** Changes so much that a buffer of 64 KiB has none of it left that was there before. */
  async workThroughTheNight(): Promise<void> {
    for (let hour = 0; hour < 40; hour++) {
      await this.#change('UPDATE shop.item SET stock = stock + 1')
      if (hour % 4 === 0) await this.#change(`DELETE FROM shop.item ORDER BY id LIMIT 1`)
      if (hour % 5 === 0) await this.#insert()
    }
  }

  /** The SCN of the last change, without its generation: the number of the log file, and the place in it. */
  async lastScn(): Promise<bigint> {
    const [last] = await this.#server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
    return (BigInt(last?.File.split('.')[1] ?? 0) << 32n) | BigInt(last?.Position ?? 0)
  }

  newLog(): Promise<unknown> {
    return this.#server.query('FLUSH BINARY LOGS')
  }

  /** The server deletes its old logs as far as nobody reads them. */
  async forgetLogs(): Promise<boolean> {
    const logs = await this.#server.query<{ Log_name: string }>('SHOW BINARY LOGS')
    await this.#server.query(`PURGE BINARY LOGS TO '${logs.at(-1)?.Log_name ?? ''}'`)
    return (await this.#server.query('SHOW BINARY LOGS')).length === 1
  }

  async items(): Promise<Items> {
    const rows = await this.#server.query<{ id: number; stock: number }>('SELECT id, stock FROM shop.item ORDER BY id')
    return new Map(rows.map(({ id, stock }) => [id, stock]))
  }

  async #workOn(): Promise<void> {
    while (!this.#isStopped) {
      const id = (this.transactions * 37) % this.#nextId
      await this.#change(`UPDATE shop.item SET stock = stock + 1 WHERE id BETWEEN ${id} AND ${id + 2}`)
      if (this.transactions % 7 === 0) await this.#change(`DELETE FROM shop.item WHERE id = ${id + 5}`)
      if (this.transactions % 7 === 3) await this.#insert()
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  async #insert(): Promise<void> {
    const id = this.#nextId++
    await this.#change(`INSERT INTO shop.item VALUES (${id}, 'item ${id}', 1)`)
  }

  async #change(statement: string): Promise<void> {
    this.transactions++
    await this.#server.query(statement)
  }
}
