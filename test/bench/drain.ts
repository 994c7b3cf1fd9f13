import { Checkpoint } from '@aesop/checkpoint'
import { formatStreamRequest, parseSources } from '@aesop/wire'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type DrainJob, type DrainReport, WARM } from './drain-job.ts'
import { cpuSecondsOf } from './process-numbers.ts'
import { RelayUnderLoad } from './relay-under-load.ts'

const EVENTS_PER_WINDOW = 10
const ANSWER_BYTES = 128 * 1024 * 1024
/** What many readers drain together at least: one reader asks that often. */
const ANSWERS = 32
const WARM_ROUNDS = 4
const GIGABYTE = 1e9
const FILES = [
  'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY',
  `databus.relay.eventBuffer.residentBytes: ${4 * 1024 * 1024}`,
  'databus.relay.eventBuffer.maxIndividualBufferSize: 1048576',
]

/** What readers drained, and what it cost. */
export interface Drained {
  readonly bytesPerSecond: number
  readonly serverCpuSecondsPerGB: number
  readonly readersCpuSecondsPerGB: number
}

/** What lies ready in the buffer of a relay process. */
export interface Lying {
  /** Bytes of the value of each event. */
  readonly valueBytes: number
  /** Where all but the newest windows are. */
  readonly in: 'memory' | 'files'
}

/** Events that lie ready in the buffer of a relay process. */
export async function drainRelay(readers: number, lying: Lying): Promise<Drained> {
  const windows = Math.ceil(ANSWER_BYTES / lying.valueBytes / EVENTS_PER_WINDOW)
  await using relay = await RelayUnderLoad.start({
    uri: `memory:bench?eventsPerWindow=${EVENTS_PER_WINDOW}&valueBytes=${lying.valueBytes}&windows=${windows}`,
    bufferBytes: 3 * ANSWER_BYTES,
    relayProperties: lying.in === 'files' ? FILES : [],
  })
  while ((await relay.rows()) < windows * EVENTS_PER_WINDOW) await delay(50)
  const { relayPort: port } = relay.path
  const [source] = parseSources(await (await fetch(`http://127.0.0.1:${port}/sources`)).text())
  if (source === undefined) throw new Error('the relay has no source')
  return await drain(readers, port, askAllOf(source.id), relay.processId)
}

/** The same bytes from a process that sends nothing but one piece of its memory. */
export async function drainBareServer(readers: number): Promise<Drained> {
  const server = start('bare-worker.ts', String(ANSWER_BYTES))
  try {
    const port = Number((await linesOf(server).next()).value)
    return await drain(readers, port, '/', server.pid)
  } finally {
    server.kill()
  }
}

function askAllOf(sourceId: number): string {
  return formatStreamRequest({
    sources: [sourceId],
    checkpoint: Checkpoint.flexible(),
    fromLatestScn: false,
    sizeBytes: 2 ** 31 - 1,
    output: 'binary',
    eventVersionMax: 0,
    filters: new Map(),
    followMs: 0,
  })
}

async function drain(readers: number, port: number, path: string, serverId: number | undefined): Promise<Drained> {
  const rounds = Math.ceil(ANSWERS / readers)
  const job: DrainJob = { port, path, readers, rounds, warmRounds: WARM_ROUNDS, answerBytes: ANSWER_BYTES }
  const lines = linesOf(start('drain-worker.ts', JSON.stringify(job)))
  const { value: first } = await lines.next()
  if (first !== WARM) throw new Error(`the readers did not begin: ${String(first)}`)
  const before = cpuSecondsOf(serverId)
  const { value: last } = await lines.next()
  const serverCpuSeconds = cpuSecondsOf(serverId) - before
  const { bytes, seconds, cpuSeconds } = JSON.parse(last ?? '') as DrainReport
  return {
    bytesPerSecond: bytes / seconds,
    serverCpuSecondsPerGB: (serverCpuSeconds * GIGABYTE) / bytes,
    readersCpuSecondsPerGB: (cpuSeconds * GIGABYTE) / bytes,
  }
}

function start(worker: string, argument: string): ChildProcess {
  const args = ['--import', 'tsx', join(import.meta.dirname, worker), argument]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

function linesOf(child: ChildProcess): AsyncIterator<string, undefined> {
  if (child.stdout === null) throw new Error('the process has no output')
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]() as AsyncIterator<string, undefined>
}
