import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ChangePath } from '../support/change-path.ts'
import { freePort } from '../support/free-port.ts'
import { LaunchedProcess } from '../support/launched-process.ts'
import { type MariadbServer } from '../support/mariadb-server.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'
import { until } from '../support/until.ts'
import { type Figure, ratioOf } from './figure.ts'
import { batchWorkload, measuringServer, type Workload } from './workload.ts'

const READY_MS = 60_000
const SERVED_MS = 300_000
const ALONE_MS = 8000
const WRITTEN = 'bench.written'
const ROWS_PER_TRANSACTION = 100
/** What seeding may cost the relay's ingest. */
const INGEST_TARGET = 0.85
const shell = promisify(execFile)

/** A relay of a server, and bootstrap producers that seed one of its tables, each with a new store. */
class SeededServer implements AsyncDisposable {
  readonly #path: ChangePath
  readonly #table: string
  #stores = 0

  private constructor(path: ChangePath, table: string) {
    this.#path = path
    this.#table = table
  }

  /** @param others that the relay reads besides */
  static async start(server: MariadbServer, table: string, others: readonly string[] = []): Promise<SeededServer> {
    const path = await ChangePath.create({ uri: server.uri(), sources: [table, ...others], startFrom: 'latest' })
    await path.startRelay()
    return new SeededServer(path, table)
  }

  get folder(): string {
    return this.#path.folder
  }

