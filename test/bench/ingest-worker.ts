/*
 * Measures one ingest in a process of its own: from a warm server into an EventBuffer, from the first transaction to the
 * last; connecting and checking the server come before. Runs on `dist`, as users do.
 * Argument: one JSON object {uri, table, rows, file, position, bufferBytes}. Prints {seconds, rssMb}.
 */
import { EventBuffer } from '@aesop/buffer'
import { MemoryMaxScnStore } from '@aesop/checkpoint'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MysqlEventProducer } from '@aesop/producer-mysql'
import { MemorySchemaRegistry } from '@aesop/schema'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Job {
  readonly uri: string
  readonly table: string
  readonly rows: number
  readonly file: string
  readonly position: number
  readonly bufferBytes: number
}

const job = JSON.parse(process.argv[2] ?? '{}') as Job
const fileNumber = BigInt(job.file.split('.').at(-1) ?? '0')

const stateDirectory = mkdtempSync(join(tmpdir(), 'aesop-bench-'))
process.once('exit', () => {
  rmSync(stateDirectory, { recursive: true, force: true })
})
const context: BeanContext = {
  id: 'bench',
  container: 'bench',
  log: silentLogger,
  signal: new AbortController().signal,
  projectsRoot: process.cwd(),
  stateDirectory,
  shared: new Map(),
  fail: (error) => {
    throw error
  },
}

const physicalSource = new PhysicalSourceConfig({ uri: job.uri, sources: [job.table] })
const producer = new MysqlEventProducer({ physicalSourceConfig: physicalSource }, context)
const buffer = new EventBuffer({ maxBytes: job.bufferBytes, physicalPartition: 1 })
const initialScn = (fileNumber << 32n) | BigInt(job.position)
const since = await producer.prepare({
  physicalSource,
  schemas: new MemorySchemaRegistry(),
  maxScn: new MemoryMaxScnStore(),
  initialScn,
  fail: context.fail.bind(context),
})
buffer.start(since)
let began = 0
const done = new Promise<number>((resolve) => {
  buffer.subscribe(() => {
    if (began === 0) began = performance.now()
    if (buffer.events >= job.rows) resolve(performance.now())
  })
})
await producer.start(since, buffer)
const seconds = ((await done) - began) / 1000
const rssMb = process.resourceUsage().maxRSS / 1024
process.stdout.write(`${JSON.stringify({ seconds, rssMb })}\n`)
await producer.stop()
process.exit(0)
