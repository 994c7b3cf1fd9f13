import { type Future, type Gone } from '@aesop/reading'
import { BufferCursor, type CursorHome, type CursorPlace } from './buffer-cursor.ts'
import { afterFar, type FarStep } from './far-step.ts'
import { ProvenPieces } from './proven-pieces.ts'
import { type SegmentList } from './segment-list.ts'
import { type Segment } from './segment.ts'
import { type SegmentHold, type SegmentStore } from './segment-store.ts'
import { findWindow, findWindowAfter, oldestWindow } from './window-search.ts'

/** Where a reader that names an SCN stands. */
export type SeekResult = { readonly kind: 'found'; readonly cursor: BufferCursor } | Gone | Future

/** What of a buffer says where its readers may stand. */
export interface PlacesHome {
  readonly prevScn: bigint
  readonly lastScn: bigint
  /** The end of what is visible. */
  tail(): CursorPlace
  released(segment: Segment): void
  readonly store: Pick<SegmentStore, 'takeBack'>
}

/** Finds the places of readers in a buffer. */
export class WindowPlaces implements CursorHome {
  readonly #list: SegmentList
  readonly #home: PlacesHome

  constructor(list: SegmentList, home: PlacesHome) {
    this.#list = list
    this.#home = home
  }

  seek(sinceScn: bigint, windowOffset: number): SeekResult | FarStep<SeekResult> {
    const { prevScn, lastScn } = this.#home
    if (sinceScn === -1n) return this.#found(oldestWindow(this.#list.all) ?? this.#home.tail(), prevScn)
    if (sinceScn > lastScn) return { kind: 'future', lastScn }
    return windowOffset >= 0 ? this.#seekWithin(sinceScn, windowOffset) : this.#seekAfter(sinceScn)
  }

  seekLatest(): BufferCursor {
    return new BufferCursor(this, this.#list.newestWindow ?? this.#home.tail(), this.#home.prevScn, true)
  }

  placeAfter(scn: bigint): CursorPlace | undefined | FarStep<CursorPlace | undefined> {
    if (scn < this.#home.prevScn) return undefined
    if (scn >= this.#home.lastScn) return this.#home.tail()
    return afterFar<CursorPlace | undefined, CursorPlace | undefined>(findWindowAfter(this.#list.all, scn), (place) =>
      isLost(place) ? this.placeAfter(scn) : place,
    )
  }

  readonly reclaim = (segment: Segment): void => {
    this.#home.released(segment)
  }

  readonly pieces = new ProvenPieces((bytes) => {
    this.#home.store.takeBack?.(bytes)
  })

  hold(segment: Segment): SegmentHold | undefined {
    return this.#list.hold(segment)
  }

  #seekAfter(scn: bigint): SeekResult | FarStep<SeekResult> {
    return afterFar<CursorPlace | undefined, SeekResult>(this.placeAfter(scn), (place) =>
      place === undefined ? this.#gone() : this.#found(place, scn),
    )
  }

  #seekWithin(scn: bigint, windowOffset: number): SeekResult | FarStep<SeekResult> {
    // Of the window before the oldest one there is no rest to go on with.
    if (scn <= this.#home.prevScn) return this.#gone()
    return afterFar<CursorPlace | undefined, SeekResult>(findWindow(this.#list.all, scn), (place) => {
      if (place === undefined) return this.#seekAfter(scn)
      if (isLost(place)) return this.#seekWithin(scn, windowOffset)
      const cursor = new BufferCursor(this, place, scn, false, windowOffset)
      return afterFar(cursor.skip(), ({ kind }) => (kind === 'done' ? { kind: 'found', cursor } : this.#gone()))
    })
  }

  #found(place: CursorPlace, scn: bigint): SeekResult {
    return { kind: 'found', cursor: new BufferCursor(this, place, scn, true) }
  }

  #gone(): SeekResult {
    return { kind: 'gone', prevScn: this.#home.prevScn }
  }
}

/** The segment was given back while bytes of it were read. */
function isLost(place: CursorPlace | undefined): boolean {
  return place !== undefined && place.segment.number < 0
}
