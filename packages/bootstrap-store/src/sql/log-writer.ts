import { type LogBounds, type Piece, type WindowBatch } from '../bootstrap-store.ts'
import { StoreSpaceForeignError } from '../errors.ts'
import { type SourceRecord, sourceRecords, streamRecord, type StreamRecord, update } from '../records.ts'
import { type SqlSession } from './sql-session.ts'

const LOG_BYTES = 256 * 1024 * 1024
const LOG_MS = 3_600_000

interface OpenLog {
  readonly id: bigint
  bytes: number
  rows: number
  readonly begunMs: number
}

/** What a writer knows without asking. */
interface Memory {
  readonly seq: bigint
  readonly log: OpenLog | undefined
  readonly ordinals: ReadonlyMap<string, bigint>
  readonly stream: StreamRecord
  readonly sources: ReadonlyMap<string, SourceRecord>
}

/**
 * Writes the log of one stream, one transaction a batch. The next seq and the open log are remembered: a transaction that fails
 * leaves numbers unused, which harms nobody, and the log is looked up anew.
 */
export class LogWriter {
  readonly #session: SqlSession
  readonly #bounds: LogBounds
  readonly #nowMs: () => number
  #stream: StreamRecord
  readonly #sources: Map<string, SourceRecord>
  readonly #ordinals = new Map<string, bigint>()
  #seq: bigint
  #log: OpenLog | undefined
  /** What it would know had the last write not failed; undefined: it did not. The same batch comes again then. */
  #doubt: Memory | undefined

  private constructor(
    session: SqlSession,
    bounds: LogBounds,
    nowMs: () => number,
    stream: StreamRecord,
    sources: readonly SourceRecord[],
    seq: bigint,
  ) {
    this.#session = session
    this.#bounds = bounds
    this.#nowMs = nowMs
    this.#stream = stream
    this.#sources = new Map(sources.map((source) => [source.name, source]))
    for (const { name, nextOrdinal } of sources) this.#ordinals.set(name, nextOrdinal)
    this.#seq = seq
  }

  /** Drops the pieces of a window that did not come to its end. */
  static async open(
    session: SqlSession,
    name: string,
    bounds: LogBounds,
    nowMs: () => number,
  ): Promise<LogWriter | undefined> {
    return session.transaction('writes', async () => {
      const stream = await streamRecord(session, name)
      if (stream === undefined) return undefined
      await session.run('DELETE FROM piece WHERE stream_id = ? AND seq > ?', [stream.id, stream.logSeq])
      const [last] = await session.rows('SELECT max(seq) FROM piece')
      const [behind] = await session.rows('SELECT max(log_seq) FROM stream')
      const taken = [last?.[0], behind?.[0], 0n].filter((seq): seq is bigint => typeof seq === 'bigint')
      const seq = taken.reduce((a, b) => (a > b ? a : b)) + 1n
      return new LogWriter(session, bounds, nowMs, stream, await sourceRecords(session, name), seq)
    })
  }

  get logScn(): bigint {
    return this.#stream.logScn
  }

  /** @returns false: all of it was there already @throws StoreSpaceForeignError */
  async write(batch: WindowBatch): Promise<boolean> {
    const { scnSpace = batch.scnSpace, name, logScn } = this.#stream
    if (scnSpace !== batch.scnSpace) throw new StoreSpaceForeignError(name, batch.scnSpace, scnSpace)
    if (batch.endScn !== undefined && batch.endScn <= logScn) return false
    if (this.#doubt !== undefined && (await this.#wasWritten(this.#doubt))) this.#take(this.#doubt)
    else await this.#tryToWrite(batch)
    this.#doubt = undefined
    return true
  }

  async #tryToWrite(batch: WindowBatch): Promise<void> {
    const before = this.#memory
    try {
      await this.#session.transaction('writes', () => this.#writeAll(batch))
    } catch (error) {
      this.#doubt = { ...this.#memory, log: undefined }
      this.#take({ ...before, log: undefined })
      throw error
    }
  }

