import { setTimeout as delay } from 'node:timers/promises'
import { type BenchGroup, type Figure } from './figure.ts'
import { cpuSecondsOf } from './process-numbers.ts'
import { type Readers, type Report } from './readers-job.ts'
import { RelayUnderLoad } from './relay-under-load.ts'

const ROWS_PER_WINDOW = 10
/** With Avro's key and length a row of 150 bytes. */
const VALUE_BYTES = 140
const BUFFER_BYTES = 64 * 1024 * 1024
/** On disk: late readers that a busy machine slows down are not overrun. */
const FILES_BYTES = 256 * 1024 * 1024
const RESIDENT_BYTES = 4 * 1024 * 1024
/** What a paced row is in the buffer, with its part of the window's end; a late reader begins behind ten buffers of them. */
const ROW_BYTES = 218
const PACE = 10_000
const MEASURED_MS = 15_000
const FULL_MS = 4000
const SETTLED_MS = 3000
/** Readers take nothing, but the system takes some MB for each before the relay notices. */
const STALLED_MS = 10_000
/** How long the resident size is looked at for its most. */
const LOOKED_MS = 5000
const LIVE = 160
const STALLED = 20
const LATE = 20
const FURTHER = 300

function startRelay(
  query: string,
  properties: readonly string[] = [],
  bufferBytes = BUFFER_BYTES,
): Promise<RelayUnderLoad> {
  const uri = `memory:bench?eventsPerWindow=${ROWS_PER_WINDOW}&valueBytes=${VALUE_BYTES}${query}`
  return RelayUnderLoad.start({ uri, bufferBytes, relayProperties: properties })
}

/** The time that a part of all windows took at most, in milliseconds. */
function quantile(latencies: Report['latencies'], part: number): number {
  const sorted = Object.entries(latencies).sort(([one], [other]) => Number(one) - Number(other))
  const all = sorted.reduce((sum, [, windows]) => sum + windows, 0)
  let seen = 0
  for (const [ms, windows] of sorted) if ((seen += windows) >= all * part) return Number(ms)
  return Number.NaN
}

/** What `paced` measures, by the begins of names. */
const PACED = ['readers.200.pace', 'readers.200.latency', 'readers.200.late']

const UP_TO_DATE: readonly Readers[] = [
  { kind: 'live', count: LIVE },
  { kind: 'stalled', count: STALLED },
]

/** A paced producer with its buffer in files, the newest in memory. The relay has served readers, and is ten times that memory further. */
async function startPaced(): Promise<RelayUnderLoad> {
  const relay = await startRelay(
    `&eventsPerSecond=${PACE}`,
    [
      'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY',
      `databus.relay.eventBuffer.residentBytes: ${RESIDENT_BYTES}`,
      'databus.relay.eventBuffer.maxIndividualBufferSize: 1048576',
    ],
    FILES_BYTES,
  )
  // The first readers bring what all have together: code that is compiled, memory for what is young.
  const first = relay.read([{ kind: 'live', count: STALLED }])
  await delay(SETTLED_MS)
  await first.end()
  await delay(((10 * RESIDENT_BYTES) / ROW_BYTES / PACE) * 1000 - SETTLED_MS)
  return relay
}

/** 160 readers that keep up, 20 that stall, and 20 that begin late. */
async function paced(): Promise<Readonly<Record<string, number>>> {
  await using relay = await startPaced()
  const live = relay.read(UP_TO_DATE)
  await delay(SETTLED_MS)
  const beside = await relay.residentBytesDuring(LOOKED_MS)
  const cpuSeconds = (): readonly number[] => [relay.processId, live.child.pid].map(cpuSecondsOf)
  const before = cpuSeconds()
  const late = relay.read([{ kind: 'late', count: LATE, afterScn: 1 }])
  const [pace, besideLate] = await Promise.all([relay.rate(MEASURED_MS), relay.residentBytesDuring(MEASURED_MS)])
  const [relayCpu, readersCpu] = cpuSeconds().map((seconds, i) => seconds - (before[i] ?? Number.NaN))
  const rows = await relay.rows()
  const [report, arrived] = [await live.end(), await late.end()]
  const there = arrived.readers.filter(({ lastScn }) => lastScn >= rows / ROWS_PER_WINDOW - PACE / ROWS_PER_WINDOW)
  return {
    '200.pace.ratio': pace / PACE,
    '200.latency.p50Ms': quantile(report.latencies, 0.5),
    '200.latency.p99Ms': quantile(report.latencies, 0.99),
    '200.latency.maxMs': quantile(report.latencies, 1),
    '200.late.arrivedOf20': there.length,
    '200.late.relayCpuSeconds': relayCpu ?? Number.NaN,
    '200.late.readersCpuSeconds': readersCpu ?? Number.NaN,
    '200.late.moreBytes': Math.max(0, besideLate - beside),
  }
}

