import { EventBuffer } from '@aesop/buffer'
import { silentLogger } from '@aesop/kernel'
import { type ReadStep, type WindowReader } from '@aesop/reading'
import { expect, onTestFinished, test } from 'vitest'
import { LateReaders } from '../src/late/late-readers.ts'
import { type ReadLog } from '../src/late/shared-log.ts'
import { formatBinlogScn } from '../src/log/binlog-scn.ts'
import { type LatePlace, type MarkedPlace, PlaceIndex } from '../src/place/place-index.ts'
import { MysqlLogPurgedError } from '../src/error/live-errors.ts'
import { until } from '../../../test/support/until.ts'

const PLACES = 10
const WINDOWS = 400
const BUFFER_BYTES = 65_536
const NOW = { source: 'shop', generation: 0, configuration: 'a' }

/** SCN of the n-th window; each log has 100 of them. */
const scnOf = (n: number): bigint => formatBinlogScn(0, 1 + Math.floor(n / 100), 1000 + n)

/** One reading of a made-up log: windows of some 1,200 bytes, as many as its memory takes. */
class FakeLog implements ReadLog {
  readonly ring: EventBuffer
  failure: unknown
  oldestLog: string | undefined
  lastEventSeconds = 0
  isClosed = false
  readonly begin: MarkedPlace
  readonly slot: number
  readonly #onFailed: () => void

  constructor(
    begin: MarkedPlace,
    sinceScn: bigint,
    slot: number,
    needed: () => bigint | undefined,
    onFailed: () => void,
  ) {
    this.begin = begin
    this.slot = slot
    this.#onFailed = onFailed
    this.ring = new EventBuffer({
      maxBytes: BUFFER_BYTES,
      segmentBytes: 4096,
      physicalPartition: 1,
      neededAfterScn: needed,
    })
    this.ring.start(sinceScn)
  }

  start(): void {
    void this.#read()
  }

  fail(error: Error, oldestLog?: string): void {
    this.failure = error
    this.oldestLog = oldestLog
    this.#onFailed()
  }

  close(): Promise<void> {
    this.isClosed = true
    this.ring.stopWaiting()
    return Promise.resolve()
  }

  async #read(): Promise<void> {
    for (let n = 0; n < WINDOWS; n++) {
      if (scnOf(n) <= this.ring.lastScn) continue
      await this.ring.whenWritable()
      if (this.isClosed || this.failure !== undefined) return
      addWindow(this.ring, scnOf(n))
    }
  }
}

function addWindow(ring: EventBuffer, scn: bigint): void {
  const append = {
    opcode: 'UPSERT',
    key: Number(scn & 0xffffn),
    sourceId: 1,
    schemaId: Buffer.alloc(16),
    timestampNanos: 1n,
  } as const
  ring.beginWindow()
  for (let event = 0; event < 2; event++)
    ring.append({ ...append, logicalPartition: 0, maxValueBytes: 500 }, (_target, offset) => offset + 500)
  ring.endWindow(scn)
}

class Rig {
  nowMs = 0
  readonly logs: FakeLog[] = []
  readonly index = new PlaceIndex(undefined, true)
  readonly readers: LateReaders
  heard = 0
  readonly alarms: string[] = []

  constructor(max = 2) {
    for (let file = 1; file <= PLACES; file++) {
      const scn = formatBinlogScn(0, file, 900)
      const file_ = `mysql-bin.${String(file).padStart(6, '0')}`
      this.index.note({ scn, file: file_, position: 900, gtid: undefined, serverIdentity: 's', generation: 0 }, 'a')
    }
    this.readers = new LateReaders({
      max,
      find: (scn): LatePlace => this.index.find(scn, NOW),
      reachedScn: () => scnOf(WINDOWS),
      open: (...begin) => {
        const log = new FakeLog(...begin)
        this.logs.push(log)
        return log
      },
      forget: (oldestLog) => {
        this.index.dropBefore(oldestLog)
      },
      logKeptSeconds: () => 3600,
      alarm: (message) => this.alarms.push(message),
      log: silentLogger,
      now: () => this.nowMs,
    })
    this.readers.subscribe(() => this.heard++)
    onTestFinished(() => this.readers.end())
  }

