import { type EventView, type SchemaChangeKind } from '@aesop/event'
import { SOURCE_STATUSES, type StreamState } from '../bootstrap-store.ts'
import { type SourceRecord, sourceRecords, type StreamRecord, streamRecord, update } from '../records.ts'
import { clearsTable, schemaChangeKindOf } from '../schema-change-kind.ts'
import { eachEvent, RowEntry } from '../stored-rows.ts'
import { type SqlSession } from './sql-session.ts'
import { rowTable } from './store-tables.ts'

/** Pieces that are looked at in one statement. */
const PIECES_AT_ONCE = 16

type PieceRow = readonly [seq: bigint, sourceId: bigint, endScn: bigint, bytes: Buffer]

/** Brings pieces of a stream into the snapshot tables, about `maxBytes` of them, in one transaction. */
export async function applyPieces(
  session: SqlSession,
  name: string,
  maxBytes: number,
): Promise<StreamState | undefined> {
  return session.transaction('writes', async () => {
    const stream = await streamRecord(session, name)
    if (stream === undefined || stream.appliedSeq === stream.logSeq) return stream && settled(session, stream)
    const sources = new Map((await sourceRecords(session, name)).map((source) => [source.id, source]))
    let { appliedScn, appliedSeq } = stream
    for (let bytes = 0; bytes < maxBytes && appliedSeq < stream.logSeq;) {
      const pieces = await nextPieces(session, stream, appliedSeq)
      for (const [seq, sourceId, endScn, piece] of pieces) {
        const source = sources.get(sourceId)
        if (source !== undefined) await applyPiece(session, source, piece)
        appliedSeq = seq
        if (endScn >= 0n) appliedScn = endScn
        bytes += piece.length
      }
      if (pieces.length === 0) appliedSeq = stream.logSeq
    }
    return settled(session, { ...stream, appliedScn, appliedSeq })
  })
}

/** Windows without rows are applied with the piece before them. */
async function settled(session: SqlSession, stream: StreamRecord): Promise<StreamState> {
  const appliedScn = stream.appliedSeq === stream.logSeq ? stream.logScn : stream.appliedScn
  await update(session, 'stream', stream.id, { applied_scn: appliedScn, applied_seq: stream.appliedSeq })
  await session.run('UPDATE source SET status = 4 WHERE stream_id = ? AND status = 3 AND seed_end_scn <= ?', [
    stream.id,
    appliedScn,
  ])
  return { ...stream, appliedScn }
}

async function nextPieces(session: SqlSession, stream: StreamRecord, after: bigint): Promise<readonly PieceRow[]> {
  const rows = await session.rows(
    `SELECT seq, source_id, end_scn, bytes FROM piece WHERE stream_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ${PIECES_AT_ONCE}`,
    [stream.id, after, stream.logSeq],
  )
  return rows as unknown as readonly PieceRow[]
}

/** What a TRUNCATE or DROP leaves behind is what comes after it. */
async function applyPiece(session: SqlSession, source: SourceRecord, bytes: Buffer): Promise<void> {
  const table = rowTable(source.id)
  const entry = new RowEntry(session, table, undefined)
  await eachEvent(bytes, (view) => {
    if (view.sourceId !== source.stream.schemaChangeId) return entry.add(view)
    return changed(session, source, entry, view)
  })
  await entry.flush()
}

/** What happens to a table may change rows of which no event tells: then it is seeded again. */
function changed(
  session: SqlSession,
  source: SourceRecord,
  entry: RowEntry,
  view: EventView,
): Promise<void> | undefined {
  const kind = schemaChangeKindOf(view)
  if (clearsTable(kind)) return clear(session, source, entry, view)
  const after = kind === undefined ? undefined : STATUS_AFTER[kind]
  if (after === undefined) return undefined
  const { status, keeps } = after
  const stays = keeps.length === 0 ? '' : ` AND status NOT IN (${keeps.join(', ')})`
  return session.run(`UPDATE source SET status = ? WHERE id = ?${stays}`, [status, source.id]) ?? undefined
}

interface StatusAfter {
  readonly status: number
  /** What it stays at where it is that. */
  readonly keeps: readonly number[]
}

const { NEW, INACTIVE, FELL_OFF_RELAY } = SOURCE_STATUSES
/** Behind a gap not all deletes are known, whatever comes then; one that is not to be served waits for people, or for its release. */
const CHANGED: StatusAfter = { status: NEW, keeps: [INACTIVE, FELL_OFF_RELAY] }

/**
 * ALTER and RENAME: its rows may be others now, and all deletes are known. RELEASED and PASSED_OVER: there is a gap. QUARANTINED:
 * it can't be known until it is released.
 */
const STATUS_AFTER: Partial<Record<SchemaChangeKind, StatusAfter>> = {
  ALTER: CHANGED,
  RENAME: CHANGED,
  RELEASED: { status: FELL_OFF_RELAY, keeps: [] },
  PASSED_OVER: { status: FELL_OFF_RELAY, keeps: [INACTIVE] },
  QUARANTINED: { status: INACTIVE, keeps: [] },
}

async function clear(session: SqlSession, source: SourceRecord, entry: RowEntry, view: EventView): Promise<void> {
  entry.forget()
  await session.run(`DELETE FROM ${rowTable(source.id)}`)
  const { scn } = view
  const event = Buffer.from(view.bytes.subarray(view.offset, view.end))
  await update(session, 'source', source.id, { cleared_scn: scn, cleared_event: event })
}
