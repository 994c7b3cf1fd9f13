import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareBinlogScn,
  fileNameOf,
  fileNumberOf,
  formatBinlogScn,
  parseBinlogScn,
  POSITION_BOUND,
  scnPosition,
} from '../src/log/binlog-scn.ts'
import { BinlogScnOverflowError } from '../src/error/errors.ts'
import { LogCursor } from '../src/log/log-cursor.ts'
import { ScnOfLog } from '../src/log/scn-of-log.ts'
import { assertProperty } from '../../../test/support/property.ts'

const part = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })
const scn = fc.record({
  generation: fc.oneof(part(2), part(0x7ff)),
  fileNumber: part(0xfffff),
  position: part(0xffffffff),
})

describe('the SCN of a binary log', () => {
  it('is 4294967300 for file 1, position 4', () => {
    expect(formatBinlogScn(0, 1, 4)).toBe(4294967300n)
    expect(parseBinlogScn(4294967300n)).toEqual({ generation: 0, fileNumber: 1, position: 4 })
  })

  it('is the beginning of the first log where nothing has been read', () => {
    for (const nothing of [0n, -1n]) expect(parseBinlogScn(nothing)).toMatchObject({ fileNumber: 1, position: 4 })
  })

  it('keeps its parts, stays positive, and orders as generation, file, position', () => {
    const reached = { ordered: 0, sameGeneration: 0 }
    assertProperty(
      fc.property(scn, scn, (left, right) => {
        const [a, b] = [left, right].map((each) => formatBinlogScn(each.generation, each.fileNumber, each.position))
        if (a === undefined || b === undefined || a <= 0n) return
        reached.ordered++
        if (left.generation === right.generation) reached.sameGeneration++
        expect(parseBinlogScn(a)).toEqual(left)
        expect(a).toBeLessThan(2n ** 63n)
        const order =
          left.generation - right.generation || left.fileNumber - right.fileNumber || left.position - right.position
        expect(compareBinlogScn(a, b)).toBe(Math.sign(order))
      }),
      { seed: 20261122, numRuns: 1000, reached, atLeast: 30 },
    )
  })

  it('refuses what does not fit', () => {
    expect(() => formatBinlogScn(1, 2, 2 ** 32)).toThrow(/4294967296.*4294967295/)
    expect(() => formatBinlogScn(2048, 1, 4)).toThrow(BinlogScnOverflowError)
    expect(() => formatBinlogScn(0, 1048576, 4)).toThrow(/1048576.*1048575/)
    expect(() => formatBinlogScn(-1, 1, 4)).toThrow(BinlogScnOverflowError)
  })

  it('counts the transactions of a log from 4 GiB − 1 MiB on, up to the one that has no number', () => {
    expect(scnPosition(POSITION_BOUND - 1, 0)).toBe(POSITION_BOUND - 1)
    expect([1, 2, 3].map((ended) => scnPosition(2 ** 40 + ended, ended) - POSITION_BOUND)).toEqual([0, 1, 2])
    expect(formatBinlogScn(0, 1, scnPosition(2 ** 33, 0x100000))).toBe((1n << 32n) + 0xffffffffn)
    expect(() => formatBinlogScn(0, 1, scnPosition(2 ** 33, 0x100001))).toThrow(BinlogScnOverflowError)
  })

  it('of a log that is read is the same as one that is packed anew, and overflows by name', () => {
    const cursor = new LogCursor()
    const scns = new ScnOfLog(3)
    for (const [file, position, ended] of [
      ['a.000001', 4, 0],
      ['a.000001', 900, 0],
      ['a.000002', 4, 0],
      ['a.000002', 2 ** 33, 7],
    ] as const) {
      cursor.rotate(file, position, ended)
      expect(scns.of(cursor)).toBe(formatBinlogScn(3, fileNumberOf(file), scnPosition(position, ended)))
    }
    cursor.rotate('a.000002', 2 ** 33, 0x100001)
    expect(() => scns.of(cursor)).toThrow(BinlogScnOverflowError)
  })

  it('takes the number of a log from the digits of its name', () => {
    expect(fileNumberOf('mysql-bin.000042')).toBe(42)
    expect(fileNumberOf('a.b.1000000')).toBe(1000000)
    expect(fileNameOf('mysql-bin', 42)).toBe('mysql-bin.000042')
    expect(() => fileNumberOf('mysql-bin.index')).toThrow(BinlogScnOverflowError)
    expect(() => fileNumberOf('mysql-bin.1048576')).toThrow(BinlogScnOverflowError)
  })
})
