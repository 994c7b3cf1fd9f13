import { type BinlogColumn } from '../table/binlog-column.ts'
import { AT_ABSENT } from './row-scanner.ts'

/** Tells the current rows of a system-versioned table from its history. */
export interface CurrentRow {
  /** The column that tells; every image has to carry it. */
  readonly end: BinlogColumn
  /** Whether an image shows a row as it is now; `at` holds the offsets of its values. */
  is(bytes: Buffer, at: Int32Array): boolean
}

/** Seconds, then microseconds: 2038-01-19 03:14:07.999999. */
const MAX_2038 = Buffer.from('7fffffff0f423f', 'hex')
/** 2106-02-07 06:28:15.999999: MariaDB reads the seconds without a sign from 11.5 on. */
const MAX_2106 = Buffer.from('ffffffff0f423f', 'hex')
/** 2⁶⁴ − 1, where identifiers of transactions take the place of times. */
const MAX_TRANSACTION = Buffer.from('ffffffffffffffff', 'hex')
const UNSIGNED_SINCE = [11, 5] as const

/**
 * A row is the current one as long as the end of its period is the greatest value of the type.
 *
 * @param end the column with the end of the period
 * @param serverVersion of the server that wrote the log
 */
export function currentRow(end: BinlogColumn, serverVersion: string | undefined): CurrentRow {
  const greatest = greatestOf(end, serverVersion)
  return {
    end,
    is(bytes, at) {
      const p = at[end.index] ?? AT_ABSENT
      return p >= 0 && greatest.compare(bytes, p, p + greatest.length) === 0
    },
  }
}

function greatestOf(end: BinlogColumn, serverVersion: string | undefined): Buffer {
  if (end.kind === 'int') return MAX_TRANSACTION
  return hasUnsignedSeconds(serverVersion) ? MAX_2106 : MAX_2038
}

/** Older replicas need a `5.5.5-` before the version. */
function hasUnsignedSeconds(serverVersion = ''): boolean {
  const [, major = '0', minor = '0'] = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(serverVersion) ?? []
  const [sinceMajor, sinceMinor] = UNSIGNED_SINCE
  return Number(major) > sinceMajor || (Number(major) === sinceMajor && Number(minor) >= sinceMinor)
}
