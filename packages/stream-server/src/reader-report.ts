import { EventView } from '@aesop/event'
import { type WindowReader } from '@aesop/reading'
import { type ReaderPlace } from './stream-windows.ts'

/** Who reads a physical source, and how far behind its newest window. What is not known is left out. */
export interface ReaderReport {
  /** By what the client says of itself. */
  readonly client: string
  /** Its address. */
  readonly peer: string
  readonly physicalSource: string
  /** Bytes of events that this answer has brought. */
  readonly sentBytes: number
  /** SCN of the last window that was read for it; left out before the first. */
  readonly scn?: bigint
  /** How far that is from the newest SCN. */
  readonly lagScn?: bigint
  /** How long ago the oldest change was committed that is still to be read, in milliseconds; 0: none is. */
  readonly lagMs?: number
}

/** Looks at the windows that follow the place: to be asked by people, not per window. */
export function reportOf({ source, scn }: ReaderPlace): Omit<ReaderReport, 'client' | 'peer' | 'sentBytes'> {
  const { served } = source
  const { lastScn } = served.held()
  if (scn < 0n) return { physicalSource: served.name }
  const lagMs = lastScn <= scn ? 0 : ageAfter(served.windows.openReader(), scn)
  return {
    physicalSource: served.name,
    scn,
    lagScn: lastScn > scn ? lastScn - scn : 0n,
    ...(lagMs === undefined ? {} : { lagMs }),
  }
}

/** Age of the next change after a window; undefined: it is not in memory, or is gone. */
function ageAfter(reader: WindowReader, scn: bigint): number | undefined {
  try {
    const sought = reader.seek(scn, -1)
    if (sought instanceof Promise || sought.kind !== 'found') return undefined
    const first = reader.next(1)
    if (first instanceof Promise || first.kind !== 'tooSmall') return undefined
    const step = reader.next(first.pendingEventBytes)
    if (step instanceof Promise || step.kind !== 'chunk') return undefined
    const committedMs = Number(new EventView().moveTo(step.bytes, 0).timestampNanos / 1_000_000n)
    step.release()
    return Math.max(0, Date.now() - committedMs)
  } finally {
    reader.close()
  }
}
