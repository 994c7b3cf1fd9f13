import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'

const SERVERS = {
  MariaDB: { reset: 'RESET MASTER', other: 'RESET QUERY CACHE', gtids: '@@gtid_binlog_pos' },
  MySQL: { reset: 'RESET BINARY LOGS AND GTIDS', other: 'RESET REPLICA ALL', gtids: '@@gtid_executed' },
} as const

let servers: { readonly MariaDB: MariadbServer; readonly MySQL: MysqlServer }
beforeAll(async () => {
  const [mariadb, mysql] = await Promise.all([MariadbServer.start(), MysqlServer.start()])
  servers = { MariaDB: mariadb, MySQL: mysql }
})
afterAll(async () => {
  await Promise.all([servers.MariaDB.destroy(), servers.MySQL.destroy()])
})

const codesOf = ({ failures }: ProducerRig): unknown[] => failures.map((error) => (error as { code?: unknown }).code)

function reconnects({ producer }: ProducerRig): number | undefined {
  return producer.metrics().find(({ name }) => name === 'producer_reconnects')?.value
}

/*
 * A server that resets its log tells the connections that read it nothing: its thread waits at the end of a file that is deleted,
 * sends heartbeats, and brings nothing that is written into the new file of that name.
 */
describe.each(['MariaDB', 'MySQL'] as const)('a log of %s that is reset under a live reading', (product) => {
  const { reset, other, gtids } = SERVERS[product]
  let server: MariadbServer | MysqlServer
  let made: ProducerRig | undefined
  beforeEach(async () => {
    server = servers[product]
    await server.query(`DROP DATABASE IF EXISTS shop; CREATE DATABASE shop;
      CREATE TABLE shop.item (id INT PRIMARY KEY); CREATE TABLE shop.other (id INT PRIMARY KEY AUTO_INCREMENT)`)
    await server.query(reset)
  })
  afterEach(async () => {
    await made?.producer.stop()
  })

  async function begin(startFrom = 'latest'): Promise<ProducerRig> {
    made = new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'], startFrom })
    return made.start()
  }

  async function insert(...ids: number[]): Promise<void> {
    for (const id of ids) await server.query(`INSERT INTO shop.item VALUES (${id})`)
  }

  async function ends(source: ProducerRig, ids: readonly number[]): Promise<void> {
    await until('the failure', () => source.failures.length > 0)
    expect(codesOf(source)).toEqual(['AESOP_MYSQL_LOG_RESET'])
    expect(source.ledger.ids).toEqual(ids)
  }

  it.each([
    ['nothing is written then', []],
    ['less is written then than there was', [3]],
  ])('ends by name while its first file is read, when %s', async (_name, then) => {
    const source = await begin()
    await insert(1, 2)
    await source.arrived(2)
    await server.query(reset)
    await insert(...then)
    await ends(source, [1, 2])
  })

  it('ends by name when the new log has come to the very same place', async () => {
    const source = await begin()
    await insert(1, 2)
    await source.arrived(2)
    // A log knows the second in which it was begun.
    const [begun] = await server.query<{ now: number }>('SELECT UNIX_TIMESTAMP() AS now')
    await until('the next second', async () => {
      const [later] = await server.query<{ now: number }>('SELECT UNIX_TIMESTAMP() AS now')
      return (later?.now ?? 0) > (begun?.now ?? 0)
    })
    await server.query(reset)
    await insert(3, 4)
    await ends(source, [1, 2])
  })

  it('ends by name while a later file is read, for which the server finds no next one', async () => {
    const source = await begin()
    await insert(1)
    await server.query('FLUSH BINARY LOGS')
    await insert(2)
    await source.arrived(2)
    await server.query(reset)
    await insert(3)
    await ends(source, [1, 2])
  })

  it('ends by name when the new log has a second file by then, where the server goes on', async () => {
    const source = await begin()
    await insert(1, 2)
    await source.arrived(2)
    await server.query(
      `${reset}; INSERT INTO shop.item VALUES (3); FLUSH BINARY LOGS; INSERT INTO shop.item VALUES (4)`,
    )
    await ends(source, [1, 2])
  })

  it('is not suspected while it is quiet, rotated, purged, written for others, or other things are reset', async () => {
    const source = await begin()
    await insert(1)
    const quiet = async (...statements: string[]): Promise<void> => {
      for (const sql of statements) await server.query(sql)
      const began = performance.now()
      // Six heartbeats and more: as long as it takes to be sure.
      await until('quiet heartbeats', () => performance.now() - began > 1500)
    }
    await quiet('FLUSH BINARY LOGS', 'PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY')
    await quiet('INSERT INTO shop.other VALUES ()', other)
    await insert(2)
    await source.arrived(2)
    expect(reconnects(source)).toBe(0)
    expect(source.failures).toEqual([])
    expect(source.warnings.filter((text) => /quiet|new connection/.test(text))).toEqual([])
  })

  it('is not suspected where the server has found the place by GTID, and ends by name when it is reset', async () => {
    await insert(1)
    const [at] = await server.query<{ gtids: string }>(`SELECT ${gtids} AS gtids`)
    await insert(2)
    const source = await begin(`gtid:${at?.gtids.replaceAll('\n', '') ?? ''}`)
    await source.arrived(1)
    const began = performance.now()
    await until('quiet heartbeats', () => performance.now() - began > 1500)
    expect(reconnects(source)).toBe(0)
    await server.query(reset)
    await ends(source, [2])
  })

  it('is not suspected while nobody takes what it sends', async () => {
    const source = await begin()
    let release: () => void = () => undefined
    source.ledger.writable = new Promise((resolve) => (release = resolve))
    await insert(1, 2, 3)
    const began = performance.now()
    await until('heartbeats to lie in the sockets', () => performance.now() - began > 1300)
    source.ledger.writable = undefined
    release()
    await source.arrived(3)
    expect(reconnects(source)).toBe(0)
  })
})

