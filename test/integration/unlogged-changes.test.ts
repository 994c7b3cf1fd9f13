import { type Logger, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseMysqlUri } from '../../packages/producer-mysql/src/server/mysql-uri.ts'
import { ServerOrigin } from '../../packages/producer-mysql/src/origin/server-origin.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'

type Server = MariadbServer | MysqlServer

const STARTS = {
  MariaDB: (lines: readonly string[]) => MariadbServer.start({ lines }),
  MySQL: (lines: readonly string[]) => MysqlServer.start({ lines }),
}

/** The code and remedy of every warning. */
class Warnings {
  readonly texts: string[] = []
  readonly log: Logger = {
    ...silentLogger,
    warn: (message, fields) => this.texts.push(`${String(fields?.['code'])} ${message}: ${String(fields?.['remedy'])}`),
  }
}

describe.each(['MariaDB', 'MySQL'] as const)('a %s that keeps changes out of its log', (product) => {
  const open: { close(): Promise<unknown> }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })

  async function started(lines: readonly string[]): Promise<Server> {
    const server = await STARTS[product](lines)
    open.push({ close: () => server.destroy() })
    await server.query(`CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY);
      CREATE DATABASE apart; CREATE TABLE apart.item (id INT PRIMARY KEY)`)
    return server
  }

  /** What a start over these tables says. */
  async function concern(server: Server, tables: readonly string[]): Promise<{ warnings: string[]; health?: string }> {
    const { log, texts } = new Warnings()
    const uri = parseMysqlUri(server.uri())
    const physicalSource = new PhysicalSourceConfig({ uri: server.uri(), name: 'shop', sources: tables })
    const origin = new ServerOrigin({ uri, physicalSource, serverId: 4711, log })
    open.push({ close: () => origin.release() })
    await origin.settle(await origin.locate({ kind: 'latest' }))
    const warnings = texts.filter((text) => text.startsWith('AESOP'))
    return origin.concern === undefined ? { warnings } : { warnings, health: origin.concern }
  }

  it.each([
    ['binlog_ignore_db', ['binlog-ignore-db=other', 'binlog-ignore-db=apart']],
    ['binlog_do_db', ['binlog-do-db=shop', 'binlog-do-db=more']],
  ])('by %s says so at the start, in health, for the tables that it concerns only', async (setting, lines) => {
    const server = await started(lines)
    expect(await concern(server, ['shop.item'])).toEqual({ warnings: [] })
    const both = await concern(server, ['shop.item', 'apart.item'])
    expect(both.warnings).toHaveLength(1)
    expect(both.warnings[0]).toMatch(/^AESOP_MYSQL_CHANGES_UNLOGGED /)
    expect(both.warnings[0]).toContain(`Remove ${setting}`)
    expect(both.health).toContain('apart.item')
    expect(both.health).not.toContain('shop.item')

    // The setting does what is said of it, wherever the session stands.
    const source = new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item', 'apart.item'] })
    open.push({ close: () => source.producer.stop() })
    await source.start()
    expect(source.producer.health()).toMatchObject({ status: 'degraded' })
    expect(source.producer.status().concern).toContain('apart.item')
    await server.query('USE shop; INSERT INTO apart.item VALUES (1); USE apart; INSERT INTO shop.item VALUES (2)')
    await source.arrived(1)
    expect(source.ledger.ids).toEqual([2])
  })

  it('as a replica without log_slave_updates says so while it is one', async () => {
    const server = await started(['log-slave-updates=OFF', 'relay-log=relay', 'server-id=9'])
    expect(await concern(server, ['shop.item'])).toEqual({ warnings: [] })
    await server.query(
      product === 'MariaDB'
        ? "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='x'; START SLAVE"
        : "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=1, SOURCE_USER='x'",
    )
    const replica = await concern(server, ['shop.item'])
    expect(replica.warnings).toHaveLength(1)
    expect(replica.warnings[0]).toContain('log_slave_updates=ON')
    expect(replica.health).toContain('replica')
    await server.query(product === 'MariaDB' ? 'STOP SLAVE' : 'RESET REPLICA ALL')
    expect(await concern(server, ['shop.item'])).toEqual({ warnings: [] })
  })
})

describe('a source that runs while its server begins or ends to keep changes out of its log', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['log-slave-updates=OFF'] })
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
  })
  afterAll(async () => {
    await server.destroy()
  })

  it('looks again at each connection', async () => {
    const source = new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'] })
    await source.start()
    expect(source.producer.health()).toEqual({ status: 'up' })
    await server.query("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='x'; START SLAVE")
    await server.killDumpThreads()
    const says = (): string => source.producer.health().detail ?? ''
    await until('the concern', () => says().includes('log_slave_updates=OFF'))
    await server.query('STOP SLAVE')
    await until('another connection', async () => (await server.killDumpThreads()) > 0)
    await until('no concern', () => source.producer.health().status === 'up')
    await source.producer.stop()
  })
})
