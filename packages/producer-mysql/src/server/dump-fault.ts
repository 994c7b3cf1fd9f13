import { type AesopError } from '@aesop/kernel'
import {
  MysqlDumpRefusedError,
  MysqlEventTooLargeError,
  MysqlLogUnreadableError,
  MysqlNextLogMissingError,
} from '../error/dump-errors.ts'
import {
  MysqlBinlogOffError,
  MysqlLogPurgedError,
  MysqlLogResetError,
  MysqlPositionInFutureError,
  MysqlServerError,
} from '../error/live-errors.ts'
import { type FaultPlace } from './mysql-fault.ts'

type Refusal = (place: FaultPlace, text: string, thrown: unknown) => AesopError

/**
 * Error 1236 stands for everything that keeps a server from sending its log; only the text says what. The first that fits
 * holds. MariaDB appends where it was reading, which must not be taken for the cause.
 */
const REFUSALS: readonly (readonly [RegExp, Refusal])[] = [
  [
    /could not find first log|purged|could not find gtid state|too old|old binary log without gtids/i,
    ({ server, wanted }) => new MysqlLogPurgedError(server, wanted, 'a later place'),
  ],
  [
    /impossible position|position > file size|beyond/i,
    ({ server, wanted }) => new MysqlPositionInFutureError(server, wanted, 'an earlier place'),
  ],
  [
    /not in the master's binlog|diverged|replica has more gtids|slave has more gtids|is missing the gtid|missing from the/i,
    ({ server, wanted }, text) => new MysqlLogResetError(server, wanted, text),
  ],
  [/binary log is not open/i, ({ server }) => new MysqlBinlogOffError(server)],
  [/max_allowed_packet/i, ({ server, wanted }, _text, thrown) => new MysqlEventTooLargeError(server, wanted, thrown)],
  [
    /bogus data|truncated in the middle|crc check|checksum verification|position < 4|could not open log file|decrypt|not found|format.?descript|unknown error reading|corrupt/i,
    ({ server, wanted }, _text, thrown) => new MysqlLogUnreadableError(server, wanted, thrown),
  ],
  // The place where reading goes on says which: the log was reset, or purged, or lacks a file.
  [
    /could not find next log/i,
    ({ server, wanted }, _text, thrown) => new MysqlNextLogMissingError(server, wanted, thrown),
  ],
  // What may be over soon.
  [/memory|i\/o error/i, ({ server }, _text, thrown) => new MysqlServerError(server, thrown)],
]

/** The named error for a server that does not send its log. */
export function dumpFault(text: string, thrown: unknown, place: FaultPlace): AesopError {
  const known = REFUSALS.find(([sign]) => sign.test(text))?.[1]
  return known?.(place, text, thrown) ?? new MysqlDumpRefusedError(place.server, place.wanted, thrown)
}
