import { type Quarantine } from '@aesop/checkpoint'
import { MemorySchemaRegistry } from '@aesop/schema'
import { silentLogger } from '@aesop/kernel'
import { mysqlSource } from '@aesop/producer-mysql'
import { expect, it } from 'vitest'
import { ShapeHistory } from '../src/shape/shape-history.ts'
import { ChunkTables } from '../src/snapshot/chunk-tables.ts'
import { LiveLog } from '../src/snapshot/live-log.ts'
import { SourceTables } from '../src/table/source-tables.ts'

const leftOut: Quarantine = {
  source: 'shop.book',
  scn: 70n,
  fromScn: 69n,
  ordinal: 3,
  code: 'AESOP_MYSQL_COLUMN_UNSUPPORTED',
  reason: 'a column of an unknown type',
  fields: {},
  rows: 5,
  uncountedEvents: 0,
  countedScn: 80n,
}

it('refuses a table whose rows are left out of the stream, until it is released', () => {
  let quarantines: Quarantine[] = [leftOut]
  const physicalSource = mysqlSource({ uri: 'mysql://h', name: 'shop', sources: ['shop.book', 'shop.author'] })
  const sourceTables = new SourceTables(physicalSource.sources)
  const tables = new ChunkTables({
    physicalSource,
    schemas: new MemorySchemaRegistry(),
    mappers: new Map(),
    sourceTables,
    shapes: new ShapeHistory(undefined, true, sourceTables.all, silentLogger),
    live: new LiveLog(() => undefined, { stillMs: 10, atMostMs: 10 }),
    quarantines: () => quarantines,
  })
  expect(() => tables.sourceOf('shop.book')).toThrow(
    /left out of the stream from SCN 70 on: a column of an unknown type/,
  )
  expect(tables.sourceOf('shop.author')).toMatchObject({ name: 'shop.author' })
  expect(() => tables.sourceOf('shop.pen')).toThrow(/shop captures shop.book, shop.author/)
  quarantines = [{ ...leftOut, untilScn: 90n }]
  expect(tables.sourceOf('shop.book')).toMatchObject({ name: 'shop.book' })
})

it('says by name that a source does not come to a place in time', async () => {
  const live = new LiveLog(
    () => ({ scn: 5n, file: 'log.000002', position: 40, generation: 0, serverIdentity: 'a', gtids: undefined }),
    { stillMs: 20, atMostMs: 10_000 },
  )
  const { signal } = new AbortController()
  const begun = await live.now('shop.book', signal)
  await expect(live.reached('shop.book', { file: 'log.000002', position: 40 }, begun, signal)).resolves.toEqual(begun)
  await expect(live.reached('shop.book', { file: 'log.000001', position: 99 }, begun, signal)).resolves.toEqual(begun)
  await expect(live.reached('shop.book', { file: 'log.000002', position: 41 }, begun, signal)).rejects.toMatchObject({
    code: 'AESOP_SNAPSHOT_BEHIND',
    fields: { wanted: 'log.000002:41', reached: 'log.000002:40' },
  })
})

it('waits for a source that is far behind as long as it goes on, within a bound', async () => {
  let position = 40
  const stateNow = () => ({ scn: 5n, file: 'log.000002', position: position++, generation: 0 })
  const state = () => ({ ...stateNow(), serverIdentity: 'a', gtids: undefined })
  const { signal } = new AbortController()
  const patient = new LiveLog(state, { stillMs: 1, atMostMs: 10_000 })
  const begun = await patient.now('shop.book', signal)
  const wanted = { file: 'log.000002', position: 60 }
  await expect(patient.reached('shop.book', wanted, begun, signal)).resolves.toMatchObject({ scn: 5n })
  const far = { file: 'log.000002', position: 1_000_000 }
  const bounded = new LiveLog(state, { stillMs: 10_000, atMostMs: 50 })
  await expect(bounded.reached('shop.book', far, begun, signal)).rejects.toMatchObject({
    code: 'AESOP_SNAPSHOT_BEHIND',
  })
})

it('reads a chunk again when another server, or another generation of its log, is read meanwhile', async () => {
  const begun = { scn: 5n, file: 'log.000002', position: 40, generation: 0, serverIdentity: 'a', gtids: undefined }
  const { signal } = new AbortController()
  for (const change of [
    { generation: 1, serverIdentity: 'b' },
    { serverIdentity: 'b', position: 50 },
  ]) {
    const live = new LiveLog(() => ({ ...begun, ...change }), { stillMs: 20, atMostMs: 20 })
    await expect(
      live.reached('shop.book', { file: 'log.000002', position: 50 }, begun, signal),
    ).resolves.toBeUndefined()
  }
})

it('knows the changes of a table behind a place, also when an older place is read again', () => {
  const book = { database: 'shop', table: 'book' }
  const at = (position: number) => ({ generation: 0, fileNumber: 1, position })
  const shapes = new ShapeHistory(undefined, true, [book], silentLogger)
  expect(shapes.changedAfter(book, at(4))).toBe(false)
  shapes.end([book], at(100))
  shapes.end([book], at(50))
  expect([4, 99, 100, 101].map((position) => shapes.changedAfter(book, at(position)))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(shapes.changedAfter({ ...book, table: 'pen' }, at(4))).toBe(false)
})
