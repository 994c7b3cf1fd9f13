import { type ReadsFrom } from '@aesop/reading'
import { type ReaderPlace } from './stream-windows.ts'

/** Who reads a physical source, and how far behind its newest window. What is not known is left out. */
export interface ReaderReport {
  /** By what the client says of itself. */
  readonly client: string
  /** Its address. */
  readonly peer: string
  readonly physicalSource: string
  /** Where its windows come from now: memory or files of the buffer, or the source's log, because it is late. */
  readonly servedFrom: ReadsFrom
  /** Bytes of events that this answer has brought. */
  readonly sentBytes: number
  /** SCN of the last window that was read for it; left out before the first. */
  readonly scn?: bigint
  /** How far that is from the newest SCN. */
  readonly lagScn?: bigint
  /** Bytes of the windows that follow it. */
  readonly lagBytes?: number
  /** How long ago the oldest change was committed that is still to be read, in milliseconds; 0: none is. */
  readonly lagMs?: number
}

/** Looks at what is held after the place: to be asked by people, not per window. */
export function reportOf({ source, scn, readsFrom }: ReaderPlace): Omit<ReaderReport, 'client' | 'peer' | 'sentBytes'> {
  const { served } = source
  const where = { physicalSource: served.name, servedFrom: readsFrom }
  if (scn < 0n) return where
  const { lastScn } = served.held()
  if (lastScn <= scn) return { ...where, scn, lagScn: 0n, lagBytes: 0, lagMs: 0 }
  const { bytes, oldestMs } = served.behind?.(scn) ?? {}
  return {
    ...where,
    scn,
    lagScn: lastScn - scn,
    ...(bytes === undefined ? {} : { lagBytes: bytes }),
    ...(oldestMs === undefined ? {} : { lagMs: Math.max(0, Date.now() - oldestMs) }),
  }
}
