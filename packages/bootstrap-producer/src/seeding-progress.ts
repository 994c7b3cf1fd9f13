import { etaSecondsOf, percentOf, type Progress } from '@aesop/kernel'

/** How far the seeding of a source is, for people. */
export interface SeedingProgress extends Progress {
  readonly source: string
  readonly state: 'waiting' | 'seeding' | 'paused' | 'done' | 'void'
  /** Since this process began with it. */
  readonly rowsPerSecond: number
  /** The condition that its rows fulfil; undefined: it is the whole table. */
  readonly where: string | undefined
  /** What it waits for though nothing is wrong; undefined: nothing. */
  readonly waitsFor: string | undefined
  /** Why it stands still; undefined: it does not. */
  readonly fault: string | undefined
}

/** A seeding that has not begun in this process. */
export function waitingProgress(
  source: string,
  seeding: { readonly rows: bigint; readonly where: string | undefined } | undefined,
): SeedingProgress {
  return {
    source,
    state: 'waiting',
    rows: Number(seeding?.rows ?? 0n),
    ofRows: undefined,
    percent: undefined,
    rowsPerSecond: 0,
    etaSeconds: undefined,
    where: seeding?.where,
    waitsFor: undefined,
    fault: undefined,
  }
}

/** Keeps the progress of one seeding, with its pace. */
export class SeedingClock {
  readonly #nowMs: () => number
  #progress: SeedingProgress
  #beganMs = 0
  #rowsAtBegin = 0

  constructor(source: string, nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#progress = waitingProgress(source, undefined)
  }

  get progress(): SeedingProgress {
    return this.#progress
  }

  begin(rows: number, ofRows: number | undefined, where: string | undefined): void {
    this.#beganMs = this.#nowMs()
    this.#rowsAtBegin = rows
    this.#progress = { ...waitingProgress(this.#progress.source, undefined), state: 'seeding', rows, ofRows, where }
    this.set({})
  }

  entered(rows: number): void {
    const all = this.#progress.rows + rows
    const seconds = Math.max(0.001, (this.#nowMs() - this.#beganMs) / 1000)
    const rowsPerSecond = Math.round((all - this.#rowsAtBegin) / seconds)
    this.set({ rows: all, rowsPerSecond, waitsFor: undefined })
  }

  set(change: Partial<SeedingProgress>): void {
    const progress = { ...this.#progress, ...change }
    const { state, rows, ofRows, rowsPerSecond } = progress
    const isDone = state === 'done'
    this.#progress = {
      ...progress,
      percent: isDone ? 100 : percentOf(rows, ofRows),
      etaSeconds: isDone ? 0 : etaSecondsOf(rows, ofRows, rowsPerSecond),
    }
  }
}
