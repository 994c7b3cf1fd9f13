import { type Checkpoint } from './checkpoint.ts'

/**
 * Keeps the checkpoint of one registration. Each method may answer at once or with a promise; it is called again only when the
 * promise has come to its end, so that no two calls overlap. A call that answers at once holds up the whole process meanwhile:
 * a file with an fsync is fine, a network is not. One that rejects must have no effect later.
 */
export interface CheckpointStore {
  /**
   * Awaited before a registration starts. Undefined: there is none, which is not the same as one that can't be read.
   * @throws CheckpointUnreadableError, or rejects with it, when what is there can't be read or is no place to start
   */
  load(): Checkpoint | undefined | Promise<Checkpoint | undefined>
  /**
   * Keeps it, whole or not at all: after a crash at any moment `load` gives this one or the one before. It is kept when the call
   * has returned, or the promise is fulfilled. Of checkpoints that follow each other quickly only the newest is saved; the first
   * of a registration, and the last at a stop, are awaited.
   * @throws CheckpointUnwritableError, or rejects with anything: it is tried again every second, with the newest
   */
  save(checkpoint: Checkpoint): void | Promise<void>
  /** Forgets it and its history. */
  clear(): void | Promise<void>
}

/** For tests and for consumers that always begin anew. */
export class MemoryCheckpointStore implements CheckpointStore {
  #checkpoint: Checkpoint | undefined

  load(): Checkpoint | undefined {
    return this.#checkpoint
  }

  save(checkpoint: Checkpoint): void {
    this.#checkpoint = checkpoint
  }

  clear(): void {
    this.#checkpoint = undefined
  }
}
