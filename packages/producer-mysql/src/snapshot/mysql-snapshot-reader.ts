import { type Logger } from '@aesop/kernel'
import {
  type PhysicalSourceConfig,
  SnapshotCursorInvalidError,
  SnapshotCursorLostError,
  SnapshotRefusedError,
  SnapshotTableChangedError,
  SnapshotUnseenError,
} from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest, type SnapshotTable } from '@aesop/reading'
import { setTimeout as delay } from 'node:timers/promises'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { TableFault } from '../error/table-fault.ts'
import { ChunkRows, type ChunkRowsOptions } from './chunk-rows.ts'
import { type ChunkTable } from './chunk-table.ts'
import { type ChunkTables } from './chunk-tables.ts'
import { type KeylessReadings } from './keyless-readings.ts'
import { LockedRows } from './locked-rows.ts'
import { type LiveLog, type LiveState } from './live-log.ts'
import { readingFault } from './reading-fault.ts'
import { type SessionPool } from './session-pool.ts'
import { type SnapshotSession, type SnapshotView } from './snapshot-session.ts'
import { readRowEstimate } from './table-key.ts'
import { checkWhere, proveWhere } from './where-text.ts'

interface Work {
  readonly session: SnapshotSession
  /** Whether somebody else gives the connection back. */
  isHandedOver: boolean
}

interface View extends SnapshotView {
  readonly begun: LiveState
}

/** A table that changes all the time is given up after so many tries. */
const TRIES_MAX = 8
const RETRY_MS = 50

export interface MysqlSnapshotReaderOptions {
  readonly physicalSource: PhysicalSourceConfig
  readonly tables: ChunkTables
  readonly live: LiveLog
  readonly pool: SessionPool
  readonly keyless: KeylessReadings
  readonly log: Logger
  /** Server and account, for errors. */
  readonly place: { readonly server: string; readonly user: string; readonly serverId: number }
}

/** Rows of a server's tables as they are, as events of its stream. */
export class MysqlSnapshotReader implements SnapshotReader {
  readonly #options: MysqlSnapshotReaderOptions
  readonly #stopping = new AbortController()
  readonly #locked: LockedRows
  /** Whether what was being committed when the stream began is to be seen. */
  #hasSeenBegin = false
  /** What told last that a table had changed, where it was an error. */
  #lastChange: unknown

  constructor(options: MysqlSnapshotReaderOptions) {
    this.#options = options
    this.#locked = new LockedRows(options.log)
  }

