import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { freePort } from '../support/free-port.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
const DEADLINE_MS = 30_000

describe('npm run sample:mysql', () => {
  test('shows the whole path and proves the copy against the table', async () => {
    const { stdout } = await run('npm', ['run', '--silent', 'sample:mysql'], { cwd: ROOT })
    const lines = stdout.split('\n')
    expect(lines.filter((line) => /^\d\. /.test(line)).map((line) => line[0])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
    ])
    expect(lines.filter((line) => /^ {5}[+−] person \d/.test(line))).toHaveLength(8)
    expect(stdout).toMatch(/The consumer's copy equals the table: 4 people\./)
  })
})

describe('npm run sample:mysql-mysql-blocking-bootstrap', () => {
  test('brings a table into another server while it is written to, and proves the copy against the table', async () => {
    const { stdout } = await run('npm', ['run', '--silent', 'sample:mysql-mysql-blocking-bootstrap'], { cwd: ROOT })
    expect(stdout).toMatch(/An online client takes over at SCN \d+/)
    expect(stdout).toMatch(/The copy equals the table: \d+ people\./)
    expect(stdout.split('\n').filter((line) => /^\d\. /.test(line))).toHaveLength(6)
  })
})

describe('npm run sample:bootstrap-producer', () => {
  test('seeds a table, and shows what the store has', async () => {
    const { stdout } = await run('npm', ['run', '--silent', 'sample:bootstrap-producer'], { cwd: ROOT })
    expect(stdout).toMatch(/^ {5}shop\.item: 20000 rows, 100 %/m)
    expect(stdout).toMatch(/^ {7}shop\.item: ACTIVE, 20000 rows seeded, in the tables up to SCN (\d+) of \1$/m)
    expect(stdout).toMatch(
      /bootstrap seed shop\.item .*\n(.*\n)* {5}shop\.item: done, .* 100 %, 20000 of about \d+ rows$/m,
    )
    expect(stdout.split('\n').filter((line) => /^\d\. /.test(line))).toHaveLength(7)
  })
})

describe('npm run sample:bootstrap-server', () => {
  test('gives the rows to requests by hand and to a client, which goes on live', async () => {
    const { stdout } = await run('npm', ['run', '--silent', 'sample:bootstrap-server'], { cwd: ROOT })
    const lines = stdout.split('\n').map((line) => line.trim())
    expect(lines.filter((line) => line.startsWith('{"opcode":"UPSERT"'))).toHaveLength(4)
    expect(lines.filter((line) => /^bootstrap {2}UPSERT item \d/.test(line))).toHaveLength(4)
    expect(lines.filter((line) => line.startsWith('live  '))).toEqual([
      'live  UPSERT item 2  item 2, stock 102',
      'live  DELETE item 3  item 3, stock 3',
    ])
  })
})

describe('npm run sample:late-consumer', () => {
  test('brings a consumer that fell off back to the table, and says so on its page', async () => {
    const args = ['run', '--silent', 'sample:late-consumer', '--', '--once']
    const { stdout } = await run('npm', args, { cwd: ROOT })
    expect(stdout).toMatch(/[1-9]\d* rows of the snapshot, [1-9]\d* of the catch-up/)
    expect(stdout).toMatch(/the page says: The copy equals the table: \d+ items\./i)
    expect(stdout.split('\n').filter((line) => /^\d\. /.test(line))).toHaveLength(8)
  })
})

describe("the descriptors of Aesop's own sample", () => {
  let server: MariadbServer
  let sandbox = ''
  beforeAll(async () => {
    server = await MariadbServer.start()
    sandbox = newFolder('sandbox')
    await server.query('CREATE DATABASE or_test')
    await server.query(
      'CREATE TABLE or_test.person (id INT PRIMARY KEY, first_name VARCHAR(40), last_name VARCHAR(40), birth_date DATE, deleted VARCHAR(5))',
    )
    await server.query("CREATE USER or_test@'%' IDENTIFIED BY 'or_test'")
    await server.query("GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO or_test@'%'")
  })
  afterAll(async () => {
    await server.destroy()
    removeFolder(sandbox)
  })

  test('launch relay and client, and rows arrive in the shape of the hand-written schema', async () => {
    const env = {
      DB_HOST: '127.0.0.1',
      DB_PORT: String(server.port),
      RELAY_PORT: String(await freePort()),
      SANDBOX: sandbox,
    }
    const relay = LaunchedProcess.start(['samples/seed/relay/resources/external/bootstrap.yaml', '--fresh'], env)
    await relay.untilReady(DEADLINE_MS)
    expect(relay.errors).not.toContain('allocationPolicy')
    const client = LaunchedProcess.start(['samples/seed/client/resources/external/bootstrap.yaml', '--fresh'], env)
    await client.untilReady(DEADLINE_MS)
    await server.query("INSERT INTO or_test.person VALUES (7, 'Ada', NULL, '1815-12-10', 'no')")
    await server.query('DELETE FROM or_test.person WHERE id = 7')
    const lines = await client.untilOutput((output) => output.length >= 2, DEADLINE_MS)
    const row = { id: '7', firstName: 'Ada', lastName: null, birthDate: '1815-12-10', deleted: 'no' }
    const common = { table: 'person', source: 'com.flipkart.aesop.events.ortest.Person', key: '7', row }
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ ...common, opcode: 'UPSERT' }),
      expect.objectContaining({ ...common, opcode: 'DELETE' }),
    ])
    const kept = readdirSync(join(sandbox, 'mmapped_directory'), { recursive: true, encoding: 'utf8' })
    expect(kept.filter((name) => name.endsWith('.segment'))).toHaveLength(1)
    expect([await client.stop(), await relay.stop()]).toEqual([0, 0])
  })

  test('pass the check in their cluster form, and say at run time that it is not available yet', async () => {
    const descriptor = 'samples/seed/cluster-client/resources/external/bootstrap.yaml'
    const check = LaunchedProcess.start(['check', descriptor])
    expect(await check.untilExit()).toBe(0)
    const launch = LaunchedProcess.start([descriptor])
    expect(await launch.untilExit()).toBe(4)
    expect(launch.errors).toContain('AESOP_CLIENT_CLUSTER_NOT_AVAILABLE')
  })
})