  at(scn: bigint, offset = -1): WindowReader {
    const reader = this.readers.readFrom(offset < 0 ? scn : scn - 1n)
    onTestFinished(() => {
      reader.close()
    })
    expect(reader.seek(scn, offset)).toEqual({ kind: 'found' })
    return reader
  }
}

async function take(reader: WindowReader, bytes = 1300): Promise<ReadStep['kind']> {
  const step = await reader.next(bytes, true)
  if (step.kind === 'chunk') step.release()
  return step.kind
}

/** What stands behind all windows that are there. */
async function drained(reader: WindowReader): Promise<ReadStep> {
  for (;;) {
    const step = await reader.next(1 << 20)
    if (step.kind !== 'chunk') return step
    step.release()
  }
}

/** Gives closed readings the turn that their end takes. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('readers whose places are near share a reading, and those in other logs have their own', async () => {
  const rig = new Rig()
  const [first, near, behind, far] = [rig.at(scnOf(5)), rig.at(scnOf(40)), rig.at(scnOf(30)), rig.at(scnOf(310))]
  for (const reader of [first, near, behind, far]) expect(await take(reader)).toBe('chunk')
  expect([first.scn, near.scn, behind.scn, far.scn]).toEqual([scnOf(6), scnOf(41), scnOf(31), scnOf(311)])
  expect(rig.logs.map(({ slot, begin }) => [slot, begin.point.file])).toEqual([
    [0, 'mysql-bin.000001'],
    [1, 'mysql-bin.000004'],
  ])
})

test('a reader finds no gap and no repetition however little memory there is', async () => {
  const rig = new Rig()
  const reader = rig.at(scnOf(0))
  for (let n = 1; n < WINDOWS; n++) {
    expect(await take(reader)).toBe('chunk')
    expect(reader.scn).toBe(scnOf(n))
  }
  expect(rig.logs).toHaveLength(1)
  expect(rig.logs[0]?.ring.heldBytes).toBeLessThanOrEqual(2 * BUFFER_BYTES)
})

test('a client that asks again and again goes on in its reading, also within a window', async () => {
  const rig = new Rig()
  let [scn, offset] = [scnOf(0), -1]
  for (let n = 1; n < 200; n++) {
    const reader = rig.at(scn, offset)
    // One event, then the rest of the window.
    expect(await take(reader, offset < 0 ? 600 : 1300)).toBe('chunk')
    ;[scn, offset] = [reader.scn, reader.atWindowEnd ? -1 : 1]
    expect(scn).toBe(scnOf(Math.ceil(n / 2)))
    reader.close()
    rig.nowMs += 40
  }
  expect(rig.logs).toHaveLength(1)
})

test('who finds none free waits with empty answers, and has its turn in the order of coming', async () => {
  const rig = new Rig(1)
  const reading = rig.at(scnOf(5))
  expect(await take(reading)).toBe('chunk')
  const [second, third] = [rig.at(scnOf(305)), rig.at(scnOf(205))]
  expect([await take(third), await take(second), second.scn, second.atWindowEnd]).toEqual([
    'caughtUp',
    'caughtUp',
    scnOf(305),
    true,
  ])
  reading.close()
  // Others wait: it is not kept for long.
  rig.nowMs += 6000
  expect([await take(second), rig.logs.length]).toEqual(['caughtUp', 1])
  await settled()
  expect([rig.logs[0]?.isClosed, rig.heard]).toEqual([true, 1])
  expect([await take(third), await take(second)]).toEqual(['caughtUp', 'chunk'])
  second.close()
  rig.nowMs += 6000
  await take(third)
  await settled()
  expect(await take(third)).toBe('chunk')
})

test('who does not ask any more loses its place among those who wait', async () => {
  const rig = new Rig(1)
  const reading = rig.at(scnOf(5))
  const [gone, third] = [rig.at(scnOf(305)), rig.at(scnOf(205))]
  expect([await take(gone), await take(third)]).toEqual(['caughtUp', 'caughtUp'])
  reading.close()
  rig.nowMs += 6000
  await take(third)
  await settled()
  rig.nowMs += 6000
  expect(await take(third)).toBe('chunk')
})

test('a reading that nobody takes from for a minute is given back; one that comes again goes on', async () => {
  const rig = new Rig()
  const [idle, within] = [rig.at(scnOf(5)), rig.at(scnOf(305))]
  expect([await take(idle), await take(within, 600)]).toEqual(['chunk', 'chunk'])
  rig.nowMs += 59_000
  rig.readers.sweep()
  expect(rig.readers.readings).toHaveLength(2)
  rig.nowMs += 2000
  rig.readers.sweep()
  await settled()
  expect([rig.readers.readings.length, rig.logs.every(({ isClosed }) => isClosed)]).toEqual([0, true])
  expect([await take(idle), idle.scn]).toEqual(['chunk', scnOf(7)])
  expect(await within.next(1300)).toEqual({ kind: 'overrun', scn: scnOf(306) })
})

test('the slowest reader holds a reading up, for a minute; then the others go on', async () => {
  const rig = new Rig()
  const [fast, slow] = [rig.at(scnOf(0)), rig.at(scnOf(0))]
  expect(await take(slow)).toBe('chunk')
  let kind = await take(fast)
  while (kind === 'chunk') kind = await take(fast)
  expect(kind).toBe('caughtUp')
  const held = fast.scn
  expect(held).toBeLessThan(scnOf(WINDOWS - 1))
  rig.nowMs += 59_000
  expect(await take(fast)).toBe('caughtUp')
  rig.nowMs += 2000
  rig.readers.sweep()
  while (fast.scn < scnOf(WINDOWS - 1)) expect(await take(fast)).toBe('chunk')
  expect(fast.scn).toBe(scnOf(WINDOWS - 1))
  expect([await take(slow), slow.scn]).toEqual(['chunk', scnOf(2)])
})

test('why a reading has failed is told, and for ten seconds it is not tried again', async () => {
  const rig = new Rig()
  const reader = rig.at(scnOf(5))
  const wall = new Error('the wall is broken')
  rig.logs[0]?.fail(wall)
  await expect(drained(reader)).rejects.toThrow(wall)
  await settled()
  expect(() => rig.at(scnOf(7))).toThrow(wall)
  expect([rig.logs.length, rig.readers.readings.length]).toEqual([1, 0])
  rig.nowMs += 11_000
  expect(await take(rig.at(scnOf(7)))).toBe('chunk')
})

test('a log that was purged is gone, with the first SCN that is left and the reason', async () => {
  const rig = new Rig()
  const reader = rig.at(scnOf(5))
  const purged = new MysqlLogPurgedError('db', 'mysql-bin.000001:900', 'mysql-bin.000003:4')
  rig.logs[0]?.fail(purged, 'mysql-bin.000003')
  const prevScn = formatBinlogScn(0, 3, 900)
  expect(await drained(reader)).toEqual({ kind: 'gone', prevScn, reason: purged.message })
  expect(rig.readers.readFrom(scnOf(9)).seek(scnOf(9), -1)).toEqual({ kind: 'gone', prevScn })
  expect(await take(rig.at(scnOf(210)))).toBe('chunk')
})

test('where only the beginning of a reading was purged, it goes on from the oldest log that is left', async () => {
  const rig = new Rig()
  const [first] = rig.index.places
  rig.index.dropBefore('mysql-bin.000004')
  if (first !== undefined) rig.index.noteBefore(first.point, 'a')
  const reader = rig.at(scnOf(250))
  rig.logs[0]?.fail(new MysqlLogPurgedError('db', 'mysql-bin.000001:900', 'mysql-bin.000002:4'), 'mysql-bin.000002')
  for (let n = 251; n < 255; n++) expect([await take(reader), reader.scn]).toEqual(['chunk', scnOf(n)])
  expect(rig.logs[1]?.begin.point).toMatchObject({ file: 'mysql-bin.000002', position: 4 })
})

test('how long the log lasts for the slowest reading is shown, and who reads from where', async () => {
  const rig = new Rig()
  for (const scn of [scnOf(5), scnOf(305)]) expect(await take(rig.at(scn))).toBe('chunk')
  const left = (): number => rig.readers.metrics().find(({ name }) => name.endsWith('seconds_left'))?.value ?? Infinity
  expect(left()).toBe(Infinity)
  const now = Math.floor(Date.now() / 1000)
  for (const [i, log] of rig.logs.entries()) log.lastEventSeconds = now - 3000 + i * 1000
  expect(left()).toBeLessThanOrEqual(600)
  expect(left()).toBeGreaterThan(500)
  expect(rig.readers.describe()).toMatchObject([
    { from: 'mysql-bin.000001:900', readers: [{ afterScn: String(scnOf(6)), isOpen: true }] },
    { from: 'mysql-bin.000004:900', readers: [{ afterScn: String(scnOf(306)), isOpen: true }] },
  ])
})

test('before the log is gone under a reader somebody is told, once', async () => {
  const rig = new Rig()
  const reader = rig.at(scnOf(5))
  expect(await take(reader)).toBe('chunk')
  const [log] = rig.logs
  const now = Math.floor(Date.now() / 1000)
  for (const ageSeconds of [3000, 3400, 3500, 4000]) {
    if (log !== undefined) log.lastEventSeconds = now - ageSeconds
    rig.readers.sweep()
  }
  expect(rig.alarms).toHaveLength(1)
  expect(rig.alarms[0]).toMatch(
    /a late reader is at SCN \d+, and the server may purge the log behind it in (199|200) s/,
  )
})

test('after the end nothing is begun', async () => {
  const rig = new Rig()
  const reader = rig.at(scnOf(5))
  await take(reader)
  await rig.readers.end()
  expect([rig.logs[0]?.isClosed, await take(rig.at(scnOf(305))), rig.logs.length]).toEqual([true, 'caughtUp', 1])
})

test('who was told that there is nothing hears of the next window, and none is told of it twice', async () => {
  const rig = new Rig()
  const reader = rig.at(scnOf(WINDOWS - 2))
  const [log] = rig.logs
  if (log === undefined) throw new Error('nothing is read')
  expect([await take(reader), await take(reader), rig.heard]).toEqual(['chunk', 'caughtUp', 0])
  expect([await take(reader), rig.heard]).toEqual(['caughtUp', 0])
  addWindow(log.ring, scnOf(WINDOWS))
  await until('word of it', () => rig.heard > 0)
  expect([rig.heard, await take(reader)]).toEqual([1, 'chunk'])
  addWindow(log.ring, scnOf(WINDOWS + 1))
  expect([await take(reader), rig.heard]).toEqual(['chunk', 1])
})

test('how fast it comes through the log is told once it is known, and when it falls off at that pace', async () => {
  const rig = new Rig()
  const seconds = Math.floor(Date.now() / 1000)
  rig.at(scnOf(7))
  const [log] = rig.logs
  if (log === undefined) throw new Error('nothing is read')
  const valueOf = (name: string): number | undefined => rig.readers.metrics().find((each) => each.name === name)?.value
  const told = (): unknown => [valueOf('producer_late_gain_seconds'), valueOf('producer_late_falls_off_seconds')]
  const after = (s: number, eventSeconds: number): unknown => {
    rig.nowMs += s * 1000
    log.lastEventSeconds = eventSeconds
    rig.readers.sweep()
    return told()
  }
  const at = seconds - 1800
  expect([after(0, 0), after(1, at), after(4, at + 2)]).toEqual(Array(3).fill([undefined, undefined]))
  // Half as fast as the clock: what is left of the hour lasts twice as long.
  const [gain, fallsOff] = after(6, at + 5) as [number, number]
  expect(gain).toBe(-0.5)
  expect(Math.abs(fallsOff - 2 * 1805)).toBeLessThan(60)
  expect(rig.readers.describe()).toMatchObject([{ gainsSecondsPerSecond: -0.5 }])
  // Three times as fast: it gains, and falls off nothing.
  expect(after(24, at + 92)).toEqual([2, undefined])
  await until('the end of the log', () => log.ring.lastScn > 0n)
})
