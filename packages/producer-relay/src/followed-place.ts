import { type MaxScn } from '@aesop/checkpoint'
import { UpstreamPlaceInvalidError } from './errors.ts'

/** Where a source stands that follows a relay: the last window, of the SCN space that is stored beside it. */
export interface FollowedPoint {
  readonly scn: bigint
}

/*
 * The record of a source: its SCN, its SCN space, and
 *
 * | field of `position` | left out                                                                          |
 * |---------------------|-----------------------------------------------------------------------------------|
 * | rereadScn           | the buffer was not filled yet: after a restart it begins where the source stands  |
 *
 * A record without a position is one that somebody has set by hand.
 */

/** What is stored of a point, and of the one after which the buffer can be filled again. */
export function recordOf({ scn }: FollowedPoint, savedAtMs: number, reread?: FollowedPoint): MaxScn {
  return { scn, savedAtMs, position: reread === undefined ? {} : { rereadScn: reread.scn.toString() } }
}

/** The SCN after which the buffer can be filled again; undefined when none is stored. @throws UpstreamPlaceInvalidError */
export function rereadOf({ position }: MaxScn): FollowedPoint | undefined {
  if (position === undefined || position === null) return undefined
  const fields: [string, unknown][] =
    typeof position === 'object' ? Object.entries(position) : [[typeof position, position]]
  const other = fields.find(([name]) => name !== 'rereadScn')
  if (other !== undefined) throw new UpstreamPlaceInvalidError(`its position has "${other[0]}", expected rereadScn`)
  const text = fields[0]?.[1]
  if (text === undefined) return undefined
  if (typeof text !== 'string' || !/^\d{1,19}$/.test(text))
    throw new UpstreamPlaceInvalidError('its position.rereadScn is no SCN')
  return { scn: BigInt(text) }
}