  describe(source: string): Promise<SnapshotTable> {
    const { signal } = this.#stopping
    return this.#attempts(source, signal, async ({ session }) => {
      const table = await this.#options.tables.take(source, session, signal)
      if (table === undefined) return undefined
      const { description, key, captured, isKeyless } = table
      const estimatedRows = await readRowEstimate(session.connection, description.asShown ?? description)
      return {
        source,
        key: key.map(({ column }) => column.name),
        isKeyless,
        estimatedRows,
        schema: captured.schema.text,
      }
    })
  }

  async readChunk(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    const { source, after, where } = request
    const { tables, keyless } = this.#options
    tables.sourceOf(source)
    if (where !== undefined) checkWhere(source, where)
    const stopped = AbortSignal.any([signal, this.#stopping.signal])
    if (after !== undefined && keyless.isCursor(after)) return keyless.goOn(request, stopped)
    return this.#attempts(source, stopped, async (work) => {
      const table = await tables.take(source, work.session, stopped)
      if (table === undefined) return undefined
      if (where !== undefined) await proveWhere(table, where, work.session)
      if (!table.isKeyless) return this.#chunk(request, table, work.session, stopped)
      if (after !== undefined) throw new SnapshotCursorInvalidError(source, after, 'none: the table has no key')
      return this.#firstOfMany(request, table, work, stopped)
    })
  }

  /** Ends what is under way. */
  end(): void {
    this.#stopping.abort(new SnapshotCursorLostError(this.#options.physicalSource.name))
    this.#options.keyless.end()
    this.#options.pool.close()
  }

  /** Each on a connection of its own; undefined is no answer yet: what was read changed meanwhile. */
  async #attempts<Answer>(
    source: string,
    signal: AbortSignal,
    attempt: (work: Work) => Promise<Answer | undefined>,
  ): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#attempt(source, signal, attempt)
      if (answer !== undefined) return answer
      this.#options.tables.forget(source)
      if (tries === TRIES_MAX)
        throw new SnapshotTableChangedError(source, 'the table had changed meanwhile', tries, this.#lastChange)
      await delay(RETRY_MS * tries, undefined, { signal })
    }
  }

  /** A session that was not read to its end is of no use for others. */
  async #attempt<Answer>(
    source: string,
    signal: AbortSignal,
    attempt: (work: Work) => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    const { pool } = this.#options
    const session = await pool.take(signal).catch((error: unknown) => {
      throw this.#faultOf(error, source, false)
    })
    const work = { session, isHandedOver: false }
    const onAbort = (): void => {
      session.destroy()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await attempt(work)
    } catch (error) {
      session.destroy()
      signal.throwIfAborted()
      const fault = readingFault(error, { ...this.#options.place, source, established: true })
      if (fault !== undefined) throw fault
      this.#lastChange = error
      return undefined
    } finally {
      signal.removeEventListener('abort', onAbort)
      if (!work.isHandedOver) pool.release(session)
    }
  }

  #faultOf(error: unknown, source: string, established: boolean): Error {
    const fault = readingFault(error, { ...this.#options.place, source, established })
    return fault ?? new SnapshotTableChangedError(source, 'the table had changed meanwhile', 1, error)
  }

  /** @throws SnapshotBehindError */
  async #view(source: string, session: SnapshotSession, signal: AbortSignal): Promise<View | undefined> {
    const begun = await this.#options.live.now(source, signal)
    if (begun.serverIdentity !== undefined && begun.serverIdentity !== session.server.identity) return undefined
    this.#hasSeenBegin ||= await session.commitsAreOver()
    const view = this.#hasSeenBegin ? await session.begin(begun) : undefined
    if (view !== undefined) return { ...view, begun }
    const { file, position } = begun
    throw new SnapshotUnseenError(source, `${file}:${position}`)
  }

  async #chunk(
    request: SnapshotRequest,
    table: ChunkTable,
    session: SnapshotSession,
    signal: AbortSignal,
  ): Promise<SnapshotChunk | undefined> {
    const { source, after, where } = request
    const view = await this.#view(source, session, signal)
    if (view === undefined) return undefined
    const limit = view.lock === '' ? request.maxRows : this.#locked.limit(request.maxRows)
    const rows = new ChunkRows(table, this.#rowsOptions(view.begun))
    const begunMs = performance.now()
    await session.read(table.select({ after, where, limit, lock: view.lock }), rows)
    const readMs = performance.now() - begunMs
    const until = view.until ?? (await session.logEnd())
    await session.end()
    if (view.lock !== '') this.#locked.took(rows.came, performance.now() - begunMs)
    const { bytes, rows: count, last } = finished(table, rows)
    const reached = await this.#settle(table, view.begun, until, signal)
    if (reached === undefined) return undefined
    const isEnd = rows.came < limit && !rows.isFull
    const next = isEnd || last === undefined ? {} : { next: last }
    return { bytes, rows: count, atScn: view.begun.scn, visibleScn: reached.scn, readMs, ...next }
  }

  /** Where the stream is when it has come to what was seen; undefined: the table has changed since. @throws AesopError */
  async #settle(
    table: ChunkTable,
    begun: LiveState,
    until: BinlogPosition,
    signal: AbortSignal,
  ): Promise<LiveState | undefined> {
    const { live, tables } = this.#options
    const { name } = table.source
    const reached = await live.reached(name, until, begun, signal)
    if (reached === undefined || (await tables.hasChanged(table, begun, signal))) return undefined
    tables.sourceOf(name)
    return reached
  }

  /** The connection belongs to the reading from now on. */
  async #firstOfMany(
    request: SnapshotRequest,
    table: ChunkTable,
    work: Work,
    signal: AbortSignal,
  ): Promise<SnapshotChunk | undefined> {
    const { source } = request
    const { session } = work
    const view = await this.#view(source, session, signal)
    if (view === undefined) return undefined
    const { begun } = view
    const until = view.until ?? (await this.#untilBehindRows(table, session))
    work.isHandedOver = true
    const reading = {
      session,
      options: this.#rowsOptions(begun),
      settle: (either: AbortSignal) => this.#settle(table, begun, until, either),
      release: () => {
        this.#options.pool.release(session)
      },
      faultOf: (error: unknown) => this.#faultOf(error, source, true),
    }
    return this.#options.keyless.begin(request, table, reading, signal)
  }

  async #untilBehindRows(table: ChunkTable, session: SnapshotSession): Promise<BinlogPosition> {
    this.#locked.tell()
    return (await session.beginBehindRows(table.quotedName)).until
  }

  #rowsOptions(begun: LiveState): ChunkRowsOptions {
    const { id, eventVersion, largestEventSizeInBytes, logKeys } = this.#options.physicalSource
    return {
      atScn: begun.scn,
      physicalPartition: id,
      eventVersion,
      largestEventBytes: largestEventSizeInBytes,
      logKeys,
    }
  }
}

/** @throws SnapshotRefusedError for a row that can't become an event: the stream would leave it out, too */
function finished(table: ChunkTable, rows: ChunkRows): ReturnType<ChunkRows['finish']> {
  try {
    return rows.finish()
  } catch (cause) {
    if (!(cause instanceof TableFault)) throw cause
    throw new SnapshotRefusedError(table.source.name, cause.message, { cause, remedy: cause.remedy })
  }
}
