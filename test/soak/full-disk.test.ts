import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { type RowWindows, rowWindowsOf } from '../support/late-rig.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { SmallDisk } from '../support/small-disk.ts'
import { until } from '../support/until.ts'

/*
 * A real disk that is full, under each kind of file that a relay writes but its places (`fault/no-room.test.ts`): the source waits
 * and says why, memory is bounded, what is on the disk at that moment is whole, and all goes on when there is room.
 */
const MIB = 1024 * 1024
const DISK_BYTES = 16 * MIB
const DEADLINE_MS = 60_000
/** Two hundred megabytes: far more than the process may grow by while it waits. */
const [ROWS, ROW_BYTES] = [2000, 100_000]
const GROWTH_BYTES_MAX = 100 * MIB
const FILES = 'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY'
const WRITER = 'databus.relay.eventLogWriter'
const EVENT_LOG = [`${WRITER}.enabled: true`, `${WRITER}.individualFileMaxBytes: 1000000`, `${WRITER}.maxFiles: 4`]

let server: MariadbServer
let path: ChangePath
const disks: SmallDisk[] = []
beforeAll(async () => {
  server = await MariadbServer.start()
})
afterAll(() => server.destroy())
beforeEach(async () => {
  await server.query('DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; RESET MASTER')
  await server.query('CREATE TABLE shop.item (id INT PRIMARY KEY, text LONGTEXT)')
})
afterEach(async () => {
  await path.stopRelay('SIGKILL')
  for (const disk of disks.splice(0)) disk[Symbol.dispose]()
  await path[Symbol.asyncDispose]()
})

/** A relay, and a client with a ledger, with a small disk below the relay's state. */
async function started(folder: string, relayProperties: readonly string[]): Promise<SmallDisk> {
  path = await ChangePath.create({ uri: server.uri(), sources: ['shop.item'], bufferBytes: 4 * MIB, relayProperties })
  const disk = SmallDisk.at(join(path.folder, 'relay', '.aesop', folder), DISK_BYTES)
  disks.push(disk)
  await path.startRelay(['--admin', '0'])
  await path.startClient()
  return disk
}

const insert = (id: number): Promise<unknown> =>
  server.query(`INSERT INTO shop.item (id, text) VALUES (${id}, REPEAT('x', ${ROW_BYTES}))`)

/** As many transactions, one after the other. */
const insertMany = (from: number, to: number): Promise<unknown> =>
  server.query(
    `BEGIN NOT ATOMIC FOR i IN ${from}..${to} DO INSERT INTO shop.item (id, text) VALUES (i, REPEAT('x', ${ROW_BYTES})); END FOR; END`,
  )

const keys = (): number[] => path.lines.map((line) => Number(line.split(' ')[2]))
const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)
const untilKey = (key: number): Promise<void> =>
  until(
    `the row ${key}`,
    () => keys().includes(key),
    DEADLINE_MS,
    () => keys().at(-1),
  )

/** What the relay says of its health. */
async function health(): Promise<string> {
  const admin = /admin=(http:\S+)/.exec(path.relay?.errors ?? '')?.[1] ?? ''
  return (await fetch(`${admin}/health/ready`)).text()
}

async function untilDegraded(words: RegExp): Promise<void> {
  let seen = ''
  await until(
    `degraded: ${String(words)}`,
    async () => ((seen = await health()), /degraded/.test(seen) && words.test(seen)),
    DEADLINE_MS,
    () => seen,
  )
}

function memoryBytes(field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${path.relay?.child.pid ?? 0}/status`, 'utf8')
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
}

/** Windows with rows that a relay has, from its oldest on. */
async function served({ relayPort }: ChangePath): Promise<RowWindows> {
  const [{ id }] = (await (await fetch(`http://127.0.0.1:${relayPort}/sources`)).json()) as [{ id: number }]
  const answer = await fetch(`http://127.0.0.1:${relayPort}/stream?sources=${id}&output=binary&size=${512 * MIB}`)
  expect(answer.headers.get('x-dbus-error-cause')).toBeNull()
  return rowWindowsOf(Buffer.from(await answer.arrayBuffer()))
}

