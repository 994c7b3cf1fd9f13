/** The one source of the relay. */
export const SOURCE = 'bench.memory'

export interface Readers {
  /** `drain`: takes what there is once, and looks at no event. */
  readonly kind: 'live' | 'late' | 'stalled' | 'drain'
  readonly count: number
  /** Where they begin; left out: at the newest window. */
  readonly afterScn?: number
  /** What each takes; left out: all that comes. */
  readonly rowsPerSecond?: number
}

export interface Job {
  readonly port: number
  /** Default `SOURCE`. */
  readonly source?: string
  /** Ends by itself when every reader has so many rows, or has drained what there was. */
  readonly untilRows?: number
  readonly readers: readonly Readers[]
}

export interface ReaderReport {
  readonly kind: Readers['kind']
  readonly rows: number
  readonly bytes: number
  /** From its first byte to its last, in milliseconds. */
  readonly tookMs: number
  readonly firstScn: number
  readonly lastScn: number
  /** A window that did not follow the one before; empty: all did. */
  readonly fault: string
}

export interface Report {
  readonly readers: readonly ReaderReport[]
  /** From the commit of a window until its end has been read, of all live readers: how many windows took so many milliseconds. */
  readonly latencies: Readonly<Record<number, number>>
}
