/*
 * Readers that take a whole snapshot of a bootstrap server, batch by batch, and walk its events, in a process of their own.
 * Argument: one `ReadingJob` as JSON. Prints {seconds}.
 */
import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { EventView } from '@aesop/event'
import { formatBootstrapRequest } from '@aesop/wire'
import { Agent, get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { type ReadingJob } from './bootstrap-readings.ts'

/** What clients ask for unless they are told otherwise. */
const BATCH_BYTES = 1024 * 1024
/** Of a snapshot that nothing is written beside. */
const START_SCN = 10n

const { port, source, readers, rows } = JSON.parse(process.argv[2] ?? '{}') as ReadingJob

const FIRST: BootstrapPlace = {
  phase: 'snapshot',
  sinceScn: 0n,
  startScn: START_SCN,
  targetScn: -1n,
  snapshotSource: source,
  snapshotIndex: 0,
  snapshotOffset: 0n,
  catchupSource: source,
  catchupIndex: 0,
  windowScn: START_SCN,
  windowOffset: -1n,
}

async function answer(agent: Agent, path: string): Promise<Buffer> {
  const [response] = (await once(get({ agent, port, path }), 'response')) as [IncomingMessage]
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part as Buffer)
  const bytes = Buffer.concat(parts)
  const failed = response.headers['x-dbus-error']
  if (failed === undefined && response.statusCode === 200) return bytes
  throw new Error(`${path}: ${response.statusCode ?? 0} ${String(failed)} ${bytes.toString()}`)
}

async function read(): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const view = new EventView()
  let got = 0
  for (let place = FIRST; got < rows;) {
    const bytes = await answer(agent, formatBootstrapRequest([source], bootstrapCheckpoint(place), BATCH_BYTES))
    const before = got
    for (let offset = 0; offset < bytes.length; offset = view.end) {
      if (!view.moveTo(bytes, offset).isControl) got++
      else place = bootstrapPlaceOf(Checkpoint.parse(view.value.toString())) ?? place
    }
    if (got === before) throw new Error(`after ${got} of ${rows} rows nothing came`)
  }
  agent.destroy()
}

const beganMs = performance.now()
await Promise.all(Array.from({ length: readers }, read))
process.stdout.write(JSON.stringify({ seconds: (performance.now() - beganMs) / 1000 }))
