import { deletedCopy, EventView } from '@aesop/event'
import { type Chunk, type SeedingState, type SourceState } from '../bootstrap-store.ts'
import { type SourceRecord, sourceRecord, update } from '../records.ts'
import { eachEvent, RowEntry } from '../stored-rows.ts'

import { type SqlSession } from './sql-session.ts'
import { rowTable } from './store-tables.ts'

const { SEEDING, SEEDING_CATCHUP, ACTIVE } = { SEEDING: 2, SEEDING_CATCHUP: 3, ACTIVE: 4 }

/** Of a source whose chunks are still to come, in the place of the id up to which it was swept. */
const NOT_READ = -1n

/** Whether each delete since its minScn is there: before its first seeding, and after a gap, none is known. */
function wasWhole({ status, seeding }: SourceRecord): boolean {
  return status === 'ACTIVE' || (seeding !== undefined && ['NEW', 'SEEDING', 'SEEDING_CATCHUP'].includes(status))
}

/** Begins a seeding, or goes on with the one that is under way where it has the same condition. */
export function beginSeeding(
  session: SqlSession,
  name: string,
  where: string | undefined,
  isAnew = false,
): Promise<SourceState> {
  return session.transaction('writes', async () => {
    const source = await sourceRecord(session, name)
    const { seeding, status, stream } = source
    if (status === 'SEEDING' && seeding?.where === where && !isAnew) return source
    await update(session, 'source', source.id, {
      status: SEEDING,
      seeding: (seeding?.number ?? 0) + 1,
      seed_start_scn: stream.appliedScn,
      seed_end_scn: -1,
      seed_cursor: null,
      seed_rows: 0,
      seed_where: where ?? null,
      seed_swept_id: NOT_READ,
      // Deletes of before are known only where the picture was whole.
      ...(wasWhole(source) ? {} : { min_scn: stream.appliedScn }),
    })
    return sourceRecord(session, name)
  })
}

export function putChunk(session: SqlSession, name: string, chunk: Chunk): Promise<'entered' | 'early' | 'void'> {
  return session.transaction('writes', async () => {
    const source = await sourceRecord(session, name)
    const { seeding } = source
    if (source.status !== 'SEEDING' || seeding === undefined) return 'void'
    // Its commit was lost on the way to who waited for it.
    if (seeding.isRead || (chunk.next !== undefined && seeding.cursor === chunk.next)) return 'entered'
    if (source.stream.appliedScn < chunk.visibleScn) return 'early'
    const entry = new RowEntry(session, rowTable(source.id), BigInt(seeding.number))
    let rows = 0n
    // What it has of before the table was emptied is gone; what it saw beyond, the stream has brought.
    const isCleared = chunk.atScn < source.clearedScn
    await eachEvent(chunk.bytes, (view) => {
      rows++
      return isCleared ? undefined : entry.add(view)
    })
    await entry.flush()
    await update(session, 'source', source.id, {
      seed_cursor: chunk.next ?? null,
      seed_swept_id: chunk.next === undefined ? 0 : NOT_READ,
      seed_rows: seeding.rows + rows,
      seed_end_scn: seeding.endScn > chunk.atScn ? seeding.endScn : chunk.atScn,
    })
    return 'entered'
  })
}

/**
 * One step of the end: looks at the next rows for those that no chunk had.
 */
export function endSeeding(session: SqlSession, name: string, maxRows: number): Promise<'done' | 'more' | 'void'> {
  return session.transaction('writes', async () => {
    const source = await sourceRecord(session, name)
    const { seeding } = source
    if (source.status !== 'SEEDING' || seeding === undefined) return 'void'
    if (seeding.where === undefined) {
      const last = await sweep(session, source, seeding, maxRows)
      if (last !== undefined) {
        await update(session, 'source', source.id, { seed_swept_id: last })
        return 'more'
      }
    }
    const isCaughtUp = source.stream.appliedScn >= seeding.endScn
    await update(session, 'source', source.id, { status: isCaughtUp ? ACTIVE : SEEDING_CATCHUP })
    return 'done'
  })
}

/** @returns the id of the last row that was looked at; undefined: there was none */
async function sweep(
  session: SqlSession,
  source: SourceRecord,
  seeding: SeedingState,
  maxRows: number,
): Promise<bigint | undefined> {
  const table = rowTable(source.id)
  const sweptId = seeding.isRead ? source.sweptId : 0n
  const [upTo] = await session.rows(
    `SELECT max(id) FROM (SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT ${maxRows}) looked`,
    [sweptId],
  )
  const last = upTo?.[0]
  if (typeof last !== 'bigint') return undefined
  const missed = await session.rows(
    `SELECT id, bytes FROM ${table} WHERE id > ? AND id <= ? AND seeding <> ? AND scn <= ? AND is_deleted = 0`,
    [sweptId, last, seeding.number, seeding.startScn],
  )
  for (const [id, bytes] of missed as readonly (readonly [bigint, Buffer])[]) {
    const tombstone = deletedCopy(new EventView(bytes), seeding.endScn)
    await session.run(`UPDATE ${table} SET scn = ?, is_deleted = 1, bytes = ? WHERE id = ?`, [
      seeding.endScn,
      tombstone,
      id,
    ])
  }
  return last
}
