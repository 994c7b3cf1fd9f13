import { type Checkpoint, type CheckpointStore } from '@aesop/checkpoint'
import { type Counter, type Histogram, type Meters, type Tracer } from '@aesop/kernel'

/** From a save in memory to a store that is nearly lost, in milliseconds. */
const BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

/** Saves in the store of a registration, and tells how long each save took, and which failed. A save that is at once stays so. */
export class MeasuredStore implements Pick<CheckpointStore, 'save'> {
  readonly #store: CheckpointStore
  readonly #registration: string
  readonly #tracer: Tracer
  readonly #tookMs: Histogram
  readonly #failures: Counter

  constructor(store: CheckpointStore, registration: string, meters: Meters, tracer: Tracer) {
    this.#store = store
    this.#registration = registration
    this.#tracer = tracer
    const labels = { registration }
    this.#tookMs = meters.histogram({
      name: 'aesop_client_checkpoint_save_ms',
      help: 'Milliseconds that a checkpoint took to be saved.',
      labels,
      bounds: BOUNDS_MS,
    })
    this.#failures = meters.counter({
      name: 'aesop_client_checkpoint_save_failures_total',
      help: 'Saves of checkpoints that failed; each is tried again.',
      labels,
    })
  }

  save(checkpoint: Checkpoint): void | Promise<void> {
    const beganMs = performance.now()
    const span = this.#tracer.startSpan('aesop.checkpoint.save', { registration: this.#registration })
    const saved = (): void => {
      this.#tookMs.observe(performance.now() - beganMs)
      span.end()
    }
    const failed = (error: unknown): never => {
      this.#failures.add()
      span.end(error)
      throw error
    }
    return settle(() => this.#store.save(checkpoint), saved, failed)
  }
}

/** What fails afterwards, in `saved`, is no failure of the save. */
function settle(
  save: () => void | Promise<void>,
  saved: () => void,
  failed: (error: unknown) => never,
): void | Promise<void> {
  let saving: void | Promise<void>
  try {
    saving = save()
  } catch (error) {
    return failed(error)
  }
  if (saving !== undefined) return Promise.resolve(saving).then(saved, failed)
  saved()
}
