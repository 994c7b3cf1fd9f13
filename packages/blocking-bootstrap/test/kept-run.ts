import { type MaxScn, type MaxScnStore } from '@aesop/checkpoint'
import { type ChangeEvent, type EventConsumer, type Result, type SchemaChange } from '@aesop/client'
import { type BackoffConfig } from '@aesop/kernel'
import { MemorySchemaRegistry } from '@aesop/schema'
import { join } from 'node:path'
import { newFolder } from '../../../test/support/test-folder.ts'
import { testLog } from '../../../test/support/test-log.ts'
import { type RowsProgress, type RowsProgressStore } from '../src/rows-progress.ts'
import { SourceRun, type SourceRunOptions } from '../src/source-run.ts'
import { WindowFiles } from '../src/window-file.ts'
import { LoggedProducer, type LoggedShop, SHOP } from './logged-shop.ts'

/** What outlives a process: what is stored, and what the consumers have written. */
export class Outside {
  place: MaxScn | undefined
  rows: RowsProgress | undefined
  readonly written = new Map<string, string>()
  readonly schemas = new MemorySchemaRegistry()
  readonly folder = newFolder('blocking')
}

const RETRIES: BackoffConfig = {
  initSleepMs: 1,
  sleepIncFactor: 1,
  sleepIncDeltaMs: 0,
  maxSleepMs: 1,
  maxRetryNum: 20,
}

export type Told = readonly [name: string, what: string]

/** One life of a process: it can be killed at any moment, and nothing of it comes through afterwards. */
export class KeptRun {
  readonly run: SourceRun
  readonly told: Told[] = []
  readonly failures: Error[] = []
  finished = false
  /** Called before each write of progress, of the rows or of the place, and after it. */
  onSave: (what: 'rows' | 'place', when: 'before' | 'after') => void = () => undefined
  /** Called before an event is written by a consumer; what it throws is thrown by the consumer. */
  onEvent: (event: ChangeEvent, partition: number) => Result = () => undefined
  onCheckpoint: (scn: bigint, partition: number) => Result = () => undefined
  /** Newest version of each key that this life was given, and by which partition. */
  readonly seen = new Map<string, { version: number; partition: number }>()
  /** What was wrong: a key that went back, or that two partitions had. */
  readonly faults: string[] = []
  #isAlive = true
  readonly #outside: Outside

  constructor(shop: LoggedShop, outside: Outside, options: Partial<SourceRunOptions> = {}) {
    this.#outside = outside
    this.run = new SourceRun({
      physicalSource: SHOP,
      producer: new LoggedProducer(shop),
      schemas: outside.schemas,
      placeStore: this.#placeStore(),
      rowsStore: this.#rowsStore(),
      files: new WindowFiles(join(outside.folder, 'windows')),
      consumerOf: (partition) => this.#consumer(partition),
      partitions: 3,
      rowsMax: 20,
      bytesMax: 64 * 1024,
      chunkRows: 1000,
      readsRows: true,
      until: undefined,
      initialScn: undefined,
      retries: { dispatcherRetries: RETRIES, consumerTimeBudgetMs: 10_000 },
      log: testLog('blocking'),
      onFinished: () => (this.finished = true),
      onFailed: (error) => this.failures.push(error),
      ...options,
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** As `kill -9`: from now on nothing is stored and nothing is written. */
  kill(): void {
    this.#isAlive = false
  }

  /** What is left of a life that was killed is ended, too. */
  async end(): Promise<void> {
    await this.run.stop(AbortSignal.timeout(2000))
  }

  #consumer(partition: number): EventConsumer {
    const tell = (name: string, what: unknown = ''): void => {
      if (this.#isAlive) this.told.push([name, `${partition} ${String(what)}`.trim()])
    }
    return {
      onStartBootstrap: (_signal, { complete }) => {
        tell('onStartBootstrap', complete)
        if (complete && this.#isAlive && partition === 0) this.#outside.written.clear()
      },
      onStopBootstrap: () => {
        tell('onStopBootstrap')
      },
      onStartConsumption: () => {
        tell('onStartConsumption')
      },
      onStopConsumption: () => {
        tell('onStopConsumption')
      },
      onRollback: (scn) => {
        tell('onRollback', scn)
        // What comes again may be older than what was given.
        this.seen.clear()
      },
      onBootstrapEvent: (event) => {
        tell('row', event.key)
        return this.#write(event, partition)
      },
      onDataEvent: (event) => {
        tell('event', `${event.opcode} ${event.key}`)
        return this.#write(event, partition)
      },
      onSchemaChange: (change) => {
        tell('change', change.kind)
        this.#change(change)
      },
      onCheckpoint: (scn) => this.onCheckpoint(scn, partition),
    }
  }

  #write(event: ChangeEvent, partition: number): Result {
    if (!this.#isAlive) return undefined
    const result = this.onEvent(event, partition)
    const key = `${event.source.name} ${event.key}`
    const version = Number(Buffer.from(event.bytes).toString())
    const before = this.seen.get(key)
    if (before !== undefined && before.version > version) this.faults.push(`${key} went back to ${version}`)
    if (before !== undefined && before.partition !== partition) this.faults.push(`${key} is of two partitions`)
    this.seen.set(key, { version, partition })
    const write = (): void => {
      if (!this.#isAlive) return
      if (event.opcode === 'DELETE') this.#outside.written.delete(key)
      else this.#outside.written.set(key, String(version))
    }
    if (typeof result === 'object') return result.then((verdict) => (write(), verdict))
    write()
    return result
  }

  #change({ kind, source }: SchemaChange): void {
    if (!this.#isAlive || kind !== 'TRUNCATE') return
    for (const key of [...this.#outside.written.keys()]) {
      if (key.startsWith(`${source} `)) this.#outside.written.delete(key)
    }
  }

  #placeStore(): MaxScnStore {
    return {
      load: () => this.#outside.place,
      save: (place) => {
        this.#save('place', () => (this.#outside.place = place))
      },
    }
  }

  #rowsStore(): RowsProgressStore {
    return {
      keptIn: '/state/shop.rows.json',
      load: () => this.#outside.rows,
      save: (rows) => {
        this.#save('rows', () => (this.#outside.rows = rows))
      },
    }
  }

  #save(what: 'rows' | 'place', keep: () => void): void {
    if (this.#isAlive) this.onSave(what, 'before')
    if (!this.#isAlive) return
    keep()
    this.onSave(what, 'after')
  }
}
