/** How far the seeding of a source is, for people. */
export interface SeedingProgress {
  readonly source: string
  readonly state: 'waiting' | 'seeding' | 'paused' | 'done' | 'void'
  /** Rows that are in. */
  readonly rows: number
  /** An estimate of all of them; undefined: nobody knows. */
  readonly ofRows: number | undefined
  /** Below 100 until all are in, because `ofRows` is an estimate; undefined: nobody knows. */
  readonly percent: number | undefined
  /** Since this process began with it. */
  readonly rowsPerSecond: number
  /** How long it takes yet, at this pace; undefined: nobody knows. */
  readonly etaSeconds: number | undefined
  /** The condition that its rows fulfil; undefined: it is the whole table. */
  readonly where: string | undefined
  /** What it waits for though nothing is wrong; undefined: nothing. */
  readonly waitsFor: string | undefined
  /** Why it stands still; undefined: it does not. */
  readonly fault: string | undefined
}

const PERCENT_MAX = 99

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
    this.#progress = { ...progress, percent: percentOf(progress), etaSeconds: etaOf(progress) }
  }
}

function percentOf({ state, rows, ofRows }: SeedingProgress): number | undefined {
  if (state === 'done') return 100
  if (ofRows === undefined || ofRows === 0) return undefined
  return Math.min(PERCENT_MAX, Math.floor((100 * rows) / ofRows))
}

function etaOf({ state, rows, ofRows, rowsPerSecond }: SeedingProgress): number | undefined {
  if (state === 'done') return 0
  if (ofRows === undefined || rowsPerSecond === 0 || rows > ofRows) return undefined
  return Math.ceil((ofRows - rows) / rowsPerSecond)
}
