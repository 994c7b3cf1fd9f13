import { type Metric } from '@aesop/kernel'

interface LogPlace {
  readonly file: string
  readonly position: number
}

/** XA transactions whose verdict has still to come. */
export interface WaitingXa {
  readonly count: number
  /** The one that began first. */
  readonly oldest: {
    /** As the log has it, in small letters: `x'6162',x'',1`. */
    readonly xid: string
    /** When it was prepared, by the clock of its server, in seconds since 1970. */
    readonly preparedSeconds: number
    /** Where its rows begin: a restart reads from there, so that this log must not be purged. */
    readonly from: LogPlace
  }
}

/** Nobody prepares for so long on purpose; one that its server has lost, in a restore or a fail-over, waits for ever. */
const LONG_MS = 3_600_000

const ageMs = ({ oldest }: WaitingXa, nowMs: number): number => Math.max(0, nowMs - oldest.preparedSeconds * 1000)

export function xaMetrics(waiting: WaitingXa | undefined, nowMs: number): readonly Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => ({ name, help, type: 'gauge', value })
  const count = gauge('producer_xa_waiting', 'XA transactions that wait for their verdict.', waiting?.count ?? 0)
  if (waiting === undefined) return [count]
  const help = 'Seconds since the oldest XA transaction that waits was prepared.'
  return [count, gauge('producer_xa_waiting_seconds', help, Math.floor(ageMs(waiting, nowMs) / 1000))]
}

/**
 * What keeps the place of a source back, for people; undefined: nothing has for long.
 *
 * @param reached up to where everything has been delivered; undefined: nobody knows yet
 */
export function xaConcern(
  waiting: WaitingXa,
  { source, reached, nowMs }: { source: string; reached: LogPlace | undefined; nowMs: number },
): string | undefined {
  if (reached === undefined || ageMs(waiting, nowMs) < LONG_MS) return undefined
  const { xid, preparedSeconds, from } = waiting.oldest
  const since = new Date(preparedSeconds * 1000).toISOString()
  const others = waiting.count === 1 ? '' : `, and ${waiting.count - 1} more wait behind it`
  return `the XA transaction ${xid} has waited for its verdict since ${since}${others}: a restart reads the log again from ${from.file}:${from.position}, which must not be purged. XA COMMIT or XA ROLLBACK ends what XA RECOVER lists. What the server has lost waits for ever: end the process, and aesop-launch state set <bootstrap.yaml> --source ${source} --to ${reached.file}:${reached.position} leaves behind all that wait`
}
