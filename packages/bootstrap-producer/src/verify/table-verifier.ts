import {
  type SourceState,
  type StoredComparison,
  type StoredDifference,
  type StoreReader,
} from '@aesop/bootstrap-store'
import { AesopError, messageOf, sleep } from '@aesop/kernel'
import { type SnapshotChunk, type SnapshotReader } from '@aesop/reading'
import { NotComparableError } from '../errors.ts'
import { isReadingLost } from '../reading-lost.ts'
import { MetRows } from './met-rows.ts'
import { TableTally, type TableReport } from './table-report.ts'

export interface TableVerifierOptions {
  readonly store: StoreReader
  readonly tables: SnapshotReader
  readonly signal: AbortSignal
  /** How long the store may stand still while it is waited for, and how long a relay may not answer, in milliseconds. */
  readonly patienceMs: number
  readonly onMoved: (report: TableReport) => void
}

const ROWS_OF_RANGE = 2000
const LIVE_ROWS_AT_ONCE = 5000
/** How often a range is read whose rows change all the time. */
const READINGS_MAX = 3
const AGAIN_MS = 200

/** Compares a table with what the store has of it, range by range, while both change. SPEC.md, "Verifying". */
export class TableVerifier {
  readonly #source: string
  readonly #options: TableVerifierOptions
  readonly #tally: TableTally
  readonly #met = new MetRows()
  /** The least place of a range: a row that stands at or below it has stood since before any was read. */
  #startScn: bigint | undefined
  #visibleScn = -1n
  #begun: SourceState | undefined

  constructor(source: string, options: TableVerifierOptions) {
    this.#source = source
    this.#options = options
    this.#tally = new TableTally(source, options.onMoved)
  }

  /** What can't be compared is said in the report, as what is not equal is. */
  async run(): Promise<TableReport> {
    const { signal } = this.#options
    try {
      await this.#compare()
      return this.#tally.ended('compared')
    } catch (error) {
      return this.#tally.ended(signal.aborted ? 'interrupted' : { reason: reasonOf(error) })
    }
  }

  async #compare(): Promise<void> {
    const { store, tables } = this.#options
    const [state] = await store.states([this.#source])
    if (state === undefined) throw new NotComparableError(this.#source, 'the store does not have it')
    this.#begun = this.#prove(state)
    const where = state.seeding?.where
    const { estimatedRows, isKeyless } = await this.#answered(() => tables.describe(this.#source))
    this.#tally.begin(estimatedRows, where)
    let after: string | undefined
    do after = await this.#range(after, where, isKeyless ? 1 : READINGS_MAX)
    while (after !== undefined)
    if (where === undefined) await this.#findExtraRows()
  }

  /** @returns where the next one begins */
  async #range(after: string | undefined, where: string | undefined, readings: number): Promise<string | undefined> {
    for (let reading = 1; ; reading++) {
      const chunk = await this.#read(after, where)
      const { state, differences } = await this.#lookUp(chunk)
      const isUnsure = (each: StoredDifference): boolean => mayHaveChanged(each, chunk, state)
      const unsure = differences.filter(isUnsure).length
      if (unsure > 0 && reading < readings) continue
      for (const each of differences)
        if (!isUnsure(each)) this.#tally.differs(each.key, isThere(each) ? 'other' : 'missing')
      this.#tally.compared(chunk.rows, unsure)
      return chunk.next
    }
  }

  /** Where something differs it is looked again when the store has come to what the range may have seen. */
  async #lookUp(chunk: SnapshotChunk): Promise<StoredComparison> {
    const first = await this.#stored(chunk)
    if (first.differences.length === 0) return first
    await this.#reached(chunk.visibleScn)
    return this.#stored(chunk)
  }

  async #stored({ bytes }: SnapshotChunk): Promise<StoredComparison> {
    const comparison = await this.#options.store.compare({ source: this.#source, bytes })
    this.#prove(comparison.state)
    for (const id of comparison.ids) this.#met.add(id)
    return comparison
  }

  async #read(after: string | undefined, where: string | undefined): Promise<SnapshotChunk> {
    const { tables, signal } = this.#options
    const request = { source: this.#source, maxRows: ROWS_OF_RANGE, after, where }
    const chunk = await this.#answered(() => tables.readChunk(request, signal))
    if (this.#startScn === undefined || chunk.atScn < this.#startScn) this.#startScn = chunk.atScn
    if (chunk.visibleScn > this.#visibleScn) this.#visibleScn = chunk.visibleScn
    return chunk
  }

  /** Rows that have stood since before the first range was read, and that no range had. */
  async #findExtraRows(): Promise<void> {
    await this.#reached(this.#visibleScn)
    const { store, signal } = this.#options
    const question = { source: this.#source, atMostScn: this.#startScn ?? -1n, maxRows: LIVE_ROWS_AT_ONCE }
    let afterId = 0n
    for (let isOver = false; !isOver;) {
      signal.throwIfAborted()
      const { state, rows, place, isDone } = await store.liveRows({ ...question, afterId })
      this.#prove(state)
      for (const { id, key } of rows) if (!this.#met.has(id)) this.#tally.differs(key, 'extra')
      afterId = place
      isOver = isDone
    }
  }

  /** Waits until the store has come to a place. @throws NotComparableError when it stands still before it */
  async #reached(scn: bigint): Promise<void> {
    const { store, signal, patienceMs } = this.#options
    let movedMs = performance.now()
    for (let standsAt: bigint | undefined; ;) {
      signal.throwIfAborted()
      const [state] = await store.states([this.#source])
      const { appliedScn } = this.#prove(state).stream
      if (appliedScn >= scn) return
      if (appliedScn !== standsAt) movedMs = performance.now()
      standsAt = appliedScn
      if (performance.now() - movedMs > patienceMs) throw NotComparableError.ofStill(this.#source, appliedScn, scn)
      await sleep(AGAIN_MS, signal)
    }
  }

  /** @throws NotComparableError of a table that is not whole, or was made anew since it was begun */
  #prove(state: SourceState | undefined): SourceState {
    const begun = this.#begun
    if (state?.status !== 'ACTIVE')
      throw new NotComparableError(this.#source, `the store does not serve it: it is ${state?.status ?? 'gone'}`)
    if (begun !== undefined && (begun.storeId !== state.storeId || begun.seeding?.number !== state.seeding?.number))
      throw new NotComparableError(this.#source, 'it was seeded anew meanwhile; compare it once more')
    return state
  }

  /** Asks again what may be answered later. */
  async #answered<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const { signal, patienceMs } = this.#options
    const begunMs = performance.now()
    for (;;) {
      try {
        signal.throwIfAborted()
        return await question()
      } catch (error) {
        const isFinal = isReadingLost(error) || (error instanceof AesopError && !error.canRetry)
        if (signal.aborted || isFinal || performance.now() - begunMs > patienceMs) throw error
        await sleep(AGAIN_MS, signal)
      }
    }
  }
}

/** What stands there is a change above the place of the range, of which the range may have all or nothing. */
function mayHaveChanged(difference: StoredDifference, { atScn }: SnapshotChunk, state: SourceState): boolean {
  if (difference.found === 'damaged') return false
  return difference.found === 'absent' ? state.clearedScn > atScn : difference.scn > atScn
}

function isThere({ found }: StoredDifference): boolean {
  return found === 'other' || found === 'damaged'
}

function reasonOf(error: unknown): string {
  return error instanceof AesopError ? `${error.code}: ${error.message}` : messageOf(error)
}
