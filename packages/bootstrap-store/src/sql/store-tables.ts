import { randomUUID } from 'node:crypto'
import { StoreFormatError, StoreMissingError } from '../errors.ts'
import { type SqlDialect } from './sql-dialect.ts'
import { type SqlSession, type SqlValue } from './sql-session.ts'

const FORMAT = 2n

/** Makes the tables of an empty store, and refuses one of another format. @throws StoreFormatError */
export async function openTables(session: SqlSession, store: string): Promise<void> {
  for (const statement of statements(session.dialect)) await session.run(statement)
  const format = await formatOf(session)
  if (format !== undefined) checkFormat(format, store)
  else await session.run('INSERT INTO about (format, store_id) VALUES (?, ?)', [FORMAT, randomUUID()])
}

/** For who reads, and makes nothing. @throws StoreMissingError, StoreFormatError */
export async function checkTables(session: SqlSession, store: string): Promise<void> {
  const [about] = await session.rows(session.dialect.tableNamed, ['about'])
  const format = about === undefined ? undefined : await formatOf(session)
  if (format === undefined) throw new StoreMissingError(store)
  checkFormat(format, store)
}

/** Undefined: the tables are not all there yet. */
async function formatOf(session: SqlSession): Promise<SqlValue | undefined> {
  const [about] = await session.rows('SELECT format FROM about')
  return about?.[0]
}

function checkFormat(format: SqlValue, store: string): void {
  if (format !== FORMAT) throw new StoreFormatError(store, `the format ${String(format)}`, `${FORMAT}`)
}

/** The table of the rows of a source. */
export function rowTable(sourceId: bigint): string {
  return `row_${sourceId}`
}

export async function makeRowTable(session: SqlSession, sourceId: bigint): Promise<void> {
  const { risingId, keyBytes, integer, bytes, tableEnd } = session.dialect
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${rowTable(sourceId)} (id ${risingId}, row_key ${keyBytes} NOT NULL UNIQUE, scn ${integer} NOT NULL,
      is_deleted ${integer} NOT NULL, seeding ${integer} NOT NULL, bytes ${bytes} NOT NULL)${tableEnd}`,
  )
}

const PIECE_INDEXES = {
  piece_of_source: 'source_id, last_scn, seq',
  piece_of_stream: 'stream_id, seq',
  piece_of_log: 'log_id',
}

function statements(dialect: SqlDialect): readonly string[] {
  const { integer, risingId, bytes, text, keyText, tableEnd } = dialect
  const number = (...names: readonly string[]): string => names.map((name) => `${name} ${integer} NOT NULL`).join(', ')
  const table = (name: string, columns: string): string => `CREATE TABLE IF NOT EXISTS ${name} (${columns})${tableEnd}`
  const indexes = Object.entries(PIECE_INDEXES)
  const within = indexes.map(([name, columns]) => dialect.indexWithin(name, columns)).join('')
  const after = indexes.map(([name, columns]) => dialect.indexAfter('piece', name, columns))
  return [
    table('about', `${number('format')}, store_id ${keyText} NOT NULL`),
    table(
      'stream',
      `id ${risingId}, name ${keyText} NOT NULL UNIQUE, scn_space ${text}, ${number('log_scn', 'log_seq', 'applied_scn', 'applied_seq', 'schema_change_id')}`,
    ),
    table(
      'source',
      `id ${risingId}, name ${keyText} NOT NULL UNIQUE, cleared_event ${bytes}, seed_cursor ${text}, seed_where ${text},
      ${number('stream_id', 'status', 'log_start_scn', 'min_scn', 'cleared_scn', 'next_ordinal')},
      ${number('seeding', 'seed_start_scn', 'seed_end_scn', 'seed_rows', 'seed_swept_id')}`,
    ),
    table(
      'piece',
      `seq ${integer} PRIMARY KEY, bytes ${bytes} NOT NULL,
      ${number('log_id', 'stream_id', 'source_id', 'first_ordinal', 'row_count', 'first_scn', 'last_scn', 'end_scn')}${within}`,
    ),
    table(
      'log',
      `id ${integer} PRIMARY KEY, ${number('stream_id', 'first_scn', 'last_scn', 'byte_count', 'begun_ms')}`,
    ),
    table('reached', number('stream_id', 'scn', 'at_ms')),
    ...after.filter((statement) => statement !== undefined),
  ]
}
