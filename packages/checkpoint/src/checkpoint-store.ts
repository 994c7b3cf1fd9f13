import { type Checkpoint } from './checkpoint.ts'

/** Keeps the checkpoint of one registration. */
export interface CheckpointStore {
  /** @throws CheckpointUnreadableError when what is there can't be read or is no place to start: never "no checkpoint" */
  load(): Checkpoint | undefined
  /** Keeps it whole or not at all. @throws CheckpointUnwritableError */
  save(checkpoint: Checkpoint): void
  /** Forgets it and its history. */
  clear(): void
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
