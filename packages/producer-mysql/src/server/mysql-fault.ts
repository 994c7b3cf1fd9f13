import { AesopError, systemCodeOf } from '@aesop/kernel'
import { accountFault } from './account-fault.ts'
import { dumpFault } from './dump-fault.ts'
import {
  MysqlBinlogOffError,
  MysqlConnectionLostError,
  MysqlServerError,
  MysqlServerIdInUseError,
  MysqlServerUnreachableError,
} from '../error/live-errors.ts'

/** What the translation of a driver's error needs for its message. */
export interface FaultPlace {
  readonly server: string
  readonly user: string
  readonly serverId: number
  /** Where the dump was asked to begin, for people. */
  readonly wanted: string
  /** Whether the connection had been established before. */
  readonly established: boolean
}

const READING_BINLOG = 1236
/** MariaDB gives the number of its file layer when a log that it lists is not there. */
const FILE_NOT_FOUND = 29
const NO_BINARY_LOG = 1381
const SAME_REPLICA_ID = 1949
/** Shut down, read or write on a broken line, killed, idle for too long: the connection is gone, the server may be well. */
const CONNECTION_GONE = new Set([1053, 1158, 1159, 1160, 1161, 1317, 1927, 3169, 4031])

/** The named error for what mysql2, zongji or the server gave; an AesopError stays what it is. */
export function mysqlFault(thrown: unknown, place: FaultPlace): AesopError {
  if (thrown instanceof AesopError) return thrown
  const number = numberOf(thrown)
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const systemCode = systemCodeOf(thrown) ?? ''
  const refused = accountFault(number, systemCode, text, thrown, place)
  if (refused !== undefined) return refused
  if (number === SAME_REPLICA_ID || /same server_(uu)?id/i.test(text)) {
    return new MysqlServerIdInUseError(place.server, place.serverId, 'another replica, which has just connected')
  }
  if (number === READING_BINLOG || number === FILE_NOT_FOUND) return dumpFault(text, thrown, place)
  if (number === NO_BINARY_LOG) return new MysqlBinlogOffError(place.server)
  if (number !== undefined && !CONNECTION_GONE.has(number)) return new MysqlServerError(place.server, thrown)
  return place.established
    ? new MysqlConnectionLostError(place.server, thrown)
    : new MysqlServerUnreachableError(place.server, thrown)
}

/** The number that a server gave; the system's numbers are negative. */
function numberOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errno' in thrown)) return undefined
  return typeof thrown.errno === 'number' && thrown.errno > 0 ? thrown.errno : undefined
}
