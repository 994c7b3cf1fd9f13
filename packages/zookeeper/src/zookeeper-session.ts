import { type Acl } from './acl.ts'
import { AbandonedError, isRefused, SessionClosedError } from './errors.ts'
import { multi, type MultiResults } from './multi.ts'
import { type MultiPart, type Operation } from './operation.ts'
import * as operations from './operations.ts'
import { SessionLife, type SessionParts, type StateListener } from './session-life.ts'
import { readSettings, type SessionSettings } from './session-settings.ts'
import { isOver, type SessionState } from './session-state.ts'
import { type Stat } from './stat.ts'
import { type Wait, waitFor } from './wait.ts'
import { type Watcher, type WatchKind } from './watches.ts'

/** Opening looks for a server again and again; for so long when nothing else is said. */
const OPEN_MS = 30_000

/** How a read is waited for, and who is told once when what it has read may have changed. */
export interface ReadOptions extends Wait {
  readonly watcher?: Watcher
}

/** How a write is waited for, and the version that it asks for; left out: any. */
export interface WriteOptions extends Wait {
  readonly version?: number
}

/**
 * One session with an ensemble of ZooKeeper. It finds servers by itself until it is `expired` or `closed`, and that is final: what comes after is a
 * session of its own (`successor`). Every operation ends: with its result, a refusal of the server, or an error that says whether it was sent.
 */
export class ZooKeeperSession {
  readonly #settings: SessionSettings
  readonly #life: SessionLife

  private constructor(settings: SessionSettings, life: SessionLife) {
    this.#settings = settings
    this.#life = life
  }

  /**
   * Opens a session.
   * @param wait default 30 s
   * @throws ServersInvalidError, SettingInvalidError, PathInvalidError, AuthRefusedError, AbandonedError with the newest error of a server
   */
  static async open(settings: SessionSettings, wait: Wait = {}, parts: SessionParts = {}): Promise<ZooKeeperSession> {
    const life = new SessionLife(readSettings(settings), parts)
    try {
      await untilOpen(life, wait)
    } catch (error) {
      await life.close()
      throw error
    }
    return new ZooKeeperSession(settings, life)
  }

  get state(): SessionState {
    return this.#life.state
  }

  /** By which `ephemeralOwner` names it. */
  get id(): bigint {
    return this.#life.id
  }

  /** What the servers have agreed to: all clocks go by it. */
  get negotiatedTimeoutMs(): number {
    return this.#life.timeoutMs
  }

  /** Of the last connection that failed, or what ended the session. */
  get lastError(): Error | undefined {
    return this.#life.lastError
  }

  /** Until when what the session owns is sure to be its own, on the clock of `performance.now()`; −Infinity once it is not, for good. */
  validUntil(): number {
    return this.#life.validUntilMs
  }

  /** @returns what ends the telling */
  onState(listener: StateListener): () => void {
    return this.#life.onState(listener)
  }

  async create(
    path: string,
    data: Uint8Array,
    options: operations.CreateOptions & Wait = {},
  ): Promise<operations.Created> {
    return this.#run(operations.create(path, data, options), options)
  }

  async remove(path: string, options: WriteOptions = {}): Promise<void> {
    await this.#run(operations.remove(path, options.version), options)
  }

  async setData(path: string, data: Uint8Array, options: WriteOptions = {}): Promise<Stat> {
    return this.#run(operations.setData(path, data, options.version), options)
  }

  /** undefined: the node is not there, and the watcher is told when it comes. */
  async exists(path: string, options: ReadOptions = {}): Promise<Stat | undefined> {
    const kindOf = (result: unknown): WatchKind | undefined =>
      result instanceof Error ? (isRefused(result, 'NoNode') ? 'exist' : undefined) : 'data'
    try {
      return await this.#read(kindOf, path, operations.exists(path, options.watcher !== undefined), options)
    } catch (error) {
      if (isRefused(error, 'NoNode')) return undefined
      throw error
    }
  }

  async getData(path: string, options: ReadOptions = {}): Promise<operations.NodeData> {
    return this.#read(onSuccess('data'), path, operations.getData(path, options.watcher !== undefined), options)
  }

