import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { extent } from '../support/extent.ts'
import { LaunchedProcess } from '../support/launched-process.ts'
import { ROW_TEXT } from '../support/markers.ts'
import { sayingSeed, seedOf } from '../support/seed.ts'
import { SeededDraw } from '../support/seeded-draw.ts'
import { type Product, ShopServer } from '../support/shop-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/*
 * Two tables of a server, one of whose keys are words, into tables of the same server, by a process that is killed again and again, while
 * two writers insert, update, delete and truncate. At the end both are the same.
 */
const ITEMS = 8000
const TAGS = 600
const KILLS = 3
const DEADLINE_MS = 100_000
const CONSUMER = resolve(import.meta.dirname, '../support/copy-consumer.js')

/** Changes rows of both tables until it is stopped. */
class ShopWriter {
  transactions = 0
  readonly #shop: ShopServer
  readonly #draw: SeededDraw
  #isStopped = false

  constructor(shop: ShopServer, seed: number) {
    this.#shop = shop
    this.#draw = new SeededDraw(seed)
  }

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    const connection = await this.#shop.server.connect()
    try {
      while (!this.#isStopped) {
        const statements = Array.from({ length: 1 + this.#draw.below(3) }, () => this.#statement())
        await connection.query(['BEGIN', ...statements, 'COMMIT'].join(';')).catch(passDeadlock)
        this.transactions++
        await delay(4)
      }
    } finally {
      await connection.end()
    }
  }

  #statement(): string {
    const id = this.#draw.below(ITEMS + ITEMS / 4)
    const word = `w${this.#draw.below(TAGS)}`
    switch (this.#draw.below(6)) {
      case 0:
        return `DELETE FROM shop.item WHERE id = ${id}`
      case 1:
        return `UPDATE shop.item SET more = more + 1 WHERE id BETWEEN ${id} AND ${id + 20}`
      case 2:
        return `UPDATE IGNORE shop.item SET id = id + 1000000 WHERE id = ${id}`
      case 3:
        return `REPLACE INTO shop.tag VALUES ('${this.#draw.below(2) === 0 ? word.toUpperCase() : word}', ${id})`
      case 4:
        return `DELETE FROM shop.tag WHERE word = '${word}'`
      default:
        return `REPLACE INTO shop.item VALUES (${id}, '${ROW_TEXT} ${id}', 0)`
    }
  }
}

/** Two writers may wait for each other: the server gives one of them up. */
function passDeadlock(error: unknown): void {
  if ((error as { code?: string }).code !== 'ER_LOCK_DEADLOCK') throw error
}

async function fill(shop: ShopServer): Promise<void> {
  await shop.begin()
  const { server } = shop
  await server.query('CREATE TABLE shop.tag (word VARCHAR(40) PRIMARY KEY, more INT) DEFAULT CHARSET utf8mb4')
  await server.query('CREATE DATABASE copy')
  await server.query("CREATE USER copier@'127.0.0.1' IDENTIFIED BY 'copied'")
  await server.query("GRANT ALL ON copy.* TO copier@'127.0.0.1'")
  await server.query('CREATE TABLE copy.item LIKE shop.item; CREATE TABLE copy.tag LIKE shop.tag')
  for (let from = 0; from < ITEMS; from += 1000) {
    const items = Array.from({ length: 1000 }, (_, i) => `(${from + i}, '${ROW_TEXT} ${from + i}', 0)`)
    await server.query(`INSERT INTO shop.item VALUES ${items.join(',')}`)
  }
  await server.query(
    `INSERT INTO shop.tag VALUES ${Array.from({ length: TAGS }, (_, i) => `('w${i}', ${i})`).join(',')}`,
  )
}

function writeDescriptors(folder: string, shop: ShopServer): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'bootstrap.yaml'),
    'beans:\n  bootstrapInfo:\n    class: BootstrapInfo\n    properties: { applicationName: copy, runtimeNature: standalone, componentContainers: [blocking-bootstrap] }\n',
  )
  writeFileSync(
    join(folder, 'blocking-bootstrap-config.yaml'),
    `beans:
  blocking:
    class: BlockingBootstrapServerFactory
    properties:
      bootstrapConfig: { numberOfPartitions: '\${parallel:3}', executorQueueSize: 1000, chunkRows: 300, until: '\${until:}', progressMs: 200 }
      consumerFactory: { class: '${CONSUMER}#CopyFactory', properties: { port: ${shop.server.port} } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: ${JSON.stringify(shop.server.uri())}, name: shop, sources: [shop.item, shop.tag] }
`,
  )
}

