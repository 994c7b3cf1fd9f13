import { type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { ScnInFutureError, ScnNotFoundError, ScnSpaceForeignError } from '@aesop/wire'
import { type StreamPart } from './stream-choice.ts'

/**
 * Sends a reader to the place that a request asks for. `filtered` counts the window's offset in events that were sent, which
 * the filter skips.
 * @throws ScnNotFoundError of a snapshot, ScnSpaceForeignError
 */
export function sendToPlace(
  reader: WindowReader,
  { source, checkpoint, label }: StreamPart,
  fromLatestScn: boolean,
  filtered: boolean,
): SeekStep | Promise<SeekStep> {
  if (fromLatestScn) return reader.seekLatest()
  if (!checkpoint.isOnline) throw ScnNotFoundError.ofMode(checkpoint.mode)
  const scn = checkpoint.windowScn
  if (checkpoint.isFlexible) return reader.seek(-1n, filtered ? 0 : Number(checkpoint.windowOffset))
  refuseForeign(scn, checkpoint.scnSpace, label ?? 'this relay', source.scnSpace)
  return reader.seek(scn, filtered && !checkpoint.isFullyConsumed ? 0 : Number(checkpoint.windowOffset))
}

/**
 * Hears whether there is such a place; one that lies in the future may be waited for.
 * @throws ScnNotFoundError, ScnInFutureError
 */
export function checkPlace(step: SeekStep | ReadStep, { source, checkpoint, label }: StreamPart): void {
  const scn = checkpoint.windowScn
  if (step.kind === 'gone') throw ScnNotFoundError.of(scn, step.prevScn, step.reason, label)
  if (step.kind === 'future' && !source.served.mayStillCome(scn)) throw ScnInFutureError.of(scn, step.lastScn, label)
}

function refuseForeign(scn: bigint, theirs: string | undefined, relay: string, ours: string | undefined): void {
  if (ours === undefined || theirs === undefined || ours === theirs) return
  throw ScnSpaceForeignError.of(scn, theirs, relay, ours)
}
