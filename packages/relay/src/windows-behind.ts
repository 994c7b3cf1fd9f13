import { type EventBuffer } from '@aesop/buffer'
import { EventView } from '@aesop/event'
import { type WindowsBehind } from '@aesop/stream-server'

/** What a buffer holds after a window; nothing where that is gone. No file is read for it: where one has what follows, its time is left out. */
export function windowsBehind(buffer: EventBuffer, scn: bigint): WindowsBehind {
  const room = buffer.roomAfter(scn)
  if (room === undefined) return {}
  const { behindBytes: bytes, isAway } = room
  if (isAway) return { bytes }
  const oldestMs = committedAfter(buffer, scn)
  return oldestMs === undefined ? { bytes } : { bytes, oldestMs }
}

/** When the next event after a window was committed. */
function committedAfter(buffer: EventBuffer, scn: bigint): number | undefined {
  const reader = buffer.openReader()
  try {
    const sought = reader.seek(scn, -1)
    if (sought instanceof Promise || sought.kind !== 'found') return undefined
    const first = reader.next(1)
    if (first instanceof Promise || first.kind !== 'tooSmall') return undefined
    const step = reader.next(first.pendingEventBytes)
    if (step instanceof Promise || step.kind !== 'chunk') return undefined
    const { timestampNanos } = new EventView().moveTo(step.bytes, 0)
    step.release()
    return Number(timestampNanos / 1_000_000n)
  } finally {
    reader.close()
  }
}
