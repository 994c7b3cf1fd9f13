import { type LaunchedProcess } from '../support/launched-process.ts'
import { ChangePath } from '../support/change-path.ts'
import { type BenchGroup } from './figure.ts'

const EVENTS = 2_000_000
const EVENTS_PER_WINDOW = 100
const VALUE_BYTES = 60
const DEADLINE_MS = 120_000

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

/** Memory producer → relay process → client process → a consumer that counts and does not decode. */
export const stream: BenchGroup = {
  prefix: 'stream',
  async measure(_wants, runs) {
    const rates: number[] = []
    for (let i = 0; i < runs; i++) rates.push(await streamOnce())
    return [{ name: 'stream.eventsPerSecond', unit: 'events/s', runs: rates }]
  },
}
