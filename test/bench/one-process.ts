import { ChangePath } from '../support/change-path.ts'
import { type Figure, ratioOf } from './figure.ts'
import { type Workload } from './workload.ts'

const DEADLINE_MS = 120_000
const BUFFER_BYTES = 256 * 1024 * 1024

/** How relay and client run, and how the client reads. */
type Shape = 'twoProcesses' | 'oneProcess' | 'oneProcessByHttp'

/** MariaDB → relay → client → a consumer that reads `event.row`. @returns rows in a second, from the first to the last */
export async function deliverOnce(uri: string, workload: Workload, shape: Shape): Promise<number> {
  const scn = (BigInt(workload.file.split('.').at(-1) ?? '0') << 32n) | BigInt(workload.position)
  await using path = await ChangePath.create({
    uri,
    sources: [workload.table],
    consumer: 'CountingFactory',
    bufferBytes: BUFFER_BYTES,
    startFrom: `scn:${scn}`,
    ...(shape === 'oneProcessByHttp' ? { clientConfig: ['relayTransport: http'] } : {}),
  })
  process.env['COUNT_UNTIL'] = String(workload.rows)
  process.env['COUNT_READS'] = '1'
  if (shape === 'twoProcesses') {
    await path.startClient()
    await path.startRelay()
  } else {
    await path.startTogether()
  }
  const [line] = (await path.client?.untilOutput((lines) => lines.length > 0, DEADLINE_MS)) ?? []
  const { seconds } = JSON.parse(line ?? '{}') as { seconds: number }
  return workload.rows / seconds
}

/** One process beside two, in turn in the same run: what is compared meets the machine in the same state. */
export async function compareShapes(uri: string, name: string, workload: Workload, runs: number): Promise<Figure[]> {
  const rates: Record<Shape, number[]> = { twoProcesses: [], oneProcess: [], oneProcessByHttp: [] }
  const shapes = Object.keys(rates) as Shape[]
  for (let i = 0; i < runs; i++) {
    for (const shape of shapes) rates[shape].push(await deliverOnce(uri, workload, shape))
  }
  const figure = (shape: Shape): Figure => ({
    name: `deliver.${name}.${shape}.rowsPerSecond`,
    unit: 'rows/s',
    runs: rates[shape],
  })
  const [two, one, byHttp] = [figure('twoProcesses'), figure('oneProcess'), figure('oneProcessByHttp')]
  return [
    two,
    one,
    byHttp,
    ratioOf(`deliver.${name}.oneProcess.ratio`, one, two),
    ratioOf(`deliver.${name}.oneProcessByHttp.ratio`, byHttp, two),
  ]
}
