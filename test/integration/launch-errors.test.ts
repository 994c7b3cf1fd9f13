import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { freePort } from '../support/free-port.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

/*
 * What people get wrong, as they meet it: the launch of real descriptors in a process of its own. Each error is named,
 * says the place and the remedy, the exit code is the documented one, and nothing is left half started.
 */
const EXIT = { descriptors: 3, startFailed: 4, died: 1 }
let folder = ''

beforeEach(() => {
  folder = newFolder('errors')
})
afterEach(() => {
  removeFolder(folder)
})

function writeRelay(uri: string, more: { table?: string; port?: number; properties?: string } = {}): void {
  const { table = 'shop.item', port = 0, properties = '' } = more
  writeFileSync(
    join(folder, 'bootstrap.yaml'),
    `beans:\n  bootstrapInfo:\n    class: BootstrapInfo\n    properties: { applicationName: faulty, componentContainers: [relay] }\n`,
  )
  writeFileSync(
    join(folder, 'relay-config.yaml'),
    `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig:
        relayProperties: { databus.relay.container.httpPort: ${port} }
      producerRegistrationList:
        - physicalSourceConfig:
            uri: ${uri}
            startFrom: earliest
            sources: [${table}]
${properties}`,
  )
}

async function run(...args: string[]): Promise<LaunchedProcess> {
  const launch = LaunchedProcess.start([join(folder, 'bootstrap.yaml'), ...args])
  const limit = setTimeout(() => launch.child.kill('SIGKILL'), 30_000)
  await launch.untilExit()
  clearTimeout(limit)
  return launch
}

describe('descriptors with faults', () => {
  test.each([
    [
      'an unknown bean',
      '      relayConfig: { ref: relayConfg }',
      'AESOP_DESCRIPTOR_BEAN_UNKNOWN',
      /relay-config\.yaml:5:\d+/,
    ],
    [
      'an unknown property',
      '      relayConfigg: {}',
      'AESOP_DESCRIPTOR_PROPERTY_UNKNOWN',
      /did you mean "relayConfig"/,
    ],
    [
      'an unknown class',
      '      relayConfig: { class: RelayConfigg }',
      'AESOP_DESCRIPTOR_CLASS_UNKNOWN',
      /did you mean "RelayConfig"/,
    ],
    [
      'a module that is not there',
      '      relayConfig: { class: ./mine.ts#RelayConfig }',
      'AESOP_MODULE_NOT_FOUND',
      /mine\.ts/,
    ],
    [
      'a wrong key',
      '      relayConfig: { relayProperties: { databus.relay.container.httpPrt: 1 } }',
      'AESOP_DESCRIPTOR_PROPERTY_UNKNOWN',
      /did you mean "databus\.relay\.container\.httpPort"/,
    ],
    [
      'a wrong type',
      '      relayConfig: { relayProperties: { databus.relay.container.httpPort: abc } }',
      'AESOP_DESCRIPTOR_PROPERTY_TYPE',
      /"abc"/,
    ],
  ])('%s: exit 3, the place, and nothing started', async (_what, line, code, detail) => {
    writeRelay('memory:nothing')
    writeFileSync(
      join(folder, 'relay-config.yaml'),
      `beans:\n  relay:\n    class: DefaultRelayFactory\n    properties:\n${line}\n      producerRegistrationList: [{ physicalSourceConfig: { uri: 'memory:x', sources: [a.b] } }]\n`,
    )
    const launch = await run()
    expect(launch.errors).toContain(code)
    expect(launch.errors).toMatch(/relay-config\.yaml:5:\d+/)
    expect(launch.errors).toMatch(detail)
    expect(launch.exitCode).toBe(EXIT.descriptors)
  })

  test('a descriptor that is not there: exit 3 and the folders searched', async () => {
    writeRelay('memory:x')
    rmSync(join(folder, 'relay-config.yaml'))
    const launch = await run()
    expect(launch.errors).toContain('relay-config.yaml')
    expect(launch.errors).toContain(folder)
    expect(launch.exitCode).toBe(EXIT.descriptors)
  })

  test('a port in use: exit 4, the port and the remedy', async () => {
    const holder: Server = createServer()
    const port = await freePort()
    await new Promise<void>((done) => holder.listen(port, '127.0.0.1', done))
    writeRelay('memory:x', { port })
    const launch = await run()
    holder.close()
    expect(launch.errors).toContain('AESOP_RELAY_PORT_IN_USE')
    expect(launch.errors).toContain(String(port))
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })

  test('a checkpoint that can not be read: exit 4, the file and the remedy', async () => {
    writeFileSync(
      join(folder, 'bootstrap.yaml'),
      `beans:\n  bootstrapInfo:\n    class: BootstrapInfo\n    properties: { applicationName: torn, componentContainers: [client] }\n`,
    )
    writeFileSync(
      join(folder, 'consumer.mjs'),
      'export class Factory { createConsumer() { return { onDataEvent() {} } } }\n',
    )
    writeFileSync(
      join(folder, 'client-config.yaml'),
      `beans:\n  client:\n    class: DefaultClientFactory\n    properties:\n      consumerRegistrationList:\n        - { id: torn, consumerFactory: { class: './consumer.mjs#Factory' }, logicalSources: [a.b] }\n`,
    )
    const checkpoint = join(folder, '.aesop/checkpoints/torn/current.json')
    mkdirSync(join(checkpoint, '..'), { recursive: true })
    writeFileSync(checkpoint, '{"consumption_mode":"ONLINE_CONS')
    const launch = await run()
    expect(launch.errors).toContain('AESOP_CHECKPOINT_UNREADABLE')
    expect(launch.errors).toContain(checkpoint)
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })
})

