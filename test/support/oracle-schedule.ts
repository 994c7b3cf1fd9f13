import { setTimeout as delay } from 'node:timers/promises'
import { OracleConsumer } from './oracle-consumer.ts'
import { OracleLaunch } from './oracle-launch.ts'
import { MariadbServer } from './mariadb-server.ts'
import { MysqlServer } from './mysql-server.ts'
import { SeededDraw } from './seeded-draw.ts'
import { until } from './until.ts'

const KEYS = 1500
const ROWS_BEFORE = 1000
const WRITERS = 4
const LAST = 1_000_000
const SERVED_MS = 120_000
const STORE_PASSWORD = 'keeper'

export interface OracleServer {
  readonly name: string
  readonly server: MariadbServer | MysqlServer
}

export async function oracleServer(n: number): Promise<OracleServer> {
  const kind = n % 3
  if (kind === 0) return { name: 'MariaDB', server: await MariadbServer.start() }
  return { name: `MySQL, GTID ${kind === 1 ? 'on' : 'off'}`, server: await MysqlServer.start({ gtids: kind === 1 }) }
}

/**
 * Four writers change tables whose rows a bootstrap store keeps, statements empty, drop, rename and alter them, and every process
 * is killed, while consumers come, fall off, and come back.
 */
export class OracleSchedule {
  readonly done: string[] = []
  readonly #server: OracleServer['server']
  readonly #draw: SeededDraw
  readonly #sources: readonly string[]
  readonly #servers: number
  readonly #store: 'sqlite' | 'mysql'
  readonly #consumers: OracleConsumer[] = []
  #launch: OracleLaunch | undefined
  #columns = 0
  #isOver = false

  constructor({ server }: OracleServer, seed: number) {
    this.#server = server
    // Neighbours begin with numbers that are alike.
    this.#draw = new SeededDraw(Math.imul(seed + 1, 2_654_435_761))
    this.#sources = ['shop.item', 'shop.part', 'shop.person'].slice(0, 1 + this.#draw.below(3))
    this.#servers = 1 + this.#draw.below(2)
    this.#store = this.#draw.of(['sqlite', 'sqlite', 'mysql'])
    this.#note(`${this.#store}, ${this.#sources.length} tables, ${this.#servers} servers`)
  }

  async run(steps: number): Promise<void> {
    await this.#prepare()
    const launch = await this.#begin()
    const writers = Array.from({ length: WRITERS }, (_, n) => this.#write(new SeededDraw(this.#draw.below(1e9) + n)))
    try {
      for (let n = 0; n < steps; n++) {
        await this.#step(launch)
        await delay(this.#draw.below(1500))
        this.#proveRunning(launch)
      }
    } finally {
      this.#isOver = true
      await Promise.all(writers)
    }
    await this.#settle(launch).catch(async (error: unknown) => {
      throw new Error(`${await launch.told()}\n${String(error)}`, { cause: error })
    })
    await this.#compare()
  }

