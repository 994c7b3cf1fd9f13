import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { namedPath, readIfThere, writeFileAtomicallyAsync } from '@aesop/kernel'

import { Checkpoint } from './checkpoint.ts'
import { type CheckpointStore } from './checkpoint-store.ts'
import { CheckpointUnreadableError, CheckpointUnwritableError } from './errors.ts'
import { readState } from './read-state.ts'

export interface FileCheckpointOptions {
  /** Earlier checkpoints kept as `history-1.json` (the newest) and on; default 0, at most 99. */
  readonly historySize?: number
}

/**
 * One registration's checkpoint in `<directory>/<registration>/current.json`. The file is written whole or not at all
 * (Databus renames twice and can leave nothing), so a crash at any moment leaves the old checkpoint or the new one.
 */
export class FileCheckpointStore implements CheckpointStore {
  readonly path: string
  readonly #folder: string
  readonly #historySize: number

  constructor(directory: string, registration: string, options: FileCheckpointOptions = {}) {
    this.#folder = namedPath(directory, registration)
    this.path = join(this.#folder, 'current.json')
    this.#historySize = Math.min(options.historySize ?? 0, 99)
  }

  load(): Checkpoint | undefined {
    const text = readState(this.path)
    if (text === undefined) return undefined
    try {
      const checkpoint = Checkpoint.parse(text)
      checkpoint.checkPlace()
      return checkpoint
    } catch (error) {
      throw new CheckpointUnreadableError(this.path, error)
    }
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const text = `${checkpoint.format()}\n`
    try {
      const before = this.#historySize > 0 ? (readIfThere(this.path) ?? text) : text
      await writeFileAtomicallyAsync(this.path, text)
      // A save that fails, and is tried again, moves nothing: the history would fill with copies.
      if (before !== text) await this.#keepHistory(before)
    } catch (error) {
      throw new CheckpointUnwritableError(this.path, error)
    }
  }

  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The current file is replaced, never moved: it must be there at every moment. */
  async #keepHistory(before: string): Promise<void> {
    for (let n = this.#historySize - 1; n >= 1; n--) {
      if (existsSync(this.#history(n))) renameSync(this.#history(n), this.#history(n + 1))
    }
    await writeFileAtomicallyAsync(this.#history(1), before)
  }

  #history(n: number): string {
    return join(this.#folder, `history-${n}.json`)
  }
}