  async getChildren(path: string, options: ReadOptions = {}): Promise<operations.NodeChildren> {
    return this.#read(onSuccess('child'), path, operations.getChildren(path, options.watcher !== undefined), options)
  }

  async getAcl(path: string, wait: Wait = {}): Promise<operations.NodeAcl> {
    return this.#run(operations.getAcl(path), wait)
  }

  /** @param options the version is that of the ACL */
  async setAcl(path: string, acl: readonly Acl[], options: WriteOptions = {}): Promise<Stat> {
    return this.#run(operations.setAcl(path, acl, options.version), options)
  }

  /** When it has ended, what is read is at least what had been written anywhere when it began. */
  async sync(path: string, wait: Wait = {}): Promise<void> {
    await this.#run(operations.sync(path), wait)
  }

  /** All parts or none; a refusal names the part that was its cause. */
  async multi<Parts extends readonly MultiPart[]>(
    parts: readonly [...Parts],
    wait: Wait = {},
  ): Promise<MultiResults<Parts>> {
    return this.#run(multi(parts), wait)
  }

  /** A watch that stays until the session ends. After each time without a server it is told `reconnected`. */
  async addWatch(path: string, mode: operations.WatchMode, watcher: Watcher, wait: Wait = {}): Promise<void> {
    await this.#watch(onSuccess(mode), path, operations.addWatch(path, mode), wait, watcher)
  }

  /** What ACLs may name this session by. */
  async whoAmI(wait: Wait = {}): Promise<readonly operations.Identity[]> {
    return this.#run(operations.whoAmI(), wait)
  }

  /** Ends the session, at its server as well where it has one: then what ends with it is gone at once, else when its time is over. */
  async close(): Promise<void> {
    await this.#life.close()
  }

  /** A new session with the same settings, when this one has ended. Nothing of this one is carried over. */
  async successor(wait: Wait = {}): Promise<ZooKeeperSession> {
    await this.close()
    return ZooKeeperSession.open(this.#settings, wait)
  }

  async #read<Result>(
    kindOf: KindOf,
    path: string,
    operation: Operation<Result>,
    options: ReadOptions,
  ): Promise<Result> {
    const { watcher } = options
    return watcher === undefined
      ? this.#run(operation, options)
      : this.#watch(kindOf, path, operation, options, watcher)
  }

  /** The watch is there as soon as the answer is read: what a server tells behind it must not be missed. */
  async #watch<Result>(
    kindOf: KindOf,
    path: string,
    operation: Operation<Result>,
    wait: Wait,
    watcher: Watcher,
  ): Promise<Result> {
    const { watches } = this.#life
    const asked = watches.ask(kindOf(undefined) ?? 'data', path)
    let isSent = false
    try {
      const answer = this.#life.request(operation, wait, (result) => {
        asked()
        const kind = kindOf(result)
        if (kind !== undefined) watches.add(kind, path, watcher)
      })
      isSent = true
      return await answer
    } finally {
      if (!isSent) asked()
    }
  }

  async #run<Result>(operation: Operation<Result>, wait: Wait): Promise<Result> {
    return this.#life.request(operation, wait)
  }
}

/** The kind of watch that an answer sets; undefined: none. */
type KindOf = (result: unknown) => WatchKind | operations.WatchMode | undefined

const onSuccess =
  (kind: WatchKind | operations.WatchMode): KindOf =>
  (result) =>
    result instanceof Error ? undefined : kind

function untilOpen(life: SessionLife, { signal, deadlineMs = OPEN_MS }: Wait): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (reason: unknown): void => {
      end()
      reject(AbandonedError.of('the session was not opened', 'not sent', life.lastError ?? reason))
    }
    const stopWaiting = waitFor({ deadlineMs, ...(signal === undefined ? {} : { signal }) }, giveUp)
    const forget = life.onState((state) => {
      end()
      if (isOver(state)) reject(life.lastError ?? new SessionClosedError('the session was closed'))
      else resolve()
    })
    const end = (): void => {
      stopWaiting()
      forget()
    }
    if (signal?.aborted === true) giveUp(signal.reason)
  })
}
