import { type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { ScnInFutureError, ScnNotFoundError, ScnSpaceForeignError, type StreamRequest } from '@aesop/wire'
import { type ServedSource } from './served-source.ts'

/**
 * Sends a reader to the place that a request asks for. `filtered` counts the window's offset in events that were sent, which
 * the filter skips.
 * @throws ScnNotFoundError of a snapshot, ScnSpaceForeignError
 */
export function sendToPlace(
  reader: WindowReader,
  { scnSpace }: ServedSource,
  { checkpoint, fromLatestScn }: StreamRequest,
  filtered: boolean,
): SeekStep | Promise<SeekStep> {
  if (fromLatestScn) return reader.seekLatest()
  if (!checkpoint.isOnline) throw ScnNotFoundError.ofMode(checkpoint.mode)
  const scn = checkpoint.windowScn
  if (checkpoint.isFlexible) return reader.seek(-1n, filtered ? 0 : Number(checkpoint.windowOffset))
  refuseForeign(scn, checkpoint.scnSpace, scnSpace)
  return reader.seek(scn, filtered && !checkpoint.isFullyConsumed ? 0 : Number(checkpoint.windowOffset))
}

/**
 * Hears whether there is such a place; one that lies in the future may be waited for.
 * @throws ScnNotFoundError, ScnInFutureError
 */
export function checkPlace(step: SeekStep | ReadStep, scn: bigint, source: ServedSource): void {
  if (step.kind === 'gone') throw ScnNotFoundError.of(scn, step.prevScn, step.reason)
  if (step.kind === 'future' && !source.mayStillCome(scn)) throw ScnInFutureError.of(scn, step.lastScn)
}

function refuseForeign(scn: bigint, theirs: string | undefined, ours: string | undefined): void {
  if (ours === undefined || theirs === undefined || ours === theirs) return
  throw ScnSpaceForeignError.of(scn, theirs, 'this relay', ours)
}
