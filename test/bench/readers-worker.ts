/*
 * Many readers of one relay in a process of their own: streams over plain sockets whose events are walked and not decoded. Each proves
 * that its windows follow each other without a gap and without a repetition.
 * Argument: one `Job` as JSON. Prints one `Report` as JSON when all have come to their end, or when something comes on stdin.
 */
import { Checkpoint } from '@aesop/checkpoint'
import { formatStreamRequest } from '@aesop/wire'
import { type Job, type ReaderReport, type Readers, type Report, SOURCE } from './readers-job.ts'
import { StreamConnection, type StreamTaker } from './stream-connection.ts'
import { WindowWalk } from './window-walk.ts'

const FOLLOW_MS = 120_000
/** Streams that have just begun have windows to catch up with. */
const WARM_MS = 3000
/** A reader that is ahead of its rate by less goes on: a timer is worth no less. */
const AHEAD_MS_MIN = 20

const job = JSON.parse(process.argv[2] ?? '{}') as Job
const latencies = new Map<number, number>()
/** Readers that have not come to their end. */
let working = 0

class Reader implements StreamTaker {
  bytes = 0
  fault = ''
  readonly kind: Readers['kind']
  readonly #readers: Readers
  readonly #port: number
  readonly #sourceId: number
  readonly #walk: WindowWalk
  #connection: StreamConnection | undefined
  #beganMs = 0
  #rowsAtBegin = 0
  #firstMs = 0
  #lastMs = 0
  /** When what is walked was read. */
  #nowMs = 0

  constructor(port: number, sourceId: number, readers: Readers) {
    this.#port = port
    this.#sourceId = sourceId
    this.#readers = readers
    this.kind = readers.kind
    this.#walk = new WindowWalk({
      ...(readers.afterScn === undefined ? {} : { afterScn: readers.afterScn }),
      isGapless: job.source === undefined,
      windowEnded: (committedMs) => {
        if (this.kind === 'live' && this.#nowMs >= this.#beganMs + WARM_MS) note(this.#nowMs - committedMs)
      },
    })
  }

  /** Asks for one answer, over a connection of its own. */
  begin(): void {
    this.#beganMs = Date.now()
    this.#rowsAtBegin = this.#walk.rows
    this.#connection = new StreamConnection(this.#port, this)
    this.#connection.ask(this.#path())
  }

  #path(): string {
    const scn = this.#walk.lastScn
    return formatStreamRequest({
      sources: [this.#sourceId],
      checkpoint: scn < 0 ? Checkpoint.flexible() : Checkpoint.online(BigInt(scn)),
      fromLatestScn: scn < 0,
      sizeBytes: 1 << 20,
      output: 'binary',
      eventVersionMax: 0,
      filters: new Map(),
      followMs: FOLLOW_MS,
    })
  }

  body(bytes: Buffer, from: number, to: number): void {
    this.bytes += to - from
    if (this.kind === 'stalled') return
    this.#firstMs ||= performance.now()
    this.#nowMs = Date.now()
    this.#walk.walk(bytes, from, to)
    if (this.#walk.rows >= (job.untilRows ?? Infinity)) this.#done()
  }

  ended(error: string | undefined): void {
    if (error !== undefined && this.#readers.maySkip !== true) throw new Error(error)
    if (error === undefined && !this.#walk.isWhole) throw new Error('an answer ended within an event')
    // One that is overrun goes on with the newest window.
    if (error !== undefined) this.#walk.beginAnew()
    this.#connection?.close()
    this.begin()
  }

  /** More is read by one that is ahead of its rate later, and by one that stalls never, once its answer has begun. */
  wantsMore(): boolean {
    const { rowsPerSecond } = this.#readers
    if (this.kind === 'stalled') return this.bytes === 0
    if (rowsPerSecond === undefined) return true
    const aheadMs = ((this.#walk.rows - this.#rowsAtBegin) * 1000) / rowsPerSecond - (Date.now() - this.#beganMs)
    if (aheadMs < AHEAD_MS_MIN) return true
    const connection = this.#connection
    setTimeout(() => connection?.resume(), aheadMs)
    return false
  }

  failed(fault: string): void {
    // One that takes nothing is cut when what is held for it is needed back.
    if (this.kind === 'stalled' && this.bytes > 0) return
    this.fault ||= fault
    this.#done()
  }

  #done(): void {
    if (this.#lastMs > 0) return
    this.#lastMs = performance.now()
    if (--working === 0) end()
  }

  report(): ReaderReport {
    const { kind, bytes, fault } = this
    const { rows, firstScn, lastScn } = this.#walk
    const tookMs = (this.#lastMs || performance.now()) - this.#firstMs
    return { kind, rows, bytes, fault, tookMs, firstScn, lastScn }
  }
}

function note(tookMs: number): void {
  const ms = Math.round(tookMs)
  latencies.set(ms, (latencies.get(ms) ?? 0) + 1)
}

async function sourceIdOf(port: number): Promise<number> {
  const sources = (await (await fetch(`http://127.0.0.1:${port}/sources`)).json()) as { id: number; name: string }[]
  const found = sources.find(({ name }) => name === (job.source ?? SOURCE))
  if (found === undefined) throw new Error(`the relay has no source ${job.source ?? SOURCE}`)
  return found.id
}

function end(): void {
  const report: Report = { readers: readers.map((reader) => reader.report()), latencies: Object.fromEntries(latencies) }
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
}

const sourceId = await sourceIdOf(job.port)
const readers = job.readers.flatMap((each) =>
  Array.from({ length: each.count }, () => new Reader(job.port, sourceId, each)),
)
working = readers.length
for (const reader of readers) reader.begin()
process.stdin.once('data', end)
