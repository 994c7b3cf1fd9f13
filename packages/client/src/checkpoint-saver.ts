import { type Checkpoint, type CheckpointStore } from '@aesop/checkpoint'
import { type Logger } from '@aesop/kernel'

/**
 * Brings acknowledged checkpoints to disk: at once when none was saved lately, else together, so that there is at most
 * one save in `intervalMs`. What is on disk may be behind what was acknowledged, never ahead. A store that fails is
 * tried again with the next checkpoint; until then `fault` holds the error.
 */
export class CheckpointSaver {
  readonly #store: CheckpointStore
  readonly #intervalMs: number
  readonly #log: Logger
  #unsaved: Checkpoint | undefined
  #savedAtMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #fault: unknown

  constructor(store: CheckpointStore, intervalMs: number, log: Logger) {
    this.#store = store
    this.#intervalMs = intervalMs
    this.#log = log
  }

  /** Why the last save failed; undefined when it did not. */
  get fault(): unknown {
    return this.#fault
  }

  acknowledge(checkpoint: Checkpoint): void {
    this.#unsaved = checkpoint
    if (this.#timer !== undefined) return
    const waitMs = this.#savedAtMs + this.#intervalMs - performance.now()
    if (waitMs <= 0) this.flush()
    else
      this.#timer = setTimeout(() => {
        this.flush()
      }, waitMs)
  }

  /** Saves what was acknowledged and is not on disk yet; to be called once more at the end. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const checkpoint = this.#unsaved
    if (checkpoint === undefined) return
    this.#savedAtMs = performance.now()
    try {
      this.#store.save(checkpoint)
      this.#unsaved = undefined
      this.#fault = undefined
    } catch (error) {
      if (this.#fault === undefined) this.#log.error('a checkpoint could not be saved', { error: String(error) })
      this.#fault = error
    }
  }
}
