import { EventBuffer } from '@aesop/buffer'
import { MemoryMaxScnStore } from '@aesop/checkpoint'
import { EventView } from '@aesop/event'
import { type WindowReader, type WindowSource } from '@aesop/reading'
import { type PassOver } from '@aesop/producer'
import { MysqlEventProducer, mysqlSource, type MysqlSourceOptions } from '@aesop/producer-mysql'
import { MemorySchemaRegistry } from '@aesop/schema'
import { newFolder } from './test-folder.ts'
import { testLog } from './test-log.ts'
import { until } from './until.ts'
import { witness } from './witness.ts'

const CHUNK_BYTES = 1 << 16

/** Windows with rows, by their SCN: those without depend on time. */
export type RowWindows = ReadonlyMap<bigint, string>

/** A source whose buffer has lost nothing: what a live reader got, and what a late one gets of the same log. */
export class LateRig {
  readonly buffer = new EventBuffer({ maxBytes: 1 << 26, physicalPartition: 1 })
  readonly failures: Error[] = []
  readonly lines: string[] = []
  readonly producer: MysqlEventProducer
  readonly stateDirectory: string
  beganAfterScn = -1n
  readonly #options: MysqlSourceOptions
  readonly #schemas: MemorySchemaRegistry
  readonly #maxScn: MemoryMaxScnStore

  constructor(options: MysqlSourceOptions, before?: LateRig) {
    this.#options = options
    this.#schemas = before === undefined ? new MemorySchemaRegistry() : before.#schemas
    this.#maxScn = before === undefined ? new MemoryMaxScnStore() : before.#maxScn
    this.stateDirectory = before?.stateDirectory ?? newFolder('late')
    this.producer = new MysqlEventProducer(
      { physicalSourceConfig: mysqlSource(options), heartbeatMs: 200 },
      {
        id: 'producer',
        container: 'relay',
        log: testLog('the producer', (_level, line) => this.lines.push(line)),
        signal: new AbortController().signal,
        projectsRoot: '/tmp',
        stateDirectory: this.stateDirectory,
        shared: new Map(),
        fail: () => undefined,
      },
    )
    witness('producer', () => ({
      status: this.producer.status(),
      late: this.producer.describe(),
      failures: this.failures,
    }))
  }

  /** @param passOvers transactions that are passed over */
  async start(passOvers: readonly PassOver[] = []): Promise<this> {
    this.beganAfterScn = await this.producer.prepare({
      physicalSource: mysqlSource(this.#options),
      schemas: this.#schemas,
      maxScn: this.#maxScn,
      initialScn: undefined,
      passOvers,
      fail: (error) => this.failures.push(error),
    })
    this.buffer.start(this.beganAfterScn)
    await this.producer.start(this.beganAfterScn, this.buffer)
    return this
  }

  /** As if its buffer had held nothing: a new process goes on where this one stopped. */
  forgetReread(): void {
    const stored = this.#maxScn.load()
    if (stored === undefined) throw new Error('nothing is stored')
    this.#maxScn.save({ ...stored, position: { ...(stored.position as object), reread: undefined } })
  }

  /** What a new process would be, with another configuration of the source where one is given. */
  again(change: Partial<MysqlSourceOptions> = {}): LateRig {
    return new LateRig({ ...this.#options, ...change }, this)
  }

  /** Waits until the live reading has come to this place of the log. */
  async reached(rows: number): Promise<void> {
    await until(
      `${rows} events`,
      () => {
        if (this.failures[0] !== undefined) throw this.failures[0]
        return this.buffer.events >= rows
      },
      undefined,
      () => this.buffer.events,
    )
  }

  /** What live readers got after an SCN. */
  async live(afterScn: bigint): Promise<RowWindows> {
    return readAll(this.buffer, afterScn, this.lastRowsScn)
  }

  /** The same, from the log. */
  async late(afterScn: bigint): Promise<RowWindows> {
    const { lateReading } = this.producer
    if (lateReading === undefined) throw new Error('this source reads nothing late')
    const openReader = (): WindowReader => lateReading.readFrom(afterScn)
    return readAll({ openReader, subscribe: () => () => undefined }, afterScn, this.lastRowsScn)
  }

  /** SCN of the newest window that has rows. */
  lastRowsScn = -1n
  async noteLast(): Promise<void> {
    const windows = await readAll(this.buffer, this.beganAfterScn, this.buffer.lastScn)
    this.lastRowsScn = [...windows.keys()].at(-1) ?? -1n
  }
}

async function readAll(source: WindowSource, afterScn: bigint, untilScn: bigint): Promise<RowWindows> {
  const reader = source.openReader()
  const chunks: Buffer[] = []
  try {
    const sought = await reader.seek(afterScn, -1)
    if (sought.kind !== 'found') throw new Error(`not found: ${JSON.stringify(sought, (_, v: unknown) => String(v))}`)
    await until(
      `windows up to SCN ${untilScn}`,
      async () => {
        for (;;) {
          if (reader.scn >= untilScn && reader.atWindowEnd) return true
          const step = await reader.next(CHUNK_BYTES)
          if (step.kind === 'caughtUp') return false
          if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
          chunks.push(Buffer.from(step.bytes))
          step.release()
        }
      },
      20_000,
      () => reader.scn,
    )
  } finally {
    reader.close()
  }
  return rowWindowsOf(Buffer.concat(chunks))
}

/** Whole windows that have rows, each as the hex of its bytes. */
export function rowWindowsOf(bytes: Buffer): RowWindows {
  const windows = new Map<bigint, string>()
  const view = new EventView(bytes, 0)
  let from = 0
  let events = 0
  for (let at = 0; at < bytes.length; at = view.end) {
    view.moveTo(bytes, at)
    if (!view.isEndOfPeriod) events++
    else {
      if (events > 0) windows.set(view.scn, bytes.subarray(from, view.end).toString('hex'))
      from = view.end
      events = 0
    }
  }
  return windows
}
