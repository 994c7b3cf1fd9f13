/** A place in a stream of changes: everything of it that is known. */
export interface Place {
  /** What a consumer that stands there has: everything up to and with this SCN. */
  readonly scn?: bigint
  /** The SCN space that the SCN is of; SCNs of another one can not be compared with it. */
  readonly scnSpace?: string
  /** The log file of the source, and the position in it. */
  readonly file?: string
  readonly position?: number
  /** The transactions up to there, or the one that ends there, in the form of the server. */
  readonly gtid?: string
  /** When the last transaction before the place was committed, in milliseconds since 1970. */
  readonly timeMs?: number
  /** What the parts above can't say, for people: `wherever startFrom says`. */
  readonly note?: string
}

/** A change of a stored place that was checked and not made yet. */
export interface PlaceChange {
  /** Undefined: nothing is stored, or it can't be read. */
  readonly from: Place | undefined
  readonly to: Place
  /** What is skipped or comes again, a sentence each. */
  readonly effects: readonly string[]
  /** Makes it and notes it in the journal; where the store does not answer at once it is made when the promise is fulfilled. */
  apply(reason: string): void | Promise<void>
}

/** What the commands about places know of those who ask. */
export interface PlaceQuestion {
  /** Where to, as it was written. */
  readonly to: string
  /** The highest SCN that consumers of this process stand at; −1 when there is none. New SCNs have to be above it. */
  readonly readersScn: bigint
  /** The SCN space of the places where they stand; left out: they name none, or several. */
  readonly readersScnSpace?: string | undefined
}

/**
 * One stored place that people may look at and move while nothing runs: that of a source in its log, or that of a
 * registration in the stream. `show` and `locate` may be asked at any time; who asks for a change has to hold the lock of
 * the state directory until `apply` is done.
 */
export interface PlaceDesk {
  readonly kind: 'source' | 'registration'
  /** Unique among the desks of its kind in one process. */
  readonly name: string
  /** Where the place is kept, for people. */
  readonly keptIn: string
  /** The stored place; undefined: none is stored. @throws AesopError when it can't be read */
  show(): Place | undefined | Promise<Place | undefined>
  /** What was changed and passed over until now, oldest first. */
  journal(): readonly object[]
  /** Of a source: the tables whose rows are left out now, one record each. @throws AesopError when that can't be read */
  leftOut?(): readonly object[] | Promise<readonly object[]>
  /** Which place that is, asked from the source itself. @throws AesopError when there is none such */
  locate(place: string): Promise<Place>
  set(question: PlaceQuestion): Promise<PlaceChange>
  reset(question: Omit<PlaceQuestion, 'to'>): Promise<PlaceChange>
  /** Goes past the transaction that begins at a place, when it is met. */
  pass(question: PlaceQuestion): Promise<PlaceChange>
  /** Delivers the rows of a table again that are left out: `to` is the name of its logical source. */
  release(question: PlaceQuestion): Promise<PlaceChange>
}

/** What a bean offers that keeps places. */
export interface PlaceKeeper {
  placeDesks(): Promise<readonly PlaceDesk[]>
}

/** Whether a bean keeps places. */
export function isPlaceKeeper(bean: object): bean is PlaceKeeper {
  return 'placeDesks' in bean && typeof bean.placeDesks === 'function'
}
