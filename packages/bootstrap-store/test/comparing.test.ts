import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID } from '../../../test/support/stored-events.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { SqlStoreReader } from '../src/sql/sql-store-reader.ts'
import { SqlStoreWriter } from '../src/sql/sql-store-writer.ts'
import { openTables } from '../src/sql/store-tables.ts'
import { SqliteSession } from '../src/sqlite/sqlite-session.ts'

const LONG = 'x'.repeat(1500)

it('tells of each row whether it stands in the store, and how not, and lists what is not deleted', async () => {
  const folder = newFolder('comparing')
  const path = join(folder, 'bootstrap.db')
  const session = new SqliteSession(path, 'writes')
  await openTables(session, path)
  const writer = new SqlStoreWriter(session, {})
  const reader = new SqlStoreReader(new SqliteSession(path, 'reads'))
  onTestFinished(async () => {
    await writer.close()
    await reader.close()
    removeFolder(folder)
  })
  const source = 'shop.item'
  await writer.declare({ name: 'shop', sources: [source], schemaChangeId: SCHEMA_CHANGE_ID })
  const many = Array.from({ length: 100 }, (_, key) => eventOf({ scn: 10n, key: BigInt(key), value: `row ${key}` }))
  const changed = [eventOf({ scn: 10n, key: LONG, value: 'long' }), eventOf({ scn: 20n, key: 7n })]
  const pieces = [pieceOf(source, [...many, ...changed])]
  await writer.writeWindows('shop', { scnSpace: 'space', pieces, endScn: 20n })
  await writer.apply('shop', 1 << 20)

  const byHand = (key: number, columns: string, ...values: readonly (bigint | Buffer)[]): void => {
    const rowKey = Buffer.concat([Buffer.of(0), eightBytes(key)])
    session.run(`UPDATE row_1 SET ${columns} WHERE row_key = ?`, [...values, rowKey])
  }
  const flipped = Buffer.from(many[3] ?? '')
  flipped[flipped.length - 1] = 0
  byHand(3, 'bytes = ?', flipped)
  byHand(4, 'bytes = ?', Buffer.of(7))
  byHand(5, 'scn = ?', 11n)
  byHand(6, 'is_deleted = 1')
  byHand(8, 'bytes = ?', eventOf({ scn: 10n, key: 9n, value: 'row 8' }))
  byHand(9, 'row_key = ?', Buffer.concat([Buffer.of(0), eightBytes(999)]))

  const asked = [
    ...many.slice(0, 90),
    eventOf({ scn: 30n, key: 90n, value: 'another' }),
    eventOf({ scn: 30n, key: LONG, value: 'long' }),
    eventOf({ scn: 30n, key: 'nobody', value: 'has it' }),
  ]
  const { state, ids, differences } = await reader.compare({ source, bytes: Buffer.concat(asked) })
  expect(state).toMatchObject({ name: source, stream: { appliedScn: 20n } })
  expect(ids).toHaveLength(asked.length - 2)
  expect(differences.map(({ index, key, found, scn }) => [index, key, found, scn])).toEqual([
    [3, '3', 'damaged', 10n],
    [4, '4', 'damaged', 10n],
    [5, '5', 'damaged', 11n],
    [6, '6', 'damaged', 10n],
    [7, '7', 'deleted', 20n],
    [8, '8', 'damaged', 10n],
    [9, '9', 'absent', -1n],
    [90, '90', 'other', 10n],
    [92, 'nobody', 'absent', -1n],
  ])

  const live: string[] = []
  let afterId = 0n
  for (let isOver = false; !isOver;) {
    const some = await reader.liveRows({ source, afterId, atMostScn: 10n, maxRows: 40 })
    live.push(...some.rows.map(({ key }) => key))
    ;({ place: afterId, isDone: isOver } = some)
  }
  // Without those that are deleted, or were to stand above it.
  const kept = many.map((_, key) => (key === 9 ? '999' : String(key))).filter((key) => !['5', '6', '7'].includes(key))
  expect(live).toEqual([...kept, LONG.slice(0, 1024)])
})

function eightBytes(key: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(key))
  return bytes
}
