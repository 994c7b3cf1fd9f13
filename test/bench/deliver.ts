import { ChangePath } from '../support/change-path.ts'
import { type BenchGroup } from './figure.ts'
import { batchWorkload, measuringServer, type Workload } from './workload.ts'

const DEADLINE_MS = 120_000
const BUFFER_BYTES = 256 * 1024 * 1024

/** MariaDB → relay process → client process → a consumer that reads `event.row`; all started before the clock. */
async function deliverOnce(uri: string, workload: Workload): Promise<number> {
  const scn = (BigInt(workload.file.split('.').at(-1) ?? '0') << 32n) | BigInt(workload.position)
  await using path = await ChangePath.create({
    uri,
    sources: [workload.table],
    consumer: 'CountingFactory',
    bufferBytes: BUFFER_BYTES,
    startFrom: `scn:${scn}`,
  })
  process.env['COUNT_UNTIL'] = String(workload.rows)
  process.env['COUNT_READS'] = '1'
  await path.startClient()
  await path.startRelay()
  const [line] = (await path.client?.untilOutput((lines) => lines.length > 0, DEADLINE_MS)) ?? []
  const { seconds } = JSON.parse(line ?? '{}') as { seconds: number }
  return workload.rows / seconds
}

/** The client is started first and waits; relay and server work while it reads, so all three share the machine. */
export const deliver: BenchGroup = {
  prefix: 'deliver',
  async measure(_wants, runs) {
    const server = await measuringServer()
    try {
      const workload = await batchWorkload(server)
      const rates: number[] = []
      for (let i = 0; i < runs; i++) rates.push(await deliverOnce(server.uri(), workload))
      return [{ name: 'deliver.eventsPerSecond', unit: 'events/s', runs: rates }]
    } finally {
      await server.destroy()
    }
  },
}
