import { type Connection } from 'mysql2/promise'
import { systemCodeOf } from '@aesop/kernel'
import { MysqlChangesUnloggedError } from '../error/unlogged-errors.ts'
import { firstThatWorks, readStatus, readVariables, type ServerFacts } from './server-facts.ts'
import { type TableName } from '../table/table-description.ts'

/** The settings by which a server changes tables and does not log it. */
export interface LogFilter {
  /** As the server prints them, joined by commas: only these databases are logged; '' without the setting. */
  readonly onlyDatabases: string
  /** These databases are not logged; '' without the setting. */
  readonly exceptDatabases: string
  /** Changes come from another server: it is a replica, or a node of a Galera cluster. */
  readonly replicates: boolean
  /** Whether it logs those, too. */
  readonly logsReplicated: boolean
  /** Whether databases have lower-case names, however they are written. */
  readonly lowerCaseNames: boolean
}

/** Asks the server. Errors of the driver come through as they are. */
export async function readLogFilter(connection: Connection, facts: ServerFacts): Promise<LogFilter> {
  const variables = await readVariables(connection, [
    'log_slave_updates',
    'log_replica_updates',
    'wsrep_on',
    'lower_case_table_names',
  ])
  const logsReplicated = variables.get('log_replica_updates') ?? variables.get('log_slave_updates')
  return {
    onlyDatabases: facts.onlyDatabases,
    exceptDatabases: facts.exceptDatabases,
    replicates: variables.get('wsrep_on') === 'ON' || (await isReplica(connection, facts.flavour)),
    logsReplicated: logsReplicated !== 'OFF',
    lowerCaseNames: variables.get('lower_case_table_names') === '1',
  }
}

/** MariaDB shows a replica's state to few users, but everybody may count the replicating threads. */
async function isReplica(connection: Connection, flavour: ServerFacts['flavour']): Promise<boolean> {
  if (flavour === 'mariadb') return Number((await readStatus(connection, ['Slaves_running'])).get('Slaves_running')) > 0
  try {
    return (await firstThatWorks(connection, ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'])).length > 0
  } catch (error) {
    if (systemCodeOf(error) === 'ER_SPECIFIC_ACCESS_DENIED_ERROR') return false
    throw error
  }
}

/** What of these tables never reaches the log; undefined: everything does. */
export function unloggedChanges(
  filter: LogFilter,
  server: string,
  tables: readonly TableName[],
): MysqlChangesUnloggedError | undefined {
  if (filter.replicates && !filter.logsReplicated) return MysqlChangesUnloggedError.ofReplica(server)
  const concerned = tables.filter(({ database }) => !isLogged(filter, database))
  if (concerned.length === 0) return undefined
  const setting = filter.onlyDatabases === '' ? 'binlog_ignore_db' : 'binlog_do_db'
  return MysqlChangesUnloggedError.ofTables(server, setting, concerned)
}

/** Where both settings are there, the server asks the list of what is logged only. */
function isLogged({ onlyDatabases, exceptDatabases, lowerCaseNames }: LogFilter, name: string): boolean {
  const database = lowerCaseNames ? name.toLowerCase() : name
  if (onlyDatabases !== '') return isListed(onlyDatabases, database)
  return !isListed(exceptDatabases, database)
}

/** A name that holds a comma can't be told from two: it counts as listed where its text stands between commas. */
function isListed(list: string, database: string): boolean {
  return `,${list},`.includes(`,${database},`)
}