it('ends by name where files are read of a server that is reset', async () => {
  const { MariaDB: server } = servers
  await server.query(
    'DROP DATABASE IF EXISTS shop; RESET MASTER; CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)',
  )
  const uri = `binlog:${server.dataFolder}/mysql-bin.index`
  const made = await new ProducerRig({ uri, name: 'shop', sources: ['shop.item'] }).start()
  try {
    await server.query('INSERT INTO shop.item VALUES (1)')
    await made.arrived(1)
    await server.query('RESET MASTER; INSERT INTO shop.item VALUES (2)')
    await until('the failure', () => made.failures.length > 0)
    expect(codesOf(made)).toEqual(['AESOP_MYSQL_LOG_RESET'])
    expect(made.ledger.ids).toEqual([1])
  } finally {
    await made.producer.stop()
  }
})

it('goes with a proxy whose new connections lead to another server, while the old one lives on', async () => {
  const first = servers.MariaDB
  const second = await MariadbServer.start({ serverId: 2 })
  const proxy = await FaultProxy.start(first.port)
  const made = new ProducerRig({ uri: first.uri(proxy.port), name: 'shop', sources: ['shop.item'] })
  try {
    for (const server of [first, second]) {
      await server.query(
        'DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)',
      )
    }
    await made.start()
    await first.query('INSERT INTO shop.item VALUES (1)')
    await made.arrived(1)
    proxy.retarget(second.port)
    await second.query('INSERT INTO shop.item VALUES (2)')
    // Its history is another one, of which reading says so.
    await until('the failure', () => made.failures.length > 0)
    expect(codesOf(made)).toEqual(['AESOP_MYSQL_LOG_RESET'])
    expect(made.warnings.join()).toContain('the server 2/0 answers, not 1/0')
  } finally {
    await made.producer.stop()
    await proxy.close()
    await second.destroy()
  }
})

// The last one: the server whose index it changes is of no use afterwards.
it('is given up by name where the index of the server lacks a file, and the place proves nothing wrong', async () => {
  const { MariaDB: server } = servers
  await server.query(`DROP DATABASE IF EXISTS shop; RESET MASTER; CREATE DATABASE shop;
    CREATE TABLE shop.item (id INT PRIMARY KEY); INSERT INTO shop.item VALUES (1); FLUSH BINARY LOGS`)
  const index = join(server.dataFolder, 'mysql-bin.index')
  const whole = readFileSync(index, 'utf8')
  const made = new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'], startFrom: 'earliest' })
  try {
    // In its place, and as long as before: the server has it open.
    writeFileSync(index, `${whole.split('\n')[0] ?? ''}\n`.padEnd(whole.length, '\n'))
    await made.start()
    await made.arrived(1)
    await until('the failure', () => made.failures.length > 0)
    expect(codesOf(made)).toEqual(['AESOP_MYSQL_NEXT_LOG_MISSING'])
    expect([2, 3]).toContain(reconnects(made))
  } finally {
    await made.producer.stop()
    writeFileSync(index, whole)
  }
})