  async #prepare(): Promise<void> {
    for (const statement of [
      'DROP DATABASE IF EXISTS shop',
      'CREATE DATABASE shop',
      'DROP DATABASE IF EXISTS keeping',
      'CREATE DATABASE keeping',
      `CREATE USER IF NOT EXISTS keeper@'%' IDENTIFIED BY '${STORE_PASSWORD}'`,
      `GRANT ALL ON keeping.* TO keeper@'%'`,
    ])
      await this.#server.query(statement)
    for (const table of this.#sources) {
      await this.#create(table)
      const rows = Array.from({ length: ROWS_BEFORE }, (_, id) => `(${id}, 'before', ${id})`)
      await this.#server.query(`INSERT INTO ${table} VALUES ${rows.join(', ')}`)
    }
  }

  async #create(table: string): Promise<void> {
    await this.#server.query(`CREATE TABLE ${table} (id BIGINT PRIMARY KEY, name LONGTEXT, more INT)`)
  }

  async #begin(): Promise<OracleLaunch> {
    const uri = `mysql://keeper:${STORE_PASSWORD}@127.0.0.1:${this.#server.port}/keeping`
    const store =
      this.#store === 'sqlite'
        ? '{ class: SqliteBootstrapStore, properties: { file: {file} } }'
        : `{ class: MysqlBootstrapStore, properties: { uri: '${uri}' } }`
    this.#launch = await OracleLaunch.of({
      uri: this.#server.uri(),
      store,
      sources: this.#sources,
      servers: this.#servers,
    })
    for (const name of this.#launch.names) await this.#launch.start(name)
    return this.#launch
  }

  async #write(draw: SeededDraw): Promise<void> {
    const connection = await this.#server.connect()
    for (let n = 0; !this.#isOver; n++) {
      const table = this.#sources[draw.below(this.#sources.length)]
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
      // A table may be gone for a while, and two of them may hold each other up.
      await connection.query(statement).catch(() => undefined)
      if (draw.below(2) === 0) await delay(draw.below(6))
    }
    await connection.end()
  }

  async #step(launch: OracleLaunch): Promise<void> {
    const what = this.#draw.below(20)
    if (what < 3) return this.#restart(launch, 'producer')
    if (what < 5) return this.#restart(launch, 'relay')
    if (what < 7) return this.#restart(launch, `server-${this.#draw.below(this.#servers)}`)
    if (what < 12) return this.#change()
    return this.#consume(launch)
  }

  async #restart(launch: OracleLaunch, name: string): Promise<void> {
    this.#note(`kills ${name}`)
    await launch.kill(name)
    await delay(this.#draw.below(3) === 0 ? this.#draw.below(3000) : 0)
    await launch.start(name)
  }

  async #change(): Promise<void> {
    const table = this.#sources[this.#draw.below(this.#sources.length)] ?? ''
    const what = this.#draw.of(['drop', 'rename', 'alter', 'alter', 'replace'])
    this.#note(`${what} ${table}`)
    const away = `${table}_away`
    if (what === 'drop') {
      await this.#server.query(`DROP TABLE ${table}`)
      await delay(this.#draw.below(300))
      await this.#create(table)
    } else if (what === 'rename') {
      await this.#server.query(`RENAME TABLE ${table} TO ${away}`)
      await delay(this.#draw.below(300))
      await this.#server.query(`RENAME TABLE ${away} TO ${table}`)
    } else if (what === 'alter') {
      await this.#server.query(`ALTER TABLE ${table} ADD COLUMN c${this.#columns++} INT DEFAULT 7`)
    } else {
      await this.#server.query(`DROP TABLE IF EXISTS ${away}`)
      await this.#server.query(`DROP TABLE ${table}`)
      await this.#create(table)
      await this.#server.query(`INSERT INTO ${table} (id, name, more) VALUES (1, 'new', 0), (2, 'new', 0)`)
    }
  }

  async #consume(launch: OracleLaunch): Promise<void> {
    const idle = this.#consumers.filter(({ isRunning }) => !isRunning)
    const running = this.#consumers.filter(({ isRunning }) => isRunning)
    const what = this.#draw.below(3)
    if (what === 0 && this.#consumers.length < 5) return this.#startNew(launch)
    if (what === 1 && running.length > 0) {
      const one = running[this.#draw.below(running.length)]
      const isKilled = one?.isDead === true || this.#draw.below(2) === 0
      this.#note(`${isKilled ? 'kills' : 'stops'} ${one?.id}`)
      return isKilled ? one?.kill() : one?.stop()
    }
    const one = idle[this.#draw.below(Math.max(1, idle.length))]
    if (one === undefined) return this.#consumers.length < 5 ? this.#startNew(launch) : undefined
    this.#note(`starts ${one.id}`)
    return one.start(launch, this.#draw, this.#lives)
  }

  #startNew(launch: OracleLaunch): Promise<void> {
    const sources = this.#draw.below(2) === 0 ? this.#sources : this.#sources.slice(-1)
    const one = new OracleConsumer(`c${this.#consumers.length}`, sources)
    this.#consumers.push(one)
    this.#note(`new ${one.id}`)
    return one.start(launch, this.#draw, this.#lives)
  }

  get #lives(): number {
    return this.#draw.of([0, 300, 3000])
  }

  async #settle(launch: OracleLaunch): Promise<void> {
    for (const name of launch.names) await launch.start(name)
    await this.#startNew(launch)
    for (const table of this.#sources)
      await this.#server.query(`REPLACE INTO ${table} (id, name, more) VALUES (${LAST}, 'the last', 0)`)
    for (const one of this.#consumers) {
      if (one.isRunning) await one.kill()
      await one.start(launch, this.#draw, 0)
    }
    for (const one of this.#consumers) {
      const hasLast = (): boolean => {
        this.#proveRunning(launch)
        return !one.isBootstrapping && [...one.rows.values()].every((rows) => rows.has(LAST))
      }
      await until(`the last row at ${one.id}`, hasLast, SERVED_MS, () => this.done)
      await one.stop()
    }
  }

  /** None of the processes ended by itself, and no consumer was given up. */
  #proveRunning({ ended }: OracleLaunch): void {
    const suspended = this.#consumers.map(({ suspendedBy }) => suspendedBy).filter((said) => said !== undefined)
    if (ended.length + suspended.length > 0) throw new Error([...ended, ...suspended, ...this.done].join('\n'))
  }

  async #compare(): Promise<void> {
    const faults: string[] = []
    for (const table of this.#sources) {
      const found = await this.#server.query<{ id: bigint; name: string; more: number }>(
        `SELECT id, name, more FROM ${table}`,
      )
      const wanted = new Map(found.map(({ id, name, more }) => [Number(id), `${name}|${more}`]))
      for (const one of this.#consumers) {
        const rows = one.rows.get(table)
        if (rows !== undefined) faults.push(...difference(wanted, rows).map((said) => `${one.id} ${table} ${said}`))
      }
    }
    for (const one of this.#consumers) faults.push(...one.faults.map((said) => `${one.id} went back: ${said}`))
    if (faults.length === 0) return
    const traces = this.#consumers.map(({ id, trace }) => `${id}: ${trace.join(', ')}`)
    throw new Error([`${faults.length} faults`, ...faults.slice(0, 40), ...this.done, ...traces].join('\n'))
  }

  get reached(): string {
    return this.#consumers
      .map(
        ({ id, reached }) =>
          `${id} ${Object.entries(reached)
            .map(([what, n]) => `${what} ${n}`)
            .join(' ')}`,
      )
      .join('; ')
  }

  #note(what: string): void {
    this.done.push(`${new Date().toISOString().slice(14, 23)} ${what}`)
  }
}

function difference(wanted: ReadonlyMap<number, string>, found: ReadonlyMap<number, string>): readonly string[] {
  const keys = new Set([...wanted.keys(), ...found.keys()])
  return [...keys]
    .filter((key) => wanted.get(key) !== found.get(key))
    .map((key) => `${key}: has ${String(found.get(key)?.slice(-40))}, wanted ${String(wanted.get(key)?.slice(-40))}`)
}
