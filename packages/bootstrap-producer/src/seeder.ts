import { type SourceState, type StoreWriter } from '@aesop/bootstrap-store'
import { backoffMs, type BackoffConfig, type Logger, messageOf, sleep } from '@aesop/kernel'
import { type SnapshotChunk, type SnapshotReader } from '@aesop/reading'
import { type ApplierLoop } from './applier-loop.ts'
import { ChunksAhead } from './chunks-ahead.ts'
import { isReadingLost } from './reading-lost.ts'
import { type SeedThrottle } from './seed-throttle.ts'
import { SeedingClock, type SeedingProgress } from './seeding-progress.ts'

export interface SeederOptions {
  readonly writer: StoreWriter
  readonly reader: SnapshotReader
  readonly applier: ApplierLoop
  readonly log: Logger
  readonly throttle: SeedThrottle
  /** How long the database may take for one chunk, in milliseconds: chunks grow and shrink towards it. */
  readonly chunkMs: number
  /** Bytes of chunks that may wait for the stream to come to what they saw; one more is read when there is room. */
  readonly aheadBytes: number
}

const ROWS_FIRST = 1000
const ROWS_MIN = 100
const ROWS_MAX = 100_000
const SWEEP_ROWS = 20_000
const AGAIN_MS = 500
/** After a fault: what a relay refuses may be mended by people. */
const AGAIN: BackoffConfig = {
  initSleepMs: AGAIN_MS,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 10_000,
  maxRetryNum: Infinity,
}

/** Enters the rows of one table as they are in the database, chunk by chunk, and goes on where it was. SPEC.md, "Seeding". */
export class Seeder {
  readonly source: string
  readonly #options: SeederOptions
  readonly #stopping = new AbortController()
  readonly #clock: SeedingClock
  #running: Promise<void> | undefined
  #isPaused = false
  #resumed: (() => void) | undefined
  #rowsWanted = ROWS_FIRST

  constructor(source: string, options: SeederOptions) {
    this.source = source
    this.#options = options
    this.#clock = new SeedingClock(source)
  }

  get progress(): SeedingProgress {
    const { progress } = this.#clock
    return this.#isPaused && progress.state === 'seeding' ? { ...progress, state: 'paused' } : progress
  }

