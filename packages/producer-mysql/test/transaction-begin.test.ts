import { describe, expect, it } from 'vitest'
import { BinLogEvent, MySQLConstants } from '../src/log/binlog-event.ts'
import { type GtidGroup } from '../src/log/gtid-event.ts'
import { LogCursor } from '../src/log/log-cursor.ts'
import { HeldXa } from '../src/transaction/held-xa.ts'
import { TransactionBegin } from '../src/transaction/transaction-begin.ts'

const { XID_EVENT, GTID_EVENT, QUERY_EVENT } = MySQLConstants
const FILE = 'mysql-bin.000001'
const LENGTH = 30

function eventOf(type: number, end: number, timestamp = end): BinLogEvent {
  const bytes = Buffer.alloc(LENGTH)
  bytes.writeUInt32LE(timestamp, 0)
  bytes[4] = type
  bytes.writeUInt32LE(LENGTH, 9)
  bytes.writeUInt32LE(end, 13)
  return new BinLogEvent().set(bytes, 0, bytes.length)
}

/** A cursor that has gone through events of these types, each of 30 bytes, from 100 on. */
function cursorAfter(...types: readonly number[]): LogCursor {
  const cursor = new LogCursor()
  cursor.rotate(FILE, 100)
  types.forEach((type, i) => {
    cursor.advance(eventOf(type, 100 + LENGTH * (i + 1)))
  })
  return cursor
}

const group = (mariadb: boolean): GtidGroup => ({
  gtid: mariadb ? '0-1-7' : 'uuid:7',
  domain: mariadb ? 0 : -1,
  begins: mariadb,
  mariadb,
  preparesXa: mariadb,
  changesNothing: false,
  committedMicros: 5,
})

describe('the begin of a transaction', () => {
  it('is the place of what fails inside it, or in the event that has just closed it', () => {
    const cursor = cursorAfter(XID_EVENT, GTID_EVENT)
    const begin = new TransactionBegin(cursor)
    begin.mark(0)
    cursor.advance(eventOf(XID_EVENT, 190))
    expect(begin.faultPlace(true, XID_EVENT)).toEqual({ file: FILE, position: 130 })
    begin.closes()
    expect(begin.faultPlace(false, XID_EVENT)).toEqual({ file: FILE, position: 130 })
    cursor.advance(eventOf(QUERY_EVENT, 220))
    expect(begin.faultPlace(false, QUERY_EVENT)).toBeUndefined()
    cursor.advance(eventOf(GTID_EVENT, 250))
    expect(begin.faultPlace(false, GTID_EVENT)).toEqual({ file: FILE, position: 220 })
  })

  it('of XA is proven by the event before it, which MySQL’s GTID no longer tells when XA START comes', () => {
    const cursor = cursorAfter(XID_EVENT, GTID_EVENT)
    const begin = new TransactionBegin(cursor)
    begin.group = group(false)
    begin.mark(5)
    cursor.advance(eventOf(QUERY_EVENT, 190))
    expect(begin.xa()).toMatchObject({ gtid: 'uuid:7', from: { file: FILE, position: 130, event: { timestamp: 130 } } })
  })

  it('of XA is proven by the last event where MariaDB’s GTID says that XA follows', () => {
    const cursor = cursorAfter(XID_EVENT, MySQLConstants.MARIADB_GTID_EVENT)
    const begin = new TransactionBegin(cursor)
    begin.group = group(true)
    begin.mark(5)
    expect(begin.xa()).toMatchObject({ gtid: '0-1-7', from: { position: 130, event: { timestamp: 130 } } })
  })

  it('tells the commit time of its own transaction alone', () => {
    const begin = new TransactionBegin(cursorAfter(GTID_EVENT))
    begin.mark(5)
    expect(begin.time.nanosOf(9)).toBe(5000n)
    begin.mark(0)
    expect([9, 9, 1].map((seconds) => begin.time.nanosOf(seconds))).toEqual([
      9_000_000_000n,
      9_000_000_000n,
      1_000_000_000n,
    ])
    expect(new TransactionBegin(cursorAfter(GTID_EVENT)).time.nanosOf(1)).toBe(1_000_000_000n)
  })
})

describe('XA transactions that wait', () => {
  const xa = (): ReturnType<TransactionBegin['xa']> => new TransactionBegin(cursorAfter(GTID_EVENT)).xa()
  const timesOf = async (held: HeldXa): Promise<number[]> => {
    const times: number[] = []
    for await (const event of held.close()?.events ?? []) times.push(event.readUInt32LE(0))
    return times
  }

  it('keep copies of their events, and forget those after a savepoint that is gone back to', async () => {
    const held = new HeldXa()
    expect(held.take(eventOf(XID_EVENT, 130))).toBe(false)
    expect(held.undoer()).toBeUndefined()
    held.open(xa())
    const event = eventOf(XID_EVENT, 130, 1)
    expect(held.take(event)).toBe(true)
    event.bytes.fill(9)
    const undo = held.undoer()
    for (const time of [2, 3]) held.take(eventOf(XID_EVENT, 130, time))
    undo?.()
    held.take(eventOf(XID_EVENT, 130, 4))
    expect(await timesOf(held)).toEqual([1, 4])
    expect(held.take(event)).toBe(false)
  })

  it('hold the place where the oldest begins, until its verdict or a new connection', () => {
    const held = new HeldXa()
    const [first, second] = [xa(), xa()]
    for (const [xid, each] of Object.entries({ a: first, b: second })) {
      held.open(each)
      const opened = held.close()
      if (opened !== undefined) held.prepare(xid, opened, 0)
    }
    expect([held.isWaiting, held.oldestFrom]).toEqual([true, first.from])
    expect(held.settle('a')?.from).toBe(first.from)
    expect(held.settle('a')).toBeUndefined()
    expect(held.oldestFrom).toBe(second.from)
    held.open(xa())
    held.forget()
    expect([held.isWaiting, held.oldestFrom, held.close()]).toEqual([false, undefined, undefined])
  })
})
