import { setTimeout as delay } from 'node:timers/promises'
import { OracleConsumer } from './oracle-consumer.ts'
import { OracleLaunch } from './oracle-launch.ts'
import { MariadbServer } from './mariadb-server.ts'
import { MysqlServer } from './mysql-server.ts'
import { LAST, OracleTables, type TableChanges } from './oracle-tables.ts'
import { SeededDraw } from './seeded-draw.ts'
import { until } from './until.ts'

const WRITERS = 4
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
 * is killed, while consumers come, fall off, and come back. Where statements rewrite rows, only consumers that come at the end,
 * behind the seedings that follow from them, have what the tables have.
 */
export class OracleSchedule {
  readonly done: string[] = []
  readonly #server: OracleServer['server']
  readonly #draw: SeededDraw
  readonly #tables: OracleTables
  readonly #changes: TableChanges
  readonly #writing = new AbortController()
  readonly #servers: number
  readonly #store: 'sqlite' | 'mysql'
  readonly #consumers: OracleConsumer[] = []
  /** Of them the rows are compared. */
  #compared: readonly OracleConsumer[] = this.#consumers
  #launch: OracleLaunch | undefined

  constructor({ server }: OracleServer, seed: number, changes: TableChanges = 'plain') {
    this.#server = server
    this.#changes = changes
    // Neighbours begin with numbers that are alike.
    this.#draw = new SeededDraw(Math.imul(seed + 1, 2_654_435_761))
    const more = ['shop.part', 'shop.person'].slice(0, this.#draw.below(3))
    this.#tables = new OracleTables(server, ['shop.item', ...more], changes)
    this.#servers = 1 + this.#draw.below(2)
    this.#store = this.#draw.of(['sqlite', 'sqlite', 'mysql'])
    this.#note(`${this.#store}, ${this.#tables.names.length} tables, ${this.#servers} servers`)
  }

  async run(steps: number): Promise<void> {
    await this.#prepare()
    const launch = await this.#begin()
    const writers = Array.from({ length: WRITERS }, (_, n) =>
      this.#tables.write(new SeededDraw(this.#draw.below(1e9) + n), this.#writing.signal),
    )
    try {
      for (let n = 0; n < steps; n++) {
        await this.#step(launch)
        await delay(this.#draw.below(1500))
        this.#proveRunning(launch)
      }
    } finally {
      this.#writing.abort()
      await Promise.all(writers)
    }
    await this.#settle(launch).catch(async (error: unknown) => {
      throw new Error(`${await launch.told()}\n${String(error)}`, { cause: error })
    })
    await this.#compare()
  }

  async #prepare(): Promise<void> {
    for (const statement of [
      'DROP DATABASE IF EXISTS keeping',
      'CREATE DATABASE keeping',
      `CREATE USER IF NOT EXISTS keeper@'%' IDENTIFIED BY '${STORE_PASSWORD}'`,
      `GRANT ALL ON keeping.* TO keeper@'%'`,
    ])
      await this.#server.query(statement)
    await this.#tables.make()
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
      sources: this.#tables.names,
      servers: this.#servers,
    })
    for (const name of this.#launch.names) await this.#launch.start(name)
    return this.#launch
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
    this.#note(await this.#tables.change(this.#draw))
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
    const { names } = this.#tables
    const sources = this.#draw.below(2) === 0 ? names : names.slice(-1)
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
    await this.#tables.writeLast()
    for (const one of this.#consumers) {
      if (one.isRunning) await one.kill()
      await one.start(launch, this.#draw, 0)
    }
    await this.#come(launch, this.#consumers)
    if (this.#changes === 'plain') return
    await until(
      'the tables are seeded',
      () => launch.hasSeeded(),
      SERVED_MS,
      () => launch.told(),
    )
    const after = ['after', 'after too'].map((id) => new OracleConsumer(id, this.#tables.names))
    for (const one of after) await one.start(launch, this.#draw, 0)
    await this.#come(launch, after)
    this.#compared = after
  }

  /** Each has the last row of its tables, and ends. */
  async #come(launch: OracleLaunch, consumers: readonly OracleConsumer[]): Promise<void> {
    for (const one of consumers) {
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
    for (const table of this.#tables.names) {
      const wanted = await this.#tables.rows(table)
      for (const one of this.#compared) {
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
