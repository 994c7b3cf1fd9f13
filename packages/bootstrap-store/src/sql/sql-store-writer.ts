import { InvariantError } from '@aesop/kernel'
import {
  type Chunk,
  type LogBounds,
  type LogLimits,
  type SourceState,
  type StoreWriter,
  type StreamDeclaration,
  type StreamState,
  type WindowBatch,
} from '../bootstrap-store.ts'
import { sourceRecord, sourceRecords, streamRecord, update } from '../records.ts'
import { applyPieces } from './applier.ts'
import { LogWriter } from './log-writer.ts'
import { purgeLog, purgeTombstones } from './purging.ts'
import { noteTime, scnReachedBefore } from './reached-times.ts'
import { beginSeeding, endSeeding, putChunk } from './seeding.ts'
import { type SqlSession } from './sql-session.ts'
import { makeRowTable } from './store-tables.ts'

/** The write side over one connection: calls go one after the other. */
export class SqlStoreWriter implements StoreWriter {
  readonly #session: SqlSession
  readonly #bounds: LogBounds
  readonly #nowMs: () => number
  readonly #logs = new Map<string, LogWriter>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(session: SqlSession, bounds: LogBounds, nowMs: () => number = Date.now) {
    this.#session = session
    this.#bounds = bounds
    this.#nowMs = nowMs
  }

  declare(stream: StreamDeclaration): Promise<readonly SourceState[]> {
    return this.#inTurn(async () => {
      await this.#session.transaction('writes', () => declare(this.#session, stream))
      // Databases that commit with each CREATE TABLE would commit what comes before.
      for (const { id } of await sourceRecords(this.#session, stream.name)) await makeRowTable(this.#session, id)
      this.#logs.delete(stream.name)
      await this.#logOf(stream.name)
      return sourceRecords(this.#session, stream.name)
    })
  }

  writeWindows(stream: string, batch: WindowBatch): Promise<boolean> {
    return this.#inTurn(async () => (await this.#logOf(stream)).write(batch))
  }

  apply(stream: string, maxBytes: number): Promise<StreamState> {
    return this.#inTurn(async () => (await applyPieces(this.#session, stream, maxBytes)) ?? undeclared(stream))
  }

  breakStream(stream: string, scn: bigint, scnSpace: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#session.transaction('writes', () => breakStream(this.#session, stream, scn, scnSpace))
      this.#logs.delete(stream)
    })
  }

  beginSeeding(source: string, where: string | undefined, isAnew = false): Promise<SourceState> {
    return this.#inTurn(() => beginSeeding(this.#session, source, where, isAnew))
  }

  putChunk(source: string, chunk: Chunk): Promise<'entered' | 'early' | 'void'> {
    return this.#inTurn(() => putChunk(this.#session, source, chunk))
  }

  endSeeding(source: string, maxRows: number): Promise<'done' | 'more' | 'void'> {
    return this.#inTurn(() => endSeeding(this.#session, source, maxRows))
  }

  activate(source: string): Promise<void> {
    return this.#setStatus(source, ACTIVE)
  }

  deactivate(source: string): Promise<void> {
    return this.#setStatus(source, INACTIVE)
  }

  purgeLog(stream: string, limits: LogLimits): Promise<boolean> {
    return this.#inTurn(() => purgeLog(this.#session, stream, limits, this.#nowMs()))
  }

  purgeTombstones(source: string, belowScn: bigint, afterId: bigint, maxRows: number): Promise<bigint | undefined> {
    return this.#inTurn(() => purgeTombstones(this.#session, source, belowScn, afterId, maxRows))
  }

  noteTime(stream: string): Promise<void> {
    return this.#inTurn(() => noteTime(this.#session, stream, this.#nowMs()))
  }

  scnReachedBefore(stream: string, ms: number): Promise<bigint | undefined> {
    return this.#inTurn(() => scnReachedBefore(this.#session, stream, ms))
  }

  close(): Promise<void> {
    return this.#inTurn(async () => this.#session.close())
  }

  async #logOf(stream: string): Promise<LogWriter> {
    const known = this.#logs.get(stream)
    if (known !== undefined) return known
    const log = (await LogWriter.open(this.#session, stream, this.#bounds, this.#nowMs)) ?? undeclared(stream)
    this.#logs.set(stream, log)
    return log
  }

  #setStatus(source: string, status: number): Promise<void> {
    return this.#inTurn(async () => {
      const { id } = await sourceRecord(this.#session, source)
      await update(this.#session, 'source', id, { status })
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

const ACTIVE = 4
const INACTIVE = 5
const FELL_OFF = 6

async function declare(session: SqlSession, { name, sources, schemaChangeId }: StreamDeclaration): Promise<void> {
  if ((await streamRecord(session, name)) === undefined) {
    await session.run(
      `INSERT INTO stream (name, log_scn, log_seq, applied_scn, applied_seq, schema_change_id) VALUES (?, -1, 0, -1, 0, ?)`,
      [name, schemaChangeId],
    )
  }
  const stream = (await streamRecord(session, name)) ?? undeclared(name)
  await update(session, 'stream', stream.id, { schema_change_id: schemaChangeId })
  // Nobody reads its windows any more: where it comes back, there is a gap.
  for (const { id, name: left } of await sourceRecords(session, name))
    if (!sources.includes(left)) await update(session, 'source', id, { status: FELL_OFF })
  const known = new Set((await sourceRecords(session)).map((source) => source.name))
  for (const source of sources) if (!known.has(source)) await declareSource(session, stream.id, stream.logScn, source)
}

async function declareSource(session: SqlSession, streamId: bigint, logScn: bigint, name: string): Promise<void> {
  await session.run(
    `INSERT INTO source (stream_id, name, status, log_start_scn, min_scn, cleared_scn, next_ordinal,
      seeding, seed_start_scn, seed_end_scn, seed_rows, seed_swept_id) VALUES (?, ?, 1, ?, -1, -1, 1, 0, -1, -1, 0, 0)`,
    [streamId, name, logScn],
  )
}

/** What is left of the log leads nowhere; rows stay for the sweep of the next seeding. */
async function breakStream(session: SqlSession, name: string, scn: bigint, scnSpace: string): Promise<void> {
  const stream = (await streamRecord(session, name)) ?? undeclared(name)
  await session.run('DELETE FROM piece WHERE stream_id = ?', [stream.id])
  await session.run('DELETE FROM log WHERE stream_id = ?', [stream.id])
  // One that never had a window has no gap, it begins.
  if (stream.scnSpace !== undefined) await session.run('UPDATE source SET status = 6 WHERE stream_id = ?', [stream.id])
  await session.run('UPDATE source SET log_start_scn = ? WHERE stream_id = ?', [scn, stream.id])
  await session.run('DELETE FROM reached WHERE stream_id = ?', [stream.id])
  const { logSeq } = stream
  await update(session, 'stream', stream.id, {
    scn_space: scnSpace,
    log_scn: scn,
    applied_scn: scn,
    applied_seq: logSeq,
  })
}

function undeclared(stream: string): never {
  throw new InvariantError(`the stream "${stream}" was not declared`)
}
