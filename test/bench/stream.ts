import { setTimeout as delay } from 'node:timers/promises'
import { type LaunchedProcess } from '../support/launched-process.ts'
import { ChangePath } from '../support/change-path.ts'
import { type BenchGroup, type Figure } from './figure.ts'
import { RelayUnderLoad } from './relay-under-load.ts'

const EVENTS = 2_000_000
const EVENTS_PER_WINDOW = 100
const VALUE_BYTES = 60
const DEADLINE_MS = 120_000
const DRAINED_BYTES = 128 * 1024 * 1024
const DRAINED_VALUE_BYTES = 8192

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
  await path.startClient()
  await path.startRelay()
  const client: LaunchedProcess | undefined = path.client
  const [line] = (await client?.untilOutput((lines) => lines.length > 0, DEADLINE_MS)) ?? []
  const { seconds } = JSON.parse(line ?? '{}') as { seconds: number }
  return EVENTS / seconds
}

/** Events of 8 KB that lie ready in the buffer of a relay process, to many readers of another one that look at none of them. */
async function drainOnce(readers: number): Promise<number> {
  const windows = Math.ceil(DRAINED_BYTES / DRAINED_VALUE_BYTES / 10)
  await using relay = await RelayUnderLoad.start({
    uri: `memory:bench?eventsPerWindow=10&valueBytes=${DRAINED_VALUE_BYTES}&windows=${windows}`,
    bufferBytes: 2 * DRAINED_BYTES,
  })
  while ((await relay.rows()) < windows * 10) await delay(50)
  const { readers: all } = await relay.read([{ kind: 'drain', count: readers }]).done()
  const bytes = all.reduce((sum, each) => sum + each.bytes, 0)
  if (bytes < readers * DRAINED_BYTES)
    throw new Error(`${bytes} bytes came, expected ${readers} times ${DRAINED_BYTES}`)
  return (bytes * 1000) / Math.max(...all.map(({ tookMs }) => tookMs))
}

/** Memory producer → relay process → client process → a consumer that counts and does not decode. */
export const stream: BenchGroup = {
  prefix: 'stream',
  async measure(wants, runs) {
    const figures: Figure[] = []
    const measure = async (name: string, unit: string, once: () => Promise<number>): Promise<void> => {
      if (!wants(name)) return
      const rates: number[] = []
      for (let i = 0; i < runs; i++) rates.push(await once())
      figures.push({ name, unit, runs: rates })
    }
    await measure('stream.eventsPerSecond', 'events/s', streamOnce)
    for (const readers of [1, 10, 100])
      await measure(`stream.${readers}.bytesPerSecond`, 'bytes/s', () => drainOnce(readers))
    return figures
  },
}
