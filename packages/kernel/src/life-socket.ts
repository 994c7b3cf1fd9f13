import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { systemCodeOf } from './aesop-error.ts'

/** `sun_path` holds 104 bytes on macOS, 108 on Linux, with the zero at its end. */
const PATH_BYTES_MAX = 100
/** What connecting to a socket says when nobody answers there any more; reset: it was just being closed. */
const DEAD = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'ECONNRESET', 'EPIPE'])

/**
 * A Unix socket in a folder that proves the life of its process: whoever connects is accepted by the kernel for as long
 * as the process is there, busy or not, and refused from its end on, however it ended.
 */
export class LifeSocket {
  readonly #server: Server
  readonly #path: string

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /** @param name a name that nobody else has */
  static async listen(folder: string, name: string): Promise<LifeSocket> {
    const server = createServer((socket) => {
      socket.destroy()
    })
    await withShortPath(folder, name, async (path) => {
      server.listen({ path })
      await once(server, 'listening')
    })
    server.unref()
    // Nobody waits for this server; what goes wrong with one connection is none of its matter.
    server.on('error', () => undefined)
    return new LifeSocket(server, join(folder, name))
  }

  /** Whether others can find it. */
  get isThere(): boolean {
    return existsSync(this.#path)
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#path, { force: true })
  }
}

/** Whether a process listens on that socket. @throws the system's error when that can't be told */
export async function livesBehind(folder: string, name: string): Promise<boolean> {
  return withShortPath(folder, name, async (path) => {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return true
    } catch (error) {
      const code = systemCodeOf(error) ?? ''
      if (DEAD.has(code)) return false
      // Too many are asking at this moment: somebody is there to be asked.
      if (code === 'EAGAIN') return true
      throw error
    } finally {
      socket.destroy()
    }
  })
}

/** A path that is too long for a socket's address is reached through a link with a short one. */
async function withShortPath<Result>(
  folder: string,
  name: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return use(path)
  const alias = mkdtempSync(join(tmpdir(), 'aesop-'))
  try {
    symlinkSync(folder, join(alias, 'd'), 'dir')
    return await use(join(alias, 'd', name))
  } finally {
    rmSync(alias, { recursive: true, force: true })
  }
}
