import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { until } from '../support/until.ts'

const DEADLINE_MS = 60_000
const FILES = ['databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY']
const MIB = 1024 * 1024

interface Answer {
  readonly cause: string | undefined
  readonly body: Buffer
}

/** What follows the oldest window, until the relay has no more. */
async function streamed(path: ChangePath, maxev: string): Promise<Answer> {
  const { body } = await ask(path, '/sources')
  const [{ id }] = JSON.parse(body.toString()) as [{ id: number }]
  const checkPoint = '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"prevScn":-1,"windowOffset":-1}'
  const asked = { sources: String(id), checkPoint, size: String(512 * MIB), output: 'binary', maxev }
  const query = new URLSearchParams(asked)
  return ask(path, `/stream?${query.toString()}`)
}

async function ask({ relayPort }: ChangePath, target: string): Promise<Answer> {
  const parts: Buffer[] = []
  return new Promise((resolve, reject) => {
    const asked = request({ port: relayPort, path: target, timeout: DEADLINE_MS }, (answer) => {
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () => {
        const cause = answer.headers['x-dbus-error-cause']
        resolve({ cause: cause === undefined ? undefined : String(cause), body: Buffer.concat(parts) })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** The record of the relay's source, as it lies on disk. */
function storedPlace(path: ChangePath): string {
  const folder = join(path.folder, 'relay', '.aesop', 'maxscn')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join()
}

function segmentsOf(path: ChangePath): string[] {
  const folder = join(path.folder, 'relay', '.aesop', 'buffer')
  return readdirSync(folder).flatMap((source) =>
    readdirSync(join(folder, source)).map((name) => join(folder, source, name)),
  )
}

/** So many rows of 20,000 bytes as one transaction. */
function largeTransaction(rows: number): string {
  const row = (id: number): string => `(${id}, REPEAT('${String.fromCharCode(65 + (id % 26))}', 20000))`
  const inserts = Array.from({ length: rows / 100 }, (_, at) => {
    const values = Array.from({ length: 100 }, (__, i) => row(100 * at + i + 1))
    return `INSERT INTO shop.item VALUES ${values.join()};`
  })
  return `BEGIN; ${inserts.join(' ')} COMMIT`
}

describe.each([
  ['MariaDB', 1, 'RESET MASTER', () => MariadbServer.start()],
  ['MySQL', 2, 'RESET BINARY LOGS AND GTIDS', () => MysqlServer.start()],
] as const)('a buffer of files of a source of %s, in version %i', (_name, eventVersion, resetLog, start) => {
  const maxev = eventVersion === 2 ? '2' : '0'
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = await start()
    await server.query('CREATE DATABASE shop; USE shop')
  })
  afterAll(async () => {
    await server.destroy()
  })

  const source = () => ({ uri: server.uri(), sources: ['shop.item'], eventVersion })

  async function emptyTable(): Promise<void> {
    await server.query('DROP TABLE IF EXISTS shop.item')
    await server.query(resetLog)
    await server.query('CREATE TABLE shop.item (id INT NOT NULL PRIMARY KEY, text LONGTEXT)')
  }

  const lastSeen = (path: ChangePath, id: number) => (): boolean =>
    path.lines.at(-1)?.startsWith(`UPSERT shop.item ${id} `) ?? false

  test('is there after kill -9, the same byte for byte, when the log of the server is long gone', async () => {
    await emptyTable()
    await using path = await ChangePath.create({ ...source(), relayProperties: FILES })
    await path.startRelay()
    for (let id = 1; id <= 300; id++)
      await server.query(`INSERT INTO shop.item VALUES (${id}, REPEAT('x', ${id * 20}))`)
    await server.query('ALTER TABLE shop.item ADD COLUMN more INT')
    await server.query('FLUSH BINARY LOGS')
    await server.query(`INSERT INTO shop.item VALUES (301, 'end', 5)`)
    let before: Answer = { cause: undefined, body: Buffer.alloc(0) }
    await until('the relay has the last row', async () => {
      before = await streamed(path, maxev)
      return before.body.includes('end')
    })
    // The place follows within a moment; only then is the older log needed by nobody.
    await until('the place is in the newer log', () => storedPlace(path).includes('mysql-bin.000002'))
    await path.stopRelay('SIGKILL')
    // A server keeps what it has just sent for a moment.
    await until('only the newer log', async () => {
      await server.query(`PURGE BINARY LOGS TO 'mysql-bin.000002'`)
      return (await server.query('SHOW BINARY LOGS')).length === 1
    })
    await path.startRelay()
    const after = await streamed(path, maxev)
    expect(after.cause).toBeUndefined()
    expect(after.body.length).toBeGreaterThan(300 * 20)
    expect(after.body.subarray(0, before.body.length).equals(before.body)).toBe(true)
    await path.startClient()
    await server.query(`INSERT INTO shop.item VALUES (302, 'later', 6)`)
    await until('the consumer saw the last row', lastSeen(path, 302), DEADLINE_MS)
    expect(path.lines.filter((line) => line.startsWith('UPSERT')).length).toBe(302)
  })

  test('takes a transaction far larger than itself and its memory as one window, across kill -9 in its midst', async () => {
    await emptyTable()
    await using path = await ChangePath.create({
      ...source(),
      bufferBytes: 4 * MIB,
      relayProperties: [...FILES, 'databus.relay.eventBuffer.residentBytes: 2097152'],
    })
    await path.startRelay()
    await path.startClient()
    await server.query(largeTransaction(3000))
    await until('files of the window', () => segmentsOf(path).length > 5, DEADLINE_MS)
    await path.stopRelay('SIGKILL')
    await path.startRelay()
    await until('the consumer saw the last row', lastSeen(path, 3000), DEADLINE_MS)
    await server.query(`INSERT INTO shop.item VALUES (3001, 'end')`)
    await until('the consumer saw the row behind it', lastSeen(path, 3001), DEADLINE_MS)
    // A window that was cut while it was delivered comes again, from its checkpoint: each row is there, some perhaps twice.
    expect(new Set(path.lines.filter((line) => line.startsWith('UPSERT'))).size).toBe(3001)
    const bytes = segmentsOf(path).reduce((sum, file) => sum + statSync(file).size, 0)
    expect(bytes).toBeGreaterThan(50 * MIB)
  })

  test('begins anew where the place of the source was taken away, and serves nothing twice', async () => {
    await emptyTable()
    await using path = await ChangePath.create({ ...source(), relayProperties: FILES })
    await path.startRelay()
    await server.query(`INSERT INTO shop.item VALUES (1, 'first')`)
    await until('the relay has the row', async () => (await streamed(path, maxev)).body.includes('first'))
    await path.stopRelay()
    rmSync(join(path.folder, 'relay', '.aesop', 'maxscn'), { recursive: true })
    await path.startRelay()
    await until('the relay has the row again', async () => (await streamed(path, maxev)).body.includes('first'))
    expect((await streamed(path, maxev)).body.toString('latin1').split('first').length).toBe(2)
  })
})
