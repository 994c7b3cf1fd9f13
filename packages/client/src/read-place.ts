import { Checkpoint } from '@aesop/checkpoint'
import { type AnswerHead, ScnSpaceForeignError } from '@aesop/wire'
import { EventOrderError } from './errors.ts'

/** Where a registration stands between windows: up to where it has read, and where a rollback goes. */
export class ReadPlace {
  /** Where a rollback goes: the last window that was agreed to. */
  checkpoint: Checkpoint
  /** SCN of the last window that was processed whole; −1 before the first. */
  lastScn: bigint
  /** The newest window ever processed whole; it never goes back. */
  highestScn: bigint
  /** Whether `checkpoint` is a place that a store keeps. */
  hasBegun: boolean
  #previousScn: bigint | undefined
  /** The SCN space of the place where reading stands; undefined: not known. */
  #scnSpace: string | undefined
  /** That of the relay whose answer is read; undefined: it tells none. */
  #relayScnSpace: string | undefined

  /** @throws CheckpointInvalidError when the checkpoint is no place to start from */
  constructor(checkpoint: Checkpoint) {
    this.checkpoint = checkpoint.lastWholeWindow()
    this.lastScn = this.checkpoint.windowScn
    this.#scnSpace = this.checkpoint.scnSpace
    this.highestScn = this.lastScn
    this.hasBegun = !this.checkpoint.isFlexible
  }

  /** Where reading goes on between windows. */
  get position(): Checkpoint {
    return this.lastScn < 0n ? Checkpoint.flexible() : Checkpoint.online(this.lastScn, -1n, this.#scnSpace)
  }

  /** Where reading goes on behind the first `events` events of the window `scn`. */
  positionWithin(scn: bigint, events: number): Checkpoint {
    return Checkpoint.within(scn, this.lastScn, BigInt(events), this.#scnSpace)
  }

  /** @throws ScnSpaceForeignError when reading stands at a place of another one */
  answerBegins({ address, previousScn, scnSpace }: AnswerHead, position: Checkpoint): void {
    const ours = position.isFlexible ? undefined : this.#scnSpace
    if (ours !== undefined && scnSpace !== undefined && ours !== scnSpace) {
      throw ScnSpaceForeignError.of(position.windowScn, ours, `the relay at ${address}`, scnSpace)
    }
    this.#previousScn = previousScn
    this.#relayScnSpace = scnSpace
  }

  /**
   * From its first window on a registration has a place to come back to: asked for anywhere once more, a relay would
   * begin with what it holds by then, and what it has forgotten in between would be missed without a word.
   */
  begin(scn: bigint): Checkpoint {
    if (this.checkpoint.isFlexible) {
      // One below the first window, as in Databus, is as good: no window can lie between.
      const previousScn = this.#previousScn ?? scn - 1n
      if (previousScn < 0n || previousScn >= scn) {
        throw new EventOrderError(`a first window of SCN ${scn}, said to follow SCN ${previousScn}`)
      }
      this.checkpoint = Checkpoint.online(previousScn, -1n, this.#relayScnSpace)
      this.lastScn = previousScn
    }
    return this.checkpoint
  }

  /** This is a place to come back to, as one that was stored before. */
  beginAt(checkpoint: Checkpoint): void {
    this.checkpoint = checkpoint
    this.lastScn = checkpoint.windowScn
    this.highestScn = checkpoint.windowScn
    this.#scnSpace = checkpoint.scnSpace
    this.hasBegun = true
  }

  windowBegins(): void {
    this.#scnSpace = this.#relayScnSpace
  }

  windowDone(scn: bigint): void {
    this.lastScn = scn
    if (scn > this.highestScn) this.highestScn = scn
  }

  /** The end of the window `scn`, which was read whole just now. */
  endOf(scn: bigint, timestampNanos: bigint): Checkpoint {
    return Checkpoint.online(scn, timestampNanos, this.#scnSpace)
  }

  /** Nobody needs to come back to what was before the end of this window. */
  agree(end: Checkpoint): Checkpoint {
    this.checkpoint = end
    return end
  }

  rollback(): void {
    this.lastScn = this.checkpoint.windowScn
    this.#scnSpace = this.checkpoint.scnSpace
  }
}
