import { AesopError, type Logger, messageOf, sleep } from '@aesop/kernel'
import { SnapshotCursorInvalidError, SnapshotCursorLostError } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotTable } from '@aesop/reading'
import { type RowsKeeper } from './rows-keeper.ts'
import { type SourceFeed } from './source-feed.ts'

export interface RowsReadingOptions {
  /** Names of the sources, read one after the other. */
  readonly sources: readonly string[]
  readonly reader: SnapshotReader
  readonly feed: SourceFeed
  readonly keeper: RowsKeeper
  /** Rows of one chunk at most. */
  readonly chunkRows: number
  readonly log: Logger
}

/** How far the reading of a table is, for people. */
export interface TableReport {
  readonly source: string
  readonly state: 'waiting' | 'reading' | 'read'
  /** Rows that were read of it. */
  readonly rows: number
  /** An estimate of all of them; undefined: nobody knows. */
  readonly ofRows: number | undefined
  /** Since this process has begun with it. */
  readonly rowsPerSecond: number
  /** Why it stands still; undefined: it does not. */
  readonly fault: string | undefined
}

/** A chunk that has to be read again is smaller, down to so many rows: less is changed meanwhile. */
const ROWS_MIN = 100
const AGAIN_MS = 200

/** Reads the tables of a source to their ends, a chunk at a time, where there is room for it. */
export class RowsReading {
  readonly #options: RowsReadingOptions
  readonly #stopping = new AbortController()
  readonly #reports = new Map<string, TableReport>()
  #rowsWanted: number
  #running: Promise<void> | undefined
  #since = { ms: 0, rows: 0 }

  constructor(options: RowsReadingOptions) {
    this.#options = options
    this.#rowsWanted = options.chunkRows
    for (const source of options.sources) {
      const { isRead, rows } = options.keeper.of(source)
      const state = isRead ? 'read' : 'waiting'
      this.#reports.set(source, { source, state, rows, ofRows: undefined, rowsPerSecond: 0, fault: undefined })
    }
  }

  get reports(): readonly TableReport[] {
    return [...this.#reports.values()]
  }

  /** @param onGiven all rows have been handed out @param onFailed a table can't be read, and no later try would help */
  start(onGiven: () => void, onFailed: (error: Error) => void): void {
    this.#running = this.#run().then(
      (isOver) => {
        if (isOver) onGiven()
      },
      (error: unknown) => {
        if (!this.#stopping.signal.aborted) onFailed(error instanceof Error ? error : new Error(messageOf(error)))
      },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#options.feed.room.open()
    await this.#running
  }

  /** @returns false: it was stopped */
  async #run(): Promise<boolean> {
    const { sources, keeper, log } = this.#options
    for (const source of sources) {
      if (keeper.of(source).isRead) continue
      if (!(await this.#readTable(source))) return false
      this.#set(source, { state: 'read', fault: undefined })
      log.info(`all rows of ${source} are read`, { rows: this.#reports.get(source)?.rows })
    }
    return true
  }

  async #readTable(source: string): Promise<boolean> {
    const { reader, keeper } = this.#options
    this.#set(source, { state: 'reading' })
    const table = await this.#untilDone(source, () => reader.describe(source))
    if (table === undefined) return false
    const { cursor, rows } = keeper.of(source)
    this.#since = { ms: performance.now(), rows }
    this.#set(source, { rows, ofRows: table.estimatedRows, fault: undefined })
    for (let place: Place | undefined = { cursor, rows }; place !== undefined;) {
      const next = await this.#readOn(source, table, place)
      if (next === 'stopped') return false
      place = next === 'read' ? undefined : next
    }
    return true
  }

  async #readOn(source: string, { isKeyless }: SnapshotTable, place: Place): Promise<Place | 'read' | 'stopped'> {
    const { feed, chunkRows } = this.#options
    await feed.room.some()
    feed.chunkBegins(isKeyless && place.cursor !== undefined)
    const chunk = await this.#chunk(source, place.cursor)
    if (chunk === undefined) return 'stopped'
    if (chunk === 'lost') return this.#anew(source, 'its reading is lost')
    const rows = place.rows + chunk.rows
    const { next: cursor } = chunk
    const fate = feed.takeChunk(source, chunk, this.#done(source, rows, cursor))
    if (fate.kind === 'given') {
      this.#came(source, rows)
      this.#rowsWanted = Math.min(chunkRows, 2 * this.#rowsWanted)
      return cursor === undefined ? 'read' : { cursor, rows }
    }
    this.#rowsWanted = Math.min(chunkRows, Math.max(ROWS_MIN, Math.round(this.#rowsWanted / 2)))
    await sleep(AGAIN_MS, this.#stopping.signal)
    return isKeyless && place.cursor !== undefined ? this.#anew(source, 'too much was changed meanwhile') : place
  }

  /** What is stored when the consumers are done with the chunk. */
  #done(source: string, rows: number, cursor: string | undefined): () => void {
    const { feed, keeper } = this.#options
    const scn = feed.lastScn > keeper.of(source).scn ? feed.lastScn : keeper.of(source).scn
    return () => {
      keeper.note(source, { cursor, isRead: cursor === undefined, rows, scn })
    }
  }

  #anew(source: string, reason: string): Place {
    this.#options.log.warn(`the rows of ${source} are read anew: ${reason}`)
    this.#since = { ms: performance.now(), rows: 0 }
    this.#set(source, { rows: 0 })
    return { cursor: undefined, rows: 0 }
  }

  /** Undefined: it was stopped. */
  async #chunk(source: string, after: string | undefined): Promise<SnapshotChunk | 'lost' | undefined> {
    const { reader } = this.#options
    const request = { source, after, maxRows: this.#rowsWanted }
    const read = (): Promise<SnapshotChunk> => reader.readChunk(request, this.#stopping.signal)
    return this.#untilDone(source, async () =>
      read().catch((error: unknown) => {
        if (after !== undefined && isLost(error)) return 'lost' as const
        throw error
      }),
    )
  }

  /** Tries for as long as trying again may help. @returns undefined: it was stopped @throws AesopError of what can't be mended by waiting */
  async #untilDone<T>(source: string, work: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        return await work()
      } catch (error) {
        if (isAborted(signal)) return undefined
        if (!(error instanceof AesopError) || !error.canRetry) throw error
        const fault = messageOf(error)
        if (this.#reports.get(source)?.fault !== fault)
          this.#options.log.warn(`the rows of ${source} wait: ${fault}`, { code: error.code })
        this.#set(source, { fault })
        await sleep(AGAIN_MS, signal)
      }
    }
    return undefined
  }

  #came(source: string, rows: number): void {
    const seconds = Math.max(0.001, (performance.now() - this.#since.ms) / 1000)
    this.#set(source, { rows, rowsPerSecond: Math.round((rows - this.#since.rows) / seconds), fault: undefined })
  }

  #set(source: string, change: Partial<TableReport>): void {
    const report = this.#reports.get(source)
    if (report !== undefined) this.#reports.set(source, { ...report, ...change })
  }
}

interface Place {
  readonly cursor: string | undefined
  readonly rows: number
}

/** The table has to be begun anew: its reading is over, or its key is another one now. */
function isLost(error: unknown): boolean {
  return error instanceof SnapshotCursorLostError || error instanceof SnapshotCursorInvalidError
}

/** Asked after an await: it may have changed. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
