import { type MaxScn, type MaxScnStore } from '@aesop/checkpoint'
import { type StoreWriter, type StreamDeclaration } from '@aesop/bootstrap-store'
import {
  AesopError,
  type BackoffConfig,
  backoffMs,
  type BeanContext,
  type Health,
  InvariantError,
  messageOf,
  sleep,
} from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { RelayEventProducer } from '@aesop/producer-relay'
import { MemorySchemaRegistry } from '@aesop/schema'
import { type RelayAddress } from '@aesop/wire'
import { BatchQueue } from './batch-queue.ts'
import { StoreSink } from './store-sink.ts'

export interface StreamFollowerOptions {
  readonly writer: StoreWriter
  readonly stream: StreamDeclaration
  readonly physicalSource: PhysicalSourceConfig
  readonly relays: (() => readonly RelayAddress[]) | undefined
  readonly batchBytes: number
  readonly batchMs: number
  readonly storeRetries: BackoffConfig
  /** There is more in the log. */
  readonly onWritten: () => void
  /** Whether a gap may be mended: the tables are read again. */
  readonly mendsGaps: boolean
  /** No relay has what follows the store: the stream was broken, and goes on behind the gap. */
  readonly onGap: (error: Error) => void
  /** Of what trying again can't help: nothing more is written. */
  readonly onFailed: (error: Error) => void
}

const FELL_OFF = 'AESOP_UPSTREAM_FELL_OFF'
const BATCHES_WAITING = 2
/** Between attempts, where no relay answers. */
const AGAIN: BackoffConfig = {
  initSleepMs: 100,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 10_000,
  maxRetryNum: Infinity,
}

/** One attempt: what reads, and what it writes through. */
interface Attempt {
  readonly producer: RelayEventProducer
  sink: StoreSink | undefined
  queue: BatchQueue | undefined
}

/**
 * Follows a relay into the log of a store, from behind what that has. SPEC.md, "Following".
 */
export class StreamFollower {
  readonly #options: StreamFollowerOptions
  readonly #context: BeanContext
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #attempt: Attempt | undefined
  /** What follows the store is at no relay: the next attempt begins with the oldest window that there is. */
  #hasGap = false
  #waitsFor: string | undefined
  #failure: Error | undefined

  constructor(options: StreamFollowerOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
  }

  /** Resolves when a relay is followed, or none can be now. @throws what trying again can't help */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#running ??= this.#run((error) => {
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  }

  /** What has come is written. Twice is harmless. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#end()
    await this.#running
  }

  health(): Health {
    if (this.#failure !== undefined) return { status: 'down', detail: this.#failure.message }
    const fault = this.#attempt?.queue?.fault
    if (fault !== undefined) return { status: 'degraded', detail: fault.message }
    if (this.#waitsFor !== undefined) return { status: 'degraded', detail: this.#waitsFor }
    return this.#attempt?.producer.health() ?? { status: 'up' }
  }

  describe(): object {
    return { ...this.#attempt?.producer.describe(), ...(this.#waitsFor && { waitsFor: this.#waitsFor }) }
  }

  /** @param settled called once: the first attempt has led somewhere */
  async #run(settled: (error?: Error) => void): Promise<void> {
    const { signal } = this.#stopping
    for (let tried = 0; !signal.aborted; tried++) {
      const error = await this.#once(() => {
        tried = 0
        settled()
      })
      await this.#end()
      if (error === undefined) break
      if (error instanceof AesopError && error.code === FELL_OFF && this.#options.mendsGaps) {
        this.#hasGap = true
        this.#options.onGap(error)
      } else if (!(error instanceof AesopError) || !error.canRetry) {
        this.#failure = error
        settled(error)
        this.#options.onFailed(error)
        return
      } else await this.#wait(error, tried, settled)
    }
    settled()
  }

  async #wait(error: Error, tried: number, settled: () => void): Promise<void> {
    if (this.#waitsFor !== error.message) this.#context.log.warn(`no relay can be followed now: ${error.message}`)
    this.#waitsFor = error.message
    settled()
    await sleep(backoffMs(AGAIN, tried, Math.random()), this.#stopping.signal)
  }

  /** @returns what broke it; undefined: it was stopped */
  async #once(following: () => void): Promise<Error | undefined> {
    let isOver: (error: Error | undefined) => void = () => undefined
    const over = new Promise<Error | undefined>((resolve) => (isOver = resolve))
    const { signal } = this.#stopping
    const onAbort = (): void => {
      isOver(undefined)
    }
    signal.addEventListener('abort', onAbort)
    try {
      await this.#begin(isOver)
      this.#waitsFor = undefined
      following()
      return await over
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error))
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #begin(fail: (error: Error) => void): Promise<void> {
    const { writer, stream, physicalSource, relays } = this.#options
    const producer = new RelayEventProducer({ physicalSourceConfig: physicalSource, relays }, this.#context)
    const attempt: Attempt = (this.#attempt = { producer, sink: undefined, queue: undefined })
    const stored = this.#hasGap ? undefined : await this.#stored()
    const begin = await producer.prepare({
      physicalSource,
      schemas: new MemorySchemaRegistry(),
      maxScn: storedIn(stored),
      initialScn: undefined,
      fail,
    })
    if (stored === undefined) await writer.breakStream(stream.name, begin, spaceOf(producer))
    this.#hasGap = false
    if (this.#stopping.signal.aborted) return
    attempt.queue = this.#queue(fail)
    attempt.sink = this.#sink(attempt.queue, producer, begin)
    await producer.start(begin, attempt.sink)
  }

  /** Behind what the store has; undefined: it has nothing yet. What it has of a window without its end is dropped. */
  async #stored(): Promise<MaxScn | undefined> {
    const [first] = await this.#options.writer.declare(this.#options.stream)
    if (first === undefined) throw new InvariantError('a stream has sources')
    const { logScn, scnSpace } = first.stream
    return scnSpace === undefined ? undefined : { scn: logScn, scnSpace, savedAtMs: Date.now() }
  }

  #queue(onFailed: (error: Error) => void): BatchQueue {
    const { writer, stream, onWritten, storeRetries } = this.#options
    const { log } = this.#context
    return new BatchQueue({
      writer,
      stream,
      waitingMax: BATCHES_WAITING,
      retries: storeRetries,
      log,
      onWritten,
      onFailed,
    })
  }

  #sink(queue: BatchQueue, producer: RelayEventProducer, begin: bigint): StoreSink {
    const { stream, physicalSource, batchBytes, batchMs } = this.#options
    return new StoreSink({
      queue,
      scnSpace: spaceOf(producer),
      reachedScn: begin,
      sources: new Map(physicalSource.sources.map(({ id, name }) => [id, name])),
      schemaChangeId: stream.schemaChangeId,
      batchBytes,
      batchMs,
    })
  }

  /** Nothing more is read; what has come is written, unless the store has failed. */
  async #end(): Promise<void> {
    const attempt = this.#attempt
    const reading = attempt?.producer.stop()
    attempt?.queue?.release()
    await reading
    attempt?.sink?.close()
    await attempt?.queue?.stop()
  }
}

/** It follows no relay that does not tell its space. */
function spaceOf({ scnSpace }: RelayEventProducer): string {
  if (scnSpace === undefined) throw new InvariantError('a relay that is followed tells its SCN space')
  return scnSpace
}

/** The store keeps the place beside the windows; what the producer saves says nothing more. */
function storedIn(stored: MaxScn | undefined): MaxScnStore {
  return { load: () => stored, save: () => undefined }
}
