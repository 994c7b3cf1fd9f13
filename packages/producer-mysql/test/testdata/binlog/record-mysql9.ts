// Records the logs of MySQL 9 beside this file, with the values that SELECT prints: node --import tsx record-mysql9.ts [NAME…]
// Each folder gets mysql-bin.000001 and mysql-bin.index; mysql9-full also expected.json and catalogue.json, which hold
// for the other recordings of the same script.
// The server is downloaded and unpacked when it is not there, and is gone afterwards.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { MysqlServer, type MysqlOptions } from '../../../../../test/support/mysql-server.ts'

interface Recording extends MysqlOptions {
  readonly script: string
}

const COMPRESSION = ['binlog-transaction-compression=ON']
const RECORDINGS: Readonly<Record<string, Recording>> = {
  'mysql9-full': { script: 'mysql9-types' },
  'mysql9-minimal': { script: 'mysql9-types', rowMetadata: 'MINIMAL' },
  'mysql9-compressed': { script: 'mysql9-types', lines: COMPRESSION },
  'mysql9-shapes': { script: 'mysql9-shapes' },
  'mysql9-shapes-compressed': { script: 'mysql9-shapes', lines: COMPRESSION },
  'mysql9-anonymous': { script: 'mysql9-anonymous', gtids: false },
  'mysql9-tagged': { script: 'mysql9-tagged' },
  'mysql9-partial-json': { script: 'mysql9-partial-json' },
  'mysql9-row-image': { script: 'mysql9-row-image' },
  'mysql9-big': { script: 'mysql9-big', lines: COMPRESSION },
}

const only = process.argv.slice(2)
for (const [name, recording] of Object.entries(RECORDINGS)) {
  if (only.length === 0 || only.includes(name)) await record(name, recording)
}

async function record(name: string, { script, ...options }: Recording): Promise<void> {
  const server = await MysqlServer.start(options)
  try {
    await server.query('RESET BINARY LOGS AND GTIDS')
    await run(server, readFileSync(join(import.meta.dirname, `${script}.sql`), 'utf8'))
    const target = join(import.meta.dirname, name)
    mkdirSync(target, { recursive: true })
    if (name === 'mysql9-full') await writeExpected(server, target)
    await server.query('FLUSH BINARY LOGS')
    copyFileSync(join(server.dataFolder, 'mysql-bin.000001'), join(target, 'mysql-bin.000001'))
    chmodSync(join(target, 'mysql-bin.000001'), 0o644)
    writeFileSync(join(target, 'mysql-bin.index'), './mysql-bin.000001\n')
  } finally {
    await server.destroy()
  }
}

/** A line `-- connect` begins a new session, as XA needs it. */
async function run(server: MysqlServer, sql: string): Promise<void> {
  for (const part of sql.split(/^-- connect$/m)) {
    const session = await server.connect()
    await session.query('SET NAMES utf8mb4')
    await session.query(part)
    await session.end()
  }
}

async function writeExpected(server: MysqlServer, target: string): Promise<void> {
  const session = await server.connect()
  await session.query("SET time_zone = '+00:00', NAMES utf8mb4")
  const tables = await rowsOf(session, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'types'")
  const names = tables.map(([table]) => String(table)).sort()
  const expected: [string, unknown][] = []
  const catalogue: unknown[] = []
  for (const table of names) {
    const columns = await columnsOf(session, table)
    expected.push([table, await expectedOf(session, table, columns)])
    catalogue.push(describe(table, columns))
  }
  await session.end()
  writeFileSync(join(target, 'expected.json'), JSON.stringify(Object.fromEntries(expected), undefined, 1) + '\n')
  writeFileSync(join(target, 'catalogue.json'), JSON.stringify(catalogue, undefined, 1) + '\n')
}

interface Column {
  readonly name: string
  readonly type: string
  readonly charset: string | null
  readonly key: string
}

async function columnsOf(session: Connection, table: string): Promise<Column[]> {
  const sql = `SELECT column_name, column_type, character_set_name, column_key FROM information_schema.columns
    WHERE table_schema = 'types' AND table_name = '${table}' ORDER BY ordinal_position`
  const found = await rowsOf(session, sql)
  return found.map(([name, type, charset, key]) => ({
    name: String(name),
    type: String(type),
    charset: charset ?? null,
    key: String(key),
  }))
}

/** Bytes as hex digits, timestamps in UTC, everything else as the server prints it. */
async function expectedOf(session: Connection, table: string, columns: readonly Column[]): Promise<object> {
  const fields = columns.map(({ name, type }) => {
    if (/geom|point|linestring|polygon|binary|blob|vector/.test(type)) return `HEX(\`${name}\`)`
    if (type.startsWith('bit')) return `CAST(\`${name}\` + 0 AS CHAR)`
    return `CAST(\`${name}\` AS CHAR CHARACTER SET utf8mb4)`
  })
  const rows = await rowsOf(session, `SELECT ${fields.join(', ')} FROM types.\`${table}\` ORDER BY id`)
  return { columns: columns.map(({ name }) => name), types: columns.map(({ type }) => type), rows }
}

/** What INFORMATION_SCHEMA says, in the form of TableDescription. */
function describe(table: string, columns: readonly Column[]): object {
  return {
    database: 'types',
    table,
    primaryKey: columns.filter(({ key }) => key === 'PRI').map(({ name }) => name),
    columns: columns.map(({ name, type, charset }) => ({
      name,
      unsigned: /unsigned|zerofill/.test(type),
      typeName: type,
      ...(charset === null ? {} : { charset }),
      ...(/^(enum|set)\(/.test(type) ? { labels: labelsOf(type) } : {}),
    })),
  }
}

function labelsOf(type: string): string[] {
  return [...type.matchAll(/'((?:[^']|'')*)'/g)].map(([, label]) => (label ?? '').replaceAll("''", "'"))
}

async function rowsOf(session: Connection, sql: string): Promise<(string | null)[][]> {
  const [rows] = await session.query<RowDataPacket[][]>({ sql, rowsAsArray: true })
  return rows as unknown as (string | null)[][]
}
