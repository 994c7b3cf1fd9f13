import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'

const SHORT = ['wait-timeout=1', 'interactive-timeout=1', 'net-write-timeout=1', 'net-read-timeout=1']
const STARTS = {
  MariaDB: () => MariadbServer.start({ lines: SHORT, rowMetadata: 'NO_LOG' }),
  MySQL: () => MysqlServer.start({ lines: SHORT, rowMetadata: 'MINIMAL' }),
}

interface ServerThread {
  readonly User: string
  readonly Command: string
}

/*
 * A server, or a proxy before it, cuts connections that idle. Only the one that carries the log may live long: it has
 * heartbeats. Whatever else is asked goes over connections that end with the question.
 */
describe.each(['MariaDB', 'MySQL'] as const)('a %s that cuts idle connections after a second', (product) => {
  let server: MariadbServer | MysqlServer
  let made: ProducerRig | undefined
  beforeAll(async () => {
    server = await STARTS[product]()
  })
  beforeEach(async () => {
    await run(`DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; CREATE TABLE shop.late (id INT PRIMARY KEY);
      CREATE TABLE shop.item (id INT PRIMARY KEY, text LONGTEXT)`)
  })
  afterEach(async () => {
    await made?.producer.stop()
  })
  afterAll(async () => {
    await server.destroy()
  })

  async function begin(): Promise<ProducerRig> {
    made = new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item', 'shop.late'] })
    return made.start()
  }

  /** Runs statements over a connection of their own: one that is kept would be cut, too. */
  async function run(sql: string): Promise<unknown[]> {
    const connection = await server.connect()
    const [rows] = await connection.query(sql)
    await connection.end()
    return rows as unknown[]
  }

  const threads = async (): Promise<ServerThread[]> => {
    const all = (await run('SHOW PROCESSLIST')) as ServerThread[]
    return all.filter(({ User }) => User === 'aesop')
  }

  const reconnects = ({ producer }: ProducerRig): number | undefined =>
    producer.metrics().find(({ name }) => name === 'producer_reconnects')?.value

  it('never makes the source connect again', async () => {
    const source = await begin()
    await run('INSERT INTO shop.item VALUES (1, NULL)')
    await source.arrived(1)
    await until('only the log to be read', async () => (await threads()).length === 1)
    expect((await threads())[0]?.Command).toMatch(/^Binlog Dump/)
    const began = performance.now()
    // The server counts whole seconds; three of them are more than the one it waits, whenever it looks.
    await until('three times the time-out', () => performance.now() - began > 3000)
    // A table that is asked for only now: the question comes long after the last one.
    await run('INSERT INTO shop.late VALUES (2); INSERT INTO shop.item VALUES (3, NULL)')
    await source.arrived(3)
    expect(source.ledger.ids).toEqual([1, 2, 3])
    expect(reconnects(source)).toBe(0)
  })

  it('waits while a busy sink takes nothing', async () => {
    const source = await begin()
    let release: () => void = () => undefined
    source.ledger.writable = new Promise((resolve) => (release = resolve))
    // More than what lies in the buffers of two sockets, so that the server has to wait in the middle of its writing.
    for (let id = 1; id <= 16; id++) await run(`INSERT INTO shop.item VALUES (${id}, REPEAT('x', 1000000))`)
    const began = performance.now()
    await until('three times the time-out', () => performance.now() - began > 3000)
    source.ledger.writable = undefined
    release()
    await source.arrived(16)
    expect(source.ledger.ids).toEqual(Array.from({ length: 16 }, (_unused, i) => i + 1))
    expect(reconnects(source)).toBe(0)
  })

  it('has no reader of the log left once the source has stopped', async () => {
    const source = await begin()
    expect(await threads()).not.toEqual([])
    await source.producer.stop()
    await until('its connections to be gone', async () => (await threads()).length === 0)
  })
})
