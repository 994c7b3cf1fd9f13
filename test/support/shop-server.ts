import { MariadbServer } from './mariadb-server.ts'
import { MysqlServer } from './mysql-server.ts'
import { ROW_TEXT } from './markers.ts'

export type Product = 'MariaDB' | 'MySQL'

/** A private server of either product with the table `shop.item`, spoken to in the words that it knows. */
export class ShopServer implements AsyncDisposable {
  readonly server: MariadbServer | MysqlServer

  private constructor(server: MariadbServer | MysqlServer) {
    this.server = server
  }

  static async start(product: Product): Promise<ShopServer> {
    return new ShopServer(product === 'MariaDB' ? await MariadbServer.start() : await MysqlServer.start())
  }

  /** An empty table in a log that begins anew. */
  async begin(): Promise<void> {
    await this.resetLog()
    await this.server.query('DROP DATABASE IF EXISTS shop')
    await this.server.query('CREATE DATABASE shop')
    await this.server.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name LONGTEXT, more INT)')
  }

  async resetLog(): Promise<void> {
    await this.server.query(this.#isMysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER')
  }

  /** Rows from id 0 on, by thousands, in as many transactions. */
  async fill(rows: number): Promise<void> {
    for (let from = 0; from < rows; from += 1000) {
      const values = Array.from({ length: 1000 }, (_, at) => `(${from + at}, 'before ${from + at}', 0)`)
      await this.server.query(`INSERT INTO shop.item VALUES ${values.join(', ')}`)
    }
  }

  async insert(id: number): Promise<void> {
    await this.server.query(`INSERT INTO shop.item VALUES (${id}, '${ROW_TEXT} ${id}', 0)`)
  }

  /** The end of the log, and the identifier of the transaction that ends there. */
  async end(): Promise<{ file: string; position: number; gtid: string }> {
    const sql = this.#isMysql ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'
    const [row] = await this.server.query<{ File: string; Position: number }>(sql)
    const variable = this.#isMysql ? '@@gtid_executed' : '@@gtid_binlog_pos'
    const [{ gtid } = { gtid: '' }] = await this.server.query<{ gtid: string }>(`SELECT ${variable} AS gtid`)
    // MySQL has the set of all, of which the newest has the highest number.
    return { file: row?.File ?? '', position: row?.Position ?? 0, gtid: gtid.replace(/:\d+-(\d+)$/, ':$1') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.destroy()
  }

  get #isMysql(): boolean {
    return this.server instanceof MysqlServer
  }
}
