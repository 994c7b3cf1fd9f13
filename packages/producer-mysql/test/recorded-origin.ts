import { readFileSync } from 'node:fs'
import { type BinlogHandler, type BinlogPosition, type BinlogStream } from '../src/log/binlog-stream.ts'
import { type BinlogOrigin, type SettledPoint } from '../src/origin/binlog-origin.ts'
import { type GateFacts } from '../src/place/resume-gate.ts'
import { type ResumePoint } from '../src/place/resume-point.ts'
import { type StartPlace } from '../src/place/start-from.ts'
import { transactionCounter } from '../src/decoder/transaction-counter.ts'
import { recordingPath, sourceOf } from './recorded-log.ts'

const MAGIC_BYTES = 4
const AT_END_POSITION = 13
const AT_LENGTH = 9
const CHECKSUM_BYTES = 4
const WRAP = 0x100000000

export interface RecordedEvent {
  /** With its checksum. */
  readonly bytes: Buffer
  /** True offset of its first byte. */
  readonly from: number
}

/** A recorded log as its events. */
export function recordedEvents(recording: string): RecordedEvent[] {
  const log = readFileSync(recordingPath(recording).replace('.index', '.000001'))
  const events: RecordedEvent[] = []
  for (let at = MAGIC_BYTES; at < log.length; at += log.readUInt32LE(at + AT_LENGTH)) {
    events.push({ bytes: Buffer.from(log.subarray(at, at + log.readUInt32LE(at + AT_LENGTH))), from: at })
  }
  return events
}

/**
 * The same events in a log in which `count` bytes that nobody looks at come before the event `at`, as one huge transaction of
 * a table that nobody captures would be.
 */
export function shifted(events: readonly RecordedEvent[], at: number, count: number): RecordedEvent[] {
  return events.map(({ bytes, from }, i) => {
    if (i < at) return { bytes, from }
    const copy = Buffer.from(bytes)
    const logged = bytes.readUInt32LE(AT_END_POSITION)
    if (logged !== 0) copy.writeUInt32LE((logged + count) % WRAP, AT_END_POSITION)
    return { bytes: copy, from: from + count }
  })
}

/**
 * A server of one log file that is held in memory: it begins where it is told, up to 4 GiB, sends the description first, and
 * says that it is idle at the end.
 */
export class RecordedOrigin implements BinlogOrigin {
  readonly name = 'recorded'
  readonly file = 'mysql-bin.000001'
  readonly defaultStart = { kind: 'earliest' } as const
  readonly catalogue = undefined
  readonly gateFacts: GateFacts
  /** Offsets at which streams have begun. */
  readonly begun: number[] = []
  events: readonly RecordedEvent[]
  /** Index of the event at which a server begins that finds the place by GTID. */
  startAt: number | undefined

  constructor(events: readonly RecordedEvent[], seekMax = WRAP - 1) {
    this.events = events
    const newCounter = (): ReturnType<typeof transactionCounter> => transactionCounter(sourceOf('shapes', ['a.b']))
    this.gateFacts = { server: 'recorded', seekMax, newCounter }
  }

  locate(start: StartPlace = { kind: 'earliest' }): Promise<ResumePoint> {
    const last = this.events.at(-1)
    const end = last === undefined ? MAGIC_BYTES : last.from + last.bytes.length
    return Promise.resolve({
      scn: (1n << 32n) + 4n,
      file: this.file,
      position: start.kind === 'latest' ? end : MAGIC_BYTES,
      gtid: undefined,
      serverIdentity: undefined,
      generation: 0,
    })
  }

  settle(point: ResumePoint): Promise<SettledPoint> {
    return Promise.resolve({
      ...point,
      file: point.file ?? this.file,
      flavour: undefined,
      byGtid: this.startAt !== undefined,
      largeLogs: new Set([this.file]),
      describesTables: true,
    })
  }

  stream(point?: SettledPoint): BinlogStream {
    const from = point?.byGtid === true ? (this.startAt ?? 0) : 0
    let closed = false
    const isClosed = (): boolean => closed
    return {
      open: (place, handler) => {
        this.begun.push(place.position)
        return this.#send(place, handler, isClosed, from)
      },
      pause: () => undefined,
      resume: () => undefined,
      close: () => {
        closed = true
        return Promise.resolve()
      },
    }
  }

  release(): Promise<void> {
    return Promise.resolve()
  }

  async #send(from: BinlogPosition, handler: BinlogHandler, isClosed: () => boolean, skip: number): Promise<void> {
    handler.onRotate(from.file, from.position)
    const [description, ...rest] = this.events
    if (description === undefined) return
    const copy = Buffer.from(description.bytes)
    if (from.position > MAGIC_BYTES) copy.writeUInt32LE(0, AT_END_POSITION)
    await handler.onEvent(copy, 0, copy.length - CHECKSUM_BYTES)
    for (const [i, { bytes, from: at }] of rest.entries()) {
      if (at < from.position || i + 1 < skip) continue
      if (isClosed()) return
      await handler.onEvent(bytes, 0, bytes.length - CHECKSUM_BYTES)
    }
    handler.onCaughtUp?.()
  }
}
