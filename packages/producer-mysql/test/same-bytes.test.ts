import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '@aesop/kernel'
import { MemorySchemaRegistry } from '@aesop/schema'
import { afterEach, describe, expect, it } from 'vitest'
import { BinlogDecoder } from '../src/decoder/binlog-decoder.ts'
import { type BinlogOrigin } from '../src/origin/binlog-origin.ts'
import { BinlogSession } from '../src/session/binlog-session.ts'
import { formatBinlogScn, POSITION_BOUND, scnPosition } from '../src/log/binlog-scn.ts'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { MysqlPlaceFinder } from '../src/session/mysql-place-finder.ts'
import { ReadingPlace } from '../src/session/reading-place.ts'
import { resumeAtScn, type ResumePoint, toMaxScn } from '../src/place/resume-point.ts'
import { fromMaxScn } from '../src/place/stored-point.ts'
import { RecordingSink, sourceOf } from './recorded-log.ts'
import { type RecordedEvent, recordedEvents, RecordedOrigin, shifted } from './recorded-origin.ts'

const RECORDINGS = readdirSync(fileURLToPath(new URL('testdata/binlog/', import.meta.url)), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
/** A log that is still written to. */
function logOf(recording: string): RecordedEvent[] {
  return recordedEvents(recording).filter(({ bytes }) => bytes[4] !== MySQLConstants.ROTATE_EVENT)
}
/** Every table of the recordings that their log describes. */
const SOURCES = ['shop.item', 'shop.other', 'types.numbers', 'types.texts', 'types.times', 'types.labels']

/** What was read of a log, and the record of the place after each window. */
interface Reading {
  readonly sink: RecordingSink
  readonly records: ReturnType<typeof toMaxScn>[]
}

const sessions: BinlogSession[] = []
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
})

/** Reads a log to its end, as a producer does. */
async function read(origin: BinlogOrigin, from: ResumePoint, sources = SOURCES): Promise<Reading> {
  const schemas = new MemorySchemaRegistry()
  const sink = new RecordingSink(schemas)
  const records: Reading['records'] = []
  const place = new ReadingPlace(from)
  const session = new BinlogSession({
    origin,
    from,
    onProven: (finding) => {
      place.proven(finding)
    },
    handlerFor: (point) => {
      place.settled(point)
      return new BinlogDecoder({
        physicalSource: sourceOf('shapes', sources),
        schemas,
        sink,
        generation: point.generation,
        sinceScn: from.scn,
        emptyWindowEveryMs: 0,
        log: silentLogger,
        onWindow: (scn, end) => {
          place.window(scn, end)
          records.push(toMaxScn(place.current(), 0))
        },
        onMoved: (end) => {
          place.moved(end)
        },
      })
    },
  })
  sessions.push(session)
  await session.open()
  return { sink, records }
}

const BEGINNING = resumeAtScn((1n << 32n) + 4n)

/** Whether the recording can be read without a catalogue; what it refuses is tested elsewhere. */
async function readable(events: readonly RecordedEvent[]): Promise<Reading | undefined> {
  try {
    return await read(new RecordedOrigin(events), BEGINNING)
  } catch {
    return undefined
  }
}

/** Reads again behind every window, from its record as JSON brings it back: the rest must be the same, byte for byte. */
async function expectSameRest(
  events: readonly RecordedEvent[],
  whole: Reading,
  resumed?: typeof SOURCES,
): Promise<void> {
  for (const [i, { scn, position }] of whole.records.entries()) {
    const stored = { scn, savedAtMs: 0, position: JSON.parse(JSON.stringify(position)) as unknown }
    const rest = await read(new RecordedOrigin(events), fromMaxScn(stored), resumed)
    expect(rest.sink.windows).toEqual(whole.sink.windows.slice(i + 1))
  }
}

