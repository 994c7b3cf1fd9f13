import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'
import { fetchSearched } from '../support/searched-page.ts'
import { ROW_TEXT } from '../support/markers.ts'

const MIB = 1024 * 1024

describe('changes at the edge of what a buffer takes', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['max_allowed_packet=256M'] })
    await server.query('CREATE DATABASE app')
    await server.query('CREATE TABLE app.t (id INT PRIMARY KEY, bytes LONGBLOB)')
  })
  afterAll(async () => {
    await server.destroy()
  })

  const pathWith = (bufferBytes: number, sources: readonly string[] = ['app.t']): Promise<ChangePath> =>
    ChangePath.create({ uri: server.uri(), sources, consumer: 'RowsFactory', startFrom: 'latest', bufferBytes })

  test('a row of 40 MB and a row of 1,000 columns arrive as they are', async () => {
    const columns = Array.from({ length: 1000 }, (_, i) => `c${i} ${i % 2 === 0 ? 'INT' : 'VARCHAR(8)'}`)
    await server.query(`CREATE TABLE app.wide (id INT PRIMARY KEY, ${columns.join(', ')}) ENGINE=MyISAM`)
    await using path = await pathWith(256 * MIB, ['app.t', 'app.wide'])
    await path.startRelay()
    await path.startClient()
    await server.query(`INSERT INTO app.t VALUES (1, REPEAT(X'0102', ${20 * MIB}))`)
    const values = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? 'NULL' : i % 2 === 0 ? String(i) : `'t${i}'`))
    await server.query(`INSERT INTO app.wide VALUES (1, ${values.join(', ')})`)
    await until('both rows', () => path.lines.length >= 2, 15_000)
    const [large, wide] = path.lines.map((line) => (JSON.parse(line) as { row: Record<string, unknown> }).row)
    const sent = createHash('md5')
      .update(Buffer.alloc(40 * MIB, '0102', 'hex'))
      .digest('hex')
    expect(large?.['bytes']).toBe(`${40 * MIB} ${sent}`)
    const [expected] = await server.query('SELECT * FROM app.wide')
    expect(wide).toEqual({ ...(expected as object) })
  })

  test('a transaction larger than the buffer ends the relay by name and loses nothing', async () => {
    await using path = await pathWith(MIB)
    await path.startRelay()
    await path.startClient()
    await server.query(`INSERT INTO app.t VALUES (10, '${ROW_TEXT}')`)
    await until('the row before', () => path.lines.length === 1)
    const ids = Array.from({ length: 40 }, (_, i) => `(${100 + i}, REPEAT('x', 65536))`)
    await server.query(`INSERT INTO app.t VALUES ${ids.join(', ')}`)
    expect(await path.relay?.untilExit()).toBe(1)
    expect(path.relay?.errors).toContain('AESOP_BUFFER_WINDOW_TOO_LARGE')
    expect(path.lines).toHaveLength(1)

    // As the remedy says: a larger buffer, and the relay goes on before the transaction.
    path.enlargeBuffer(64 * MIB)
    await path.startRelay()
    await until('the whole transaction', () => path.lines.length >= 41, 15_000)
    expect(path.lines.map((line) => Number((JSON.parse(line) as { key: string }).key))).toEqual([
      10,
      ...ids.map((_, i) => 100 + i),
    ])
  })

  test('a client that comes late gets from the log what the buffer has lost', async () => {
    await using path = await pathWith(MIB)
    await path.startRelay()
    await path.startClient()
    await server.query(`INSERT INTO app.t VALUES (900, '${ROW_TEXT}')`)
    await until('the row', () => path.lines.length === 1)
    await path.stopClient()
    for (let id = 901; id < 941; id++) await server.query(`INSERT INTO app.t VALUES (${id}, REPEAT('x', 65536))`)
    await path.startClient()
    await until('all rows', () => path.lines.length >= 41)
    expect(path.lines).toHaveLength(41)
    expect(path.client?.errors).not.toMatch(/suspended/)
  })

  test('a client that comes too late says so, stays down, and forgets nothing', async () => {
    await using path = await pathWith(MIB)
    await path.startRelay()
    await path.startClient()
    await server.query(`INSERT INTO app.t VALUES (1000, '${ROW_TEXT}')`)
    await until('the row', () => path.lines.length === 1)
    await path.stopClient()
    for (let id = 1001; id < 1041; id++) await server.query(`INSERT INTO app.t VALUES (${id}, REPEAT('x', 65536))`)
    await purge(server)
    await path.startClient()
    await path.client?.until(
      () => /AESOP_RELAY_SCN_NOT_FOUND/.test(path.client?.errors ?? ''),
      20_000,
      'it named the error',
    )
    await path.client?.until(() => /is suspended/.test(path.client?.errors ?? ''), 20_000, 'it is suspended')
    expect(path.lines).toHaveLength(1)
    expect(path.client?.exitCode).toBeUndefined()
    expect(await clientHealth(path)).toMatch(/under-test is suspended/)
  })
})

/** Leaves the log that is written to: a server keeps what it has just sent for a moment. */
async function purge(server: MariadbServer): Promise<void> {
  await server.query('FLUSH BINARY LOGS')
  await server.query(`INSERT INTO app.t VALUES (2000, 'x')`)
  const names = async (): Promise<unknown[]> => (await server.query('SHOW BINARY LOGS')).map((row) => row['Log_name'])
  const last = String((await names()).at(-1))
  await until('one log', async () => {
    await server.query(`PURGE BINARY LOGS TO '${last}'`)
    return (await names()).length === 1
  })
}

/** What the admin server of the client says of its beans. */
async function clientHealth(path: ChangePath): Promise<string> {
  const admin = /client under test is ready .*admin=(\S+)/.exec(path.client?.errors ?? '')?.[1]
  const answer = await fetchSearched(`${admin}/health/ready`)
  expect(answer.status).toBe(503)
  return answer.text
}
