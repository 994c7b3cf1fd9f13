import { type LogLimits } from '../bootstrap-store.ts'
import { sourceRecord, streamRecord, update } from '../records.ts'
import { type SqlSession } from './sql-session.ts'
import { rowTable } from './store-tables.ts'

/** Pieces that leave in one transaction. */
const PIECES_AT_ONCE = 64

/** One step: pieces of the oldest log of a stream where a limit is passed with it. @returns false: there was none to drop */
export function purgeLog(session: SqlSession, name: string, limits: LogLimits, nowMs: number): Promise<boolean> {
  return session.transaction('writes', async () => {
    const stream = await streamRecord(session, name)
    if (stream === undefined) return false
    const rows = await session.rows(
      'SELECT id, last_scn, byte_count, begun_ms FROM log WHERE stream_id = ? ORDER BY id',
      [stream.id],
    )
    const logs = (rows as readonly (readonly [bigint, bigint, bigint, bigint])[]).map(
      ([id, lastScn, bytes, begunMs]) => ({
        id,
        lastScn,
        bytes: Number(bytes),
        begunMs: Number(begunMs),
      }),
    )
    const [oldest, next] = logs
    // The newest log is written to; a log ends where the next one begins.
    if (oldest === undefined || next === undefined || !isPassed(logs, next.begunMs, limits, nowMs)) return false
    if (oldest.lastScn >= stream.appliedScn) return false
    const [open] = await session.rows('SELECT max(seq) FROM piece WHERE log_id = ?', [oldest.id])
    if (typeof open?.[0] === 'bigint' && open[0] > stream.appliedSeq) return false
    await dropPieces(session, oldest.id)
    await session.run('UPDATE source SET log_start_scn = ? WHERE stream_id = ? AND log_start_scn < ?', [
      oldest.lastScn,
      stream.id,
      oldest.lastScn,
    ])
    return true
  })
}

/** The log goes with the last of them: until then its bytes count. */
async function dropPieces(session: SqlSession, logId: bigint): Promise<void> {
  const [upTo] = await session.rows(
    `SELECT max(seq) FROM (SELECT seq FROM piece WHERE log_id = ? ORDER BY seq LIMIT ${PIECES_AT_ONCE}) looked`,
    [logId],
  )
  await session.run('DELETE FROM piece WHERE log_id = ? AND seq <= ?', [logId, upTo?.[0] ?? 0])
  const [left] = await session.rows('SELECT max(seq) FROM piece WHERE log_id = ?', [logId])
  if (typeof left?.[0] !== 'bigint') await session.run('DELETE FROM log WHERE id = ?', [logId])
}

function isPassed(
  logs: readonly { readonly bytes: number }[],
  endedMs: number,
  { maxBytes, maxLogs, maxAgeMs }: LogLimits,
  nowMs: number,
): boolean {
  const bytes = logs.reduce((sum, log) => sum + log.bytes, 0)
  const isTooMuch = maxBytes !== undefined && bytes > maxBytes
  const areTooMany = maxLogs !== undefined && logs.length > maxLogs
  return isTooMuch || areTooMany || (maxAgeMs !== undefined && nowMs - endedMs > maxAgeMs)
}

/** One step: looks at the next rows. minScn rises first: nobody may miss a tombstone that is gone. @returns the id of the last one; undefined: it is done */
export function purgeTombstones(
  session: SqlSession,
  name: string,
  belowScn: bigint,
  afterId: bigint,
  maxRows: number,
): Promise<bigint | undefined> {
  return session.transaction('writes', async () => {
    const source = await sourceRecord(session, name)
    // A tombstone keeps out the row of a chunk that was read before the delete.
    if (source.status === 'SEEDING') return undefined
    const table = rowTable(source.id)
    if (source.minScn < belowScn) await update(session, 'source', source.id, { min_scn: belowScn })
    const [upTo] = await session.rows(
      `SELECT max(id) FROM (SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT ${maxRows}) looked`,
      [afterId],
    )
    const last = upTo?.[0]
    if (typeof last !== 'bigint') return undefined
    await session.run(`DELETE FROM ${table} WHERE id > ? AND id <= ? AND is_deleted = 1 AND scn < ?`, [
      afterId,
      last,
      belowScn,
    ])
    return last
  })
}
