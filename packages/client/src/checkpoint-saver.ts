import { type Checkpoint, type CheckpointStore, CheckpointUnwritableError, NewestSaver } from '@aesop/checkpoint'
import { type Logger } from '@aesop/kernel'
import { AcknowledgeMissingError } from './errors.ts'

export interface CheckpointSaverOptions {
  readonly store: Pick<CheckpointStore, 'save'>
  /** Names the store, for errors. */
  readonly keptIn: string
  /** How many windows may be given beyond the checkpoint that is stored. */
  readonly unsavedWindowsMax: number
  readonly log: Logger
}

/** From when on it is a fault that nothing is given, in milliseconds. */
const HELD_MS = 5000
/** Least time between two saves, in milliseconds. */
const INTERVAL_MS = 100

/**
 * Brings acknowledged checkpoints to their store: at once when none was saved lately, else together, so that there is at most
 * one save in 100 ms. What is stored may be behind what was acknowledged, never ahead. A store that fails or is slow is not
 * waited for until `unsavedWindowsMax` windows are beyond what it has; then nothing more is given before it has caught up.
 */
export class CheckpointSaver {
  readonly #max: number
  readonly #keptIn: string
  readonly #newest: NewestSaver<Checkpoint>
  /** Numbers of windows: given until now, acknowledged, with the save that is under way, and stored. */
  #given = 0
  #acknowledged = 0
  #saving = 0
  #stored = 0
  #hold: { readonly sinceMs: number; readonly goOn: () => void } | undefined
  readonly #released = new AbortController()

  constructor({ store, keptIn, unsavedWindowsMax, log }: CheckpointSaverOptions) {
    this.#max = unsavedWindowsMax
    this.#keptIn = keptIn
    this.#newest = new NewestSaver<Checkpoint>({
      keptIn,
      intervalMs: INTERVAL_MS,
      save: (checkpoint) => {
        this.#saving = this.#acknowledged
        return named(keptIn, () => store.save(checkpoint))
      },
      onStored: () => {
        this.#stored = this.#saving
        this.#letGo()
      },
      onFailed: (error, isNews) => {
        if (isNews) log.error('a checkpoint could not be saved', { error: error.message })
      },
      onRecovered: ({ windowScn }) => {
        log.info('checkpoints can be saved again', { scn: windowScn })
      },
    })
  }

  /** Why what was acknowledged is not stored; undefined when nothing is wrong. */
  get fault(): Error | undefined {
    const { fault } = this.#newest
    if (fault !== undefined || this.heldMs < HELD_MS) return fault
    return new AcknowledgeMissingError(this.#given - this.#acknowledged)
  }

  /** For how long nothing is given because of the store, in milliseconds; 0 while something is. */
  get heldMs(): number {
    return this.#hold === undefined ? 0 : performance.now() - this.#hold.sinceMs
  }

  /** Saves the place where a registration begins. @throws CheckpointUnwritableError, at once or as a rejection */
  saveNow(checkpoint: Checkpoint): Promise<void> | undefined {
    const saving = this.#newest.store(checkpoint)
    return saving === undefined ? undefined : this.#untilRelease(saving)
  }

  /** @returns a promise where nothing more may be given before it is fulfilled */
  acknowledge(checkpoint: Checkpoint): Promise<void> | undefined {
    this.#given++
    this.take(checkpoint, this.#given - this.#acknowledged)
    return this.room()
  }

  /** A window was given whole, and is acknowledged later. */
  give(): void {
    this.#given++
  }

  /** Those that were given and are not acknowledged come again. */
  withdraw(): void {
    this.#given = this.#acknowledged
  }

  /** So many windows more are acknowledged; the checkpoint is the end of the last one. */
  take(checkpoint: Checkpoint, windows: number): void {
    this.#acknowledged += windows
    this.#newest.want(checkpoint)
  }

  /** @returns a promise where nothing more may be given before it is fulfilled */
  room(): Promise<void> | undefined {
    if (this.#given - this.#stored < this.#max) return undefined
    // Whoever is in order catches up now, without a wait for the interval.
    if (this.#newest.fault === undefined) this.#newest.flush()
    if (this.#given - this.#stored < this.#max || this.#released.signal.aborted) return undefined
    return new Promise((resolve) => (this.#hold = { sinceMs: performance.now(), goOn: resolve }))
  }

  #letGo(): void {
    if (this.#given - this.#stored >= this.#max && !this.#released.signal.aborted) return
    this.#hold?.goOn()
    this.#hold = undefined
  }

  /** Saves what was acknowledged and is not stored yet. */
  flush(): void {
    this.#newest.flush()
  }

  /** Nobody waits for the store any more: the end is near. */
  release(): void {
    this.#released.abort()
    this.#letGo()
  }

  /** The last save: what fails now is not tried again. @throws CheckpointUnwritableError, StoreSilentError, as a rejection */
  close(limit?: AbortSignal): Promise<void> {
    return this.#newest.close(limit)
  }

  /** Nobody waits for a save any longer than that; a bootstrap waits for one behind each batch, and leaves no listener. */
  #untilRelease(saving: Promise<void>): Promise<void> {
    const { signal } = this.#released
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        reject(new CheckpointUnwritableError(this.#keptIn, new Error('it did not answer before the client stopped')))
      }
      signal.addEventListener('abort', fail)
      if (signal.aborted) fail()
      void saving.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', fail)
      })
    })
  }
}

/** Whatever a store of a user's own says, it is known what could not be done. */
function named(keptIn: string, save: () => void | Promise<void>): void | Promise<void> {
  const fail = (cause: unknown): never => {
    throw cause instanceof CheckpointUnwritableError ? cause : new CheckpointUnwritableError(keptIn, cause)
  }
  try {
    const saving = save()
    return saving === undefined ? undefined : Promise.resolve(saving).catch(fail)
  } catch (error) {
    return fail(error)
  }
}
