import { InvariantError } from '@aesop/kernel'
import { streamRecord } from '../records.ts'
import { type SqlSession } from './sql-session.ts'

/** What comes sooner after the last note is not kept. */
const BETWEEN_MS = 3_600_000

/** Notes that a stream was applied up to its appliedScn by now. */
export function noteTime(session: SqlSession, name: string, nowMs: number): Promise<void> {
  return session.transaction('writes', async () => {
    const stream = await streamRecord(session, name)
    if (stream === undefined) throw new InvariantError(`the stream "${name}" was not declared`)
    const { id, appliedScn } = stream
    const [last] = await session.rows('SELECT max(at_ms) FROM reached WHERE stream_id = ?', [id])
    const lastMs = last?.[0]
    if (appliedScn < 0n || (typeof lastMs === 'bigint' && nowMs - Number(lastMs) < BETWEEN_MS)) return
    await session.run('INSERT INTO reached (stream_id, scn, at_ms) VALUES (?, ?, ?)', [id, appliedScn, nowMs])
  })
}

/** What was applied at a time; of older notes the newest one stays. */
export function scnReachedBefore(session: SqlSession, name: string, ms: number): Promise<bigint | undefined> {
  return session.transaction('writes', async () => {
    const stream = await streamRecord(session, name)
    if (stream === undefined) return undefined
    const [row] = await session.rows(
      'SELECT scn, at_ms FROM reached WHERE stream_id = ? AND at_ms <= ? ORDER BY at_ms DESC LIMIT 1',
      [stream.id, Math.floor(ms)],
    )
    if (row === undefined) return undefined
    const [scn, atMs] = row as [bigint, bigint]
    await session.run('DELETE FROM reached WHERE stream_id = ? AND at_ms < ?', [stream.id, atMs])
    return scn
  })
}
