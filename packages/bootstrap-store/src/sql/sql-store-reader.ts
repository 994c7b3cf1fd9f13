import { type EventKey, EventView } from '@aesop/event'
import {
  type LiveRows,
  type LiveRowsQuestion,
  type LogQuestion,
  type SnapshotQuestion,
  type SourceState,
  type StoreAnswer,
  type StoredComparison,
  type StoreReader,
} from '../bootstrap-store.ts'
import {
  SnapshotOutdatedError,
  StoreLogPurgedError,
  StoreReplacedError,
  StoreSourceNotServedError,
  StoreSourceUnknownError,
  StoreTooYoungError,
} from '../errors.ts'
import { AnswerBytes } from '../answer-bytes.ts'
import { sourceRecord, type SourceRecord, sourceRecords } from '../records.ts'
import { rowKeyFor } from '../row-key.ts'
import { compareRows, liveRows } from './comparing.ts'
import { addNextRows } from './next-rows.ts'
import { type SqlSession } from './sql-session.ts'
import { rowTable } from './store-tables.ts'

/** Pieces that are got in one statement. */
const PIECES_AT_ONCE = 4
/** Ids that are looked through before an answer goes out without rows: a look at many that do not fit must not take long. */
const IDS_LOOKED_AT = 200_000n

/** The read side over one connection; a question at a time. */
export class SqlStoreReader implements StoreReader {
  readonly #session: SqlSession
  #turn: Promise<unknown> = Promise.resolve()

  constructor(session: SqlSession) {
    this.#session = session
  }

  states(wanted?: readonly string[]): Promise<readonly SourceState[]> {
    return this.#atOnce(async () => {
      const all = await sourceRecords(this.#session)
      return wanted === undefined ? all : wanted.map((name) => named(all, name))
    })
  }

  snapshot(question: SnapshotQuestion): Promise<StoreAnswer> {
    return this.#atOnce(() => this.#snapshot(question))
  }

  log(question: LogQuestion): Promise<StoreAnswer> {
    return this.#atOnce(() => this.#log(question))
  }

  event(name: string, key: EventKey): Promise<Buffer | undefined> {
    return this.#atOnce(async () => {
      const source = await sourceRecord(this.#session, name)
      const [row] = await this.#session.rows(`SELECT bytes FROM ${rowTable(source.id)} WHERE row_key = ?`, [
        rowKeyFor(key),
      ])
      return row?.[0] as Buffer | undefined
    })
  }

  compare({ source, bytes }: { readonly source: string; readonly bytes: Buffer }): Promise<StoredComparison> {
    return this.#atOnce(() => compareRows(this.#session, source, bytes))
  }

  liveRows(question: LiveRowsQuestion): Promise<LiveRows> {
    return this.#atOnce(() => liveRows(this.#session, question))
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#session.close()
  }

  async #snapshot(question: SnapshotQuestion): Promise<StoreAnswer> {
    const { afterId, startScn, sinceScn, maxBytes, maxRows = Infinity } = question
    const source = await this.#served(question)
    const cleared = clearedSince(source, question)
    // That the table was emptied is no row.
    const answer = new AnswerBytes(maxBytes, cleared === undefined ? maxRows : maxRows + 1)
    // It comes with the first row, or alone where there is none: it has no place of its own.
    if (afterId === 0n && cleared !== undefined && !answer.add(cleared, 0n)) return answer.tooSmall()
    const [newest] = await this.#session.rows(`SELECT max(id) FROM ${rowTable(source.id)}`)
    const lastId = newest?.[0]
    if (typeof lastId !== 'bigint') return answer.done(afterId)
    const wanted = { table: rowTable(source.id), sinceScn, startScn, withDeleted: sinceScn > 0n }
    const upToId = least(lastId, afterId + IDS_LOOKED_AT)
    let place = afterId
    while (place < upToId) {
      const step = await addNextRows(this.#session, { ...wanted, afterId: place, upToId }, answer)
      if (step.kind === 'full') return step.place === afterId ? answer.tooSmall() : answer.more()
      place = step.kind === 'end' ? upToId : step.place
    }
    return place >= lastId ? answer.done(lastId) : answer.more(place)
  }

  async #log(question: LogQuestion): Promise<StoreAnswer> {
    const { source: name, afterOrdinal, startScn, targetScn, sinceScn, maxBytes, maxRows } = question
    const source = await this.#served(question)
    if (startScn < source.logStartScn) throw new StoreLogPurgedError(name, startScn, source.logStartScn)
    const answer = new AnswerBytes(maxBytes, maxRows)
    const from = startScn < sinceScn ? sinceScn : startScn + 1n
    let place = afterOrdinal
    for (;;) {
      const pieces = await this.#pieces(source, from, targetScn, place)
      for (const [firstOrdinal, bytes] of pieces) {
        const view = new EventView()
        let ordinal = firstOrdinal
        for (let offset = 0; offset < bytes.length; offset = view.end, ordinal++) {
          const { scn } = view.moveTo(bytes, offset)
          if (ordinal <= place || scn < from) continue
          if (scn > targetScn) return answer.done(place)
          if (!answer.add(bytes.subarray(offset, view.end), ordinal)) {
            return answer.rows === 0 ? answer.tooSmall() : answer.more()
          }
        }
        place = ordinal - 1n
      }
      if (pieces.length < PIECES_AT_ONCE) return answer.done(place)
    }
  }

  async #pieces(source: SourceRecord, from: bigint, target: bigint, after: bigint): Promise<readonly StoredRow[]> {
    return (await this.#session.rows(
      `SELECT first_ordinal, bytes FROM piece WHERE source_id = ? AND last_scn >= ? AND first_scn <= ?
       AND first_ordinal + row_count - 1 > ? ORDER BY last_scn, seq LIMIT ${PIECES_AT_ONCE}`,
      [source.id, from, target, after],
    )) as unknown as readonly StoredRow[]
  }

  async #served({ source: name, storeId, startScn, sinceScn }: Served): Promise<SourceRecord> {
    const source = await sourceRecord(this.#session, name)
    if (storeId !== undefined && storeId !== source.storeId) throw new StoreReplacedError(storeId, source.storeId)
    if (source.status !== 'ACTIVE') throw new StoreSourceNotServedError(name, source.status)
    const seededAt = source.seeding?.endScn ?? -1n
    if (startScn < seededAt) throw new SnapshotOutdatedError(name, startScn, seededAt)
    if (sinceScn > 0n && sinceScn < source.minScn) throw new StoreTooYoungError(name, sinceScn, source.minScn)
    return source
  }

  /** What one answer reads is of one moment. */
  #atOnce<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#session.transaction('reads', work))
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

type Served = Pick<SnapshotQuestion, 'source' | 'storeId' | 'startScn' | 'sinceScn'>

type StoredRow = readonly [place: bigint, bytes: Buffer]

/** The event that says that the table was emptied since. @throws StoreTooYoungError of who does not take it */
function clearedSince(source: SourceRecord, question: SnapshotQuestion): Buffer | undefined {
  const { sinceScn, startScn, takesSchemaChanges } = question
  const { clearedScn, clearedEvent, name } = source
  if (sinceScn <= 0n || sinceScn >= clearedScn || clearedScn > startScn) return undefined
  if (!takesSchemaChanges) throw new StoreTooYoungError(name, sinceScn, clearedScn)
  return clearedEvent
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function named(all: readonly SourceRecord[], name: string): SourceRecord {
  const found = all.find((source) => source.name === name)
  if (found !== undefined) return found
  throw new StoreSourceUnknownError(
    name,
    all.map((source) => source.name),
  )
}
