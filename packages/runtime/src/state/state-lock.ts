import { join } from 'node:path'
import { FolderLock, type FolderHolder, folderHolder } from '@aesop/kernel'
import { StateDirectoryHeldError, StateLockError } from './state-errors.ts'

/** The folder of the lock in a state directory. `--fresh` leaves it alone. */
export const LOCK_FOLDER = '.lock'

/** The lock of a state directory: one launch, or one command that changes state, has it at a time. */
export class StateLock {
  readonly #lock: FolderLock

  private constructor(lock: FolderLock) {
    this.#lock = lock
  }

  /**
   * @param what the application or command, for whoever is refused
   * @throws StateDirectoryHeldError, StateLockError
   */
  static async take(directory: string, what: string): Promise<StateLock> {
    const taken = await taking(directory, what)
    if (!('release' in taken)) throw new StateDirectoryHeldError(directory, taken)
    return new StateLock(taken)
  }

  /** Twice is harmless. */
  async release(): Promise<void> {
    await this.#lock.release()
  }
}

/** Who holds the lock of a state directory; undefined: nobody. */
export function stateHolder(directory: string): Promise<FolderHolder | undefined> {
  return folderHolder(join(directory, LOCK_FOLDER))
}

async function taking(directory: string, what: string): Promise<FolderLock | FolderHolder> {
  try {
    return await FolderLock.take(join(directory, LOCK_FOLDER), what)
  } catch (error) {
    throw new StateLockError(directory, error)
  }
}
