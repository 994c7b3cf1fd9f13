import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EventView } from '@aesop/event'
import { freePort } from '../support/free-port.ts'
import { rowWindowsOf } from '../support/late-rig.ts'
import { LaunchedProcess } from '../support/launched-process.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/*
 * A relay of a MariaDB and a MySQL server, two relays that follow it, and one that follows the two: four processes, killed one
 * after the other while rows and changes of tables come.
 */
const DEADLINE_MS = 60_000
const TABLES = ['shop.orders', 'crm.people'] as const
const CHANGES = 32_767

let shop: MariadbServer
let crm: MysqlServer
const folder = newFolder('chained')

/** A relay in a process of its own, which comes back at the same port. */
class ChainedRelay {
  readonly port: number
  readonly #bootstrap: string
  #process: LaunchedProcess | undefined

  private constructor(name: string, port: number, uriOf: (table: string) => string, isInFiles: boolean) {
    this.port = port
    const root = join(folder, name)
    mkdirSync(root)
    this.#bootstrap = join(root, 'bootstrap.yaml')
    const files = isInFiles ? ', databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY' : ''
    const sources = TABLES.map((table, i) => {
      const source = `{ id: ${i + 1}, name: ${table.slice(0, 4)}, uri: '${uriOf(table)}', startFrom: earliest, startRetryMs: 60000, sources: [${table}] }`
      return `        - physicalSourceConfig: ${source}\n`
    })
    writeFileSync(
      this.#bootstrap,
      'beans:\n  info: { class: BootstrapInfo, properties: { runtimeNature: standalone, componentContainers: [relay] } }\n',
    )
    writeFileSync(
      join(root, 'relay-config.yaml'),
      `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: ${port}${files} } }
      producerRegistrationList:
${sources.join('')}`,
    )
  }

  static async of(name: string, uriOf: (table: string) => string, isInFiles = false): Promise<ChainedRelay> {
    return new ChainedRelay(name, await freePort(), uriOf, isInFiles)
  }

  get place(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.#process = LaunchedProcess.start([this.#bootstrap])
    await this.#process.untilReady(DEADLINE_MS)
  }

  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL')
  }

  /** All windows of a table that the relay holds, with the changes of its shape. */
  async bytes(table: string): Promise<Buffer> {
    const id = await this.#idOf(table)
    const url = `http://${this.place}/stream?sources=${id},${CHANGES}&output=binary&size=100000000`
    const answer = await fetch(url)
    if (answer.headers.get('x-dbus-error') !== null) throw new Error(await answer.text())
    return Buffer.from(await answer.arrayBuffer())
  }

  async schemas(table: string): Promise<unknown> {
    return (await fetch(`http://${this.place}/register?sources=${await this.#idOf(table)}`)).json()
  }

  async #idOf(table: string): Promise<number> {
    const sources = (await (await fetch(`http://${this.place}/sources`)).json()) as { id: number; name: string }[]
    return sources.find(({ name }) => name === table)?.id ?? -1
  }
}

let origin: ChainedRelay
let near: readonly [ChainedRelay, ChainedRelay]
let last: ChainedRelay

beforeAll(async () => {
  ;[shop, crm] = await Promise.all([MariadbServer.start(), MysqlServer.start()])
  await shop.query('CREATE DATABASE shop; CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, text VARCHAR(100))')
  await crm.query('CREATE DATABASE crm; CREATE TABLE crm.people (id BIGINT PRIMARY KEY, text VARCHAR(100))')
  origin = await ChainedRelay.of('origin', (table) => (table === 'shop.orders' ? shop : crm).uri())
  const follow = (): string => `relay://${origin.place}`
  near = [await ChainedRelay.of('near-1', follow, true), await ChainedRelay.of('near-2', follow)]
  last = await ChainedRelay.of('last', () => `relay://${near[0].place},${near[1].place}`)
  await origin.start()
  await Promise.all([...near, last].map((relay) => relay.start()))
})
afterAll(async () => {
  for (const relay of [last, ...near, origin]) await relay.kill()
  await Promise.all([shop.destroy(), crm.destroy()])
  removeFolder(folder)
})

let rows = 0
/** Ten transactions on both servers, and a change of the table in their midst; the row that comes last has the key of all rows. */
async function write(): Promise<void> {
  const column = `c${rows}`
  for (let i = 0; i < 10; i++) {
    const id = ++rows
    if (i === 5) await both((table) => `ALTER TABLE ${table} ADD COLUMN ${column} INT`)
    if (i === 7) await both((table) => `UPDATE ${table} SET text = 'changed' WHERE id < 5`)
    await both((table) => `INSERT INTO ${table} (id, text) VALUES (-${id}, 'row ${id}'), (${id}, 'ü')`)
  }
}

const both = async (statement: (table: string) => string): Promise<unknown> =>
  Promise.all([shop.query(statement(TABLES[0])), crm.query(statement(TABLES[1]))])

/** Key of the row that came last. */
function lastKeyIn(bytes: Buffer): bigint | string | undefined {
  let key: bigint | string | undefined
  const view = new EventView(bytes, 0)
  for (let at = 0; at < bytes.length; at = view.end) {
    view.moveTo(bytes, at)
    if (!view.isControl && view.sourceId !== CHANGES) key = view.key
  }
  return key
}

/** Waits until a relay has every row, and holds it against the first: all bytes, or those of windows with rows. */
async function expectSame(relay: ChainedRelay, rowsOnly = false): Promise<void> {
  for (const table of TABLES) {
    for (const each of [origin, relay]) {
      const hasAll = async (): Promise<boolean> => lastKeyIn(await each.bytes(table)) === BigInt(rows)
      await until(`row ${rows} of ${table}`, hasAll, DEADLINE_MS)
    }
    const [ours, theirs] = [await relay.bytes(table), await origin.bytes(table)]
    // Windows without rows come by themselves, to one relay sooner than to the other.
    const length = Math.min(ours.length, theirs.length)
    if (rowsOnly) expect(rowWindowsOf(ours)).toEqual(rowWindowsOf(theirs))
    else expect(ours.toString('hex', 0, length)).toBe(theirs.toString('hex', 0, length))
    expect(await relay.schemas(table)).toEqual(await origin.schemas(table))
  }
}

test('each relay of a chain has the bytes of the first, whichever of them is killed', async () => {
  await write()
  for (const relay of [...near, last]) await expectSame(relay)
  // The one that the last one follows: it goes over to the other.
  const first = write()
  await near[0].kill()
  await first
  await expectSame(last)
  // The last one itself, and the one that it went to: it comes back to the first.
  const second = write()
  await Promise.all([last.kill(), near[1].kill()])
  await second
  await Promise.all([near[0].start(), last.start()])
  for (const relay of [near[0], last]) await expectSame(relay)
  // A relay that reads its log again makes windows without rows of its own.
  const third = write()
  await origin.kill()
  await third
  await origin.start()
  for (const relay of [near[0], last]) await expectSame(relay, true)
})
