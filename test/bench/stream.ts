import { type LaunchedProcess } from '../support/launched-process.ts'
import { ChangePath } from '../support/change-path.ts'
import { drainBareServer, type Drained, drainRelay, type Lying } from './drain.ts'
import { until } from '../support/until.ts'
import { type BenchGroup, type Figure, ratioOf } from './figure.ts'

const EVENTS = 2_000_000
const EVENTS_PER_WINDOW = 100
const VALUE_BYTES = 60
const DEADLINE_MS = 120_000
/** Of the figures of readers that drain: how many, and what. */
const LARGE_EVENTS: Lying = { valueBytes: 8192, in: 'memory' }
const ROWS_IN_FILES: Lying = { valueBytes: 140, in: 'files' }
const DRAINS: Readonly<Record<string, readonly [readers: number, lying: Lying]>> = {
  'stream.1': [1, LARGE_EVENTS],
  'stream.10': [10, LARGE_EVENTS],
  'stream.100': [100, LARGE_EVENTS],
  'stream.files.1': [1, ROWS_IN_FILES],
  'stream.files.20': [20, ROWS_IN_FILES],
}

/** Events that lie ready in the buffer of a relay process, to a client process whose consumer counts them. */
async function streamOnce(): Promise<number> {
  const windows = EVENTS / EVENTS_PER_WINDOW
  await using path = await ChangePath.create({
    uri: `memory:bench?eventsPerWindow=${EVENTS_PER_WINDOW}&valueBytes=${VALUE_BYTES}&windows=${windows}`,
    sources: ['bench.memory'],
    consumer: 'CountingFactory',
    bufferBytes: 512 * 1024 * 1024,
  })
  process.env['COUNT_UNTIL'] = String(EVENTS)
  process.env['COUNT_READS'] = '0'
  await path.startRelay()
  await until('all events are there', () => hasAll(path.relayPort, windows), DEADLINE_MS)
  await path.startClient()
  const client: LaunchedProcess | undefined = path.client
  const [line] = (await client?.untilOutput((lines) => lines.length > 0, DEADLINE_MS)) ?? []
  const { seconds } = JSON.parse(line ?? '{}') as { seconds: number }
  return EVENTS / seconds
}

/** Whether a relay has made its last window; SCNs of generated ones count from one. */
async function hasAll(port: number, windows: number): Promise<boolean> {
  const status = await (await fetch(`http://127.0.0.1:${port}/controlSources/status`)).text()
  return status.includes(`"SCN":${windows},`)
}

/** How fast so many readers drain a relay, and the bare server that is as fast as this machine can be; in turn. */
async function drained(name: string, readers: number, lying: Lying, runs: number): Promise<Figure[]> {
  const [relay, bare]: [Drained[], Drained[]] = [[], []]
  for (let run = 0; run < runs; run++) {
    relay.push(await drainRelay(readers, lying))
    bare.push(await drainBareServer(readers))
  }
  const rate = (of: string, all: readonly Drained[]): Figure => ({
    name: `${name}.${of}`,
    unit: 'bytes/s',
    runs: all.map(({ bytesPerSecond }) => bytesPerSecond),
  })
  const cost = (of: string, values: readonly number[]): Figure => ({
    name: `${name}.${of}CpuPerGB`,
    unit: 's',
    runs: values,
  })
  const [ours, ceiling] = [rate('bytesPerSecond', relay), rate('bareBytesPerSecond', bare)]
  const serverCost = (all: readonly Drained[]): number[] => all.map((each) => each.serverCpuSecondsPerGB)
  return [
    ours,
    ceiling,
    ratioOf(`${name}.ratioToBare`, ours, ceiling),
    cost('relay', serverCost(relay)),
    cost('bare', serverCost(bare)),
    cost(
      'readers',
      relay.map((each) => each.readersCpuSecondsPerGB),
    ),
  ]
}

/** Memory producer → relay process → client process → a consumer that counts and does not decode; and readers that only drain. */
export const stream: BenchGroup = {
  prefix: 'stream',
  async measure(wants, runs) {
    const figures: Figure[] = []
    if (wants('stream.eventsPerSecond')) {
      const rates: number[] = []
      for (let i = 0; i < runs; i++) rates.push(await streamOnce())
      figures.push({ name: 'stream.eventsPerSecond', unit: 'events/s', runs: rates })
    }
    for (const [name, [readers, lying]] of Object.entries(DRAINS))
      if (wants(`${name}.bytesPerSecond`)) figures.push(...(await drained(name, readers, lying, runs)))
    return figures
  },
}
