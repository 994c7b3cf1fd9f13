import { InvariantError } from '@aesop/kernel'
import { type AnswerBytes } from '../answer-bytes.ts'
import { type JoinedRows } from './sql-dialect.ts'
import { type SqlSession } from './sql-session.ts'

/** Rows that are got in one statement. */
const ROWS_AT_ONCE = 512

export interface RowsWanted {
  readonly table: string
  readonly afterId: bigint
  readonly upToId: bigint
  /** Both ends are wanted. */
  readonly sinceScn: bigint
  readonly startScn: bigint
  readonly withDeleted: boolean
}

/** How far an answer has come: `end`: there are no further rows; `full`: the next one has no room. */
export interface Step {
  readonly place: bigint
  readonly kind: 'more' | 'end' | 'full'
}

/** Adds the next rows to an answer, some hundreds at most. */
export function addNextRows(session: SqlSession, wanted: RowsWanted, answer: AnswerBytes): Promise<Step> {
  const { joining } = session.dialect
  return joining === undefined
    ? addOneByOne(session, wanted, ROWS_AT_ONCE, answer)
    : addJoined(session, joining, wanted, answer)
}

async function addOneByOne(session: SqlSession, wanted: RowsWanted, most: number, answer: AnswerBytes): Promise<Step> {
  const rows = await session.rows(selectOf(wanted), [...boundsOf(wanted), most])
  let place = wanted.afterId
  for (const [id, bytes] of rows as readonly (readonly [bigint, Buffer])[]) {
    if (!answer.add(bytes, id)) return { place, kind: 'full' }
    place = id
  }
  return { place, kind: rows.length < most ? 'end' : 'more' }
}

/** The same as one value. Where rows are left over the answer is full, though a few of them might still have room. */
async function addJoined(
  session: SqlSession,
  joining: JoinedRows,
  wanted: RowsWanted,
  answer: AnswerBytes,
): Promise<Step> {
  const most = Math.min(ROWS_AT_ONCE, answer.roomRows)
  const fits = await fitting(session, joining, wanted, most, answer.roomBytes)
  // The next row alone says how much room it needs, or that there is none.
  if (fits === undefined) return addOneByOne(session, wanted, 1, answer)
  const { lastId, rows } = fits
  const bounds = boundsOf({ ...wanted, upToId: lastId })
  const [joined] = await session.rows(joining.joined(selectOf(wanted)), [...bounds, most])
  const [count, length, bytes] = joined as readonly [bigint, bigint, Buffer]
  if (count !== BigInt(rows) || length !== BigInt(bytes.length))
    throw new InvariantError(`${rows} rows that are read as one are ${count} of ${bytes.length} bytes`)
  answer.addAll(bytes, rows, lastId)
  if (fits.areSome) return { place: lastId, kind: 'full' }
  return { place: lastId, kind: rows < most ? 'end' : 'more' }
}

interface Fitting {
  readonly lastId: bigint
  readonly rows: number
  /** Others were looked at that have no room with them. */
  readonly areSome: boolean
}

/** About as many of the next rows as have room; undefined: not one, or there is none. */
async function fitting(
  session: SqlSession,
  joining: JoinedRows,
  wanted: RowsWanted,
  most: number,
  room: number,
): Promise<Fitting | undefined> {
  for (let limit = most; limit >= 1;) {
    const [looked] = await session.rows(joining.lengths(selectOf(wanted)), [...boundsOf(wanted), limit])
    const [lastId, rows, length] = looked as readonly [bigint | null, bigint, bigint | null]
    if (lastId === null || length === null) return undefined
    if (length <= room) return { lastId, rows: Number(rows), areSome: limit < most }
    limit = Math.floor((Number(rows) * room) / Number(length))
  }
  return undefined
}

function selectOf({ table, withDeleted }: RowsWanted): string {
  const ofRows = withDeleted ? '' : ' AND is_deleted = 0'
  return `SELECT id, bytes FROM ${table} WHERE id > ? AND id <= ? AND scn >= ? AND scn <= ?${ofRows} ORDER BY id LIMIT ?`
}

function boundsOf({ afterId, upToId, sinceScn, startScn }: RowsWanted): bigint[] {
  return [afterId, upToId, sinceScn, startScn]
}
