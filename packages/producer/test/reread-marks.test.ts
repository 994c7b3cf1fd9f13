import { silentLogger } from '@aesop/kernel'
import { BufferReread, type MarkedPoint, RereadMarks, type WindowSink } from '@aesop/producer'
import { describe, expect, test } from 'vitest'

const point = (scn: number): MarkedPoint => ({ scn: BigInt(scn) })

/** Marks over windows 1, 2, 3 … of which one closes every 100 ms. */
function marksAfter(windows: number): RereadMarks<MarkedPoint> {
  const marks = new RereadMarks<MarkedPoint>(point(0), 0)
  for (let n = 1; n <= windows; n++) marks.note(() => point(n), n * 100)
  return marks
}

describe('marks for reading again', () => {
  test('never lie after the window from which the buffer serves', () => {
    const marks = marksAfter(100)
    for (let prevScn = 0; prevScn <= 100; prevScn++) {
      const mark = marks.before(BigInt(prevScn))
      expect(mark?.scn).toBeLessThanOrEqual(BigInt(prevScn))
      // Three windows fit between two marks: no more than that is read for nothing.
      expect(mark?.scn).toBeGreaterThanOrEqual(BigInt(prevScn - 3))
    }
  })

  test('are bounded however long the buffer lasts, and still reach its oldest window', () => {
    const marks = marksAfter(50_000)
    expect(marks.before(0n)?.scn).toBe(0n)
    const late = marks.before(40_000n)?.scn ?? 0n
    expect(late).toBeLessThanOrEqual(40_000n)
    expect(late).toBeGreaterThan(39_800n)
  })

  test('reach back to the readers that are older than the buffer, as far as there are any', () => {
    const marks = marksAfter(100)
    expect(marks.before(90n, 50n)?.scn).toBeLessThanOrEqual(50n)
    expect(marks.before(90n, 50n)?.scn).toBeGreaterThanOrEqual(47n)
    // Those that are older than every mark keep the oldest one; it never lies after the buffer's first window.
    const oldest = marks.before(90n, 10n)?.scn
    expect(oldest).toBe(marks.before(90n, 50n)?.scn)
    expect(marks.before((oldest ?? 0n) - 1n, 10n)).toBeUndefined()
    expect(marks.before(90n, 95n)?.scn).toBeGreaterThanOrEqual(87n)
  })
})

const SINK: WindowSink = {
  beginWindow: () => undefined,
  append: () => undefined,
  endWindow: () => undefined,
  rollbackWindow: () => undefined,
  whenWritable: () => undefined,
}

describe('filling a buffer again', () => {
  test('asks for the time once in sixteen windows', () => {
    const reread = new BufferReread<MarkedPoint>()
    reread.opened({ begin: point(0), history: 0 }, 0)
    let asked = 0
    const clock = { now: () => ++asked * 1000 }
    for (let n = 1; n <= 33; n++) reread.closedWindow(() => point(n), clock)
    expect(asked).toBe(3)
    const after = (prevScn: bigint): bigint | undefined => reread.markFor({ ...SINK, prevScn })?.scn
    expect(after(30n)).toBe(17n)
  })

  test('begins at the first wanted place that is there, and else where the source had come', async () => {
    const begin = async (...there: readonly bigint[]): Promise<bigint[]> => {
      const reread = new BufferReread<MarkedPoint>()
      const isThere = ({ scn }: MarkedPoint): Promise<boolean> => Promise.resolve(there.includes(scn))
      const wanted = [undefined, point(10), point(20), point(40)]
      const { scn } = await reread.begin({ reached: point(30), wanted, isThere, log: silentLogger })
      return [scn, reread.reached(scn)?.scn ?? -1n]
    }
    expect(await begin(10n, 20n, 40n)).toEqual([10n, 30n])
    expect(await begin(20n, 40n)).toEqual([20n, 30n])
    expect(await begin(40n)).toEqual([30n, -1n])
  })

  test('keeps no mark of another history of the source', () => {
    const reread = new BufferReread<MarkedPoint>()
    reread.opened({ begin: point(0), history: 0 }, 0)
    reread.opened({ begin: undefined, history: 0 }, 0)
    expect(reread.markFor({ ...SINK, prevScn: 5n })?.scn).toBe(0n)
    reread.opened({ begin: undefined, history: 1 }, 0)
    expect(reread.markFor({ ...SINK, prevScn: 5n })).toBeUndefined()
    reread.closedWindow(() => point(4), { now: () => 0 })
    expect(reread.markFor({ ...SINK, prevScn: 5n })?.scn).toBe(4n)
  })
})
