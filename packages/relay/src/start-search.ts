import { type EventBuffer } from '@aesop/buffer'
import { EventView } from '@aesop/event'
import { type EventProducer } from '@aesop/producer'
import { type FoundStart, type StartFrom } from '@aesop/reading'

const CHUNK_BYTES = 128 * 1024

/**
 * Where somebody begins in a physical source who has no place in it yet:
 *
 * | wanted     | the source can look                             | it can not                                            |
 * |------------|-------------------------------------------------|-------------------------------------------------------|
 * | `latest`   | behind the newest window that the relay has had | the same                                              |
 * | `earliest` | where its log begins, or the buffer if earlier  | where the buffer begins                               |
 * | a time     | where it says                                   | in the buffer; before its oldest window it is unknown |
 *
 * A time that has not come yet is no place: what is held is before it.
 */
export async function findStart(from: StartFrom, buffer: EventBuffer, producer: EventProducer): Promise<FoundStart> {
  if (from.kind === 'latest') return { kind: 'found', scn: newestScn(buffer, producer) }
  if (from.kind === 'time' && from.ms > Date.now())
    return { kind: 'gone', reason: `${new Date(from.ms).toISOString()} has not come yet` }
  const held = (): Promise<FoundStart> =>
    from.kind === 'earliest' ? Promise.resolve({ kind: 'found', scn: buffer.prevScn }) : windowAt(buffer, from.ms)
  const found = await producer.findStart?.(from)
  if (found?.kind !== 'found') {
    const kept = await held()
    return kept.kind === 'found' ? kept : (found ?? kept)
  }
  const isOlder = from.kind === 'earliest' && buffer.prevScn < found.scn
  return isOlder ? held() : found
}

/** One search for all who ask for the same place meanwhile: somebody who lost patience and asks again makes no second one. */
export function shareSearches(find: (from: StartFrom) => Promise<FoundStart>): typeof find {
  const underWay = new Map<string | number, Promise<FoundStart>>()
  return (from) => {
    const wanted = from.kind === 'time' ? from.ms : from.kind
    const known = underWay.get(wanted)
    if (known !== undefined) return known
    const found = find(from).finally(() => underWay.delete(wanted))
    underWay.set(wanted, found)
    return found
  }
}

/** After a restart a source may be behind where it was: what comes again is nothing new. */
function newestScn({ lastScn }: EventBuffer, producer: EventProducer): bigint {
  const { rereadUntilScn = -1n } = producer.status()
  return rereadUntilScn > lastScn ? rereadUntilScn : lastScn
}

/** The SCN before the first window of that time or later; behind the newest one where there is none yet. */
async function windowAt(buffer: EventBuffer, ms: number): Promise<FoundStart> {
  const { oldestNanos } = buffer
  const nanos = BigInt(ms) * 1_000_000n
  if (oldestNanos === undefined || oldestNanos > nanos) return { kind: 'gone', reason: goneReason(oldestNanos) }
  const reader = buffer.openReader()
  try {
    let before = buffer.prevScn
    await reader.seek(before, -1)
    for (let maxBytes = CHUNK_BYTES; ;) {
      const step = await reader.next(maxBytes)
      if (step.kind === 'tooSmall') maxBytes = step.pendingEventBytes
      else if (step.kind === 'caughtUp') return { kind: 'found', scn: before }
      else if (step.kind !== 'chunk') return await windowAt(buffer, ms)
      else {
        const { scn, isThere } = firstAt(step.bytes, nanos, before)
        step.release()
        if (isThere) return { kind: 'found', scn }
        before = scn
      }
    }
  } finally {
    reader.close()
  }
}

/** @returns the SCN of the last window that ends before that time, and whether one of that time or later ends in these bytes */
function firstAt(bytes: Buffer, nanos: bigint, before: bigint): { readonly scn: bigint; readonly isThere: boolean } {
  const view = new EventView(bytes)
  let scn = before
  for (let at = 0; at < bytes.length; at = view.end) {
    view.moveTo(bytes, at)
    if (!view.isEndOfPeriod) continue
    if (view.timestampNanos >= nanos) return { scn, isThere: true }
    scn = view.scn
  }
  return { scn, isThere: false }
}

function goneReason(oldestNanos: bigint | undefined): string {
  if (oldestNanos === undefined) return 'the relay holds no window yet, and its source can not look for a time'
  const oldest = new Date(Number(oldestNanos / 1_000_000n)).toISOString()
  return `the oldest change that the relay holds is of ${oldest}; what was before is not known`
}
