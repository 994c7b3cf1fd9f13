import { type EventView } from '@aesop/event'

/** So many keys are remembered; a chunk during whose reading more were given is read again. */
const KEYS_MAX = 200_000

/**
 * Which keys the stream has given of late. A row of a chunk was read some time after the chunk's `atScn`, beside the stream: where the
 * stream has given its key since, it has given it as it is now, or it will, and the row would take it back.
 */
export class RecentKeys {
  /** Two generations, so that what came shortly before a reading began is there, too. */
  #older = new Set<string>()
  #newer = new Set<string>()
  #olderSinceScn: bigint
  #newerSinceScn: bigint
  #isComplete = true
  readonly #keysMax: number

  /** @param scn after which the stream begins */
  constructor(scn: bigint, keysMax = KEYS_MAX) {
    this.#olderSinceScn = scn
    this.#newerSinceScn = scn
    this.#keysMax = keysMax
  }

  get isHalfFull(): boolean {
    return this.#size >= this.#keysMax / 2
  }

  /** A reading begins; the stream has given everything up to this SCN. */
  turn(scn: bigint): void {
    this.#older = this.#newer
    this.#olderSinceScn = this.#newerSinceScn
    this.#newer = new Set()
    this.#newerSinceScn = scn
    if (this.#isComplete) return
    // What is missing is of before: it is known again from here on.
    this.#older = new Set()
    this.#olderSinceScn = scn
    this.#isComplete = true
  }

  note(event: EventView): void {
    this.#note(keyText(event))
  }

  /** All rows of a source may be other ones. */
  noteTable(source: string): void {
    this.#note(tableText(source))
  }

  /** More was given than can be remembered. */
  lose(): void {
    this.#isComplete = false
  }

  /** Whether it is known what the stream has given after this SCN. */
  reaches(atScn: bigint): boolean {
    return this.#isComplete && atScn >= this.#olderSinceScn
  }

  has(event: EventView): boolean {
    return this.#has(keyText(event))
  }

  hasTable(source: string): boolean {
    return this.#has(tableText(source))
  }

  #note(text: string): void {
    if (this.#size >= this.#keysMax) this.#isComplete = false
    else this.#newer.add(text)
  }

  get #size(): number {
    return this.#older.size + this.#newer.size
  }

  #has(text: string): boolean {
    return this.#newer.has(text) || this.#older.has(text)
  }
}

function keyText(event: EventView): string {
  const { sourceId } = event
  return event.hasByteKey ? `${sourceId}:${event.keyBytes.toString('latin1')}` : `${sourceId}#${event.key}`
}

function tableText(source: string): string {
  return `!${source}`
}
