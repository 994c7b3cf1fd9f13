import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { systemCodeOf } from '@aesop/kernel'
import { type BinlogPosition } from '../log/binlog-stream.ts'

export interface LogFile {
  readonly name: string
  readonly bytes: number
}

/** What a server says of itself and its binary log. */
export interface ServerFacts {
  readonly flavour: 'mysql' | 'mariadb'
  readonly version: string
  readonly serverId: number
  /** Tells this server's history from another's: `server_uuid`, or server id and GTID domain. */
  readonly identity: string
  readonly logBin: boolean
  readonly binlogFormat: string
  readonly rowImage: string
  /** `FULL`, `MINIMAL`, `NO_LOG`; undefined on servers that don't know it. */
  readonly rowMetadata: string | undefined
  /** Whether the server logs parts of JSON documents; false on servers that can't. */
  readonly partialJson: boolean
  /** Oldest first; empty without a log. */
  readonly logs: readonly LogFile[]
  readonly end: BinlogPosition | undefined
  /** `binlog_do_db` and `binlog_ignore_db` as the server prints them, joined by commas; '' without any. */
  readonly onlyDatabases: string
  readonly exceptDatabases: string
  /** Whether names of databases and tables differ by more than case (`lower_case_table_names` 1 and 2). */
  readonly caselessNames: boolean
  /** GTIDs that the log ends with: a MariaDB position or a MySQL set; '' without any. */
  readonly gtids: string
  /** The GTIDs that are no longer in the log, on MySQL. */
  readonly purgedGtids: string
  /** How long the server keeps a log that was written to the end; left out: until somebody purges it. */
  readonly logKeptSeconds?: number
}

/** One row of names and values, however the server spells the columns. */
type Row = Record<string, unknown>

const VARIABLES = [
  'log_bin',
  'server_id',
  'server_uuid',
  'gtid_domain_id',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'binlog_row_value_options',
  'lower_case_table_names',
  'gtid_binlog_pos',
  'gtid_executed',
  'gtid_purged',
  'binlog_expire_logs_seconds',
  'binlog_expire_logs_auto_purge',
]
const UNKNOWN_COMMANDS = new Set(['ER_PARSE_ERROR', 'ER_SYNTAX_ERROR'])

const IDENTITY = ['server_uuid', 'server_id', 'gtid_domain_id']

function identityIn(variables: ReadonlyMap<string, string>): string {
  return (
    variables.get('server_uuid') ?? `${variables.get('server_id') ?? '0'}/${variables.get('gtid_domain_id') ?? '0'}`
  )
}

/** What tells the server from others: its `server_uuid`, or server id and GTID domain. */
export async function readIdentity(connection: Connection): Promise<string> {
  return identityIn(await readVariables(connection, IDENTITY))
}

/** What a server says of its log at this moment, asked often. */
export interface LogNow {
  readonly identity: string
  /** Undefined: it writes none. */
  readonly end: BinlogPosition | undefined
  /** How many statements it has run, since it was started, that reset its logs, or something else. */
  readonly resets: number
}

/** Asks the server. Errors of the driver come through as they are. */
export async function readLogNow(connection: Connection): Promise<LogNow> {
  const identity = await readIdentity(connection)
  const resets = Number((await readStatus(connection, ['Com_reset'])).get('Com_reset') ?? 0)
  return { identity, resets, end: await readLogEnd(connection) }
}

/** Asks the server. Errors of the driver come through as they are. */
export async function readServerFacts(connection: Connection): Promise<ServerFacts> {
  const version = text((await rows(connection, 'SELECT VERSION() AS version'))[0], 'version')
  const variables = await readVariables(connection, VARIABLES)
  const mariadb = /mariadb/i.test(version)
  const logBin = variables.get('log_bin') === 'ON'
  const serverId = Number(variables.get('server_id') ?? 0)
  const logs = logBin ? await readLogs(connection) : []
  const status = logBin ? await readLogStatus(connection) : undefined
  return {
    flavour: mariadb ? 'mariadb' : 'mysql',
    version,
    serverId,
    identity: identityIn(variables),
    logBin,
    binlogFormat: variables.get('binlog_format') ?? 'ROW',
    rowImage: variables.get('binlog_row_image') ?? 'FULL',
    rowMetadata: variables.get('binlog_row_metadata'),
    partialJson: /PARTIAL_JSON/i.test(variables.get('binlog_row_value_options') ?? ''),
    logs,
    end: endIn(status),
    onlyDatabases: text(status, 'Binlog_Do_DB'),
    exceptDatabases: text(status, 'Binlog_Ignore_DB'),
    caselessNames: (variables.get('lower_case_table_names') ?? '0') !== '0',
    gtids: (variables.get(mariadb ? 'gtid_binlog_pos' : 'gtid_executed') ?? '').replace(/\s/g, ''),
    purgedGtids: (variables.get('gtid_purged') ?? '').replace(/\s/g, ''),
    ...keptLogs(variables),
  }
}

