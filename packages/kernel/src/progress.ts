/** How far the rows of a table are that are read. */
export interface Progress {
  readonly rows: number
  /** An estimate of all of them; undefined: nobody knows. */
  readonly ofRows: number | undefined
  /** Below 100 until all are in, because `ofRows` is an estimate; undefined: nobody knows. */
  readonly percent: number | undefined
  /** Undefined: it does not go on now. */
  readonly rowsPerSecond: number | undefined
  /** How long it takes yet, at this pace; undefined: nobody knows. */
  readonly etaSeconds: number | undefined
}

const PERCENT_MAX = 99
const BAR = 20

export function percentOf(rows: number, ofRows: number | undefined): number | undefined {
  if (ofRows === undefined || ofRows === 0) return undefined
  return Math.min(PERCENT_MAX, Math.floor((100 * rows) / ofRows))
}

export function etaSecondsOf(rows: number, ofRows: number | undefined, rowsPerSecond: number): number | undefined {
  if (ofRows === undefined || rowsPerSecond === 0 || rows > ofRows) return undefined
  return Math.ceil((ofRows - rows) / rowsPerSecond)
}

/** `[########............] 40 %, 8000 of about 20000 rows, 1000 rows/s, 12 s left`. */
export function progressText({ rows, ofRows, percent, rowsPerSecond = 0, etaSeconds }: Progress): string {
  return [
    ...(percent === undefined ? [] : [`${barOf(percent)} ${percent} %`]),
    `${rows}${ofRows === undefined ? '' : ` of about ${ofRows}`} rows`,
    ...(rowsPerSecond === 0 ? [] : [`${rowsPerSecond} rows/s`]),
    ...(etaSeconds === undefined ? [] : [`${durationText(etaSeconds)} left`]),
  ].join(', ')
}

function barOf(percent: number): string {
  const full = Math.round((BAR * percent) / 100)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`
}

function durationText(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
