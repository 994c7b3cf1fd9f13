import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PhysicalSourceConfig } from '@aesop/producer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'
import { type LedgerRow } from '../support/window-ledger.ts'

/* Runs the files of `cases/`, see the README there. */

const FOLDER = resolve(import.meta.dirname, 'cases')
const MARKER = 'marker.done'
const keys = newFolder('keys')

/** What the files call servers. */
const SERVERS = {
  mfull: () => MariadbServer.start(),
  mnolog: () => MariadbServer.start({ rowMetadata: 'NO_LOG' }),
  menc: () => MariadbServer.start({ lines: encryption() }),
  mmisc: () =>
    MariadbServer.start({ lines: ['binlog-ignore-db=ignored', 'sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES'] }),
  yfull: () => MysqlServer.start(),
  ymin: () => MysqlServer.start({ rowMetadata: 'MINIMAL' }),
}
type ServerName = keyof typeof SERVERS

interface Change {
  readonly src?: string
  readonly op?: string
  readonly key?: string
  readonly row?: Readonly<Record<string, unknown>>
  readonly columns?: readonly string[]
}

interface StreamCase {
  readonly name: string
  readonly servers: readonly string[]
  readonly capture: readonly string[]
  readonly before: string
  readonly live: string
  readonly between: string | undefined
  readonly after: string | undefined
  readonly expected: readonly Change[]
  readonly concern: string | undefined
}

function encryption(): string[] {
  const file = join(keys, 'keys.txt')
  // The server runs as another user.
  chmodSync(keys, 0o755)
  writeFileSync(file, `1;${'0123456789abcdef'.repeat(4)}\n`)
  const plugin = ['plugin-load-add=file_key_management', `loose-file-key-management-filename=${file}`]
  return [...plugin, 'encrypt-binlog=ON']
}

function readCase(name: string): StreamCase {
  const sections = readFileSync(join(FOLDER, name), 'utf8')
    .split(/^-- @/m)
    .slice(1)
    .map((text) => [/^\w+/.exec(text)?.[0] ?? '', text.replace(/^\w+/, '').trim()] as const)
  const all = (key: string): string[] => sections.filter(([each]) => each === key).map(([, text]) => text)
  const one = (key: string): string => {
    const [text] = all(key)
    if (text === undefined) throw new Error(`${name} has no @${key}`)
    return text
  }
  return {
    name: name.replace(/\.sql$/, '').replaceAll('-', ' '),
    servers: one('server').split(' '),
    capture: JSON.parse(one('capture')) as string[],
    before: one('before'),
    live: one('live'),
    between: all('between')[0],
    after: all('after')[0],
    expected: all('expect').map((text) => JSON.parse(text) as Change),
    concern: all('concern')[0],
  }
}

const cases = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .map(readCase)

/** Values as the files write them. */
function written(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  return value
}

afterAll(() => {
  removeFolder(keys)
})

describe.each(Object.keys(SERVERS) as ServerName[])('on the server %s', (serverName) => {
  const own = cases.filter(({ servers }) => servers.includes(serverName))
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = await SERVERS[serverName]()
    await server.query('CREATE DATABASE marker; CREATE TABLE marker.done (id INT PRIMARY KEY AUTO_INCREMENT)')
  })
  afterAll(async () => {
    await server.destroy()
  })

  /** In a session of its own. */
  async function run(sql: string): Promise<void> {
    const connection = await server.connect()
    try {
      await connection.query(sql)
    } finally {
      await connection.end()
    }
  }

  it.each(own)('$name', async ({ capture, before, live, between, after, expected, concern }) => {
    await run(before)
    const options = { uri: server.uri(), name: 'cases', sources: [...capture, MARKER] }
    const nameOf = new Map(new PhysicalSourceConfig(options).sources.map(({ id, uri }) => [id, uri]))
    let rig = await new ProducerRig(options).start()
    try {
      await run(live)
      if (between !== undefined) {
        await rig.producer.stop()
        await run(between)
        rig = await rig.again().start()
      }
      await run('INSERT INTO marker.done VALUES ()')
      const isMarker = ({ sourceId }: LedgerRow): boolean => nameOf.get(sourceId) === MARKER
      await until('the end of the case', () => {
        if (rig.failures[0] !== undefined) throw rig.failures[0]
        return rig.ledger.rows.some(isMarker)
      })
      const came = rig.ledger.rows
        .filter((row) => !isMarker(row))
        .map(({ opcode, key, sourceId, row }) => ({
          src: nameOf.get(sourceId),
          op: opcode,
          // Keys of columns with integers are 64-bit ones, however the producer hands them over.
          key: written(typeof key === 'number' ? BigInt(key) : key),
          columns: Object.keys(row),
          row: Object.fromEntries(Object.entries(row).map(([field, value]) => [field, written(value)])),
        }))
      expect(came).toHaveLength(expected.length)
      expect(came).toMatchObject(expected)
      if (concern === undefined) expect(rig.producer.status().concern).toBeUndefined()
      else expect(rig.producer.status().concern).toContain(concern)
    } finally {
      await rig.producer.stop()
      if (after !== undefined) await run(after)
    }
  })
})

it('runs every case somewhere', () => {
  const known = Object.keys(SERVERS)
  expect(cases.length).toBeGreaterThan(0)
  for (const { name, servers } of cases) expect(known, name).toEqual(expect.arrayContaining([...servers]))
})
