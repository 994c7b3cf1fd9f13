import { type AesopError, silentLogger } from '@aesop/kernel'
import { BufferReread } from '@aesop/producer'
import { describe, expect, test } from 'vitest'
import { type SettledPoint } from '../src/origin/binlog-origin.ts'
import { beginInLog, openedInLog } from '../src/session/log-reread.ts'
import { MysqlLogResetError } from '../src/error/live-errors.ts'
import { readersPlace } from '../src/place/readers-place.ts'
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

const KNOWN = {
  file: 'mysql-bin.000002',
  flavour: 'mariadb',
  byGtid: false,
  largeLogs: new Set<string>(),
  describesTables: true,
} as const

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
      return Promise.resolve({ ...place, ...KNOWN, ...settled })
    }
    return beginInLog(new BufferReread<ResumePoint>(), { stored, reached, settle, log: silentLogger, readersSinceScn })
  }

  test('is where the source had come while the buffer has what its readers need from a former process, else as without', async () => {
    const from = async (restoredAfterScn: bigint, readersSinceScn?: bigint): Promise<bigint> => {
      const settle = (place: ResumePoint): Promise<SettledPoint> => Promise.resolve({ ...place, ...KNOWN })
      const restored = { restoredScn: reached.scn, restoredAfterScn, readersSinceScn }
      const log = silentLogger
      return (await beginInLog(new BufferReread<ResumePoint>(), { stored, reached, settle, log, ...restored })).scn
    }
    expect(await from(mark.scn)).toBe(reached.scn)
    expect(await from(mark.scn, mark.scn)).toBe(reached.scn)
    expect(await from(mark.scn, readersSince), 'a reader of older windows').toBe(readersSince)
    expect(await from(reached.scn + 1n), 'what it has begins behind that').toBe(mark.scn)
  })

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

test('a server that is replaced while the log is read again ends the source by name', async () => {
  const reread = new BufferReread<ResumePoint>()
  const settled = { ...point(2 ** 33 + 100), file: 'mysql-bin.000002', flavour: 'mariadb', byGtid: false } as const
  const place: SettledPoint = { ...settled, largeLogs: new Set<string>(), describesTables: true }
  const reached = { ...point(2 ** 33 + 500), file: 'mysql-bin.000002' }
  const stored = toMaxScn(reached, 0, place)
  await beginInLog(reread, { stored, reached, settle: () => Promise.resolve(place), log: silentLogger })
  openedInLog(reread, place, 0)
  const code = 'AESOP_MYSQL_REREAD_INTERRUPTED'
  const replaced = { ...place, byGtid: true, generation: 1 }
  expect(() => {
    openedInLog(reread, replaced, 0)
  }).toThrow(expect.objectContaining({ code }) as Error)
})