describe('a log that is read again from any of its windows', () => {
  it('gives the same windows, SCNs and bytes (every recording)', async () => {
    const rows = new Map<string, number>()
    for (const recording of RECORDINGS) {
      const events = logOf(recording)
      const whole = await readable(events)
      if (whole === undefined) continue
      rows.set(recording, whole.sink.changes.length)
      await expectSameRest(events, whole)
    }
    expect([...rows.values()].filter((count) => count > 0).length).toBeGreaterThan(5)
  })

  it('gives them beyond 4 GiB, too, where SCNs count transactions', async () => {
    const events = logOf('shapes')
    const groups = events.flatMap(({ bytes }, i) => (bytes[4] === MySQLConstants.MARIADB_GTID_EVENT ? [i] : []))
    let counted = 0
    for (const group of groups.slice(1)) {
      const huge = shifted(events, group, 2 ** 32 - 300)
      const whole = await read(new RecordedOrigin(huge), BEGINNING)
      const scns = whole.sink.windows.map(({ scn }) => scn)
      expect(scns).toEqual([...scns].sort((a, b) => Number(a - b)))
      expect(new Set(scns).size).toBe(scns.length)
      counted += scns.filter((scn) => Number(scn & 0xffffffffn) >= POSITION_BOUND).length
      expect(whole.sink.changes.map(({ bytes }) => bytes)).toEqual(
        (await read(new RecordedOrigin(events), BEGINNING)).sink.changes.map(({ bytes }) => bytes),
      )
      await expectSameRest(huge, whole)
    }
    expect(counted).toBeGreaterThan(50)
  })

  it('has the same SCNs whichever tables are captured', async () => {
    const events = logOf('shapes')
    const huge = shifted(events, 6, 2 ** 32 - 300)
    const all = await read(new RecordedOrigin(huge), BEGINNING)
    const none = await read(new RecordedOrigin(huge), BEGINNING, ['no.table'])
    expect(none.sink.windows.map(({ scn }) => scn)).toEqual(all.sink.windows.map(({ scn }) => scn))
    expect(all.sink.changes.length).toBeGreaterThan(5)
    expect(none.sink.changes).toEqual([])
  })

  it('is found by an SCN alone, below 4 GiB and beyond, where no XA transaction waits', async () => {
    const events = logOf('shapes')
    let found = 0
    for (const log of [events, shifted(events, 6, 2 ** 32 - 300)]) {
      const whole = await read(new RecordedOrigin(log), BEGINNING)
      for (const [i, { scn, position }] of whole.records.entries()) {
        const place = position as { position: number; ended: number }
        if (formatBinlogScn(0, 1, scnPosition(place.position, place.ended)) !== scn) continue
        const rest = await read(new RecordedOrigin(log), resumeAtScn(scn))
        expect(rest.sink.windows).toEqual(whole.sink.windows.slice(i + 1))
        found++
      }
    }
    expect(found).toBeGreaterThan(40)
  })

  it('names its places beyond 4 GiB by SCN and by position', async () => {
    const huge = shifted(logOf('shapes'), 6, 2 ** 32 - 300)
    const whole = await read(new RecordedOrigin(huge), BEGINNING)
    const finder = new MysqlPlaceFinder(new RecordedOrigin(huge))
    let beyond = 0
    for (const { scn, position } of whole.records) {
      const place = position as { position: number; ended: number }
      if (place.ended === 0 || formatBinlogScn(0, 1, scnPosition(place.position, place.ended)) !== scn) continue
      const file = 'mysql-bin.000001'
      expect(await finder.locate(String(scn))).toMatchObject({ scn, file, position: place.position })
      expect(await finder.locate(`${file}:${place.position}`)).toMatchObject({ scn, file, position: place.position })
      const { record } = await finder.recordAt(String(scn), -1n)
      expect(record).toMatchObject({ scn, position: { position: place.position, ended: place.ended } })
      beyond++
    }
    expect(beyond).toBeGreaterThan(20)
  })

  it('has the same SCNs where a server begins by GTID inside of it', async () => {
    const huge = shifted(logOf('shapes'), 6, 2 ** 32 - 300)
    const whole = await read(new RecordedOrigin(huge), BEGINNING)
    const groups = huge.flatMap(({ bytes }, i) => (bytes[4] === MySQLConstants.MARIADB_GTID_EVENT ? [i] : []))
    let beyond = 0
    for (const group of groups) {
      const origin = new RecordedOrigin(huge)
      origin.startAt = group
      const rest = await read(origin, BEGINNING)
      const first = rest.sink.windows[0]?.scn ?? -1n
      const scns = new Set(whole.sink.windows.filter(({ scn }) => scn >= first).map(({ scn }) => scn))
      // Behind a prepared XA transaction its commit has no rows, and gives no window.
      expect(rest.sink.windows.filter(({ scn }) => !scns.has(scn))).toEqual([])
      expect(scns.size - rest.sink.windows.length).toBeLessThanOrEqual(1)
      if (Number(first & 0xffffffffn) >= POSITION_BOUND) beyond++
    }
    expect(beyond).toBeGreaterThan(20)
  })

  it('goes on above a saturated SCN of an older version, with what that one had not delivered', async () => {
    const huge = shifted(logOf('shapes'), 6, 2 ** 32 - 300)
    const whole = await read(new RecordedOrigin(huge), BEGINNING)
    const at = whole.records.findIndex(({ scn }) => Number(scn & 0xffffffffn) >= POSITION_BOUND)
    const { position } = whole.records[at]?.position as { position: number }
    const saturated = formatBinlogScn(0, 1, 0xffffffff)
    const stored = { scn: saturated, savedAtMs: 0, position: { file: 'mysql-bin.000001', position, generation: 0 } }
    const rest = await read(new RecordedOrigin(huge), fromMaxScn(stored))
    expect(rest.sink.changes).toEqual(whole.sink.windows.slice(at + 1).flatMap(({ changes }) => changes))
    for (const { scn } of rest.sink.windows) expect(scn).toBeGreaterThan(saturated)
    expect(rest.sink.changes.length).toBeGreaterThan(0)
  })
})
