import { setTimeout as delay } from 'node:timers/promises'
import { type MariadbServer } from '../support/mariadb-server.ts'
import { type BenchGroup, type Figure, ratioOf } from './figure.ts'
import { RelayUnderLoad } from './relay-under-load.ts'
import { ours } from './ingest.ts'
import { batchWorkload, measuringServer, type Workload } from './workload.ts'

/** A small part of the rows. */
const BUFFER_BYTES = 8 * 1024 * 1024
const LIVE_ROWS = 100
const LIVE_INTERVAL_MS = 10

/** Writes 10,000 rows a second until it is told to stop. */
async function write(server: MariadbServer, signal: AbortSignal): Promise<void> {
  const connection = await server.connect()
  await connection.query('USE bench')
  const began = performance.now()
  for (let n = 1; !signal.aborted; n++) {
    await connection.query(
      `INSERT INTO bench.batch SELECT NULL, CONCAT('person number ', seq), seq / 100, '2024-01-02 03:04:05', seq FROM seq_1_to_${LIVE_ROWS}`,
    )
    const dueMs = began + n * LIVE_INTERVAL_MS - performance.now()
    if (dueMs > 0) await delay(dueMs)
  }
  await connection.end()
}

/** Rows a second to a reader that gets them from the server's log, beside a relay that has 10,000 new rows a second. */
async function late(server: MariadbServer, workload: Workload, afterScn: number): Promise<number> {
  await using relay = await RelayUnderLoad.start(optionsOf(server, workload, afterScn))
  while ((await relay.rows()) < workload.rows) await delay(50)
  const stop = new AbortController()
  const writing = write(server, stop.signal)
  try {
    const reading = relay.read([{ kind: 'late', count: 1, afterScn }], job(workload))
    return workload.rows / secondsOf(await reading.done())
  } finally {
    stop.abort()
    await writing
  }
}

const job = ({ table, rows }: Workload) => ({ source: table, untilRows: rows })
const optionsOf = (server: MariadbServer, { table }: Workload, afterScn: number) => ({
  uri: server.uri(),
  sources: [table],
  bufferBytes: BUFFER_BYTES,
  startFrom: `scn:${afterScn}`,
})
const secondsOf = ({ readers: [reader] }: { readers: readonly { tookMs: number }[] }): number =>
  (reader?.tookMs ?? Number.NaN) / 1000

/** MariaDB → relay process → a reader of another process, which walks the events. */
export const lateReading: BenchGroup = {
  prefix: 'late',
  async measure(_wants, runs) {
    const server = await measuringServer()
    try {
      const workload = await batchWorkload(server)
      const afterScn = Number((BigInt(workload.file.split('.').at(-1) ?? '0') << 32n) | BigInt(workload.position))
      const rates: Record<'late' | 'ingest', number[]> = { late: [], ingest: [] }
      for (let i = 0; i < runs; i++) {
        rates.ingest.push(workload.rows / (await ours(server, workload)).seconds)
        rates.late.push(await late(server, workload, afterScn))
      }
      const figure = (name: string, values: number[]): Figure => ({
        name: `late.${name}`,
        unit: 'rows/s',
        runs: values,
      })
      const [of, to] = [figure('eventsPerSecond', rates.late), figure('ingest.rowsPerSecond', rates.ingest)]
      return [of, to, ratioOf('late.ratio', of, to)]
    } finally {
      await server.destroy()
    }
  },
}
