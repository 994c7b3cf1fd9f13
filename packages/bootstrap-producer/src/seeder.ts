import { type SourceState, type StoreWriter } from '@aesop/bootstrap-store'
import { type Logger, messageOf, sleep } from '@aesop/kernel'
import { type SnapshotChunk, type SnapshotReader } from '@aesop/reading'
import { type ApplierLoop } from './applier-loop.ts'

export interface SeederOptions {
  readonly writer: StoreWriter
  readonly reader: SnapshotReader
  readonly applier: ApplierLoop
  readonly log: Logger
  /** How long the database may take for one chunk, in milliseconds: chunks grow and shrink towards it. */
  readonly chunkMs: number
  readonly nowMs?: () => number
}

/** How far the seeding of a source is, for people. */
export interface SeedingProgress {
  readonly source: string
  readonly state: 'waiting' | 'seeding' | 'paused' | 'done' | 'void'
  readonly rows: number
  /** An estimate of all of them; undefined: nobody knows. */
  readonly ofRows: number | undefined
  readonly rowsPerSecond: number
  /** Why it stands still; undefined: it does not. */
  readonly fault: string | undefined
}

const ROWS_FIRST = 1000
const ROWS_MIN = 100
const ROWS_MAX = 100_000
const SWEEP_ROWS = 20_000
const AGAIN_MS = 500

/** Enters the rows of one table as they are in the database, chunk by chunk, and goes on where it was. */
export class Seeder {
  readonly source: string
  readonly #options: SeederOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #resumed: (() => void) | undefined
  #progress: SeedingProgress
  #rowsWanted = ROWS_FIRST
  #beganMs = 0
  #rowsAtBegin = 0

  constructor(source: string, options: SeederOptions) {
    this.source = source
    this.#options = options
    this.#progress = { source, state: 'waiting', rows: 0, ofRows: undefined, rowsPerSecond: 0, fault: undefined }
  }

  get progress(): SeedingProgress {
    return this.#progress
  }

  /** Resolves when the table is served, or the seeder is stopped. Twice is one. */
  run(where?: string): Promise<void> {
    return (this.#running ??= this.#run(where))
  }

  pause(): void {
    if (this.#progress.state === 'seeding') this.#set({ state: 'paused' })
  }

  resume(): void {
    if (this.#progress.state !== 'paused') return
    this.#set({ state: 'seeding' })
    this.#resumed?.()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#resumed?.()
    await this.#running
  }

  async #run(where: string | undefined): Promise<void> {
    const { signal } = this.#stopping
    const { writer, log } = this.#options
    const state = await this.#untilDone(() => writer.beginSeeding(this.source, where))
    if (state === undefined) return
    await this.#begin(state)
    let cursor = state.seeding?.cursor
    do {
      await this.#whilePaused()
      const chunk = signal.aborted ? undefined : await this.#readChunk(state, cursor, where)
      if (chunk === undefined) return
      cursor = chunk.next
      if (!(await this.#enter(chunk))) return
    } while (cursor !== undefined && !signal.aborted)
    if (!(await this.#sweep())) return
    this.#set({ state: 'done', fault: undefined })
    log.info('a table is seeded', { source: this.source, rows: this.#progress.rows })
  }

  async #begin({ seeding }: SourceState): Promise<void> {
    const table = await this.#untilDone(() => this.#options.reader.describe(this.source))
    this.#beganMs = this.#nowMs()
    this.#rowsAtBegin = Number(seeding?.rows ?? 0n)
    this.#set({ state: 'seeding', rows: this.#rowsAtBegin, ofRows: table?.estimatedRows, fault: undefined })
    this.#options.log.info('a table is being seeded', { source: this.source, estimatedRows: table?.estimatedRows })
  }

  /** A chunk that lies before what the store began with was read by a relay that is behind: it says nothing of it. */
  async #readChunk(
    { seeding }: SourceState,
    after: string | undefined,
    where: string | undefined,
  ): Promise<SnapshotChunk | undefined> {
    for (;;) {
      const beganMs = this.#nowMs()
      const request = {
        source: this.source,
        maxRows: this.#rowsWanted,
        ...(after === undefined ? {} : { after }),
        ...(where === undefined ? {} : { where }),
      }
      const chunk = await this.#untilDone(() => this.#options.reader.readChunk(request, this.#stopping.signal))
      if (chunk === undefined) return undefined
      this.#size(this.#nowMs() - beganMs)
      if (chunk.atScn >= (seeding?.startScn ?? -1n)) return chunk
      this.#set({ fault: `the relay is behind the store, at SCN ${chunk.atScn}` })
      await sleep(AGAIN_MS, this.#stopping.signal)
    }
  }

  /** @returns false: it was stopped, or the table has changed */
  async #sweep(): Promise<boolean> {
    for (;;) {
      const outcome = await this.#untilDone(() => this.#options.writer.endSeeding(this.source, SWEEP_ROWS))
      if (outcome === undefined || outcome === 'void') return this.#isVoid(outcome)
      if (outcome === 'done') return true
    }
  }

  /** The table has changed, so that the rows of before are no longer sure: somebody begins anew. */
  #isVoid(outcome: 'void' | undefined): false {
    if (outcome === 'void') this.#set({ state: 'void', fault: undefined })
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
      await moved
    }
    const all = this.#progress.rows + rows
    const seconds = Math.max(0.001, (this.#nowMs() - this.#beganMs) / 1000)
    this.#set({ rows: all, rowsPerSecond: Math.round((all - this.#rowsAtBegin) / seconds), fault: undefined })
    return true
  }

  /** Tries until it is done, or the seeder is stopped. */
  async #untilDone<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        return await work()
      } catch (error) {
        const fault = messageOf(error)
        if (this.#progress.fault !== fault) this.#options.log.warn(`the seeding of ${this.source} waits: ${fault}`)
        this.#set({ fault })
        await sleep(AGAIN_MS, signal)
      }
    }
    return undefined
  }

  async #whilePaused(): Promise<void> {
    if (this.#progress.state !== 'paused' || this.#stopping.signal.aborted) return
    await new Promise<void>((resolve) => (this.#resumed = resolve))
    this.#resumed = undefined
  }

  #size(tookMs: number): void {
    const factor = Math.min(2, Math.max(0.5, this.#options.chunkMs / Math.max(1, tookMs)))
    this.#rowsWanted = Math.round(Math.min(ROWS_MAX, Math.max(ROWS_MIN, this.#rowsWanted * factor)))
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? (() => performance.now()))()
  }

  #set(change: Partial<SeedingProgress>): void {
    this.#progress = { ...this.#progress, ...change }
  }
}
