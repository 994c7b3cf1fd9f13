import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type EventKey } from '@aesop/event'
import { FolderLock, makePrivateFolder } from '@aesop/kernel'
import {
  type BootstrapStore,
  type Chunk,
  type LiveRows,
  type LiveRowsQuestion,
  type LogBounds,
  type LogLimits,
  type LogQuestion,
  type SnapshotQuestion,
  type SourceState,
  type StoreAnswer,
  type StoredComparison,
  type StoreReader,
  type StoreWriter,
  type StreamDeclaration,
  type StreamState,
  type WindowBatch,
} from '../bootstrap-store.ts'
import { StoreFailedError, StoreInUseError } from '../errors.ts'
import { alone, bufferOf } from './thread-message.ts'
import { ThreadSide } from './thread-side.ts'

export interface SqliteStoreOptions {
  /** The file; it and its folder are made, for this user alone. */
  readonly path: string
  /** Size of a log, in bytes; default 256 MiB. */
  readonly logBytes?: number
  /** Age from which on a log is not written to any more, in milliseconds; default an hour. */
  readonly logMs?: number
}

const FILE_MODE = 0o600

/** A bootstrap store in one file of SQLite: each side in a thread of its own, one writer among all processes. */
export class SqliteStore implements BootstrapStore {
  readonly name: string
  readonly #bounds: LogBounds
  readonly #sides = new Set<ThreadSide>()

  constructor({ path, logBytes, logMs }: SqliteStoreOptions) {
    this.name = path
    this.#bounds = { bytes: logBytes, ms: logMs }
  }

  async openWriter(bounds: LogBounds = {}): Promise<StoreWriter> {
    const lock = await this.#lock()
    try {
      const side = await this.#begin('writes', bounds)
      return new ThreadWriter(side, async () => {
        this.#sides.delete(side)
        await side.end()
        await lock.release()
      })
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  async openReader(): Promise<StoreReader> {
    const side = await this.#begin('reads')
    return new ThreadReader(side, async () => {
      this.#sides.delete(side)
      await side.end()
    })
  }

  /** Ends what was opened of it and is not closed. */
  async close(): Promise<void> {
    await Promise.all([...this.#sides].map((side) => side.end()))
    this.#sides.clear()
  }

  async #lock(): Promise<FolderLock> {
    try {
      makePrivateFolder(dirname(this.name))
      const lock = await FolderLock.take(`${this.name}.lock`, `the bootstrap store ${this.name}`)
      if ('release' in lock) return lock
      throw new StoreInUseError(this.name, `process ${lock.pid} of ${lock.host}, since ${lock.since}`)
    } catch (error) {
      throw error instanceof StoreInUseError ? error : new StoreFailedError(this.name, 'take its lock', error)
    }
  }

  async #begin(mode: 'writes' | 'reads', bounds: LogBounds = {}): Promise<ThreadSide> {
    try {
      // SQLite gives its other files the mode of this one.
      if (mode === 'writes') closeSync(openSync(this.name, 'a', FILE_MODE))
    } catch (error) {
      throw new StoreFailedError(this.name, 'make its file', error)
    }
    const side = await ThreadSide.begin({ path: this.name, mode, bounds: { ...this.#bounds, ...bounds } })
    this.#sides.add(side)
    return side
  }
}

class ThreadWriter implements StoreWriter {
  readonly #side: ThreadSide
  readonly #close: () => Promise<void>

  constructor(side: ThreadSide, close: () => Promise<void>) {
    this.#side = side
    this.#close = close
  }

  declare(stream: StreamDeclaration): Promise<readonly SourceState[]> {
    return this.#side.call('declare', stream) as Promise<readonly SourceState[]>
  }
  writeWindows(stream: string, batch: WindowBatch): Promise<boolean> {
    const pieces = batch.pieces.map((piece) => ({ ...piece, bytes: alone(piece.bytes) }))
    return this.#side.call('writeWindows', stream, { ...batch, pieces }) as Promise<boolean>
  }
  apply(stream: string, maxBytes: number): Promise<StreamState> {
    return this.#side.call('apply', stream, maxBytes) as Promise<StreamState>
  }
  async breakStream(stream: string, scn: bigint, scnSpace: string): Promise<void> {
    await this.#side.call('breakStream', stream, scn, scnSpace)
  }
  beginSeeding(source: string, where: string | undefined, isAnew = false): Promise<SourceState> {
    return this.#side.call('beginSeeding', source, where, isAnew) as Promise<SourceState>
  }
  putChunk(source: string, chunk: Chunk): Promise<'entered' | 'early' | 'void'> {
    return this.#side.call('putChunk', source, { ...chunk, bytes: alone(chunk.bytes) }) as Promise<
      'entered' | 'early' | 'void'
    >
  }
  endSeeding(source: string, maxRows: number): Promise<'done' | 'more' | 'void'> {
    return this.#side.call('endSeeding', source, maxRows) as Promise<'done' | 'more' | 'void'>
  }
  async activate(source: string): Promise<void> {
    await this.#side.call('activate', source)
  }
  async deactivate(source: string): Promise<void> {
    await this.#side.call('deactivate', source)
  }
  purgeLog(stream: string, limits: LogLimits): Promise<boolean> {
    return this.#side.call('purgeLog', stream, limits) as Promise<boolean>
  }
  purgeTombstones(source: string, belowScn: bigint, afterId: bigint, maxRows: number): Promise<bigint | undefined> {
    return this.#side.call('purgeTombstones', source, belowScn, afterId, maxRows) as Promise<bigint | undefined>
  }
  async noteTime(stream: string): Promise<void> {
    await this.#side.call('noteTime', stream)
  }
  scnReachedBefore(stream: string, ms: number): Promise<bigint | undefined> {
    return this.#side.call('scnReachedBefore', stream, ms) as Promise<bigint | undefined>
  }
  close(): Promise<void> {
    return this.#close()
  }
}

class ThreadReader implements StoreReader {
  readonly #side: ThreadSide
  readonly #close: () => Promise<void>

  constructor(side: ThreadSide, close: () => Promise<void>) {
    this.#side = side
    this.#close = close
  }

  states(sources?: readonly string[]): Promise<readonly SourceState[]> {
    return this.#side.call('states', sources) as Promise<readonly SourceState[]>
  }
  snapshot(question: SnapshotQuestion): Promise<StoreAnswer> {
    return this.#answer('snapshot', question)
  }
  log(question: LogQuestion): Promise<StoreAnswer> {
    return this.#answer('log', question)
  }
  async event(source: string, key: EventKey): Promise<Buffer | undefined> {
    const bytes = (await this.#side.call('event', source, key)) as Uint8Array | undefined
    return bytes === undefined ? undefined : bufferOf(bytes)
  }
  compare({ source, bytes }: { readonly source: string; readonly bytes: Buffer }): Promise<StoredComparison> {
    return this.#side.call('compare', { source, bytes: alone(bytes) }) as Promise<StoredComparison>
  }
  liveRows(question: LiveRowsQuestion): Promise<LiveRows> {
    return this.#side.call('liveRows', question) as Promise<LiveRows>
  }
  close(): Promise<void> {
    return this.#close()
  }

  async #answer(method: 'snapshot' | 'log', question: SnapshotQuestion | LogQuestion): Promise<StoreAnswer> {
    const answer = (await this.#side.call(method, question)) as StoreAnswer
    return answer.kind === 'events' ? { ...answer, bytes: bufferOf(answer.bytes) } : answer
  }
}
