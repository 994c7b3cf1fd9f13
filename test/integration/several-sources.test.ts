import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/*
 * One relay that reads a MariaDB and a MySQL server, and two consumers, one of each, in one process: killed, started again where it
 * was, and ended by a source that can't go on.
 */
const CONSUMERS = resolve(import.meta.dirname, '../support/consumers.js')
const DEADLINE_MS = 60_000

let shop: MariadbServer
let crm: MysqlServer
const folder = newFolder('several')
const bootstrap = join(folder, 'bootstrap.yaml')
let running: LaunchedProcess | undefined
/** What consumers have printed, of all processes. */
const printed: string[] = []

beforeAll(async () => {
  ;[shop, crm] = await Promise.all([MariadbServer.start(), MysqlServer.start()])
  await shop.query('CREATE DATABASE shop; CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, n INT)')
  await crm.query('CREATE DATABASE crm; CREATE TABLE crm.people (id BIGINT PRIMARY KEY, n INT)')
  const source = (id: number, name: string, uri: string, table: string): string =>
    `        - physicalSourceConfig: { id: ${id}, name: ${name}, uri: '${uri}', startFrom: earliest, sources: [${table}] }\n`
  writeFileSync(
    bootstrap,
    'beans:\n  info: { class: BootstrapInfo, properties: { runtimeNature: standalone, componentContainers: [relay, client] } }\n',
  )
  writeFileSync(
    join(folder, 'relay-config.yaml'),
    `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
${source(1, 'shop', shop.uri(), 'shop.orders')}${source(2, 'crm', crm.uri(), 'crm.people')}`,
  )
  writeFileSync(
    join(folder, 'client-config.yaml'),
    `beans:
  ledger: { class: '${CONSUMERS}#LedgerFactory' }
  client:
    class: DefaultClientFactory
    properties:
      consumerRegistrationList:
        - { id: orders, consumerFactory: { ref: ledger }, logicalSources: [shop.orders] }
        - { id: people, consumerFactory: { ref: ledger }, logicalSources: [crm.people] }
`,
  )
})

afterAll(async () => {
  await running?.stop('SIGKILL')
  await Promise.all([shop.destroy(), crm.destroy()])
  removeFolder(folder)
})

async function start(): Promise<LaunchedProcess> {
  running = LaunchedProcess.start([bootstrap])
  await running.untilReady(DEADLINE_MS)
  return running
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  await running?.stop(signal)
  printed.push(...(running?.output ?? []))
}

const insert = (from: number, to: number): Promise<unknown> => {
  const rows = Array.from({ length: to - from + 1 }, (_, row) => `(${from + row}, 0)`)
  return Promise.all([
    ...rows.map((row) => shop.query(`INSERT INTO shop.orders VALUES ${row}`)),
    ...rows.map((row) => crm.query(`INSERT INTO crm.people VALUES ${row}`)),
  ])
}

/** Keys of a table that its consumer was given, each once. */
const keysOf = (table: string): number[] => {
  const lines = [...printed, ...(running?.output ?? [])].map((line) => line.split(' '))
  return [...new Set(lines.filter(([, name]) => name === table).map(([, , key]) => Number(key)))].toSorted(
    (a, b) => a - b,
  )
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, row) => row + 1)

async function untilBothHave(process: LaunchedProcess, last: number): Promise<void> {
  const have = (): boolean => ['shop.orders', 'crm.people'].every((table) => keysOf(table).length === last)
  await process.untilOutput(have, DEADLINE_MS)
  expect([keysOf('shop.orders'), keysOf('crm.people')]).toEqual([upTo(last), upTo(last)])
}

async function state(): Promise<{ kind: string; name: string; place?: { scn?: number } }[]> {
  const command = LaunchedProcess.start(['state', 'show', bootstrap, '--json'])
  await command.untilExit()
  return JSON.parse(command.output.join('\n')) as { kind: string; name: string }[]
}

test('a killed relay of two servers goes on where each source and each consumer was', async () => {
  const first = await start()
  await insert(1, 5)
  await untilBothHave(first, 5)
  await stop('SIGKILL')
  await insert(6, 10)
  const second = await start()
  await untilBothHave(second, 10)
  await stop('SIGTERM')
  expect(second.exitCode).toBe(0)
  expect((await state()).map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
    'registration orders',
    'registration people',
    'source crm',
    'source shop',
  ])
}, 120_000)

test('a source that can not go on ends the process in order and by name, and takes nothing from the other', async () => {
  const process = await start()
  await crm.query('INSERT INTO crm.people VALUES (11, 0)')
  await process.untilOutput(() => keysOf('crm.people').length === 11, DEADLINE_MS)
  await shop.query('RESET MASTER')
  for (const { id } of await shop.query(
    "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'",
  ))
    await shop.query(`KILL ${String(id)}`)
  expect(await process.untilExit()).toBe(1)
  expect(process.errors).toMatch(/the producer of shop failed/)
  const desks = await state()
  const scnOf = (kind: string, name: string) =>
    desks.find((desk) => desk.kind === kind && desk.name === name)?.place?.scn
  expect(scnOf('registration', 'people')).toBeGreaterThan(0)
  expect(scnOf('source', 'crm')).toBeGreaterThanOrEqual(scnOf('registration', 'people') ?? Infinity)
}, 120_000)