  /** @returns seconds from the start of its process until the table is served */
  async seed(): Promise<number> {
    const port = await freePort()
    const folder = join(this.#path.folder, `producer-${this.#stores++}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'bootstrap.yaml'), BEANS)
    writeFileSync(join(folder, 'bootstrap-producer-config.yaml'), producerOf(this.#path.relayPort, this.#table))
    const producer = LaunchedProcess.start(['bootstrap.yaml', '--admin', String(port)], {}, folder)
    try {
      await producer.untilReady(READY_MS)
      await until('the tables are served', () => areServed(port), SERVED_MS)
      return (performance.now() - producer.startedAtMs) / 1000
    } finally {
      await producer.stop()
    }
  }

  /** Rows that the relay takes a second while something goes on. */
  async ingestDuring(work: () => Promise<unknown>): Promise<number> {
    const [rows, beganMs] = [await this.#rows(), performance.now()]
    await work()
    return (((await this.#rows()) - rows) * 1000) / (performance.now() - beganMs)
  }

  async #rows(): Promise<number> {
    const page = `http://127.0.0.1:${this.#path.relayPort}/containerStats/inbound/events/total`
    return ((await (await fetch(page)).json()) as { numDataEvents: number }).numDataEvents
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#path[Symbol.asyncDispose]()
  }
}

const BEANS = `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties: { applicationName: bench, projectsRoot: ., componentContainers: [bootstrap-producer] }
`

function producerOf(relayPort: number, table: string): string {
  return `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      relays: [{ relayPort: ${relayPort} }]
      physicalSources: [{ name: bench, sources: [${table}] }]
      store: { class: SqliteBootstrapStore, properties: { file: store.db } }
`
}

async function areServed(port: number): Promise<boolean> {
  const page = (await (await fetch(`http://127.0.0.1:${port}/admin/bootstrap`)).json()) as readonly {
    readonly producers: Readonly<Record<string, { readonly sources: readonly { readonly status: string }[] }>>
  }[]
  const sources = page.flatMap(({ producers }) => Object.values(producers).flatMap((each) => each.sources))
  return sources.length > 0 && sources.every(({ status }) => status === 'ACTIVE')
}

/** The same table by the server's own tool into a table of SQLite. @returns seconds */
async function dump(server: MariadbServer, { table }: Workload, folder: string): Promise<number> {
  const [database = '', name = ''] = table.split('.')
  const dumping = `mariadb-dump --no-defaults --host=127.0.0.1 --port=${server.port} --user=aesop --single-transaction --quick
    --compatible=ansi --no-create-info --skip-add-locks --skip-comments --skip-triggers --compact ${database} ${name}`
  const columns = 'id INTEGER PRIMARY KEY, name TEXT, amount TEXT, created TEXT, n INTEGER'
  const file = join(folder, `dump-${performance.now()}.db`)
  const script = `(echo 'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE ${name} (${columns}); BEGIN;'; ${dumping.replaceAll('\n', ' ')}; echo 'COMMIT;') | sqlite3 -bail '${file}'`
  const beganMs = performance.now()
  await shell('bash', ['-c', `set -o pipefail; ${script}`], { env: { ...process.env, MYSQL_PWD: SERVER_PASSWORD } })
  const seconds = (performance.now() - beganMs) / 1000
  const { stdout } = await shell('sqlite3', [file, `SELECT count(*) FROM ${name}`])
  if (Number(stdout) === 0) throw new Error('the dump has no rows')
  return seconds
}

async function whole(server: MariadbServer, workload: Workload, runs: number): Promise<Figure[]> {
  await using seeded = await SeededServer.start(server, workload.table)
  const rates: Record<'ours' | 'dump', number[]> = { ours: [], dump: [] }
  for (let run = 0; run < runs; run++) {
    rates.ours.push(workload.rows / (await seeded.seed()))
    rates.dump.push(workload.rows / (await dump(server, workload, seeded.folder)))
  }
  const of = { name: 'bootstrap.wholeSeeding.rowsPerSecond', unit: 'rows/s', runs: rates.ours }
  const to = { name: 'bootstrap.wholeSeeding.mysqldump.rowsPerSecond', unit: 'rows/s', runs: rates.dump }
  return [of, to, ratioOf('bootstrap.wholeSeeding.ratioToMysqldump', of, to)]
}

/** A client of the server writes as fast as it can, by a procedure, so that it takes little of the machine itself. */
async function whileWriting<Result>(server: MariadbServer, work: () => Promise<Result>): Promise<Result> {
  await server.query('UPDATE bench.writing SET goes_on = 1')
  const connection = await server.connect()
  const writing = connection.query('CALL bench.write_on()')
  try {
    return await work()
  } finally {
    await server.query('UPDATE bench.writing SET goes_on = 0')
    await writing
    await connection.end()
  }
}

async function ingestWhileSeeding(server: MariadbServer, workload: Workload, runs: number): Promise<Figure[]> {
  for (const statement of [
    `CREATE TABLE ${WRITTEN} LIKE ${workload.table}`,
    'CREATE TABLE bench.writing (goes_on INT) SELECT 0 AS goes_on',
    `CREATE PROCEDURE bench.write_on() BEGIN
      WHILE (SELECT goes_on FROM bench.writing) = 1 DO
        INSERT INTO ${WRITTEN} SELECT NULL, CONCAT('person number ', seq), seq / 100, '2024-01-02 03:04:05', seq FROM seq_1_to_${ROWS_PER_TRANSACTION};
      END WHILE; END`,
  ])
    await server.query(statement)
  await using relay = await SeededServer.start(server, workload.table, [WRITTEN])
  const rates: Record<'alone' | 'seeding', number[]> = { alone: [], seeding: [] }
  for (let run = 0; run < runs; run++) {
    await server.query(`TRUNCATE ${WRITTEN}`)
    await whileWriting(server, async () => {
      rates.alone.push(await relay.ingestDuring(() => delay(ALONE_MS)))
      rates.seeding.push(await relay.ingestDuring(() => relay.seed()))
    })
  }
  const of = { name: 'bootstrap.ingestWhileSeeding.rowsPerSecond', unit: 'rows/s', runs: rates.seeding }
  const to = { name: 'bootstrap.ingestWhileSeeding.alone.rowsPerSecond', unit: 'rows/s', runs: rates.alone }
  return [of, to, ratioOf('bootstrap.ingestWhileSeeding.ratioToAlone', of, to, INGEST_TARGET)]
}

/** A whole seeding, from a warm private MariaDB through a relay into a store of SQLite, each a process. */
export async function seedings(wants: (name: string) => boolean, runs: number): Promise<Figure[]> {
  const names = ['wholeSeeding', 'ingestWhileSeeding'].filter((name) => wants(`bootstrap.${name}`))
  if (names.length === 0) return []
  const server = await measuringServer()
  try {
    const workload = await batchWorkload(server)
    const figures: Figure[] = []
    if (names.includes('wholeSeeding')) figures.push(...(await whole(server, workload, runs)))
    if (names.includes('ingestWhileSeeding')) figures.push(...(await ingestWhileSeeding(server, workload, runs)))
    return figures
  } finally {
    await server.destroy()
  }
}