async function rowsOf(shop: ShopServer, database: string): Promise<string[]> {
  const items = await shop.server.query(`SELECT id, name, more FROM ${database}.item ORDER BY id`)
  const tags = await shop.server.query(`SELECT word, more FROM ${database}.tag ORDER BY word`)
  return [...items, ...tags].map((row) => JSON.stringify(Object.values(row)))
}

async function copied(shop: ShopServer): Promise<number> {
  const [row] = await shop.server.query<{ n: number }>(
    'SELECT (SELECT COUNT(*) FROM copy.item) + (SELECT COUNT(*) FROM copy.tag) AS n',
  )
  return row?.n ?? 0
}

test.each(extent<Product>(['MariaDB'], ['MySQL']))(
  'tables of %s are the same at the destination, whatever is killed while they are written to',
  (product) => sayingSeed(seedOf(271_828), () => bootstrapped(product, new SeededDraw(seedOf(271_828)))),
  240_000,
)

async function bootstrapped(product: Product, draw: SeededDraw): Promise<void> {
  await using shop = await ShopServer.start(product)
  const folder = newFolder('blocking')
  onTestFinished(() => {
    removeFolder(folder)
  })
  await fill(shop)
  writeDescriptors(folder, shop)
  const writers = [1, 2].map((n) => new ShopWriter(shop, draw.below(1000) + n))
  const writing = Promise.all(writers.map((writer) => writer.run()))
  try {
    await killedAndDone(shop, folder, draw, { writers, writing })
  } finally {
    for (const writer of writers) writer.stop()
    await writing
  }
}

interface Writing {
  readonly writers: readonly ShopWriter[]
  readonly writing: Promise<unknown>
}

async function killedAndDone(
  shop: ShopServer,
  folder: string,
  draw: SeededDraw,
  { writers, writing }: Writing,
): Promise<void> {
  const launch = (...args: readonly string[]): LaunchedProcess =>
    LaunchedProcess.start([join(folder, 'bootstrap.yaml'), ...args])
  const reached = { inRows: 0, behindRows: 0 }
  for (let kill = 1; kill <= KILLS; kill++) {
    const life = launch(`--set`, `parallel=${1 + draw.below(4)}`)
    await life.untilReady(DEADLINE_MS)
    const wanted = Math.min(((kill - 1) * ITEMS) / 4 + draw.below(ITEMS / 4), ITEMS / 2)
    const before = writers[0]?.transactions ?? 0
    await until(
      `${wanted} rows are there`,
      async () => {
        if (life.exitCode !== undefined) throw new Error(`it ended with ${String(life.exitCode)}: ${life.errors}`)
        return (await copied(shop)) >= wanted && (writers[0]?.transactions ?? 0) > before + 50
      },
      DEADLINE_MS,
    )
    reached[life.errors.includes('all rows of shop.item are read') ? 'behindRows' : 'inRows']++
    // One of them is asked to stop, as by Ctrl-C.
    if (kill === 2) expect(await life.stop('SIGINT'), life.errors).toBe(0)
    else await life.stop('SIGKILL')
  }
  expect(reached.inRows).toBeGreaterThan(0)
  const first = launch('--set', 'until=now', '--json')
  expect(await first.untilExit(), first.errors).toBe(0)
  await shop.server.query('TRUNCATE shop.tag')
  await until('somebody writes on', () => (writers[0]?.transactions ?? 0) > 100)
  for (const writer of writers) writer.stop()
  await writing
  await shop.server.query('UPDATE shop.item SET more = more + 1 ORDER BY id LIMIT 1')
  const { file, position } = await shop.end()
  const rest = launch('--set', `until=${file}:${position}`, '--json')
  expect(await rest.untilExit(), rest.errors).toBe(0)
  const told = JSON.parse(rest.output.at(-1) ?? '{}') as { sources: { takeoverScn: string; rows: number }[] }
  expect(told.sources).toMatchObject([
    { physicalSource: 'shop', takeoverScn: expect.stringMatching(/^\d+$/) as string },
  ])
  expect(await rowsOf(shop, 'copy')).toEqual(await rowsOf(shop, 'shop'))
  const again = launch('--set', 'until=now')
  expect(await again.untilExit()).toBe(0)
  expect(again.output.at(-1)).toContain(`An online client takes over at SCN ${told.sources[0]?.takeoverScn ?? ''}`)
}
