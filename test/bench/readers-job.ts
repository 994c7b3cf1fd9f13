/** The one source of the relay. */
export const SOURCE = 'bench.memory'

export interface Readers {
  readonly kind: 'live' | 'late' | 'stalled'
  readonly count: number
  /** Where they begin; left out: at the newest window. */
  readonly afterScn?: number
  /** What each takes; left out: all that comes. */
  readonly rowsPerSecond?: number
  /** Beside a producer that is faster they are overrun again and again, which is no fault of theirs. */
  readonly maySkip?: boolean
}

export interface Job {
  readonly port: number
  /** Default `SOURCE`. */
  readonly source?: string
  /** Ends by itself when every reader has so many rows. */
  readonly untilRows?: number
  readonly readers: readonly Readers[]
}

export interface ReaderReport {
  readonly kind: Readers['kind']
  readonly rows: number
  readonly bytes: number
  /** From its first byte to its end, in milliseconds. */
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
