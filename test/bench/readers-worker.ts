/*
 * Many readers of one relay in a process of their own: plain HTTP streams whose events are walked and not decoded. Each proves
 * that its windows follow each other without a gap and without a repetition.
 * Argument: one `Job` as JSON. Prints one `Report` as JSON when all have come to their end, or when something comes on stdin.
 */
import { Checkpoint } from '@aesop/checkpoint'
import { endAt, isEndOfPeriodAt, lengthAt, scnAt, timestampNanosAt } from '@aesop/event'
import { formatStreamRequest, headers } from '@aesop/wire'
import { get, type IncomingMessage } from 'node:http'
import { type Job, type ReaderReport, type Readers, type Report, SOURCE } from './readers-job.ts'

const FOLLOW_MS = 120_000
/** Streams that have just begun have windows to catch up with. */
const WARM_MS = 3000
const HEADER_BYTES = 61

const job = JSON.parse(process.argv[2] ?? '{}') as Job
const latencies = new Map<number, number>()
/** Readers that have not come to their end. */
let working = 0

class Reader {
  rows = 0
  bytes = 0
  firstScn = -1n
  lastScn = -1n
  fault = ''
  readonly kind: Readers['kind']
  readonly #readers: Readers
  readonly #port: number
  readonly #sourceId: number
  #rest = Buffer.alloc(0)
  #beganMs = 0
  #rowsAtBegin = 0
  #firstMs = 0
  #lastMs = 0

  constructor(port: number, sourceId: number, readers: Readers) {
    this.#port = port
    this.#sourceId = sourceId
    this.#readers = readers
    this.kind = readers.kind
  }

  begin(): void {
    this.#beganMs = Date.now()
    this.#rowsAtBegin = this.rows
    const scn = this.lastScn >= 0n ? this.lastScn : BigInt(this.#readers.afterScn ?? -1)
    const path = formatStreamRequest({
      sources: [this.#sourceId],
      checkpoint: scn < 0n ? Checkpoint.flexible() : Checkpoint.online(scn),
      fromLatestScn: scn < 0n,
      sizeBytes: 1 << 20,
      output: 'binary',
      eventVersionMax: 0,
      filters: new Map(),
      followMs: FOLLOW_MS,
    })
    get({ host: '127.0.0.1', port: this.#port, path, agent: false }, (response) => {
      this.#take(response)
    }).on('error', (error) => {
      this.#failed(error.message)
    })
  }

  #take(response: IncomingMessage): void {
    if (response.statusCode !== 200) this.#failed(`status ${String(response.statusCode)}`)
    if (this.kind === 'stalled') return
    response.on('data', (bytes: Buffer) => {
      this.bytes += bytes.length
      this.#firstMs ||= performance.now()
      this.#walk(this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]))
      this.#slowDown(response)
    })
    response.on('error', (error) => {
      this.#failed(error.message)
    })
    response.on('end', () => {
      const error = response.headers[headers.error] ?? response.trailers[headers.error]
      if (error === undefined) this.begin()
      else if (this.#readers.maySkip !== true) this.#failed(String(error))
      else this.#beginAnew()
    })
  }

  /** A reader that is overrun goes on with the newest window. */
  #beginAnew(): void {
    this.firstScn = this.lastScn = -1n
    this.#rest = Buffer.alloc(0)
    this.begin()
  }

  #walk(bytes: Buffer): void {
    let at = 0
    const nowMs = Date.now()
    while (at + HEADER_BYTES <= bytes.length && at + lengthAt(bytes, at) <= bytes.length) {
      if (isEndOfPeriodAt(bytes, at))
        this.#windowEnds(scnAt(bytes, at), Number(timestampNanosAt(bytes, at)) / 1e6, nowMs)
      else this.rows++
      at = endAt(bytes, at)
    }
    this.#rest = Buffer.from(bytes.subarray(at))
    if (this.rows >= (job.untilRows ?? Infinity)) this.#done()
  }

  #windowEnds(scn: bigint, committedMs: number, nowMs: number): void {
    const follows = job.source === undefined ? scn === this.lastScn + 1n : scn > this.lastScn
    if (this.lastScn >= 0n && !follows) this.#failed(`${scn} after ${this.lastScn}`)
    if (this.firstScn < 0n) this.firstScn = scn
    this.lastScn = scn
    if (this.kind !== 'live' || nowMs < this.#beganMs + WARM_MS) return
    const tookMs = Math.round(nowMs - committedMs)
    latencies.set(tookMs, (latencies.get(tookMs) ?? 0) + 1)
  }

  #slowDown(response: IncomingMessage): void {
    const { rowsPerSecond } = this.#readers
    if (rowsPerSecond === undefined) return
    const aheadMs = ((this.rows - this.#rowsAtBegin) * 1000) / rowsPerSecond - (Date.now() - this.#beganMs)
    if (aheadMs < 20) return
    response.pause()
    setTimeout(() => response.resume(), aheadMs)
  }

  #failed(fault: string): void {
    this.fault ||= fault
    if (this.kind !== 'stalled') this.#done()
  }

  #done(): void {
    if (this.#lastMs > 0) return
    this.#lastMs = performance.now()
    if (--working === 0) end()
  }

  report(): ReaderReport {
    const { kind, rows, bytes, fault } = this
    return {
      kind,
      rows,
      bytes,
      fault,
      tookMs: (this.#lastMs || performance.now()) - this.#firstMs,
      firstScn: Number(this.firstScn),
      lastScn: Number(this.lastScn),
    }
  }
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
