/**
 * A list that a bean was made with, whose items come and go while it runs: the other items go on as they are. Items are what the
 * bean was given in the property that the list is called by.
 */
export interface LiveList<Item = unknown> {
  /** How people know an item; no two of a list have the same. */
  nameOf(item: Item): string
  /** Whether it could have exactly these, as it runs now. It throws when it could not, and touches nothing. */
  check(items: readonly Item[]): void
  /** Resolves when the item works. When it rejects, nothing of the item is left. The signal aborts when that takes too long. */
  add(item: Item, signal?: AbortSignal): Promise<void>
  /** Ends the item in order; it is gone though this rejects. The signal aborts when that takes too long. */
  remove(item: Item, signal?: AbortSignal): Promise<void>
}

/** A bean with such lists, by the names of the properties that it was given them in. */
export interface HasLiveLists {
  readonly liveLists: Readonly<Record<string, LiveList>>
}

export function hasLiveLists(bean: unknown): bean is HasLiveLists {
  return typeof bean === 'object' && bean !== null && 'liveLists' in bean && typeof bean.liveLists === 'object'
}