function keptLogs(variables: ReadonlyMap<string, string>): { logKeptSeconds?: number } {
  const logKeptSeconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0)
  const isPurged = logKeptSeconds > 0 && variables.get('binlog_expire_logs_auto_purge') !== 'OFF'
  return isPurged ? { logKeptSeconds } : {}
}

/** The GTID position that belongs to a place in the log, where the server can tell (MariaDB). */
export async function gtidsAt(
  connection: Connection,
  facts: ServerFacts,
  at: BinlogPosition,
): Promise<string | undefined> {
  if (facts.flavour === 'mysql') return undefined
  const found = await rows(connection, 'SELECT BINLOG_GTID_POS(?, ?) AS gtids', [at.file, at.position])
  const gtids = found[0]?.['gtids']
  return typeof gtids === 'string' ? gtids : undefined
}

/** The privileges as `SHOW GRANTS` prints them. */
export async function readGrants(connection: Connection): Promise<string[]> {
  const found = await rows(connection, 'SHOW GRANTS')
  return found.map((row) => String(Object.values(row)[0]))
}

/** Server ids of the registered replicas; empty when the user may not ask, which no privilege of ours needs to allow. */
export async function readReplicaIds(connection: Connection): Promise<number[]> {
  try {
    const found = await firstThatWorks(connection, ['SHOW REPLICAS', 'SHOW SLAVE HOSTS'])
    return found.map((row) => Number(row['Server_id'] ?? row['Server_Id']))
  } catch (error) {
    if (systemCodeOf(error) === 'ER_SPECIFIC_ACCESS_DENIED_ERROR') return []
    throw error
  }
}

/** Global variables by name; one that the server does not know is missing. */
export function readVariables(connection: Connection, names: readonly string[]): Promise<Map<string, string>> {
  return namedValues(connection, 'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', names)
}

/** Global counters by name. */
export function readStatus(connection: Connection, names: readonly string[]): Promise<Map<string, string>> {
  return namedValues(connection, 'SHOW GLOBAL STATUS WHERE Variable_name IN (?)', names)
}

async function namedValues(
  connection: Connection,
  sql: string,
  names: readonly string[],
): Promise<Map<string, string>> {
  const found = await rows(connection, sql, [names])
  return new Map(found.map((row) => [text(row, 'Variable_name'), text(row, 'Value')]))
}

async function readLogs(connection: Connection): Promise<LogFile[]> {
  const found = await rows(connection, 'SHOW BINARY LOGS')
  return found.map((row) => ({ name: text(row, 'Log_name'), bytes: Number(row['File_size']) }))
}

/** Where the log ends now; undefined without one. */
export async function readLogEnd(connection: Connection): Promise<BinlogPosition | undefined> {
  return endIn(await readLogStatus(connection))
}

function endIn(status: Row | undefined): BinlogPosition | undefined {
  return status === undefined ? undefined : { file: text(status, 'File'), position: Number(status['Position']) }
}

async function readLogStatus(connection: Connection): Promise<Row | undefined> {
  return (await firstThatWorks(connection, ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS']))[0]
}

/** MySQL 8.4 has renamed its statements and MariaDB keeps the old names: the first one that the server can parse. */
export async function firstThatWorks(connection: Connection, statements: [string, string]): Promise<Row[]> {
  try {
    return await rows(connection, statements[0])
  } catch (error) {
    if (!UNKNOWN_COMMANDS.has(systemCodeOf(error) ?? '')) throw error
    return rows(connection, statements[1])
  }
}

async function rows(connection: Connection, sql: string, values: unknown[] = []): Promise<Row[]> {
  const [found] = await connection.query<RowDataPacket[]>(sql, values)
  return found
}

function text(row: Row | undefined, column: string): string {
  const value = row?.[column]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
