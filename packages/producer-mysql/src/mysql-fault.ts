import { AesopError, systemCodeOf } from '@aesop/kernel'
import {
  MysqlAccessDeniedError,
  MysqlConnectionLostError,
  MysqlGrantMissingError,
  MysqlLogPurgedError,
  MysqlLogResetError,
  MysqlPositionInFutureError,
  MysqlServerError,
  MysqlServerIdInUseError,
  MysqlServerUnreachableError,
  MysqlTlsRefusedError,
} from './live-errors.ts'

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

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'])
const ACCESS_DENIED = 1045
const PRIVILEGE_MISSING = new Set([1227, 1142, 1143, 1044])
const READING_BINLOG = 1236
const SAME_REPLICA_ID = 1949

/** The named error for what mysql2, zongji or the server gave; an AesopError stays what it is. */
export function mysqlFault(thrown: unknown, place: FaultPlace): AesopError {
  if (thrown instanceof AesopError) return thrown
  const number = numberOf(thrown)
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const systemCode = systemCodeOf(thrown) ?? ''
  if (number === ACCESS_DENIED) return new MysqlAccessDeniedError(place.server, place.user, thrown)
  if (number !== undefined && PRIVILEGE_MISSING.has(number)) {
    return new MysqlGrantMissingError(place.server, place.user, privilegeIn(text))
  }
  if (number === SAME_REPLICA_ID || /same server_(uu)?id/i.test(text)) {
    return new MysqlServerIdInUseError(place.server, place.serverId, 'another replica, which has just connected')
  }
  if (isTlsRefusal(systemCode, text)) return new MysqlTlsRefusedError(place.server, thrown)
  if (number === READING_BINLOG) return dumpFault(text, thrown, place)
  if (UNREACHABLE.has(systemCode) && !place.established) return new MysqlServerUnreachableError(place.server, thrown)
  if (number !== undefined && number >= 1000) return new MysqlServerError(place.server, thrown)
  return place.established
    ? new MysqlConnectionLostError(place.server, thrown)
    : new MysqlServerUnreachableError(place.server, thrown)
}

/** A handshake that the network broke is not meant: trying again helps there. */
function isTlsRefusal(code: string, text: string): boolean {
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return true
  return code === 'HANDSHAKE_SSL_ERROR' && !/ECONNRESET|EPIPE|disconnected|socket hang up/i.test(text)
}

function dumpFault(text: string, thrown: unknown, { server, wanted }: FaultPlace): AesopError {
  if (/could not find first log|purged|gtid state|too old/i.test(text)) {
    return new MysqlLogPurgedError(server, wanted, 'a later place')
  }
  if (/impossible position|position > file size|beyond/i.test(text)) {
    return new MysqlPositionInFutureError(server, wanted, 'an earlier place')
  }
  if (/not in the master's binlog|diverged|replica has more gtids/i.test(text)) {
    return new MysqlLogResetError(server, wanted, text)
  }
  return new MysqlServerError(server, thrown)
}

function privilegeIn(text: string): string {
  return /the ([A-Z ,]+?) privilege/.exec(text)?.[1] ?? 'REPLICATION SLAVE, REPLICATION CLIENT'
}

function numberOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errno' in thrown)) return undefined
  return typeof thrown.errno === 'number' && thrown.errno > 0 ? thrown.errno : undefined
}