/** What the first 180 readers add to the resident size of a relay in all, and what each further one adds beside them. */
async function memory(): Promise<Readonly<Record<string, number>>> {
  await using relay = await startPaced()
  const alone = await relay.residentBytesDuring(LOOKED_MS)
  const first = relay.read(UP_TO_DATE)
  await delay(STALLED_MS)
  const beside = await relay.residentBytesDuring(LOOKED_MS)
  const further = relay.read([{ kind: 'stalled', count: FURTHER }])
  await delay(STALLED_MS)
  const besideFurther = await relay.residentBytesDuring(LOOKED_MS)
  await Promise.all([first.end(), further.end()])
  return {
    '200.memory.first180Bytes': beside - alone,
    '200.memory.bytesPerFurtherReader': (besideFurther - beside) / FURTHER,
  }
}

/** Rows a second: what is left of a producer's full speed beside readers, and what each of them has on average. */
async function besideReaders(readers: readonly Readers[]): Promise<{ producer: number; reader: number }> {
  await using relay = await startRelay('&windows=1000000000')
  if (readers.length === 0) {
    await delay(1000)
    return { producer: await relay.rate(FULL_MS), reader: 0 }
  }
  const reading = relay.read(readers)
  await delay(2500)
  const producer = await relay.rate(FULL_MS)
  const { readers: read } = await reading.end()
  const rates = read.map(({ rows, tookMs }) => (rows * 1000) / tookMs)
  return { producer, reader: rates.reduce((sum, rate) => sum + rate, 0) / rates.length }
}

const FULL: Readonly<Record<string, readonly Readers[]>> = {
  'full.alone': [],
  'full.10x20k': [{ kind: 'live', count: 10, rowsPerSecond: 20_000, maySkip: true }],
  'full.100stalled': [{ kind: 'stalled', count: 100 }],
}

/** So many readers take all that comes of a producer at full speed. */
const CURVE = [0, 1, 2, 5, 10]

/** Rows a second of the producer, and of each reader, the more readers there are. */
async function curve(): Promise<Readonly<Record<string, number>>> {
  const values: Record<string, number> = {}
  for (const count of CURVE) {
    const { producer, reader } = await besideReaders(count === 0 ? [] : [{ kind: 'live', count, maySkip: true }])
    values[`curve.${count}.producer`] = producer
    if (count > 0) values[`curve.${count}.eachReader`] = reader
  }
  return values
}

/** Memory producer, rows of 150 bytes, 10 a window; readers by plain HTTP in processes of their own. */
export const readers: BenchGroup = {
  prefix: 'readers',
  async measure(wants, runs) {
    const values = new Map<string, number[]>()
    const note = (name: string, value: number): void => {
      values.set(`readers.${name}`, [...(values.get(`readers.${name}`) ?? []), value])
    }
    const noteAll = (measured: Readonly<Record<string, number>>): void => {
      for (const [name, value] of Object.entries(measured)) note(name, value)
    }
    for (let run = 0; run < runs; run++) {
      if (PACED.some(wants)) noteAll(await paced())
      if (wants('readers.200.memory')) noteAll(await memory())
      if (wants('readers.curve')) noteAll(await curve())
      if (!wants('readers.full')) continue
      for (const [name, each] of Object.entries(FULL)) note(name, (await besideReaders(each)).producer)
    }
    return [...values].map(([name, all]): Figure => ({ name, unit: unitOf(name), runs: all }))
  },
}

function unitOf(name: string): string {
  if (name.endsWith('Ms')) return 'ms'
  if (name.endsWith('Seconds')) return 's'
  if (/ytes(PerFurtherReader)?$/.test(name)) return 'bytes'
  return /^readers\.(full|curve)/.test(name) ? 'rows/s' : ''
}
