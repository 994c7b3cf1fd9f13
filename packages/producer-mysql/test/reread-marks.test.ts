import { type AesopError, silentLogger } from '@aesop/kernel'
import { type WindowSink } from '@aesop/producer'
import { describe, expect, test } from 'vitest'
import { type SettledPoint } from '../src/origin/binlog-origin.ts'
import { BufferReread } from '../src/session/buffer-reread.ts'
import { MysqlLogResetError } from '../src/error/live-errors.ts'
import { readersPlace } from '../src/place/readers-place.ts'
import { RereadMarks } from '../src/place/reread-marks.ts'
import { type ResumePoint, toMaxScn } from '../src/place/resume-point.ts'

function point(scn: number): ResumePoint {
  return {
    scn: BigInt(scn),
    file: 'mysql-bin.000001',
    position: scn,
    gtid: undefined,
    serverIdentity: 'a',
    generation: 0,
  }
}

/** Marks over windows 1, 2, 3 … of which one closes every 100 ms. */
function marksAfter(windows: number): RereadMarks {
  const marks = new RereadMarks(point(0), 0)
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

describe('the place to begin at', () => {
  const reached = { ...point(2 ** 33 + 500), file: 'mysql-bin.000002', position: 500 }
  const mark = { ...point(2 ** 33 + 100), file: 'mysql-bin.000002', position: 100 }
  const stored = toMaxScn(reached, 0, mark)
  const readersSince = 2n ** 32n + 700n

  async function begin(
    readersSinceScn?: bigint,
    settled: Partial<SettledPoint> = {},
    refusal?: AesopError,
  ): Promise<ResumePoint> {
    const settle = (place: ResumePoint): Promise<SettledPoint> => {
      if (refusal !== undefined && place.scn < mark.scn) return Promise.reject(refusal)
      const known = {
        file: 'mysql-bin.000002',
        flavour: 'mariadb',
        byGtid: false,
        largeLogs: new Set<string>(),
        describesTables: true,
      } as const
      return Promise.resolve({ ...place, ...known, ...settled })
    }
    return new BufferReread().begin(stored, reached, settle, silentLogger, readersSinceScn)
  }

  test('is the stored mark while it serves the readers', async () => {
    expect((await begin()).scn).toBe(mark.scn)
    expect((await begin(mark.scn)).scn).toBe(mark.scn)
    expect((await begin(reached.scn + 1n)).scn).toBe(mark.scn)
  })

  test('is the beginning of the log of older readers, whose windows up to theirs are dropped', async () => {
    expect(await begin(readersSince)).toMatchObject({ scn: readersSince, file: undefined, position: 4 })
  })

  test('is the mark where the log of older readers is gone, was another server’s, or does not describe its tables', async () => {
    expect((await begin(readersSince, {}, new MysqlLogResetError('a', 'b', 'c'))).scn).toBe(mark.scn)
    expect((await begin(readersSince, { describesTables: false })).scn).toBe(mark.scn)
    expect(readersPlace(readersSince, mark, { ...reached, generation: 1 })).toBeUndefined()
  })
})

describe('filling a buffer again', () => {
  test('asks for the time once in sixteen windows', () => {
    const reread = new BufferReread()
    const settled = {
      ...point(0),
      file: 'mysql-bin.000001',
      byGtid: false,
      largeLogs: new Set<string>(),
      describesTables: false,
      flavour: undefined,
    }
    reread.opened(settled, 0)
    let asked = 0
    const clock = { now: () => ++asked * 1000 }
    for (let n = 1; n <= 33; n++) reread.closedWindow(() => point(n), clock)
    expect(asked).toBe(3)
    const after = (prevScn: bigint): bigint | undefined => reread.markFor({ ...SINK, prevScn })?.scn
    expect(after(30n)).toBe(17n)
  })
})
