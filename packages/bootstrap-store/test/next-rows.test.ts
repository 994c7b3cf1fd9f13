import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { type StoreAnswer } from '../src/index.ts'
import { AnswerBytes } from '../src/answer-bytes.ts'
import { addNextRows, type RowsWanted } from '../src/sql/next-rows.ts'
import { type SqlSession } from '../src/sql/sql-session.ts'
import { makeRowTable, rowTable } from '../src/sql/store-tables.ts'
import { SqliteSession } from '../src/sqlite/sqlite-session.ts'

const ROWS = 1500
const WANTED = { table: rowTable(1n), upToId: 10_000n, sinceScn: 3n, startScn: 8n, withDeleted: false }
const draw = new SeededDraw(11)
const folder = newFolder('next-rows')
let session: SqliteSession

/** Rows whose bytes are no text: zeros, and what UTF-8 has not. */
beforeAll(async () => {
  session = new SqliteSession(join(folder, 'rows.db'), 'writes')
  await makeRowTable(session, 1n)
  session.run('BEGIN')
  for (let n = 0; n < ROWS; n++) {
    const bytes = Buffer.from(
      Array.from({ length: draw.below(60) }, () => [0, 0x80, 0xff, 0xc3, 65][draw.below(5)] ?? 0),
    )
    const values = [n + n * draw.below(2), Buffer.from(String(n)), draw.below(10), draw.below(4) === 0 ? 1 : 0, bytes]
    session.run(
      'INSERT OR IGNORE INTO row_1 (id, row_key, scn, is_deleted, seeding, bytes) VALUES (?, ?, ?, ?, 0, ?)',
      values,
    )
  }
  session.run('COMMIT')
})
afterAll(() => {
  session.close()
  removeFolder(folder)
})

/** The same connection of a home that has no way to join rows. */
const oneByOne: SqlSession = {
  get dialect() {
    return { ...session.dialect, joining: undefined }
  },
  run: (sql, parameters) => {
    session.run(sql, parameters)
  },
  rows: (sql, parameters) => session.rows(sql, parameters),
  transaction: (kind, work) => session.transaction(kind, work),
  close: () => undefined,
}

interface Read {
  /** Of all answers, one behind the other. */
  readonly bytes: Buffer
  readonly rows: number
  readonly end: StoreAnswer | undefined
}

/** All answers until the end, or until a row has no room, as a reader asks for them. */
async function readAll(by: SqlSession, wanted: Omit<RowsWanted, 'afterId'>, room: number, most: number): Promise<Read> {
  const pieces: Buffer[] = []
  let rows = 0
  for (let afterId = -1n; ;) {
    const answer = new AnswerBytes(room, most)
    let step = await addNextRows(by, { ...wanted, afterId }, answer)
    while (step.kind === 'more') step = await addNextRows(by, { ...wanted, afterId: step.place }, answer)
    const isStuck = step.kind === 'full' && step.place === afterId
    const given = answer.more(step.place)
    if (given.kind !== 'events' || given.bytes.length > room || given.rows > most) throw new Error('it has no room')
    pieces.push(given.bytes)
    rows += given.rows
    if (isStuck || step.kind === 'end')
      return { bytes: Buffer.concat(pieces), rows, end: isStuck ? answer.tooSmall() : undefined }
    afterId = step.place
  }
}

describe('rows that are read as one', () => {
  it.each([
    [100_000, Infinity],
    [1000, Infinity],
    [60, Infinity],
    [100_000, 1],
    [100_000, 7],
    [500, 7],
    [40, Infinity],
  ])('are what rows are that are read one by one, with room for %s bytes and %s rows', async (room, most) => {
    for (const withDeleted of [true, false]) {
      const wanted = { ...WANTED, withDeleted }
      expect(await readAll(session, wanted, room, most)).toEqual(await readAll(oneByOne, wanted, room, most))
    }
  })

  it('end with the last row', async () => {
    const all = await readAll(session, WANTED, 100_000, Infinity)
    expect(all.rows).toBeGreaterThan(512)
    expect(all.end).toBeUndefined()
    expect(await readAll(session, { ...WANTED, sinceScn: 11n }, 1000, Infinity)).toMatchObject({ rows: 0 })
  })
})