  /** Resolves when the table is served, or the seeder is stopped. Twice is one. */
  run(where?: string): Promise<void> {
    return (this.#running ??= this.#run(where))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#resumed?.()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#resumed?.()
    await this.#running
  }

  async #run(where: string | undefined): Promise<void> {
    const { writer, log } = this.#options
    for (let isAnew = false; ; isAnew = true) {
      const state = await this.#untilDone(() => writer.beginSeeding(this.source, where, isAnew))
      if (state === undefined) return
      await this.#begin(state)
      const outcome = state.seeding?.isRead === true ? 'entered' : await this.#chunks(state)
      if (outcome === 'entered') break
      if (outcome === 'ended') return
      log.warn('the reading of a table was lost, and begins anew', { source: this.source })
      await sleep(AGAIN_MS, this.#stopping.signal)
    }
    if (!(await this.#sweep())) return
    this.#clock.set({ state: 'done', fault: undefined, waitsFor: undefined })
    log.info('a table is seeded', { source: this.source, rows: this.#clock.progress.rows })
  }

  async #begin({ seeding }: SourceState): Promise<void> {
    const table = await this.#untilDone(() => this.#options.reader.describe(this.source))
    this.#clock.begin(Number(seeding?.rows ?? 0n), table?.estimatedRows, seeding?.where)
    this.#options.log.info('a table is being seeded', { source: this.source, estimatedRows: table?.estimatedRows })
  }

  /** @returns `lost`: the table has to be begun anew; `ended`: the seeder was stopped, or the table has changed */
  async #chunks(state: SourceState): Promise<'entered' | 'lost' | 'ended'> {
    const chunks = new ChunksAhead({
      read: (after, signal) => this.#readChunk(state, after, signal),
      after: state.seeding?.cursor,
      maxBytes: this.#options.aheadBytes,
    })
    try {
      for (;;) {
        const chunk = await chunks.next()
        if (chunk === undefined || !(await this.#enter(chunk))) return 'ended'
        if (chunk.next === undefined) return 'entered'
      }
    } catch (error) {
      if (isReadingLost(error)) return 'lost'
      throw error
    } finally {
      await chunks.stop()
    }
  }

  /** A chunk that lies before what the store began with was read by a relay that is behind: it says nothing of it. */
  async #readChunk(
    { seeding }: SourceState,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<SnapshotChunk | undefined> {
    const stopped = AbortSignal.any([signal, this.#stopping.signal])
    const { throttle, reader } = this.#options
    while (!stopped.aborted) {
      await this.#whilePaused()
      const beganMs = performance.now()
      const maxRows = throttle.limit(this.#rowsWanted)
      const request = { source: this.source, maxRows, after, where: seeding?.where }
      const chunk = await this.#untilDone(() => reader.readChunk(request, stopped), stopped)
      if (chunk === undefined) return undefined
      // What the stream and the way to the relay take says nothing of the database.
      const readMs = chunk.readMs ?? performance.now() - beganMs
      this.#size(readMs)
      if (chunk.atScn < (seeding?.startScn ?? -1n)) {
        this.#clock.set({
          waitsFor: `a relay that has come to SCN ${seeding?.startScn ?? -1n}; it is at ${chunk.atScn}`,
        })
        await sleep(AGAIN_MS, stopped)
        continue
      }
      if (chunk.next !== undefined) await throttle.after(this.source, chunk.rows, readMs, stopped)
      return chunk
    }
    return undefined
  }

  /** @returns false: it was stopped, or the table has changed */
  async #sweep(): Promise<boolean> {
    this.#clock.set({ waitsFor: 'the rows that no chunk had to be found' })
    for (;;) {
      const outcome = await this.#untilDone(() => this.#options.writer.endSeeding(this.source, SWEEP_ROWS))
      if (outcome === undefined || outcome === 'void') return this.#isVoid(outcome)
      if (outcome === 'done') return true
    }
  }

  /** The table has changed, so that the rows of before are no longer sure: somebody begins anew. */
  #isVoid(outcome: 'void' | undefined): false {
    if (outcome === 'void') this.#clock.set({ state: 'void', fault: undefined, waitsFor: undefined })
    return false
  }

  /** Waits until the snapshot tables have come to what the chunk saw. @returns false: it was stopped, or the table has changed */
  async #enter({ bytes, rows, atScn, visibleScn, next }: SnapshotChunk): Promise<boolean> {
    const { writer, applier } = this.#options
    const { signal } = this.#stopping
    const chunk = { bytes, atScn, visibleScn, next }
    for (;;) {
      const moved = applier.moved(AbortSignal.any([signal, AbortSignal.timeout(AGAIN_MS)]))
      const outcome = await this.#untilDone(() => writer.putChunk(this.source, chunk))
      if (outcome === undefined || outcome === 'void') return this.#isVoid(outcome)
      if (outcome === 'entered') break
      this.#clock.set({ waitsFor: `the tables to come to SCN ${visibleScn}; they are at ${applier.appliedScn}` })
      await moved
    }
    this.#clock.entered(rows)
    return true
  }

  /** Tries until it is done, or the seeder is stopped. @throws what says that the reading of the table is lost */
  async #untilDone<T>(work: () => Promise<T>, signal = this.#stopping.signal): Promise<T | undefined> {
    for (let tried = 0; !signal.aborted; tried++) {
      try {
        const done = await work()
        this.#clock.set({ fault: undefined })
        return done
      } catch (error) {
        if (isReadingLost(error)) throw error
        if (isOver(signal)) return undefined
        const fault = messageOf(error)
        if (this.#clock.progress.fault !== fault)
          this.#options.log.warn(`the seeding of ${this.source} waits: ${fault}`)
        this.#clock.set({ fault })
        await sleep(backoffMs(AGAIN, tried, Math.random()), signal)
      }
    }
    return undefined
  }

  async #whilePaused(): Promise<void> {
    while (this.#isPaused && !this.#stopping.signal.aborted)
      await new Promise<void>((resolve) => (this.#resumed = resolve))
    this.#resumed = undefined
  }

  #size(readMs: number): void {
    const factor = Math.min(2, Math.max(0.5, this.#options.chunkMs / Math.max(1, readMs)))
    this.#rowsWanted = Math.round(Math.min(ROWS_MAX, Math.max(ROWS_MIN, this.#rowsWanted * factor)))
  }
}

/** It may have aborted since it was last looked at. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted
}