describe('servers that can not be read', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start()
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
    await server.query(`CREATE USER 'poor'@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`)
  })
  afterAll(async () => {
    await server.destroy()
  })

  test('a wrong password: exit 4, and the password is nowhere', async () => {
    writeRelay(server.uri(server.port, 'aesop', 'wrongword'))
    const launch = await run()
    expect(launch.errors).toContain('AESOP_MYSQL_ACCESS_DENIED')
    expect(launch.errors).toMatch(/relay-config\.yaml:\d+:\d+/)
    expect(launch.errors).not.toContain('wrongword')
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })

  test('a missing grant: exit 4 and the statement that gives it', async () => {
    writeRelay(server.uri(server.port, 'poor'))
    const launch = await run()
    expect(launch.errors).toContain('AESOP_MYSQL_GRANT_MISSING')
    expect(launch.errors).toMatch(/GRANT REPLICATION SLAVE/)
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })

  test('an unknown table: exit 4 and its name', async () => {
    writeRelay(server.uri(), { table: 'shop.itme' })
    const launch = await run()
    expect(launch.errors).toContain('AESOP_MYSQL_TABLE_UNKNOWN')
    expect(launch.errors).toContain('shop.itme')
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })

  test('nobody there: exit 4 and the address', async () => {
    const port = await freePort()
    writeRelay(server.uri(port))
    const launch = await run()
    expect(launch.errors).toContain('AESOP_MYSQL_SERVER_UNREACHABLE')
    expect(launch.errors).toContain(String(port))
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })

  test('a position that was purged: exit 4 and what can be done', async () => {
    writeRelay(server.uri())
    const first = LaunchedProcess.start([join(folder, 'bootstrap.yaml')])
    await first.untilReady(30_000)
    expect(await first.stop()).toBe(0)
    await server.query('INSERT INTO shop.item VALUES (1)')
    await server.purge()
    const launch = await run()
    expect(launch.errors).toContain('AESOP_MYSQL_LOG_PURGED')
    expect(launch.errors).toContain('SHOW BINARY LOGS')
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })

  test.each([
    ['no binary log', { logBin: false }, 'AESOP_MYSQL_BINLOG_OFF', /log_bin/],
    ['a log of statements', { binlogFormat: 'STATEMENT' as const }, 'AESOP_MYSQL_BINLOG_FORMAT', /binlog_format=ROW/],
  ])('%s: exit 4 and the setting', async (_what, options, code, setting) => {
    const other = await MariadbServer.start(options)
    await other.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
    writeRelay(other.uri())
    const launch = await run()
    await other.destroy()
    expect(launch.errors).toContain(code)
    expect(launch.errors).toMatch(setting)
    expect(launch.exitCode).toBe(EXIT.startFailed)
  })
})
