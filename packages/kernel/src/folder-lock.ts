import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { claimNumbers, type FolderHolder, highestClaim, makeClaim, removeClaim } from './folder-claim.ts'
import { LifeSocket, livesBehind } from './life-socket.ts'
import { makePrivateFolder } from './private-path.ts'

/**
 * A lock that is a folder: one process has it at a time, or one part of a process, and it ends with its process, however that
 * ends. A process id proves nothing (it is 1 in every container); a socket that takes connections does. In the folder:
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
export class FolderLock {
  readonly #socket: LifeSocket

  private constructor(socket: LifeSocket) {
    this.#socket = socket
  }

  /**
   * @param what has it, for whoever is refused
   * @returns who has the folder, where that is somebody else
   * @throws the system's error when the lock can be neither taken nor refused
   */
  static async take(folder: string, what: string): Promise<FolderLock | FolderHolder> {
    makePrivateFolder(folder)
    for (;;) {
      const name = randomBytes(6).toString('hex')
      const socket = await LifeSocket.listen(folder, name)
      try {
        const holder = { what, pid: process.pid, host: hostname(), since: new Date().toISOString() }
        const number = await claim(folder, name, holder)
        if (typeof number !== 'number') {
          await socket.close()
          return number
        }
        if (socket.isThere && Math.max(...claimNumbers(folder)) === number) {
          await tidy(folder, number, name)
          return new FolderLock(socket)
        }
        removeClaim(folder, number)
      } catch (error) {
        await socket.close()
        throw error
      }
      await socket.close()
    }
  }

  /** Twice is harmless. */
  async release(): Promise<void> {
    await this.#socket.close()
  }
}

/** Who has the folder; undefined: nobody, or it can't be told. */
export async function folderHolder(folder: string): Promise<FolderHolder | undefined> {
  try {
    const claimed = highestClaim(folder)
    if (claimed?.socket === undefined) return undefined
    return (await livesBehind(folder, claimed.socket)) ? claimed.holder : undefined
  } catch {
    return undefined
  }
}

/** @returns the number of the claim that was made, or who has the folder */
async function claim(folder: string, socket: string, holder: FolderHolder): Promise<number | FolderHolder> {
  for (;;) {
    const last = highestClaim(folder)
    if (last?.socket !== undefined && (await livesBehind(folder, last.socket))) return last.holder
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
