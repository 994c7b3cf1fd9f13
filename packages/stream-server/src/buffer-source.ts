import { type BufferCursor, type EventBuffer } from '@aesop/buffer'
import { ScnInFutureError, ScnNotFoundError, ScnSpaceForeignError, type StreamRequest } from '@aesop/wire'
import { type WindowSignal } from './window-signal.ts'

/** What a stream reads from. */
export interface BufferSource {
  readonly buffer: EventBuffer
  readonly signal: WindowSignal
  /** Ids of the logical sources whose events are in the buffer. */
  readonly sourceIds: ReadonlySet<number>
  /** Those of the tables: what a reader gets that asks for all. The source of their changes has to be asked for. */
  readonly tableIds: ReadonlySet<number>
  /** Until when (performance.now) a checkpoint above the newest SCN waits instead of failing. */
  readonly futureGraceUntilMs: number
  /** SCN that the producer had reached before a restart and is reading up to again; −1 otherwise. */
  readonly rereadUntilScn: () => bigint
  /** The SCN space of the buffer; undefined: not known, and nobody's is foreign. */
  readonly scnSpace: string | undefined
}

/**
 * The place that a request asks for; undefined: it is ahead of the buffer, and the buffer may still come there.
 * `filtered` counts the window's offset in events that were sent, which the filter skips.
 * @throws ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError
 */
export function openCursor(source: BufferSource, request: StreamRequest, filtered: boolean): BufferCursor | undefined {
  const { buffer } = source
  const { checkpoint, fromLatestScn } = request
  if (fromLatestScn) return buffer.seekLatest()
  if (!checkpoint.isOnline) throw ScnNotFoundError.ofMode(checkpoint.mode)
  const scn = checkpoint.windowScn
  if (!checkpoint.isFlexible) refuseForeign(source, scn, checkpoint.scnSpace)
  const offset = filtered && !checkpoint.isFullyConsumed ? 0 : Number(checkpoint.windowOffset)
  const place = buffer.seek(checkpoint.isFlexible ? -1n : scn, offset)
  if (place.kind === 'found') return place.cursor
  if (place.kind === 'gone') throw ScnNotFoundError.of(scn, place.prevScn)
  if (performance.now() < source.futureGraceUntilMs || scn <= source.rereadUntilScn()) return undefined
  throw ScnInFutureError.of(scn, place.lastScn)
}

function refuseForeign({ scnSpace: ours }: BufferSource, scn: bigint, theirs: string | undefined): void {
  if (ours === undefined || theirs === undefined || ours === theirs) return
  throw ScnSpaceForeignError.of(scn, theirs, 'this relay', ours)
}
