import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Checkpoint } from '@aesop/checkpoint'
import { LaunchedProcess } from '../support/launched-process.ts'
import { ADMIN_TOKEN, leaksIn, type Marker, RELAY_TOKEN, ROW_TEXT, SERVER_PASSWORD } from '../support/markers.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/*
 * A marker in every place of a secret, in rows and keys, and in what a consumer says when it fails: everything that the
 * processes wrote or served is searched for them.
 */
const DEADLINE_MS = 60_000
const SECRETS = {
  uriPassword: 'S3cMarkUriPassword',
  filePassword: `${SERVER_PASSWORD}20"x`,
  wrongPassword: 'S3cMarkWrongPassword',
  setPassword: 'S3cMarkSetPassword',
  adminToken: ADMIN_TOKEN,
  relayToken: RELAY_TOKEN,
  credential: 'S3cMarkCredentialText',
}
const KEY = `${ROW_TEXT}, its key`
const VALUE = `${ROW_TEXT}, its value`
const WORDS = 'MarkWordsOfAConsumer'

const CONSUMER = `import { appendFileSync, existsSync } from 'node:fs'
export class Factory {
  createConsumer() {
    return {
      onDataEvent(event) {
        if (existsSync('fail')) throw new Error('${WORDS}')
        appendFileSync('seen', JSON.stringify(event) + '\\n')
      },
    }
  }
}
`
const BOOTSTRAP = (what: string): string =>
  `beans: { info: { class: BootstrapInfo, properties: { applicationName: ${what}, componentContainers: [${what}] } } }\n`
const SOURCE = (server: string, more = ''): string => `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
        - physicalSourceConfig: { name: shop, ${server}, startFrom: earliest, sources: [shop.person]${more} }
`
const CLIENT = `beans:
  client:
    class: DefaultClientFactory
    properties:
      clientConfig:
        relayClientConfigs: [{ relayPort: '\${RELAY_PORT}' }]
        clientProperties:
          databus.client.connectionDefaults.dispatcherRetries: { initSleep: 100, maxSleep: 200, maxRetryNum: -1 }
      consumerRegistrationList:
        - { id: people, consumerFactory: { class: './consumer.js#Factory' }, logicalSources: [shop.person] }
`

const root = newFolder('markers')
/** What was written or served, by where it was found; rows belong into those of `rowsBelong`. */
const found = new Map<string, string>()
const rowsBelong = new Map<string, string>()
const running: LaunchedProcess[] = []
let server: MariadbServer
let env: Readonly<Record<string, string>>

/** Makes a folder with descriptors. */
function folderOf(name: string, container: string, config: string): string {
  const folder = newFolder(name, root)
  writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP(container))
  writeFileSync(join(folder, `${container}-config.yaml`), config)
  writeFileSync(join(folder, 'consumer.js'), CONSUMER)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

function launch(folder: string, ...args: string[]): LaunchedProcess {
  const launched = LaunchedProcess.start(args, { ...env, RELAY_PORT: relayPort }, folder)
  running.push(launched)
  return launched
}

/** Runs a command or a launch to its end, and keeps what it wrote. */
async function toItsEnd(name: string, folder: string, ...args: string[]): Promise<string> {
  const launched = launch(folder, ...args)
  await launched.untilExit()
  const written = [...launched.output, launched.errors].join('\n')
  found.set(name, written)
  return written
}

async function visit(base: string, path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) })
  const text = [...[...response.headers].map((header) => header.join(': ')), await response.text()].join('\n')
  found.set(`${init.method ?? 'GET'} ${base}${path} ${init.headers === undefined ? '' : 'with a token'}`, text)
  return text
}

