import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type MariadbServer } from '../support/mariadb-server.ts'
import { type BenchGroup, type Figure, ratioOf } from './figure.ts'
import {
  batchWorkload,
  measuringServer,
  singleWorkload,
  updateWorkload,
  wideWorkload,
  type Workload,
} from './workload.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

const run = promisify(execFile)
const BUFFER_BYTES = 64 * 1024 * 1024

interface Measured {
  readonly seconds: number
  readonly rssMb: number
}

async function worker(file: string, job: object): Promise<Measured> {
  const path = join(import.meta.dirname, file)
  const { stdout } = await run(process.execPath, ['--import', 'tsx', path, JSON.stringify(job)])
  return JSON.parse(stdout) as Measured
}

/** One ingest of ours, in a process of its own. */
export const ours = (server: MariadbServer, workload: Workload): Promise<Measured> =>
  worker('ingest-worker.ts', { ...workload, uri: server.uri(), bufferBytes: BUFFER_BYTES })

const zongji = (server: MariadbServer, workload: Workload): Promise<Measured> =>
  worker('zongji-worker.ts', { ...workload, port: server.port })

/** The bytes of the log as the server can send them: its own tool writes them to files and decodes nothing. */
async function rawRead(server: MariadbServer, workload: Workload): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'aesop-raw-'))
  const began = performance.now()
  const from = ['--read-from-remote-server', '--host=127.0.0.1', `--port=${server.port}`, '--user=aesop']
  const env = { ...process.env, MYSQL_PWD: SERVER_PASSWORD }
  await run('mariadb-binlog', ['--no-defaults', ...from, '--raw', `--result-file=${folder}/`, workload.file], { env })
  const seconds = (performance.now() - began) / 1000
  rmSync(folder, { recursive: true, force: true })
  return { seconds, rssMb: 0 }
}

/** Ours and both rivals in turn, so that all see the machine in the same state. */
async function compare(
  server: MariadbServer,
  name: string,
  unit: string,
  workload: Workload,
  count: number,
  runs: number,
): Promise<Figure[]> {
  const rates: Record<'ours' | 'zongji' | 'rawRead', number[]> = { ours: [], zongji: [], rawRead: [] }
  const rssMb: number[] = []
  for (let i = 0; i < runs; i++) {
    const measured = await ours(server, workload)
    rates.ours.push(count / measured.seconds)
    rssMb.push(measured.rssMb)
    rates.zongji.push(count / (await zongji(server, workload)).seconds)
    rates.rawRead.push(count / (await rawRead(server, workload)).seconds)
  }
  const metric = unit === 'tx/s' ? 'txPerSecond' : 'rowsPerSecond'
  const own = { name: `ingest.${name}.${metric}`, unit, runs: rates.ours }
  const rivals = (['zongji', 'rawRead'] as const).flatMap((rival) => {
    const figure = { name: `ingest.${name}.${rival}.${metric}`, unit, runs: rates[rival] }
    return [figure, ratioOf(`ingest.${name}.${rival}.ratio`, own, figure)]
  })
  const memory = name === 'batch' ? [{ name: 'ingest.rssMb', unit: 'MB', runs: rssMb }] : []
  return [own, ...rivals, ...memory]
}

async function alone(server: MariadbServer, name: string, workload: Workload, runs: number): Promise<Figure> {
  const rates: number[] = []
  for (let i = 0; i < runs; i++) rates.push(workload.rows / (await ours(server, workload)).seconds)
  return { name: `ingest.${name}.rowsPerSecond`, unit: 'rows/s', runs: rates }
}

/** From a warm private MariaDB into the buffer. The buffer has 64 MiB; `ingest.rssMb` includes it. */
export const ingest: BenchGroup = {
  prefix: 'ingest',
  async measure(wants, runs) {
    const server = await measuringServer()
    const figures: Figure[] = []
    try {
      if (wants('ingest.batch.rowsPerSecond') || wants('ingest.rssMb')) {
        const workload = await batchWorkload(server)
        figures.push(...(await compare(server, 'batch', 'rows/s', workload, workload.rows, runs)))
      }
      if (wants('ingest.single.txPerSecond')) {
        const workload = await singleWorkload(server)
        figures.push(...(await compare(server, 'single', 'tx/s', workload, workload.transactions, runs)))
      }
      if (wants('ingest.update.rowsPerSecond'))
        figures.push(await alone(server, 'update', await updateWorkload(server), runs))
      if (wants('ingest.wide.rowsPerSecond'))
        figures.push(await alone(server, 'wide', await wideWorkload(server), runs))
    } finally {
      await server.destroy()
    }
    return figures
  },
}