  /** A connection that is lost at a commit leaves it open whether that was done: the last piece says so, or the place. */
  async #wasWritten({ seq, stream }: Memory): Promise<boolean> {
    const now = await streamRecord(this.#session, stream.name)
    if (stream.logScn > this.#stream.logScn) return now !== undefined && now.logScn >= stream.logScn
    const [last] = await this.#session.rows('SELECT max(seq) FROM piece WHERE stream_id = ?', [stream.id])
    return seq > this.#seq && last?.[0] === seq - 1n
  }

  get #memory(): Memory {
    return {
      seq: this.#seq,
      log: this.#log,
      ordinals: new Map(this.#ordinals),
      stream: this.#stream,
      sources: new Map(this.#sources),
    }
  }

  #take({ seq, log, ordinals, stream, sources }: Memory): void {
    this.#seq = seq
    this.#log = log
    this.#stream = stream
    for (const [source, ordinal] of ordinals) this.#ordinals.set(source, ordinal)
    for (const [name, source] of sources) this.#sources.set(name, source)
  }

  async #writeAll({ pieces, endScn, scnSpace }: WindowBatch): Promise<void> {
    for (const [at, piece] of pieces.entries()) {
      const isLast = at === pieces.length - 1
      await this.#writePiece(piece, isLast && endScn !== undefined ? endScn : -1n)
    }
    if (endScn === undefined) return
    const stream = { ...this.#stream, scnSpace, logScn: endScn, logSeq: this.#seq - 1n }
    await update(this.#session, 'stream', stream.id, {
      scn_space: scnSpace,
      log_scn: stream.logScn,
      log_seq: stream.logSeq,
    })
    for (const [name, ordinal] of this.#ordinals) await this.#keepOrdinal(name, ordinal)
    this.#stream = stream
    if (this.#log !== undefined && this.#isFull(this.#log)) this.#log = undefined
  }

  async #keepOrdinal(name: string, ordinal: bigint): Promise<void> {
    const source = this.#sources.get(name)
    if (source === undefined || source.nextOrdinal === ordinal) return
    await update(this.#session, 'source', source.id, { next_ordinal: ordinal })
    this.#sources.set(name, { ...source, nextOrdinal: ordinal })
  }

  async #writePiece(piece: Piece, endScn: bigint): Promise<void> {
    const source = this.#sources.get(piece.source)
    // Nobody declared it: its windows are read for others.
    if (source === undefined) return
    const log = await this.#logFor(piece)
    const ordinal = this.#ordinals.get(piece.source) ?? source.nextOrdinal
    const { firstScn, lastScn, rows, bytes } = piece
    await this.#session.run(
      `INSERT INTO piece (seq, log_id, stream_id, source_id, first_ordinal, row_count, first_scn, last_scn, end_scn, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [this.#seq++, log.id, this.#stream.id, source.id, ordinal, rows, firstScn, lastScn, endScn, bytes],
    )
    this.#ordinals.set(piece.source, ordinal + BigInt(rows))
    log.bytes += bytes.length
    log.rows += rows
    await this.#session.run('UPDATE log SET last_scn = ?, byte_count = ? WHERE id = ?', [lastScn, log.bytes, log.id])
  }

  async #logFor({ firstScn, lastScn }: Piece): Promise<OpenLog> {
    this.#log ??= await this.#lastLog()
    if (this.#log !== undefined) return this.#log
    const [newest] = await this.#session.rows('SELECT max(id) FROM log')
    const last = newest?.[0]
    const log = { id: typeof last === 'bigint' ? last + 1n : 1n, bytes: 0, rows: 0, begunMs: this.#nowMs() }
    await this.#session.run(
      'INSERT INTO log (id, stream_id, first_scn, last_scn, byte_count, begun_ms) VALUES (?, ?, ?, ?, ?, ?)',
      [log.id, this.#stream.id, firstScn, lastScn, 0, log.begunMs],
    )
    return (this.#log = log)
  }

  async #lastLog(): Promise<OpenLog | undefined> {
    const [row] = await this.#session.rows(
      'SELECT id, byte_count, begun_ms FROM log WHERE stream_id = ? ORDER BY id DESC LIMIT 1',
      [this.#stream.id],
    )
    if (row === undefined) return undefined
    const [id, bytes, begunMs] = row as [bigint, bigint, bigint]
    const log = { id, bytes: Number(bytes), rows: await this.#rowsOf(id), begunMs: Number(begunMs) }
    return this.#isFull(log) ? undefined : log
  }

  async #rowsOf(logId: bigint): Promise<number> {
    const pieces = await this.#session.rows('SELECT row_count FROM piece WHERE log_id = ?', [logId])
    return pieces.reduce((sum, [rows]) => sum + Number(rows), 0)
  }

  #isFull(log: OpenLog): boolean {
    const { bytes = LOG_BYTES, ms = LOG_MS, rows = Infinity } = this.#bounds
    return log.bytes >= bytes || log.rows >= rows || this.#nowMs() - log.begunMs >= ms
  }
}
