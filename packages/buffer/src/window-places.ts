import { type Future, type Gone } from '@aesop/reading'
import { type AwaySegment, BufferCursor, type CursorHome, type CursorPlace, isAway } from './buffer-cursor.ts'
import { type SegmentList } from './segment-list.ts'
import { type Segment } from './segment.ts'
import { findWindow, findWindowAfter, oldestWindow } from './window-search.ts'

/** Where a reader that names an SCN stands. */
export type SeekResult =
  | { readonly kind: 'found'; readonly cursor: BufferCursor }
  /** With a cursor that is on its way: it goes on with `skip`. */
  | (AwaySegment & { readonly cursor?: BufferCursor })
  | Gone
  | Future

/** What of a buffer says where its readers may stand. */
export interface PlacesHome {
  readonly prevScn: bigint
  readonly lastScn: bigint
  /** The end of what is visible. */
  tail(): CursorPlace
  released(segment: Segment): void
}

/** Finds the places of readers in a buffer. */
export class WindowPlaces implements CursorHome {
  readonly #list: SegmentList
  readonly #home: PlacesHome

  constructor(list: SegmentList, home: PlacesHome) {
    this.#list = list
    this.#home = home
  }

  seek(sinceScn: bigint, windowOffset: number): SeekResult {
    const { prevScn, lastScn } = this.#home
    if (sinceScn === -1n) return this.#found(oldestWindow(this.#list.all) ?? this.#home.tail(), prevScn)
    if (sinceScn > lastScn) return { kind: 'future', lastScn }
    return windowOffset >= 0 ? this.#seekWithin(sinceScn, windowOffset) : this.#seekAfter(sinceScn)
  }

  seekLatest(): BufferCursor {
    return new BufferCursor(this, this.#list.newestWindow ?? this.#home.tail(), this.#home.prevScn, true)
  }

  placeAfter(scn: bigint): CursorPlace | AwaySegment | undefined {
    if (scn < this.#home.prevScn) return undefined
    return scn >= this.#home.lastScn ? this.#home.tail() : findWindowAfter(this.#list.all, scn)
  }

  /** Goes with a cursor past what its reader has seen of the window. */
  skip(cursor: BufferCursor): SeekResult {
    const step = cursor.skip()
    if (step === undefined) return { kind: 'found', cursor }
    return step.kind === 'away' ? { ...step, cursor } : this.#gone()
  }

  readonly reclaim = (segment: Segment): void => {
    this.#home.released(segment)
  }

  #seekAfter(scn: bigint): SeekResult {
    const place = this.placeAfter(scn)
    if (place === undefined) return this.#gone()
    return isAway(place) ? place : this.#found(place, scn)
  }

  #seekWithin(scn: bigint, windowOffset: number): SeekResult {
    // Of the window before the oldest one there is no rest to go on with.
    if (scn <= this.#home.prevScn) return this.#gone()
    const place = findWindow(this.#list.all, scn)
    if (place === undefined) return this.#seekAfter(scn)
    if (isAway(place)) return place
    return this.skip(new BufferCursor(this, place, scn, false, windowOffset))
  }

  #found(place: CursorPlace, scn: bigint): SeekResult {
    return { kind: 'found', cursor: new BufferCursor(this, place, scn, true) }
  }

  #gone(): SeekResult {
    return { kind: 'gone', prevScn: this.#home.prevScn }
  }
}
