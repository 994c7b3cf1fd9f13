import { describe, expect, it } from 'vitest'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { examineLog } from '../src/origin/log-examination.ts'
import { type BinlogHandler } from '../src/log/binlog-stream.ts'
import { type GateFinding, type GatePlace, ResumeGate } from '../src/place/resume-gate.ts'
import { recordedEvents, RecordedOrigin, shifted } from './recorded-origin.ts'

const EVENTS = recordedEvents('shapes')
const FILE = 'mysql-bin.000001'
/** Ends of transactions. */
const ENDS = EVENTS.filter(({ bytes }) => bytes[4] === MySQLConstants.XID_EVENT).map(
  ({ bytes, from }) => from + bytes.length,
)

interface Passed {
  finding: GateFinding | undefined
  readonly rotates: [string, number, number | undefined][]
  /** Offset of each event that came through, as its end position says it. */
  readonly ends: number[]
}

/** What a handler behind a gate at this place gets from a log. */
async function through(origin: RecordedOrigin, place: GatePlace): Promise<Passed> {
  const passed: Passed = { finding: undefined, rotates: [], ends: [] }
  const handler: BinlogHandler = {
    onEvent: (bytes) => {
      passed.ends.push(bytes.readUInt32LE(13))
      return undefined
    },
    onRotate: (...rotate) => void passed.rotates.push(rotate as [string, number, number | undefined]),
  }
  const gate = new ResumeGate({
    ...origin.gateFacts,
    place,
    handler,
    onOpen: (finding) => {
      passed.finding = finding
    },
  })
  await origin.stream().open(gate.begin, gate, () => undefined)
  return passed
}

const reset = expect.objectContaining({ code: 'AESOP_MYSQL_LOG_RESET' }) as object

async function proofAt(position: number): Promise<GatePlace & GateFinding> {
  return { file: FILE, ...(await examineLog(new RecordedOrigin(EVENTS), { file: FILE, position })) }
}

describe('the gate of a resumed log', () => {
  it('lets through what follows the place, after the place itself and the description', async () => {
    for (const position of ENDS) {
      const origin = new RecordedOrigin(EVENTS)
      const place = await proofAt(position)
      const { finding, rotates, ends } = await through(origin, place)
      expect(origin.begun.at(-1)).toBe(position - (place.event?.length ?? 0))
      expect(finding).toEqual({ position, ended: 0, log: place.log, event: place.event })
      expect(rotates).toEqual([[FILE, position, 0]])
      const after = EVENTS.filter(({ from }) => from >= position).map(({ bytes }) => bytes.readUInt32LE(13))
      expect(ends).toEqual([0, ...after])
    }
    expect(ENDS.length).toBeGreaterThan(3)
  })

  it('opens at the description where only the offset is known', async () => {
    const [position = 0] = ENDS
    const origin = new RecordedOrigin(EVENTS)
    const { finding, rotates } = await through(origin, { file: FILE, position })
    expect(origin.begun).toEqual([position])
    expect(rotates).toEqual([[FILE, position, 0]])
    expect(finding).toMatchObject({ position, event: undefined })
    expect(finding?.log.serverVersion).toContain('MariaDB')
  })

  it('finds another event at the place, whichever part of it differs', async () => {
    const place = await proofAt(ENDS[1] ?? 0)
    const { event } = place
    if (event === undefined) throw new Error('no event at the place')
    const others = [
      { ...event, timestamp: event.timestamp + 1 },
      { ...event, serverId: event.serverId + 1 },
      { ...event, endPosition: event.endPosition + 1 },
      { ...event, crc: event.crc ^ 1 },
    ]
    for (const other of others) {
      const refused = through(new RecordedOrigin(EVENTS), { ...place, event: other })
      await expect(refused).rejects.toEqual(reset)
      await expect(refused).rejects.toThrow(`:${place.position}, an event of ${event.length} bytes`)
    }
    // An event of another length ends there, or none does.
    for (const length of [event.length - 1, event.length + 1]) {
      await expect(through(new RecordedOrigin(EVENTS), { ...place, event: { ...event, length } })).rejects.toEqual(
        reset,
      )
    }
  })

  it('finds a log of the same name that was begun at another time, by another server or version', async () => {
    const place = await proofAt(ENDS[1] ?? 0)
    const { log } = place
    const others = [
      { ...log, begunSeconds: log.begunSeconds + 1 },
      { ...log, serverId: 99 },
      { ...log, serverVersion: '5.5' },
    ]
    for (const event of [place.event, undefined]) {
      for (const other of others) {
        const origin = new RecordedOrigin(EVENTS)
        await expect(through(origin, { ...place, event, log: other })).rejects.toEqual(reset)
      }
      // An older record has the time alone.
      const { finding } = await through(new RecordedOrigin(EVENTS), {
        ...place,
        event,
        log: { begunSeconds: log.begunSeconds },
      })
      expect(finding).toBeDefined()
    }
  })

  it('finds a log that ends before the place', async () => {
    const place = await proofAt(ENDS.at(-1) ?? 0)
    const before = EVENTS.filter(({ from }) => from < place.position - (place.event?.length ?? 0))
    await expect(through(new RecordedOrigin(before), place)).rejects.toEqual(reset)
    // Also where it is read from its beginning, up to the event that says that the next log follows.
    const beyond = examineLog(new RecordedOrigin(EVENTS), { file: FILE, position: 2 ** 31 })
    await expect(beyond).rejects.toThrow(`the end of the log at ${FILE}:${EVENTS.at(-1)?.bytes.readUInt32LE(13)}`)
  })

  it('reads a log from its beginning where its stream can not begin at the place, and counts what ended beyond 4 GiB', async () => {
    const second = EVENTS.findIndex(({ from }) => from === ENDS[0])
    const huge = shifted(EVENTS, second, 2 ** 32 - 300)
    const far = huge.filter(({ bytes }) => bytes[4] === MySQLConstants.XID_EVENT).slice(1)
    for (const { bytes, from } of far) {
      const origin = new RecordedOrigin(huge)
      const position = from + bytes.length
      const examined = await examineLog(origin, { file: FILE, position })
      const { finding, rotates } = await through(origin, { file: FILE, ...examined })
      expect(origin.begun).toEqual([4, 4])
      expect(finding).toEqual(examined)
      expect(rotates).toEqual([[FILE, position, examined.ended]])
      // The count alone names the same place.
      const counted = await through(origin, { file: FILE, position: undefined, ended: examined.ended })
      expect(counted.finding?.position).toBe(position)
    }
    expect(far.length).toBeGreaterThan(3)
  })
})
