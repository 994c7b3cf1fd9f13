import { describe, expect, it } from 'vitest'
import * as rt from '../src/row/column-output.ts'

/** A writer of one value, and the bytes that the value takes in a row. */
type Writer = (b: Buffer, p: number) => number
const target = Buffer.alloc(200)
const writers: readonly (readonly [string, number, Writer])[] = [
  ['blob', 5, (b, p) => rt.blob(target, 0, b, p, 5)],
  ['date', 3, (b, p) => rt.date(target, 0, b, p)],
  ['datetime', 5, (b, p) => rt.datetime(target, 0, b, p, 0)],
  ['datetime(6)', 8, (b, p) => rt.datetime(target, 0, b, p, 6)],
  ['time', 3, (b, p) => rt.time(target, 0, b, p, 0)],
  ['time(3)', 5, (b, p) => rt.time(target, 0, b, p, 3)],
  ['timestamp', 4, (b, p) => rt.timestamp(target, 0, b, p, 0)],
  ['timestamp(1)', 5, (b, p) => rt.timestamp(target, 0, b, p, 1)],
  ['bit(12)', 2, (b, p) => rt.bits(target, 0, b, p, 2)],
  ['decimal(10,2), in one piece', 5, (b, p) => rt.shortDecimal(target, 0, b, p, 10, 2)],
  ['decimal(30,12)', 14, (b, p) => rt.decimal(target, 0, b, p, 30, 12)],
]

describe.each(writers)('the bytes of a %s', (_name, bytes, write) => {
  it('are read as far as the value goes', () => {
    expect(write(Buffer.alloc(3 + bytes, 0x81), 3)).toBeGreaterThan(0)
  })

  it('are no zeros where the row has ended', () => {
    for (let missing = 1; missing <= bytes; missing++) {
      expect(() => write(Buffer.alloc(3 + bytes - missing, 0x81), 3)).toThrow(RangeError)
    }
  })
})
