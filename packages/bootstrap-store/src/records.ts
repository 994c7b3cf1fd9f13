import { InvariantError } from '@aesop/kernel'
import {
  type SeedingState,
  SOURCE_STATUSES,
  type SourceState,
  type SourceStatus,
  type StreamState,
} from './bootstrap-store.ts'
import { StoreSourceUnknownError } from './errors.ts'
import { type SqlParameter, type SqlRow, type SqlSession } from './sql/sql-session.ts'

/** A stream as the store has it, with what only the store needs to know. */
export interface StreamRecord extends StreamState {
  readonly id: bigint
  readonly logSeq: bigint
  readonly appliedSeq: bigint
}

export interface SourceRecord extends SourceState {
  readonly id: bigint
  readonly stream: StreamRecord
  readonly clearedEvent: Buffer | undefined
  readonly nextOrdinal: bigint
  readonly sweptId: bigint
}

const STREAM = 't.id, t.name, t.scn_space, t.log_scn, t.log_seq, t.applied_scn, t.applied_seq, t.schema_change_id'
const SOURCE = `s.id, s.name, s.status, s.log_start_scn, s.min_scn, s.cleared_scn, s.cleared_event, s.next_ordinal,
  s.seeding, s.seed_start_scn, s.seed_end_scn, s.seed_cursor, s.seed_rows, s.seed_where, s.seed_swept_id, a.store_id`

export async function streamRecord(session: SqlSession, name: string): Promise<StreamRecord | undefined> {
  const [row] = await session.rows(`SELECT ${STREAM} FROM stream t WHERE t.name = ?`, [name])
  return row === undefined ? undefined : streamOf(row)
}

/** All of them, or those of one stream. */
export async function sourceRecords(session: SqlSession, stream?: string): Promise<readonly SourceRecord[]> {
  const select = `SELECT ${STREAM}, ${SOURCE} FROM source s JOIN stream t ON t.id = s.stream_id CROSS JOIN about a`
  const rows =
    stream === undefined
      ? await session.rows(`${select} ORDER BY s.id`)
      : await session.rows(`${select} WHERE t.name = ? ORDER BY s.id`, [stream])
  return rows.map(sourceOf)
}

/** @throws StoreSourceUnknownError */
export async function sourceRecord(session: SqlSession, name: string): Promise<SourceRecord> {
  const all = await sourceRecords(session)
  const found = all.find((source) => source.name === name)
  if (found !== undefined) return found
  throw new StoreSourceUnknownError(
    name,
    all.map((source) => source.name),
  )
}

/** Sets columns of one row of `stream` or `source`. */
export async function update(
  session: SqlSession,
  table: 'stream' | 'source',
  id: bigint,
  columns: Readonly<Record<string, SqlParameter>>,
): Promise<void> {
  const names = Object.keys(columns)
  const assignments = names.map((name) => `${name} = ?`).join(', ')
  await session.run(`UPDATE ${table} SET ${assignments} WHERE id = ?`, [...Object.values(columns), id])
}

function streamOf(row: SqlRow): StreamRecord {
  const [id, name, scnSpace, logScn, logSeq, appliedScn, appliedSeq, schemaChangeId] = row as [
    bigint,
    string,
    string | null,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  return {
    id,
    name,
    scnSpace: scnSpace ?? undefined,
    logScn,
    logSeq,
    appliedScn,
    appliedSeq,
    schemaChangeId: Number(schemaChangeId),
  }
}

const STREAM_COLUMNS = 8

function statusOf(number: number): SourceStatus {
  const found = Object.entries(SOURCE_STATUSES).find(([, known]) => known === number)
  if (found === undefined) throw new InvariantError(`a source has the status ${number}`)
  return found[0] as SourceStatus
}

function sourceOf(row: SqlRow): SourceRecord {
  const [id, name, status, logStartScn, minScn, clearedScn, clearedEvent, nextOrdinal, ...seeding] = row.slice(
    STREAM_COLUMNS,
  ) as [bigint, string, bigint, bigint, bigint, bigint, Buffer | null, bigint, ...SqlRow]
  return {
    id,
    name,
    storeId: seeding[7] as string,
    stream: streamOf(row),
    status: statusOf(Number(status)),
    logStartScn,
    minScn,
    clearedScn,
    clearedEvent: clearedEvent ?? undefined,
    nextOrdinal,
    seeding: seedingOf(seeding),
    sweptId: seeding[6] as bigint,
  }
}

function seedingOf(row: SqlRow): SeedingState | undefined {
  const [number, startScn, endScn, cursor, rows, where, sweptId] = row as [
    bigint,
    bigint,
    bigint,
    string | null,
    bigint,
    string | null,
    bigint,
  ]
  if (number === 0n) return undefined
  return {
    number: Number(number),
    startScn,
    endScn,
    cursor: cursor ?? undefined,
    rows,
    isRead: sweptId >= 0n,
    where: where ?? undefined,
  }
}
