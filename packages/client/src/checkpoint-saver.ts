import { type Checkpoint, type CheckpointStore } from '@aesop/checkpoint'
import { type Logger } from '@aesop/kernel'

/** How long a store that failed is left alone, in milliseconds. */
const RETRY_MS = 1000

/**
 * Brings acknowledged checkpoints to disk: at once when none was saved lately, else together, so that there is at most
 * one save in `intervalMs`. What is on disk may be behind what was acknowledged, never ahead. A store that fails is
 * tried again until it does not; until then `fault` holds the error.
 */
export class CheckpointSaver {
  readonly #store: CheckpointStore
  readonly #intervalMs: number
  readonly #log: Logger
  #unsaved: Checkpoint | undefined
  #savedAtMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #fault: Error | undefined

  constructor(store: CheckpointStore, intervalMs: number, log: Logger) {
    this.#store = store
    this.#intervalMs = intervalMs
    this.#log = log
  }

  /** Why the last save failed; undefined when it did not. */
  get fault(): Error | undefined {
    return this.#fault
  }

  /** Saves a checkpoint at once. @throws what the store throws; `fault` holds it too */
  saveNow(checkpoint: Checkpoint): void {
    this.#unsaved = checkpoint
    this.flush()
    if (this.#fault !== undefined) throw this.#fault
  }

  acknowledge(checkpoint: Checkpoint): void {
    this.#unsaved = checkpoint
    if (this.#timer !== undefined) return
    const waitMs = this.#savedAtMs + this.#intervalMs - performance.now()
    if (waitMs <= 0) this.flush()
    else this.#flushIn(waitMs)
  }

  /** Saves what was acknowledged and is not on disk yet. */
  flush(): void {
    this.#save()
    if (this.#fault !== undefined) this.#flushIn(RETRY_MS)
  }

  /** The last flush: what fails now is not tried again. */
  close(): void {
    this.#save()
  }

  #flushIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.flush()
    }, ms)
  }

  #save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const checkpoint = this.#unsaved
    if (checkpoint === undefined) return
    this.#savedAtMs = performance.now()
    try {
      this.#store.save(checkpoint)
      this.#unsaved = undefined
      if (this.#fault !== undefined) this.#log.info('checkpoints can be saved again', { scn: checkpoint.windowScn })
      this.#fault = undefined
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error))
      if (this.#fault === undefined) this.#log.error('a checkpoint could not be saved', { error: fault.message })
      this.#fault = fault
    }
  }
}
