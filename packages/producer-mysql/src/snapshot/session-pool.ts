import { type MysqlUri } from '../server/mysql-uri.ts'
import { SnapshotSession } from './snapshot-session.ts'

/** Shorter than any time after which a server or a proxy cuts a connection that idles. */
const LINGER_MS = 500

/** Connections by which rows are read: so many at a time, each for one piece of work after the other. */
export class SessionPool {
  readonly #uri: MysqlUri
  readonly #max: number
  readonly #idle: { readonly session: SnapshotSession; readonly timer: NodeJS.Timeout }[] = []
  readonly #waiting: (() => void)[] = []
  readonly #open = new Set<SnapshotSession>()
  #inUse = 0
  #isClosed = false

  constructor(uri: MysqlUri, max: number) {
    this.#uri = uri
    this.#max = max
  }

  /** Connections in use. */
  get inUse(): number {
    return this.#inUse
  }

  /** A connection of one's own, as soon as there is one. It is given back by `release`. @throws what the signal gives */
  async take(signal: AbortSignal): Promise<SnapshotSession> {
    await this.#turn(signal)
    try {
      const session = this.#kept() ?? (await SnapshotSession.open(this.#uri, signal))
      this.#open.add(session)
      if (this.#isClosed) session.destroy()
      signal.throwIfAborted()
      return session
    } catch (error) {
      this.#next()
      throw error
    }
  }

  /** One that has idled and was not cut meanwhile. */
  #kept(): SnapshotSession | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      if (!idle.session.isBroken) return idle.session
      idle.session.destroy()
    }
    return undefined
  }

  /** One that was ended is not kept. */
  release(session: SnapshotSession): void {
    this.#open.delete(session)
    if (!session.isBroken && !this.#isClosed) this.#keep(session)
    else session.destroy()
    this.#next()
  }

  close(): void {
    this.#isClosed = true
    for (const { session, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      session.destroy()
    }
    for (const session of this.#open) session.destroy()
  }

  #keep(session: SnapshotSession): void {
    const kept = {
      session,
      timer: setTimeout(() => {
        this.#idle.splice(this.#idle.indexOf(kept), 1)
        session.destroy()
      }, LINGER_MS).unref(),
    }
    this.#idle.push(kept)
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#inUse < this.#max) {
      this.#inUse++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1)
        reject(signal.reason as Error)
      }
      this.#waiting.push(give)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Whoever waits takes the place over. */
  #next(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inUse--
    else next()
  }
}
