import { damageOf } from './errors.ts'
import { type FarStep } from './far-step.ts'
import { type ProvenPieces } from './proven-pieces.ts'
import { type SegmentStore } from './segment-store.ts'
import { type WindowRetention } from './window-retention.ts'

/** Reads of one buffer what lies in segments that are away. */
export class FarReading {
  readonly #store: SegmentStore
  readonly #retention: WindowRetention
  readonly #pieces: ProvenPieces

  constructor(store: SegmentStore, retention: WindowRetention, pieces: ProvenPieces) {
    this.#store = store
    this.#retention = retention
    this.#pieces = pieces
  }

  /** While another reader reads what may be enough for this step, too: until that has come, however it ends; undefined: nobody does. */
  whenRead(step: FarStep<unknown>): Promise<unknown> | undefined {
    return this.#pieces.whenRead(step)
  }

  /** Reads what a step wants. @throws SegmentDamagedError when it is no more as it was: it has left the buffer, with all windows up to its last one */
  read<Result>(step: FarStep<Result>): Promise<Result | FarStep<Result>> {
    return this.#pieces.whileRead(step, () => this.#read(step))
  }

  async #read<Result>({ segment, from, wantedBytes, resume }: FarStep<Result>): Promise<Result | FarStep<Result>> {
    const to = Math.min(from + wantedBytes, segment.visibleEnd)
    try {
      return resume(await this.#store.read(segment, from, to))
    } catch (error) {
      const damage = damageOf(error)
      if (damage !== undefined) this.#retention.lose(segment, damage)
      throw damage ?? error
    }
  }
}
