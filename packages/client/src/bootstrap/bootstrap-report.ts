import { type BootstrapPlace } from '@aesop/checkpoint'
import { type AesopError, type Alert, type Logger } from '@aesop/kernel'

export interface BootstrapReportOptions {
  readonly registration: string
  readonly log: Logger
  readonly publish: (alert: Alert) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** How far a bootstrap is, for people. */
export interface BootstrapProgress {
  readonly phase: BootstrapPlace['phase']
  /** The source that is read. */
  readonly source: string
  /** Events that it gave in this process, those among them that came again. */
  readonly rows: number
  /** When it began in this process, ISO 8601. */
  readonly since: string
  readonly server: string
  /** SCN that the consumer had when it began; 0n: nothing. */
  readonly sinceScn: bigint
  /** SCN of the snapshot; undefined: not known yet. */
  readonly startScn: bigint | undefined
  /** SCN up to which the logs of this round go; undefined: not known yet. */
  readonly targetScn: bigint | undefined
}

interface Seen {
  readonly sinceMs: number
  readonly rowsBefore: number
  place: BootstrapPlace
  server: string
}

/** Tells log and platform when a bootstrap begins, changes its phase and ends, and remembers where it is. */
export class BootstrapReport {
  finished = 0
  readonly #options: BootstrapReportOptions
  #seen: Seen | undefined

  constructor(options: BootstrapReportOptions) {
    this.#options = options
  }

  progress(rows: number): BootstrapProgress | undefined {
    if (this.#seen === undefined) return undefined
    const { place, sinceMs, rowsBefore, server } = this.#seen
    return {
      phase: place.phase,
      source: sourceOf(place),
      rows: rows - rowsBefore,
      since: new Date(sinceMs).toISOString(),
      server,
      sinceScn: place.sinceScn,
      startScn: known(place.startScn),
      targetScn: known(place.targetScn),
    }
  }

  begins(place: BootstrapPlace, isComplete: boolean, rows: number): void {
    const from = isComplete ? 'from nothing' : `from SCN ${place.sinceScn}`
    const isOn = this.#seen !== undefined || place.startScn >= 0n
    const what = isOn
      ? place.startScn < 0n
        ? 'begins its bootstrap anew'
        : 'goes on with its bootstrap'
      : 'bootstraps'
    this.#tell('info', `${what}, ${from}`, { sinceScn: place.sinceScn })
    this.#seen ??= { sinceMs: this.#options.now(), rowsBefore: rows, place, server: '' }
  }

  at(place: BootstrapPlace, server: string): void {
    const seen = this.#seen
    if (seen === undefined) return
    const isNews =
      place.phase !== seen.place.phase || sourceOf(place) !== sourceOf(seen.place) || server !== seen.server
    seen.place = place
    seen.server = server
    if (isNews)
      this.#options.log.info(`the registration "${this.#options.registration}": ${whereOf(place)}`, { server })
  }

  ended(scn: bigint, rows: number): void {
    const { sinceMs, rowsBefore } = this.#seen ?? { sinceMs: this.#options.now(), rowsBefore: rows }
    this.finished++
    this.#seen = undefined
    const given = rows - rowsBefore
    const tookMs = this.#options.now() - sinceMs
    this.#tell('info', `is bootstrapped: it has everything up to SCN ${scn}, and goes on there`, {
      scn,
      rows: given,
      tookMs,
    })
  }

  /** The log is told by who suspends. */
  gaveUp(error: Error): void {
    const { registration, publish } = this.#options
    const code = 'code' in error ? ` (${(error as AesopError).code})` : ''
    publish({
      type: 'alert',
      severity: 'error',
      message: `the bootstrap of the registration "${registration}" can not go on${code}: ${error.message}`,
    })
  }

  #tell(severity: 'info', what: string, fields: Readonly<Record<string, unknown>>): void {
    const message = `the registration "${this.#options.registration}" ${what}`
    this.#options.log.info(message, fields)
    this.#options.publish({ type: 'alert', severity, message })
  }
}

/** The source that is read, and what of it. */
export function whereOf(place: BootstrapPlace): string {
  return `${place.phase === 'snapshot' ? 'the snapshot' : 'the log'} of ${sourceOf(place)}`
}

function sourceOf({ phase, snapshotSource, catchupSource }: BootstrapPlace): string {
  return phase === 'snapshot' ? snapshotSource : catchupSource
}

function known(scn: bigint): bigint | undefined {
  return scn < 0n ? undefined : scn
}
