/**
 * Measures decoding and dispatching of a prepared byte stream in this process alone: 128-byte events in windows of 500,
 * cut into chunks of 64 KiB. Run: node --conditions=source --import tsx packages/client/test/support/bench-dispatch.ts
 */
import { Checkpoint } from '@aesop/checkpoint'
import { type ChangeEvent, Dispatcher, type EventConsumer, onlineCallbacks, SourceCatalogue } from '@aesop/client'
import { EventDecoder } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { CallbackTotals } from '@aesop/stats'
import { PERSON, PERSON_SCHEMA, windowOf } from './person-stream.ts'

const WINDOW_ROWS = Number(process.argv[2] ?? 500)
const EVENTS = 1_000_000
const CHUNK_BYTES = 65_536
const RUNS = 5

const chunks = prepare()
const catalogue = new SourceCatalogue([PERSON], [{ id: PERSON.id, version: 1, schema: PERSON_SCHEMA }])

await measure('count', () => {
  const counter = { events: 0 }
  return {
    onDataEvent: () => {
      counter.events++
    },
  }
})
await measure('row', () => {
  let sum = 0
  return { onDataEvent: (event: ChangeEvent) => void (sum += String(event.row['name']).length) }
})

function prepare(): Buffer[] {
  const windows: Buffer[] = []
  const count = EVENTS / WINDOW_ROWS
  // A value of 67 bytes: an 8-byte key in Avro's long form and a text that fills the rest.
  for (let scn = 1; scn <= count; scn++) {
    const rows = Array.from({ length: WINDOW_ROWS }, (_, i) => ({ id: 1_000_000 + i, name: 'x'.repeat(61) }))
    windows.push(windowOf(BigInt(scn), rows).bytes)
  }
  const all = Buffer.concat(windows)
  return Array.from({ length: Math.ceil(all.length / CHUNK_BYTES) }, (_, i) =>
    all.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
  )
}

async function measure(name: string, consumer: () => EventConsumer): Promise<void> {
  const runs: number[] = []
  for (let run = 0; run < RUNS; run++) runs.push(await once(consumer()))
  runs.sort((a, b) => a - b)
  console.log(`${name}: median ${Math.round(runs[RUNS >> 1] ?? 0)} events/s, best ${Math.round(runs.at(-1) ?? 0)}`)
}

async function once(consumer: EventConsumer): Promise<number> {
  const totals = new CallbackTotals()
  const dispatcher = new Dispatcher({
    registration: 'bench',
    logicalSources: [PERSON.name],
    onSourceQuarantined: 'suspend',
    callbacks: onlineCallbacks(consumer),
    checkpoint: Checkpoint.flexible(),
    begin: () => undefined,
    acknowledge: () => undefined,
    timeBudgetMs: 0,
    totals,
    log: silentLogger,
  })
  dispatcher.bind(catalogue, () => Promise.resolve())
  const decoder = new EventDecoder(1 << 20)
  const startedMs = performance.now()
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
      const pending = dispatcher.dispatch(view)
      if (pending !== undefined) await pending
    }
  }
  return (totals.numDataEventsProcessed * 1000) / (performance.now() - startedMs)
}