/** What kill -9 would leave at this moment: from a copy of it another relay goes on, and has the same windows. */
async function expectWhole(relayProperties: readonly string[]): Promise<void> {
  const now = await served(path)
  await using other = await ChangePath.create({
    uri: server.uri(),
    sources: ['shop.item'],
    bufferBytes: 512 * MIB,
    relayProperties,
  })
  const [from, to] = [join(path.folder, 'relay', '.aesop'), join(other.folder, 'relay', '.aesop')]
  const isCopied = (source: string): boolean => !/\/(filler|[^/]*lock[^/]*)$/.test(source)
  cpSync(from, to, { recursive: true, filter: isCopied })
  await other.startRelay()
  let theirs: RowWindows = new Map()
  await until(
    'it has the newest',
    async () => ((theirs = await served(other)), theirs.has([...now.keys()].at(-1) ?? -1n)),
    DEADLINE_MS,
  )
  expect(now.size).toBeGreaterThan(10)
  for (const [scn, bytes] of now) expect(theirs.get(scn) === bytes, `window ${scn}`).toBe(true)
}

test.each([
  ['buffer', [FILES], /no space|ENOSPC|full/i],
  ['eventLog', [FILES, ...EVENT_LOG], /no space|ENOSPC|full/i],
] as const)('a full disk of the %s makes the source wait, and nothing is lost or torn', async (folder, more, words) => {
  const disk = await started(folder, more)
  for (let id = 1; id <= 30; id++) await insert(id)
  await untilKey(30)
  disk.fill()
  const before = memoryBytes('VmRSS')
  await insertMany(31, ROWS)
  await untilDegraded(words)
  await expectWhole(more)
  const last = keys().at(-1) ?? 0
  const [peak, grown] = [memoryBytes('VmHWM'), memoryBytes('VmHWM') - before]
  console.log(
    `${folder}: waits at row ${last}; memory ${Math.round(before / MIB)}, at most ${Math.round(peak / MIB)} MiB`,
  )
  expect(last).toBeLessThan(ROWS)
  expect(grown).toBeLessThan(GROWTH_BYTES_MAX)
  disk.clear()
  await untilKey(ROWS)
  expect(keys()).toEqual(upTo(ROWS))
  await until('it is well', async () => !/degraded/.test(await health()), DEADLINE_MS)
})

test('a full disk of XA transactions that wait is named, and tried again; each comes whole', async () => {
  const disk = await started('xa', [FILES])
  await insert(1)
  await untilKey(1)
  disk.fill()
  const xa = await server.connect()
  try {
    await xa.query(`USE shop; XA START 'x'; BEGIN NOT ATOMIC FOR i IN 2..100 DO INSERT INTO item VALUES (i, REPEAT('x', ${ROW_BYTES})); END FOR; END;
      XA END 'x'; XA PREPARE 'x'`)
    await insert(101)
    await untilDegraded(/waiting XA transactions in .* no space/)
    expect(keys()).toEqual([1])
    disk.clear()
    await untilKey(101)
    await xa.query(`XA COMMIT 'x'`)
    await untilKey(100)
    expect(keys()).toEqual([1, 101, ...upTo(100).slice(1)])
  } finally {
    await xa.end()
  }
})

test('a full disk of the schema registry makes the source wait with the first row of a new shape', async () => {
  const disk = await started('schemas', [FILES])
  await insert(1)
  await untilKey(1)
  disk.fill()
  await server.query('ALTER TABLE shop.item ADD COLUMN more INT')
  await insert(2)
  await untilDegraded(/schema/i)
  expect(keys()).toEqual([1])
  disk.clear()
  await insert(3)
  await untilKey(3)
  expect(keys()).toEqual(upTo(3))
})
