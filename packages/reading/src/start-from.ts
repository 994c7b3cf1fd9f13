/** Where a reader wants to begin that has no place yet. */
export type StartFrom =
  /** Before the oldest change that the source's log still has. */
  | { readonly kind: 'earliest' }
  /** Behind the newest window. */
  | { readonly kind: 'latest' }
  /** Before the first change at or after this time, in milliseconds since 1970. */
  | { readonly kind: 'time'; readonly ms: number }

/** The SCN that the first wanted window follows; `gone`: that is not there any more, or not to be told, and why. */
export type FoundStart =
  { readonly kind: 'found'; readonly scn: bigint } | { readonly kind: 'gone'; readonly reason: string }
