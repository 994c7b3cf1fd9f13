import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ChangePath } from '../support/change-path.ts'
import { type BenchGroup, type Figure } from './figure.ts'
import { type Readers, type Report, SOURCE } from './readers-job.ts'

const WORKER = join(import.meta.dirname, 'readers-worker.ts')
const ROWS_PER_WINDOW = 10
/** With Avro's key and length a row of 150 bytes. */
const VALUE_BYTES = 140
const BUFFER_BYTES = 64 * 1024 * 1024
const RESIDENT_BYTES = 4 * 1024 * 1024
/** What a paced row is in the buffer, with its part of the window's end; a late reader begins behind ten buffers of them. */
const ROW_BYTES = 218
const PACE = 10_000
const MEASURED_MS = 15_000
const FULL_MS = 4000

class RelayUnderLoad implements AsyncDisposable {
  readonly path: ChangePath
  private constructor(path: ChangePath) {
    this.path = path
  }

  static async start(query: string, properties: readonly string[] = []): Promise<RelayUnderLoad> {
    const path = await ChangePath.create({
      uri: `memory:bench?eventsPerWindow=${ROWS_PER_WINDOW}&valueBytes=${VALUE_BYTES}${query}`,
      sources: [SOURCE],
      bufferBytes: BUFFER_BYTES,
      relayProperties: [
        'databus.relay.container.maxStreams: 1000',
        'databus.relay.container.maxConnections: 1000',
        ...properties,
      ],
    })
    await path.startRelay()
    return new RelayUnderLoad(path)
  }

  /** Rows that its producer has made until now. */
  async rows(): Promise<number> {
    const address = `http://127.0.0.1:${this.path.relayPort}/containerStats/inbound/events/total`
    return ((await (await fetch(address)).json()) as { numDataEvents: number }).numDataEvents
  }

  /** @returns rows a second over a while */
  async rate(forMs: number): Promise<number> {
    const [rows, beganMs] = [await this.rows(), performance.now()]
    await delay(forMs)
    return (((await this.rows()) - rows) * 1000) / (performance.now() - beganMs)
  }

  /** Its resident size now, in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${String(this.path.relay?.child.pid)}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
  }

  /** Readers in a process of their own. */
  read(readers: readonly Readers[]): ReadersProcess {
    return new ReadersProcess(this.path.relayPort, readers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.path[Symbol.asyncDispose]()
  }
}

class ReadersProcess {
  readonly #child
  readonly #output: Promise<string>

  constructor(port: number, readers: readonly Readers[]) {
    const args = ['--import', 'tsx', WORKER, JSON.stringify({ port, readers })]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#output = new Promise((resolve) => {
      let text = ''
      this.#child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
      this.#child.once('close', () => {
        resolve(text)
      })
    })
  }

  /** Ends them. @throws Error when a window of one did not follow the one before */
  async end(): Promise<Report> {
    this.#child.stdin.end('end\n')
    const report = JSON.parse(await this.#output) as Report
    const broken = report.readers.find(({ kind, fault }) => kind !== 'stalled' && fault !== '')
    if (broken !== undefined) throw new Error(`a ${broken.kind} reader: ${broken.fault}`)
    return report
  }
}

/** The time that a part of all windows took at most, in milliseconds. */
function quantile(latencies: Report['latencies'], part: number): number {
  const sorted = Object.entries(latencies).sort(([one], [other]) => Number(one) - Number(other))
  const all = sorted.reduce((sum, [, windows]) => sum + windows, 0)
  let seen = 0
  for (const [ms, windows] of sorted) if ((seen += windows) >= all * part) return Number(ms)
  return Number.NaN
}

/** A paced producer with its buffer in files, the newest in memory: 160 readers that keep up, 20 that stall, 20 late by ten times that. */
async function paced(): Promise<Readonly<Record<string, number>>> {
  await using relay = await RelayUnderLoad.start(`&eventsPerSecond=${PACE}`, [
    'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY',
    `databus.relay.eventBuffer.residentBytes: ${RESIDENT_BYTES}`,
    'databus.relay.eventBuffer.maxIndividualBufferSize: 1048576',
  ])
  await delay(((10 * RESIDENT_BYTES) / ROW_BYTES / PACE) * 1000)
  const alone = relay.residentBytes
  const live = relay.read([
    { kind: 'live', count: 160 },
    { kind: 'stalled', count: 20 },
  ])
  await delay(3000)
  const late = relay.read([{ kind: 'late', count: 20, afterScn: 1 }])
  const pace = await relay.rate(MEASURED_MS)
  const bytes = relay.residentBytes - alone
  const rows = await relay.rows()
  const [report, arrived] = [await live.end(), await late.end()]
  const there = arrived.readers.filter(({ lastScn }) => lastScn >= rows / ROWS_PER_WINDOW - PACE / ROWS_PER_WINDOW)
  return {
    'pace.ratio': pace / PACE,
    'latency.p50Ms': quantile(report.latencies, 0.5),
    'latency.p99Ms': quantile(report.latencies, 0.99),
    'latency.maxMs': quantile(report.latencies, 1),
    'late.arrivedOf20': there.length,
    'memory.bytesPerReader': bytes / 200,
  }
}

/** What is left of a producer's full speed beside readers. */
async function besideReaders(readers: readonly Readers[]): Promise<{ producer: number; reader: number }> {
  await using relay = await RelayUnderLoad.start('&windows=1000000000')
  if (readers.length === 0) {
    await delay(1000)
    return { producer: await relay.rate(FULL_MS), reader: 0 }
  }
  const reading = relay.read(readers)
  await delay(2500)
  const producer = await relay.rate(FULL_MS)
  const { readers: read } = await reading.end()
  const count = read.filter(({ kind }) => kind === 'live').length
  const rows = read.reduce((sum, each) => sum + each.rows, 0)
  return { producer, reader: count === 0 ? 0 : rows / count }
}

const FULL: Readonly<Record<string, readonly Readers[]>> = {
  'full.alone': [],
  'full.10x20k': [{ kind: 'live', count: 10, rowsPerSecond: 20_000 }],
  'full.100stalled': [{ kind: 'stalled', count: 100 }],
}

/** Memory producer, rows of 150 bytes, 10 a window; readers by plain HTTP in processes of their own. */
export const readers: BenchGroup = {
  prefix: 'readers',
  async measure(wants, runs) {
    const values = new Map<string, number[]>()
    const note = (name: string, value: number): void => {
      values.set(`readers.${name}`, [...(values.get(`readers.${name}`) ?? []), value])
    }
    for (let run = 0; run < runs; run++) {
      if (wants('readers.200')) for (const [name, value] of Object.entries(await paced())) note(`200.${name}`, value)
      if (!wants('readers.full')) continue
      for (const [name, each] of Object.entries(FULL)) note(name, (await besideReaders(each)).producer)
    }
    return [...values].map(([name, all]): Figure => ({ name, unit: unitOf(name), runs: all }))
  },
}

function unitOf(name: string): string {
  if (name.endsWith('Ms')) return 'ms'
  if (name.endsWith('bytesPerReader')) return 'bytes'
  return name.startsWith('readers.full') ? 'rows/s' : ''
}
