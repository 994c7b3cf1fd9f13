import { type ReadsFrom } from '@aesop/reading'

/** A client that reads a physical source, or did, and where it stands. */
export interface KnownReader {
  /** By what the client says of itself. */
  readonly client: string
  /** Its address. */
  readonly peer: string
  readonly physicalSource: string
  /** SCN of the last window that was read for it. */
  readonly scn: bigint
  /** Whether what it reads comes from the log of the source now: what is held is behind that. */
  readonly isLate: boolean
}

/** Where a source is read. */
interface ReadPlace {
  readonly source: { readonly served: { readonly name: string } }
  readonly scn: bigint
  readonly readsFrom: ReadsFrom
}

interface LeftReader {
  readonly reader: KnownReader
  readonly untilMs: number
}

/** How many that have no answer now are remembered; who came first is forgotten first. */
const LEFT_MAX = 1_000
/** Who gives a longer name is remembered as one that did not say who it is. */
const NAME_LENGTH_MAX = 200
/** For so long one is remembered that did not say who it is: it may never come again. */
const NAMELESS_MS = 60_000

/** Clients between two answers: who asks again and again is nobody's reader for a moment, and stands somewhere all the same. */
export class KnownReaders {
  readonly #left = new Map<string, LeftReader>()
  readonly #now: () => number

  /** @param now a clock that only goes on, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** An answer has ended, or will. */
  left(client: string, peer: string, places: readonly ReadPlace[]): void {
    const isNameless = client === peer || client.length > NAME_LENGTH_MAX
    const untilMs = isNameless ? this.#now() + NAMELESS_MS : Infinity
    for (const reader of readersAt(client, peer, places)) {
      const key = keyOf(reader)
      this.#left.delete(key)
      this.#left.set(key, { reader, untilMs })
    }
    for (const key of this.#left.keys()) {
      if (this.#left.size <= LEFT_MAX) return
      this.#left.delete(key)
    }
  }

  /** @param open those that have an answer now: where they were before is of no interest */
  all(open: readonly KnownReader[]): KnownReader[] {
    const keys = new Set(open.map(keyOf))
    const nowMs = this.#now()
    const between: KnownReader[] = []
    for (const [key, { reader, untilMs }] of this.#left) {
      if (nowMs > untilMs) this.#left.delete(key)
      else if (!keys.has(key)) between.push(reader)
    }
    return [...open, ...between]
  }
}

/** Where a client stands in each source that it reads; nothing where it has read no window yet. */
export function readersAt(client: string, peer: string, places: readonly ReadPlace[]): KnownReader[] {
  return places.flatMap(({ source, scn, readsFrom }) =>
    scn < 0n ? [] : [{ client, peer, physicalSource: source.served.name, scn, isLate: readsFrom === 'log' }],
  )
}

/** What tells readers apart: the same client may come from several addresses. */
function keyOf({ client, peer, physicalSource }: KnownReader): string {
  return JSON.stringify([client, peer, physicalSource])
}
