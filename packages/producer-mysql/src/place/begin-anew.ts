import { type MaxScn } from '@aesop/checkpoint'
import { parseBinlogScn } from '../log/binlog-scn.ts'
import { type ResumePoint } from './resume-point.ts'

/*
 * A record that somebody made who moved the place of a source by hand begins a new generation: its windows have SCNs above
 * all that were there before, also when the log of the server was reset and its files count from 1 again. The record's own
 * SCN stays the highest one before: a reader that stands there goes on.
 *
 *   {scn, savedAt, position: {anew: true, generation}}: startFrom decides at the next start, as if nothing had been stored.
 *
 * The SCN space stays: SCNs of before and after can be compared. With the SCN −1 nothing was read yet at all.
 */

/** The generation of the windows after a place that was moved by hand. */
function generationAfter(floorScn: bigint): number {
  return floorScn < 0n ? 0 : parseBinlogScn(floorScn).generation + 1
}

export function anewRecord(floorScn: bigint, savedAtMs: number): MaxScn {
  return { scn: floorScn, savedAtMs, position: { anew: true, generation: generationAfter(floorScn) } }
}

/** What is stored of a source of which nothing was read yet: its SCN space alone. */
export function unreadRecord(savedAtMs: number): MaxScn {
  return anewRecord(-1n, savedAtMs)
}

/** Whether a record says no more than the SCN space. */
export function isUnread(stored: MaxScn): boolean {
  return isAnew(stored) && stored.scn < 0n
}

export function isAnew(stored: MaxScn): boolean {
  return (stored.position as { anew?: unknown } | null | undefined)?.anew === true
}

/** A place that was found anew, under the SCNs that follow the stored one. */
export function underNewScns(found: ResumePoint, stored: Pick<MaxScn, 'scn'>): ResumePoint {
  if (stored.scn < 0n) return found
  return { ...found, scn: stored.scn, generation: generationAfter(stored.scn) }
}
