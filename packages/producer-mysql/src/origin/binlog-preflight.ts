import { type Logger } from '@aesop/kernel'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { fileNumberOf } from '../log/binlog-scn.ts'
import {
  MysqlBinlogFormatError,
  MysqlBinlogOffError,
  MysqlGrantMissingError,
  MysqlLogPurgedError,
  MysqlLogResetError,
  MysqlPositionInFutureError,
  MysqlRowImageError,
  MysqlServerIdInUseError,
} from '../error/live-errors.ts'
import { positionKnows } from './gtid-position.ts'
import { type ServerFacts } from '../server/server-facts.ts'

/*
 * What must hold before a log is read. Pure: facts in, a named error out; who asks the server is elsewhere.
 */

/** In a message. */
const TABLES_SHOWN = 10

/** Who connects where, for messages. */
export interface PreflightPlace {
  readonly server: string
  readonly user: string
  readonly serverId: number
}

/**
 * @param tables the captured ones, `database.table`
 * @throws MysqlBinlogOffError, MysqlBinlogFormatError, MysqlRowImageError
 */
export function checkServerSettings(
  facts: ServerFacts,
  { server }: PreflightPlace,
  log: Pick<Logger, 'warn'>,
  tables: readonly string[] = [],
): void {
  if (!facts.logBin) throw new MysqlBinlogOffError(server)
  if (facts.binlogFormat !== 'ROW') throw new MysqlBinlogFormatError(server, facts.binlogFormat)
  if (facts.rowImage !== 'FULL') throw new MysqlRowImageError(server, facts.rowImage)
  if (facts.partialJson) {
    log.warn('binlog_row_value_options is PARTIAL_JSON: an update inside a JSON document would stop the source', {
      server,
      remedy: "SET GLOBAL binlog_row_value_options=''",
    })
  }
  if (facts.rowMetadata === 'FULL') return
  log.warn(
    `binlog_row_metadata is not FULL: where ${shown(tables)} change twice in a row, the columns of rows between can be unsure, which is a fault of the table`,
    {
      server,
      found: facts.rowMetadata ?? 'unknown to this server',
      remedy: 'SET GLOBAL binlog_row_metadata=FULL writes the columns into the log from then on',
    },
  )
}

function shown(tables: readonly string[]): string {
  const more = tables.length - TABLES_SHOWN
  const first = tables.slice(0, TABLES_SHOWN).join(', ')
  return tables.length === 0 ? 'tables' : more > 0 ? `${first} and ${more} more` : first
}

/** Roles hide privileges, so only a user without any is judged by its grants. @throws MysqlGrantMissingError */
export function checkGrants(grants: readonly string[], { server, user }: PreflightPlace): void {
  const onEverything = grants.filter((grant) => / ON \*\.\* TO /.test(grant))
  const hasRole = grants.some((grant) => !/ ON /.test(grant))
  const has = (...names: string[]): boolean => onEverything.some((grant) => names.some((name) => grant.includes(name)))
  if (hasRole || has('ALL PRIVILEGES')) return
  if (!has('REPLICATION SLAVE', 'REPLICATION REPLICA'))
    throw new MysqlGrantMissingError(server, user, 'REPLICATION SLAVE')
  if (!has('REPLICATION CLIENT', 'BINLOG MONITOR', 'SUPER')) {
    throw new MysqlGrantMissingError(server, user, 'REPLICATION CLIENT')
  }
}

/** @throws MysqlServerIdInUseError */
export function checkServerId(facts: ServerFacts, replicas: readonly number[], place: PreflightPlace): void {
  const { server, serverId } = place
  if (facts.serverId === serverId) throw new MysqlServerIdInUseError(server, serverId, 'the server itself')
  if (replicas.includes(serverId)) throw new MysqlServerIdInUseError(server, serverId, 'another replica')
}

/**
 * Whether the log holds what comes after a position; `wasRead`: it ended there or later when it was read.
 *
 * @throws MysqlLogPurgedError, MysqlPositionInFutureError, MysqlLogResetError
 */
export function checkPosition(
  facts: ServerFacts,
  at: BinlogPosition,
  wasRead: boolean,
  { server }: PreflightPlace,
): void {
  const wanted = `${at.file}:${at.position}`
  const beyond = (end: string): Error =>
    wasRead
      ? new MysqlLogResetError(server, wanted, `a log that ends at ${end}`)
      : new MysqlPositionInFutureError(server, wanted, end)
  const oldest = facts.logs[0]
  const newest = facts.logs.at(-1)
  if (oldest === undefined || newest === undefined) throw beyond('nothing')
  const file = facts.logs.find(({ name }) => name === at.file)
  if (file === undefined) {
    const isOlder = fileNumberOf(at.file) < fileNumberOf(oldest.name)
    throw isOlder
      ? new MysqlLogPurgedError(server, wanted, `${oldest.name}:4`)
      : beyond(`${newest.name}:${newest.bytes}`)
  }
  if (at.position > file.bytes) throw beyond(`${file.name}:${file.bytes}`)
}

/** Whether the server has the transactions that were read from it. @throws MysqlLogResetError */
export function checkHistory(facts: ServerFacts, gtids: string | undefined, { server }: PreflightPlace): void {
  if (gtids === undefined || gtids === '') return
  if (positionKnows(facts.gtids, gtids)) return
  throw new MysqlLogResetError(server, `GTID ${gtids}`, `GTID "${facts.gtids}"`)
}
