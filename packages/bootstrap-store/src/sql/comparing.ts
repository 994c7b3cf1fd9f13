import { checkEvent, EventView } from '@aesop/event'
import {
  type LiveRows,
  type LiveRowsQuestion,
  type StoredComparison,
  type StoredDifference,
} from '../bootstrap-store.ts'
import { sourceRecord } from '../records.ts'
import { keyText, rowKeyOf } from '../row-key.ts'
import { type SqlSession } from './sql-session.ts'
import { rowTable } from './store-tables.ts'

/** Keys that are looked up in one statement. */
const KEYS_AT_ONCE = 64
/** Ids that are looked through before an answer goes out. */
const IDS_LOOKED_AT = 200_000n

type Stored = readonly [id: bigint, rowKey: Buffer, scn: bigint, isDeleted: bigint, bytes: Buffer]

interface Wanted {
  readonly index: number
  readonly rowKey: Buffer
  readonly value: Buffer
}

/** Looks up what stands for the keys of these events, and tells where it is not the same. SPEC.md, "What reads". */
export async function compareRows(session: SqlSession, name: string, bytes: Buffer): Promise<StoredComparison> {
  const state = await sourceRecord(session, name)
  const table = rowTable(state.id)
  const ids: bigint[] = []
  const differences: StoredDifference[] = []
  const all = wantedIn(bytes)
  for (let from = 0; from < all.length; from += KEYS_AT_ONCE) {
    const some = all.slice(from, from + KEYS_AT_ONCE)
    const stored = await rowsOf(session, table, some)
    for (const wanted of some) {
      const row = stored.get(wanted.rowKey.toString('latin1'))
      if (row !== undefined) ids.push(row[0])
      const found = row === undefined ? 'absent' : differenceOf(row, wanted.value)
      if (found === undefined) continue
      differences.push({ index: wanted.index, key: keyText(wanted.rowKey), found, scn: row?.[2] ?? -1n })
    }
  }
  return { state, ids, differences }
}

function wantedIn(bytes: Buffer): readonly Wanted[] {
  const all: Wanted[] = []
  const view = new EventView()
  for (let offset = 0; offset < bytes.length; offset = view.end) {
    view.moveTo(bytes, offset)
    all.push({ index: all.length, rowKey: rowKeyOf(view), value: view.value })
  }
  return all
}

async function rowsOf(
  session: SqlSession,
  table: string,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<string, Stored>> {
  const marks = new Array(wanted.length).fill('?').join(', ')
  const rows = (await session.rows(
    `SELECT id, row_key, scn, is_deleted, bytes FROM ${table} WHERE row_key IN (${marks})`,
    wanted.map(({ rowKey }) => rowKey),
  )) as unknown as readonly Stored[]
  return new Map(rows.map((row) => [row[1].toString('latin1'), row]))
}

/** Bytes that changed by themselves count whatever they say: nobody could be given them. */
function differenceOf(row: Stored, value: Buffer): StoredDifference['found'] | undefined {
  const [, , , isDeleted, bytes] = row
  if (!isWhole(row)) return 'damaged'
  if (isDeleted !== 0n) return 'deleted'
  return new EventView(bytes).value.equals(value) ? undefined : 'other'
}

function isWhole([, rowKey, scn, isDeleted, bytes]: Stored): boolean {
  try {
    const view = new EventView(bytes)
    if (view.length !== bytes.length) return false
    checkEvent(bytes, 0, bytes.length)
    return view.scn === scn && (view.opcode === 'DELETE') === (isDeleted !== 0n) && rowKeyOf(view).equals(rowKey)
  } catch {
    return false
  }
}

/** Rows that are not deleted, behind an id, of which some are left out by their SCN. */
export async function liveRows(session: SqlSession, question: LiveRowsQuestion): Promise<LiveRows> {
  const { source, afterId, atMostScn, maxRows } = question
  const state = await sourceRecord(session, source)
  const table = rowTable(state.id)
  const [newest] = await session.rows(`SELECT max(id) FROM ${table}`)
  const lastId = newest?.[0]
  if (typeof lastId !== 'bigint') return { state, rows: [], place: afterId, isDone: true }
  const upTo = afterId + IDS_LOOKED_AT
  const found = (await session.rows(
    `SELECT id, row_key FROM ${table} WHERE id > ? AND id <= ? AND is_deleted = 0 AND scn <= ? ORDER BY id LIMIT ${maxRows}`,
    [afterId, upTo, atMostScn],
  )) as unknown as readonly (readonly [id: bigint, rowKey: Buffer])[]
  const place = found.length < maxRows ? upTo : (found.at(-1)?.[0] ?? upTo)
  return { state, rows: found.map(([id, rowKey]) => ({ id, key: keyText(rowKey) })), place, isDone: place >= lastId }
}