const ADMIN_PAGES = [
  ...[
    '/health/live',
    '/health/ready',
    '/metrics',
    '/admin/containers',
    '/admin/beans',
    '/admin/graph',
    '/admin/startup',
  ],
  ...['/admin/graph?format=mermaid', '/admin/graph?format=dot', '/admin/config', '/admin/loggers', '/admin/nothing'],
]
const RELAY_PAGES = [
  ...['/sources', '/physicalSources', '/admin', '/admin/status', '/containerStats/outbound/total', '/nothing'],
  ...['/containerStats/inbound/events/total', '/relayStats/outbound/http/total', '/bufferInfo/inbound/shop/1'],
  ...['/register?sources=1', '/stream?sources=1&checkPoint=nonsense', '/stream?sources=99&size=1'],
]

async function visitAll(base: string, pages: readonly string[], token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  for (const path of pages) {
    await visit(base, path)
    await visit(base, path, { headers })
  }
  await visit(base, pages[0] ?? '', { headers: { authorization: 'Bearer wrong-token-of-20-chars' } })
  await visit(base, '/admin/loggers/root', { method: 'PUT', body: '{"level":', headers })
}

/** What a reader gets from the relay, rows included. */
async function streamOf(address: string): Promise<string> {
  const headers = { authorization: `Bearer ${SECRETS.relayToken}` }
  const sources = (await (await fetch(`${address}/sources`, { headers })).json()) as { id: number; name: string }[]
  const id = sources.find(({ name }) => name === 'shop.person')?.id ?? 0
  const place = encodeURIComponent(Checkpoint.flexible().format())
  const path = `/stream?sources=${id}&checkPoint=${place}&output=binary&size=1000000`
  const response = await fetch(`${address}${path}`, { headers })
  return Buffer.from(await response.arrayBuffer()).toString('latin1')
}

let relayPort = '1'
const addressIn = ({ errors }: LaunchedProcess, pattern: RegExp): string => pattern.exec(errors)?.[1] ?? ''
const admin = (launched: LaunchedProcess): string => addressIn(launched, /admin"?[=:]"?(http:\/\/[\d.]+:\d+)/)

beforeAll(async () => {
  server = await MariadbServer.start()
  const { uriPassword, filePassword, adminToken, relayToken, setPassword, credential } = SECRETS
  for (const [user, password] of Object.entries({ plain: uriPassword, odd: filePassword })) {
    await server.query(`CREATE USER ${user} IDENTIFIED BY '${password}'`)
    await server.query(`GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO ${user}`)
  }
  await server.query('CREATE DATABASE shop')
  await server.query('CREATE TABLE shop.person (id VARCHAR(40) PRIMARY KEY, name LONGTEXT)')
  await server.query(`INSERT INTO shop.person VALUES ('${KEY}', '${VALUE}')`)
  writeFileSync(join(root, 'password'), `${filePassword}\n`)
  writeFileSync(join(root, 'credential'), credential)
  env = {
    DB_PORT: String(server.port),
    DB_PASSWORD: uriPassword,
    SET_PASSWORD: setPassword,
    AESOP_ADMIN_TOKEN: adminToken,
    AESOP_RELAY_TOKEN: relayToken,
    CREDENTIALS_DIRECTORY: root,
  }
}, 120_000)

afterAll(async () => {
  for (const launched of running) await launched.stop('SIGKILL')
  await server.destroy()
  removeFolder(root)
})

