import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AesopError, makePrivateFolder } from '@aesop/kernel'
import { LifeSocket, livesBehind } from './life-socket.ts'
import { claimNumbers, highestClaim, makeClaim, removeClaim, type StateHolder } from './state-claim.ts'
import { StateDirectoryHeldError, StateLockError } from './state-errors.ts'

/** The folder of the lock in a state directory. `--fresh` leaves it alone. */
export const LOCK_FOLDER = '.lock'

/**
 * The lock of a state directory: one launch, or one command that changes state, has it at a time, and it ends with its
 * process, however that ends. A process id proves nothing (it is 1 in every container); a socket that takes connections
 * does. In `<state directory>/.lock/`:
 *
 * | entry       | what                                                                                        |
 * |-------------|---------------------------------------------------------------------------------------------|
 * | `<hex>`     | Unix socket on which one who starts, or who holds the lock, listens                         |
 * | `<n>.claim` | `{socket, holder}`: who holds the lock, or held it last; n counts up from 1 and never down  |
 *
 * 1. Who starts listens on a socket of a random name.
 * 2. It reads the claim of the highest number n. A socket behind it that takes a connection: the lock is held.
 * 3. Else it links its own claim, written whole before, to the number n + 1. Of several who start, one can: the others
 *    go back to 2.
 * 4. Its claim is the highest and its socket is still there, else it takes both away and goes back to 1: it had read an
 *    old list. Now it holds the lock, and removes lower claims and dead sockets.
 *
 * The highest claim is never removed, also not at the end: who has read an old list can not win a number again.
 */
export class StateLock {
  readonly #socket: LifeSocket

  private constructor(socket: LifeSocket) {
    this.#socket = socket
  }

  /**
   * @param what the application or command, for whoever is refused
   * @throws StateDirectoryHeldError, StateLockError
   */
  static async take(directory: string, what: string): Promise<StateLock> {
    try {
      return await takeLock(directory, what)
    } catch (error) {
      throw error instanceof AesopError ? error : new StateLockError(directory, error)
    }
  }

  /** @internal used by the function of this file */
  static of(socket: LifeSocket): StateLock {
    return new StateLock(socket)
  }

  /** Twice is harmless. */
  async release(): Promise<void> {
    await this.#socket.close()
  }
}

/** Who holds the lock of a state directory; undefined: nobody. */
export async function stateHolder(directory: string): Promise<StateHolder | undefined> {
  const folder = join(directory, LOCK_FOLDER)
  try {
    const claim = highestClaim(folder)
    if (claim?.socket === undefined) return undefined
    return (await livesBehind(folder, claim.socket)) ? claim.holder : undefined
  } catch {
    return undefined
  }
}

async function takeLock(directory: string, what: string): Promise<StateLock> {
  const folder = join(directory, LOCK_FOLDER)
  makePrivateFolder(folder)
  for (;;) {
    const name = randomBytes(6).toString('hex')
    const socket = await LifeSocket.listen(folder, name)
    try {
      const holder = { what, pid: process.pid, host: hostname(), since: new Date().toISOString() }
      const number = await claim(directory, folder, name, holder)
      if (socket.isThere && Math.max(...claimNumbers(folder)) === number) {
        await tidy(folder, number, name)
        return StateLock.of(socket)
      }
      removeClaim(folder, number)
    } catch (error) {
      await socket.close()
      throw error
    }
    await socket.close()
  }
}

/** @returns the number of the claim that was made @throws StateDirectoryHeldError */
async function claim(directory: string, folder: string, socket: string, holder: StateHolder): Promise<number> {
  for (;;) {
    const last = highestClaim(folder)
    if (last?.socket !== undefined && (await livesBehind(folder, last.socket))) {
      throw new StateDirectoryHeldError(directory, last.holder)
    }
    const number = (last?.number ?? 0) + 1
    if (makeClaim(folder, number, socket, holder)) return number
  }
}

/** Removes what those left behind who held the lock or wanted it; only the holder may call it. */
async function tidy(folder: string, number: number, own: string): Promise<void> {
  for (const lower of claimNumbers(folder)) if (lower < number) removeClaim(folder, lower)
  for (const name of readdirSync(folder)) {
    const socket = /^([0-9a-f]{12})(\.tmp)?$/.exec(name)?.[1]
    if (socket === undefined || socket === own || (await livesBehind(folder, socket))) continue
    rmSync(join(folder, name), { force: true })
  }
}
