import { describe, expect, it } from 'vitest'
import { BinLogEvent, MySQLConstants } from '../src/log/binlog-event.ts'
import { parseGtid } from '../src/log/gtid-event.ts'

const HEADER_BYTES = 19

/** A GTID event of MariaDB as a server writes it; `rest` is what follows its first flags. */
function mariadbGtid(flags: number, rest: readonly number[]): BinLogEvent {
  const bytes = Buffer.alloc(HEADER_BYTES + 13 + rest.length)
  bytes[4] = MySQLConstants.MARIADB_GTID_EVENT
  bytes.writeUInt32LE(bytes.length, 9)
  bytes.writeBigUInt64LE(7n, HEADER_BYTES)
  bytes[HEADER_BYTES + 12] = flags
  bytes.set(rest, HEADER_BYTES + 13)
  return new BinLogEvent().set(bytes, 0, bytes.length)
}

describe('an ALTER that MariaDB logs in two phases', () => {
  it.each([
    ['begins', 0x29, [2, 0, 0, 0, 0, 0], true],
    ['is committed', 0x29, [4, 6, 0, 0, 0, 0, 0, 0, 0], false],
    ['is given up', 0x29, [8, 8, 0, 0, 0, 0, 0, 0, 0], true],
    ['begins in a group commit', 0x2b, [1, 0, 0, 0, 0, 0, 0, 0, 2], true],
    ['is no such one', 0x29, [0, 0, 0, 0, 0, 0], false],
    ['is no such one, in a group commit', 0x2b, [2, 0, 0, 0, 0, 0, 0, 0], false],
    ['is no such one, but a transaction', 0x0c, [2, 0, 0, 0, 0, 0], false],
  ])('%s', (_what, flags, rest, changesNothing) => {
    expect(parseGtid(mariadbGtid(flags, rest))).toMatchObject({ gtid: '0-0-7', changesNothing })
  })
})