describe('everything that is written or served', () => {
  test('is provoked: rows pass, a consumer fails, and pages are read', async () => {
    const relayFolder = folderOf('relay', 'relay', SOURCE("uri: 'mysql://plain:${DB_PASSWORD}@127.0.0.1:${DB_PORT}'"))
    const relay = launch(relayFolder, 'bootstrap.yaml', '--admin', '0', '--verbose')
    await relay.untilReady(DEADLINE_MS)
    const address = addressIn(relay, /listens on (http:\/\/[\d.]+:\d+)/)
    relayPort = address.split(':').at(-1) ?? ''
    const clientFolder = folderOf('client', 'client', CLIENT)
    writeFileSync(join(clientFolder, 'fail'), '')
    const client = launch(clientFolder, 'bootstrap.yaml', '--admin', '0', '--verbose', '--log-format', 'json')
    await client.until(() => client.errors.includes(WORDS), DEADLINE_MS, 'its consumer failed')
    const headers = { authorization: `Bearer ${SECRETS.adminToken}` }
    expect(await visit(admin(client), '/admin/beans', { headers })).toContain('sha256:')
    await visitAll(admin(client), ADMIN_PAGES, SECRETS.adminToken)
    await visitAll(admin(relay), ADMIN_PAGES, SECRETS.adminToken)
    await visitAll(address, RELAY_PAGES, SECRETS.relayToken)
    rmSync(join(clientFolder, 'fail'))
    const seen = (): string =>
      readdirSync(clientFolder).includes('seen') ? readFileSync(join(clientFolder, 'seen'), 'utf8') : ''
    await until('the row came', () => seen().includes(VALUE), DEADLINE_MS)
    rowsBelong.set('consumer', seen())
    rowsBelong.set('stream', await streamOf(address))
    expect([await relay.stop(), await client.stop()]).toEqual([0, 0])
    for (const [name, { output, errors }] of Object.entries({ relay, client }))
      found.set(name, [...output, errors].join('\n'))
    await Promise.all(
      [['print'], ['graph'], ['check'], ['print', '--json'], ['state', 'show']].map((command) =>
        toItsEnd(command.join(' '), relayFolder, ...command, 'bootstrap.yaml'),
      ),
    )
    for (const folder of [relayFolder, clientFolder]) keepFiles(join(folder, '.aesop'))
  }, 120_000)

  test('is provoked: a wrong password, a row that is too large, descriptors with faults', async () => {
    const byProperties = "host: 127.0.0.1, port: '${DB_PORT}', user: odd, password: '${file:../password}'"
    const large = folderOf('large', 'relay', SOURCE(byProperties, ', largestEventSizeInBytes: 100'))
    const tooLarge = toItsEnd('too large a row', large, 'bootstrap.yaml', '--admin', '0', '--verbose')
    const wrong = folderOf(
      'wrong',
      'relay',
      SOURCE(`uri: 'mysql://plain:${SECRETS.wrongPassword}@127.0.0.1:\${DB_PORT}'`),
    )
    const refused = toItsEnd('wrong password', wrong, 'bootstrap.yaml', '--admin', 'off', '--verbose')
    expect(await tooLarge).toMatch(/ordinal \d+ of its transaction, key sha256:/)
    expect(await refused).toContain('AESOP_MYSQL_')
    keepFiles(join(large, '.aesop'))
    const number = SOURCE(
      "uri: 'mysql://plain:${my.password}@127.0.0.1', id: '${DB_PASSWORD}', name: '${cred:credential}'",
    )
    const faulty = folderOf('faulty', 'relay', number)
    const set = ['--set', `my.password=${SECRETS.setPassword}`]
    const commands = ['check', 'print', 'run']
    const ended = commands.map((each) => toItsEnd(`${each} with faults`, faulty, each, 'bootstrap.yaml', ...set))
    for (const written of await Promise.all(ended)) expect(written).toMatch(/AESOP_DESCRIPTOR_/)
  }, 120_000)

  test('shows no secret', () => {
    expect(found.size).toBeGreaterThan(60)
    expect(Object.values(SECRETS).filter((each) => leaksIn(each, ['secret']).length === 0)).toEqual([])
    expect(holding('secret', found)).toEqual([])
    expect(holding('secret', rowsBelong)).toEqual([])
  })

  test('shows rows and keys where they belong alone', () => {
    expect(holding('row', rowsBelong)).toEqual(['consumer', 'stream'])
    expect(holding('row', found)).toEqual([])
  })

  test("shows a consumer's words in the log alone", () => {
    expect([...found].filter(([, text]) => text.includes(WORDS)).map(([name]) => name)).toEqual(['client'])
  })
})

function holding(marker: Marker, texts: ReadonlyMap<string, string>): string[] {
  return [...texts].filter(([, text]) => leaksIn(text, [marker]).length > 0).map(([name]) => name)
}

/** Files of a state: no row has anything to do there. */
function keepFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) found.set(path, readFileSync(path, 'latin1'))
  }
}
