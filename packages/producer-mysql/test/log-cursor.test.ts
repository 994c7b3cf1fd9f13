import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BinLogEvent, MySQLConstants } from '../src/log/binlog-event.ts'
import { LogCursor } from '../src/log/log-cursor.ts'
import { assertProperty } from '../../../test/support/property.ts'

const WRAP = 2 ** 32

function eventOf(type: number, length: number, end: number): BinLogEvent {
  const bytes = Buffer.alloc(19)
  bytes[4] = type
  bytes.writeUInt32LE(length, 9)
  bytes.writeUInt32LE(end % WRAP, 13)
  return new BinLogEvent().set(bytes, 0, bytes.length)
}

describe('the place of a log', () => {
  it('is the true one of any log, also where events have no position, and far beyond 4 GiB', () => {
    const reached = { beyond: 0, unplaced: 0 }
    const step = fc.record({ length: fc.integer({ min: 19, max: WRAP - 1 }), isPlaced: fc.boolean() })
    assertProperty(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const cursor = new LogCursor()
        cursor.rotate('mysql-bin.000001', 4)
        let [position, placed] = [4, 4]
        for (const { length, isPlaced } of steps) {
          position += length
          // An end position that happens to be 0 says nothing either.
          const end = isPlaced ? position : 0
          cursor.advance(eventOf(MySQLConstants.XID_EVENT, length, end))
          if (end % WRAP === 0) reached.unplaced++
          else placed = position
          if (placed > WRAP) reached.beyond++
          expect(cursor.position).toBe(placed)
        }
      }),
      { seed: 20261128, numRuns: 300, reached, atLeast: 100 },
    )
  })

  it('follows the logged positions where the lengths say something else, as behind a proxy that takes checksums away', () => {
    const cursor = new LogCursor()
    cursor.rotate('mysql-bin.000001', 4)
    cursor.advance(eventOf(MySQLConstants.XID_EVENT, 27, 35))
    expect(cursor.position).toBe(35)
  })

  it('goes over what the server leaves out of a log, and reaches the offset that is said there', () => {
    const cursor = new LogCursor()
    cursor.rotate('mysql-bin.000001', 4)
    cursor.advance(eventOf(MySQLConstants.TABLE_MAP_EVENT, 95, 312))
    expect(cursor.position).toBe(312)
    cursor.advance(eventOf(MySQLConstants.XID_EVENT, 31, 343))
    expect([cursor.eventFrom, cursor.position]).toEqual([312, 343])
  })

  it('is not moved by what the server makes up, nor by a description without a position', () => {
    const cursor = new LogCursor()
    cursor.rotate('mysql-bin.000001', 1000)
    cursor.advance(eventOf(MySQLConstants.FORMAT_DESCRIPTION_EVENT, 252, 0))
    expect(cursor.position).toBe(1000)
  })
})
