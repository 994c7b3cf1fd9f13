import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkEvent, EventView } from '@aesop/event'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Chunk, type Piece, type SourceState, type StoreAnswer } from '../src/index.ts'
import { SqlStoreReader } from '../src/sql/sql-store-reader.ts'
import { SqlStoreWriter } from '../src/sql/sql-store-writer.ts'
import { openTables } from '../src/sql/store-tables.ts'
import { SqliteSession } from '../src/sqlite/sqlite-session.ts'
import {
  type Change,
  eventOf,
  pieceOf,
  SCHEMA_CHANGE_ID,
  schemaChangeOf,
  told,
} from '../../../test/support/stored-events.ts'

const BOUNDS = { bytes: 1000, ms: 3_600_000 }
const ALL = 1 << 20

let folder: string
let writer: SqlStoreWriter
let reader: SqlStoreReader
let nowMs = 0

async function open(): Promise<void> {
  const path = join(folder, 'bootstrap.db')
  const session = new SqliteSession(path, 'writes')
  await openTables(session, path)
  writer = new SqlStoreWriter(session, BOUNDS, () => nowMs)
  reader = new SqlStoreReader(new SqliteSession(path, 'reads'))
  await writer.declare({ name: 'shop', sources: ['shop.item', 'shop.order'], schemaChangeId: SCHEMA_CHANGE_ID })
}

async function close(): Promise<void> {
  await writer.close()
  await reader.close()
}

beforeEach(async () => {
  nowMs = 0
  folder = mkdtempSync(join(tmpdir(), 'aesop-store-'))
  await open()
})
afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

const item = (...changes: readonly Change[]): Piece =>
  pieceOf(
    'shop.item',
    changes.map((change) => eventOf(change)),
  )

async function write(endScn: bigint | undefined, ...pieces: readonly Piece[]): Promise<boolean> {
  return writer.writeWindows('shop', { scnSpace: 'space-1', pieces, endScn })
}

async function applyAll(): Promise<bigint> {
  return (await writer.apply('shop', ALL)).appliedScn
}

async function state(source = 'shop.item'): Promise<SourceState> {
  const [found] = await reader.states([source])
  if (found === undefined) throw new Error('no state')
  return found
}

const snapshot = (
  more: Partial<{
    afterId: bigint
    startScn: bigint
    sinceScn: bigint
    maxBytes: number
    takesSchemaChanges: boolean
  }> = {},
): Promise<StoreAnswer> =>
  reader.snapshot({
    source: 'shop.item',
    afterId: 0n,
    startScn: 1000n,
    sinceScn: 0n,
    maxBytes: ALL,
    takesSchemaChanges: true,
    ...more,
  })

const log = (
  more: Partial<{ afterOrdinal: bigint; startScn: bigint; targetScn: bigint; sinceScn: bigint; maxBytes: number }> = {},
): Promise<StoreAnswer> =>
  reader.log({
    source: 'shop.item',
    afterOrdinal: 0n,
    startScn: -1n,
    targetScn: 1000n,
    sinceScn: 0n,
    maxBytes: ALL,
    ...more,
  })

function texts(answer: StoreAnswer): readonly string[] {
  if (answer.kind !== 'events') throw new Error(`the answer is ${answer.kind}`)
  return told(answer.bytes)
}

const chunk = (atScn: bigint, rows: Readonly<Record<string, string>>, more: Partial<Chunk> = {}): Chunk => ({
  bytes: Buffer.concat(Object.entries(rows).map(([key, value]) => eventOf({ scn: atScn, key: BigInt(key), value }))),
  atScn,
  visibleScn: atScn,
  next: undefined,
  ...more,
})

async function seedWith(...chunks: readonly Chunk[]): Promise<void> {
  await writer.beginSeeding('shop.item', undefined)
  for (const each of chunks) expect(await writer.putChunk('shop.item', each)).toBe('entered')
  while ((await writer.endSeeding('shop.item', 2)) === 'more') continue
}

describe('the log', () => {
  it('begins another log after so many rows, at the end of a window', async () => {
    await close()
    const session = new SqliteSession(join(folder, 'bootstrap.db'), 'writes')
    writer = new SqlStoreWriter(session, { rows: 3 })
    reader = new SqlStoreReader(new SqliteSession(join(folder, 'bootstrap.db'), 'reads'))
    await writer.activate('shop.item')
    for (const scn of [10n, 20n, 30n])
      await write(scn, item({ scn, key: 1n, value: 'a' }, { scn, key: 2n, value: 'b' }))
    await applyAll()
    expect(await writer.purgeLog('shop', { maxLogs: 1 })).toBe(true)
    expect((await state()).logStartScn).toBe(20n)
    expect(await writer.purgeLog('shop', { maxLogs: 1 })).toBe(false)
  })

  it('is purged by steps of some pieces, and given to nobody from the first one on', async () => {
    await writer.activate('shop.item')
    for (let scn = 1n; scn <= 130n; scn++) await write(scn, item({ scn, key: 1n, value: `${scn}`.padEnd(5) }))
    nowMs = 4_000_000
    await write(200n, item({ scn: 200n, key: 1n, value: 'x'.repeat(900) }))
    await write(300n, item({ scn: 300n, key: 1n, value: 'last' }))
    await applyAll()
    let steps = 0
    while (await writer.purgeLog('shop', { maxLogs: 1 })) {
      steps++
      await expect(log({ startScn: 0n })).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_LOG_PURGED' })
    }
    expect(steps).toBeGreaterThan(2)
    expect(texts(await log({ startScn: 200n }))).toEqual(['1=last@300'])
  })

  it('knows what was applied at a time, of once an hour', async () => {
    const hour = 3_600_000
    await writer.noteTime('shop')
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))
    await applyAll()
    await writer.noteTime('shop')
    await write(20n, item({ scn: 20n, key: 1n, value: 'b' }))
    await applyAll()
    nowMs = hour / 2
    await writer.noteTime('shop')
    nowMs = hour
    await writer.noteTime('shop')
    expect(await writer.scnReachedBefore('shop', -1)).toBeUndefined()
    expect(await writer.scnReachedBefore('shop', hour - 1)).toBe(10n)
    expect(await writer.scnReachedBefore('shop', hour)).toBe(20n)
    expect(await writer.scnReachedBefore('shop', hour - 1)).toBeUndefined()
  })

  it('has windows in order, and gives them by ordinal', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }, { scn: 10n, key: 2n, value: 'b' }))
    await write(20n, item({ scn: 20n, key: 1n }))
    await writer.activate('shop.item')
    expect(texts(await log())).toEqual(['1=a@10', '2=b@10', '1 gone@20'])
    const first = await log({ maxBytes: eventOf({ scn: 10n, key: 1n, value: 'a' }).length })
    expect(first).toMatchObject({ place: 1n, isDone: false, rows: 1 })
    expect(texts(await log({ afterOrdinal: 1n }))).toEqual(['2=b@10', '1 gone@20'])
    expect(texts(await log({ startScn: 10n }))).toEqual(['1 gone@20'])
    expect(texts(await log({ targetScn: 10n }))).toEqual(['1=a@10', '2=b@10'])
    expect(texts(await log({ sinceScn: 15n }))).toEqual(['1 gone@20'])
  })

  it('passes over what it has, and refuses another SCN space', async () => {
    expect(await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))).toBe(true)
    expect(await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))).toBe(false)
    const foreign = writer.writeWindows('shop', { scnSpace: 'space-2', pieces: [], endScn: 11n })
    await expect(foreign).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_SPACE_FOREIGN' })
    expect((await state()).stream).toMatchObject({ logScn: 10n, scnSpace: 'space-1' })
  })

  it('drops a window that did not come to its end', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))
    await write(undefined, item({ scn: 20n, key: 2n, value: 'half' }))
    await close()
    await open()
    expect((await state()).stream.logScn).toBe(10n)
    await write(20n, item({ scn: 20n, key: 2n, value: 'half' }, { scn: 20n, key: 3n, value: 'whole' }))
    await writer.activate('shop.item')
    expect(texts(await log())).toEqual(['1=a@10', '2=half@20', '3=whole@20'])
    expect(await log()).toMatchObject({ place: 3n })
  })

  it('is asked for more when an event does not fit', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))
    await writer.activate('shop.item')
    const bytes = eventOf({ scn: 10n, key: 1n, value: 'a' }).length
    expect(await log({ maxBytes: bytes - 1 })).toEqual({ kind: 'tooSmall', pendingBytes: bytes })
  })

  it('is purged by whole logs that are applied, and says what is gone', async () => {
    const big = 'x'.repeat(600)
    for (let scn = 1n; scn <= 6n; scn++) await write(scn * 10n, item({ scn: scn * 10n, key: scn, value: big }))
    await writer.activate('shop.item')
    expect(await writer.purgeLog('shop', { maxLogs: 1 })).toBe(false)
    await applyAll()
    expect(await writer.purgeLog('shop', {})).toBe(false)
    expect(await writer.purgeLog('shop', { maxLogs: 1 })).toBe(true)
    expect((await state()).logStartScn).toBe(20n)
    await expect(log({ startScn: 10n })).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_LOG_PURGED' })
    expect((await log({ startScn: 20n })).kind).toBe('events')
    nowMs = 10_000
    expect(await writer.purgeLog('shop', { maxAgeMs: 20_000 })).toBe(false)
    expect(await writer.purgeLog('shop', { maxAgeMs: 5000 })).toBe(true)
    expect(await writer.purgeLog('shop', { maxBytes: 1 })).toBe(false)
    expect((await state()).logStartScn).toBe(40n)
  })
})

describe('the snapshot table', () => {
  it('has the newest event of each key, tombstones too, once it is applied', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }, { scn: 10n, key: 2n, value: 'b' }))
    await write(20n, item({ scn: 20n, key: 1n, value: 'c' }, { scn: 20n, key: 2n }))
    await writer.activate('shop.item')
    expect((await state()).stream.appliedScn).toBe(-1n)
    expect(await applyAll()).toBe(20n)
    expect(texts(await snapshot())).toEqual(['1=c@20'])
    expect(texts(await snapshot({ sinceScn: 5n }))).toEqual(['1=c@20', '2 gone@20'])
    expect(texts(await snapshot({ startScn: 15n }))).toEqual([])
    expect(told((await reader.event('shop.item', 2n)) ?? Buffer.alloc(0))).toEqual(['2 gone@20'])
    expect(await reader.event('shop.item', 3n)).toBeUndefined()
  })

  it('tells keys apart by their kind and all of their bytes', async () => {
    const long = 'k'.repeat(2000)
    const keys = [1n, '1', `${long}a`, `${long}b`, '']
    await write(10n, item(...keys.map((key, at) => ({ scn: 10n, key, value: `v${at}` }))))
    await writer.activate('shop.item')
    await applyAll()
    for (const [at, key] of keys.entries()) {
      const bytes = (await reader.event('shop.item', key)) ?? Buffer.alloc(0)
      expect(new EventView(bytes).value.toString()).toBe(`v${at}`)
    }
    expect(await snapshot()).toMatchObject({ rows: 5, isDone: true })
  })

  it('moves its SCN over windows without rows, and to ends of windows only', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))
    await write(20n)
    expect(await applyAll()).toBe(20n)
    await write(undefined, item({ scn: 30n, key: 1n, value: 'b' }))
    expect(await applyAll()).toBe(20n)
    await write(30n, item({ scn: 30n, key: 2n, value: 'c' }))
    expect((await writer.apply('shop', 1)).appliedScn).toBe(30n)
  })

  it('is read in pages that meet every row once', async () => {
    const changes = Array.from({ length: 25 }, (_, at) => ({ scn: 10n, key: BigInt(at), value: `v${at}` }))
    await write(10n, item(...changes))
    await writer.activate('shop.item')
    await applyAll()
    const seen: string[] = []
    let afterId = 0n
    for (let isDone = false; !isDone;) {
      const page = await snapshot({ afterId, maxBytes: 300 })
      if (page.kind !== 'events') throw new Error('too small')
      seen.push(...told(page.bytes))
      ;({ place: afterId, isDone } = page)
    }
    expect(seen).toEqual(changes.map(({ key, value }) => `${key}=${value}@10`))
  })

  it.each(['TRUNCATE', 'DROP'])('is empty after a %s, which is told to who stands before it', async (kind) => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))
    const cleared = pieceOf('shop.item', [
      eventOf({ scn: 20n, key: 2n, value: 'b' }),
      schemaChangeOf(20n, 'shop.item', kind),
      eventOf({ scn: 20n, key: 3n, value: 'c' }),
    ])
    await write(20n, cleared)
    await writer.activate('shop.item')
    await applyAll()
    expect((await state()).clearedScn).toBe(20n)
    expect(texts(await snapshot())).toEqual(['3=c@20'])
    expect(texts(await snapshot({ sinceScn: 10n }))).toEqual([`${kind}@20`, '3=c@20'])
    expect(texts(await snapshot({ sinceScn: 20n }))).toEqual(['3=c@20'])
    const deaf = snapshot({ sinceScn: 10n, takesSchemaChanges: false })
    await expect(deaf).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_TOO_YOUNG' })
    expect(texts(await log())).toEqual(['1=a@10', '2=b@20', `${kind}@20`, '3=c@20'])
  })

  it.each(['CREATE', 'NEWER'])('keeps its rows after a %s', async (kind) => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }))
    await write(20n, pieceOf('shop.item', [schemaChangeOf(20n, 'shop.item', kind)]))
    await writer.activate('shop.item')
    await applyAll()
    expect((await state()).clearedScn).toBe(-1n)
    expect(texts(await snapshot())).toEqual(['1=a@10'])
  })

  it('lets tombstones go below an SCN, and then refuses who may have the rows', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }, { scn: 10n, key: 2n, value: 'b' }))
    await write(20n, item({ scn: 20n, key: 1n }))
    await write(30n, item({ scn: 30n, key: 2n }))
    await writer.activate('shop.item')
    await applyAll()
    expect(await writer.purgeTombstones('shop.item', 30n, 0n, 1)).toBe(1n)
    expect(await writer.purgeTombstones('shop.item', 30n, 1n, 5)).toBe(2n)
    expect(await writer.purgeTombstones('shop.item', 30n, 2n, 5)).toBeUndefined()
    await expect(snapshot({ sinceScn: 29n })).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_TOO_YOUNG' })
    expect(texts(await snapshot({ sinceScn: 30n }))).toEqual(['2 gone@30'])
    expect(texts(await snapshot())).toEqual([])
  })
})

describe('a seeding', () => {
  it('enters rows where there is none, or one of a lower SCN', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'older' }))
    await write(20n, item({ scn: 20n, key: 2n, value: 'equal' }))
    await write(30n, item({ scn: 30n, key: 3n, value: 'newer' }, { scn: 30n, key: 4n }))
    await applyAll()
    await seedWith(chunk(20n, { 1: 'c1', 2: 'c2', 3: 'c3', 4: 'c4', 5: 'c5' }))
    expect(texts(await snapshot())).toEqual(['1=c1@20', '2=equal@20', '3=newer@30', '5=c5@20'])
    expect(texts(await snapshot({ sinceScn: 30n }))).toEqual(['3=newer@30', '4 gone@30'])
  })

  it('waits until the stream has come to what a chunk saw', async () => {
    await write(20n, item({ scn: 20n, key: 1n, value: 'a' }))
    await writer.beginSeeding('shop.item', undefined)
    const early = chunk(15n, { 2: 'c2' }, { visibleScn: 20n, next: '[2]' })
    expect(await writer.putChunk('shop.item', early)).toBe('early')
    expect((await state()).seeding).toMatchObject({ rows: 0n, cursor: undefined })
    await applyAll()
    expect(await writer.putChunk('shop.item', early)).toBe('entered')
    expect((await state()).seeding).toMatchObject({ rows: 1n, cursor: '[2]', endScn: 15n, startScn: -1n })
  })

  it('turns rows that no chunk had into tombstones, unless the stream says more of them', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'gone unseen' }, { scn: 10n, key: 2n, value: 'stays' }))
    await applyAll()
    await writer.breakStream('shop', 50n, 'space-2')
    expect((await state()).status).toBe('FELL_OFF_RELAY')
    await writer.beginSeeding('shop.item', undefined)
    const pieces = [item({ scn: 60n, key: 3n, value: 'new' }, { scn: 60n, key: 4n, value: 'new' })]
    await writer.writeWindows('shop', { scnSpace: 'space-2', pieces, endScn: 60n })
    await applyAll()
    expect(await writer.putChunk('shop.item', chunk(55n, { 2: 'seen' }))).toBe('entered')
    while ((await writer.endSeeding('shop.item', 1)) === 'more') continue
    const answer = await snapshot({ sinceScn: 50n })
    expect(texts(answer)).toEqual(['1 gone@55', '2=seen@55', '3=new@60', '4=new@60'])
    const tombstone = (await reader.event('shop.item', 1n)) ?? Buffer.alloc(0)
    expect(() => {
      checkEvent(tombstone, 0, tombstone.length)
    }).not.toThrow()
    await expect(snapshot({ sinceScn: 49n })).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_TOO_YOUNG' })
  })

  it('with a condition leaves other rows alone', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'other' }))
    await writer.activate('shop.item')
    await applyAll()
    await writer.beginSeeding('shop.item', 'id > 1')
    await writer.putChunk('shop.item', chunk(10n, { 2: 'c2' }))
    expect(await writer.endSeeding('shop.item', 100)).toBe('done')
    expect(texts(await snapshot())).toEqual(['1=other@10', '2=c2@10'])
  })

  it('is served when all its chunks are in and the stream has come to them', async () => {
    await writer.beginSeeding('shop.item', undefined)
    await expect(snapshot()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_NOT_SERVED' })
    await expect(log()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_NOT_SERVED' })
    await write(20n)
    await applyAll()
    await writer.putChunk('shop.item', chunk(40n, { 1: 'c1' }, { visibleScn: 20n }))
    expect(await writer.endSeeding('shop.item', 100)).toBe('more')
    expect(await writer.endSeeding('shop.item', 100)).toBe('done')
    expect((await state()).status).toBe('SEEDING_CATCHUP')
    await write(40n)
    await applyAll()
    expect((await state()).status).toBe('ACTIVE')
    expect(texts(await snapshot({ startScn: 40n }))).toEqual(['1=c1@40'])
  })

  it('goes on after a restart where it was, and begins anew with another condition', async () => {
    await writer.beginSeeding('shop.item', undefined)
    await writer.putChunk('shop.item', chunk(-1n, {}, { next: '[7]' }))
    await close()
    await open()
    expect((await writer.beginSeeding('shop.item', undefined)).seeding).toMatchObject({ number: 1, cursor: '[7]' })
    expect((await writer.beginSeeding('shop.item', 'a = 1')).seeding).toMatchObject({ number: 2, cursor: undefined })
  })

  it('begins anew where it is told to, and keeps what it knows of deletes', async () => {
    await write(10n, item({ scn: 10n, key: 1n, value: 'a' }, { scn: 10n, key: 9n, value: 'gone unseen' }))
    await writer.activate('shop.item')
    await applyAll()
    await writer.beginSeeding('shop.item', undefined)
    await writer.putChunk('shop.item', chunk(10n, { 9: 'of the lost reading' }, { next: '[9]' }))
    expect((await writer.beginSeeding('shop.item', undefined)).seeding).toMatchObject({ number: 1, cursor: '[9]' })
    const { seeding, minScn } = await writer.beginSeeding('shop.item', undefined, true)
    expect(seeding).toMatchObject({ number: 2, cursor: undefined, rows: 0n, isRead: false })
    expect(minScn).toBe(-1n)
    await seedWith(chunk(10n, { 1: 'seen again' }))
    expect(texts(await snapshot({ sinceScn: 1n }))).toEqual(['1=a@10', '9 gone@10'])
  })

  it('keeps that all chunks are in, also where the answer to the last one was lost', async () => {
    await writer.beginSeeding('shop.item', undefined)
    await writer.putChunk('shop.item', chunk(-1n, { 1: 'a' }, { next: '[1]' }))
    expect((await state()).seeding?.isRead).toBe(false)
    const last = chunk(-1n, { 2: 'b' })
    expect(await writer.putChunk('shop.item', last)).toBe('entered')
    expect(await writer.putChunk('shop.item', last)).toBe('entered')
    await close()
    await open()
    expect((await writer.beginSeeding('shop.item', undefined)).seeding).toMatchObject({ isRead: true, rows: 2n })
    while ((await writer.endSeeding('shop.item', 1)) === 'more') expect((await state()).seeding?.isRead).toBe(true)
    expect((await state()).status).toBe('ACTIVE')
  })

  it('is needed again for a source that nobody declared meanwhile', async () => {
    await writer.activate('shop.item')
    await writer.activate('shop.order')
    await writer.declare({ name: 'shop', sources: ['shop.order'], schemaChangeId: SCHEMA_CHANGE_ID })
    expect([(await state()).status, (await state('shop.order')).status]).toEqual(['FELL_OFF_RELAY', 'ACTIVE'])
  })

  it('is void when the table changes, and knows its deletes still where there was no gap', async () => {
    await write(10n)
    await applyAll()
    await seedWith(chunk(10n, { 1: 'c1' }))
    expect((await state()).minScn).toBe(10n)
    await write(20n, item({ scn: 20n, key: 1n }), pieceOf('shop.item', [schemaChangeOf(20n, 'shop.item', 'ALTER')]))
    await applyAll()
    await writer.beginSeeding('shop.item', undefined)
    await write(30n, pieceOf('shop.item', [schemaChangeOf(30n, 'shop.item', 'ALTER')]))
    await applyAll()
    expect(await writer.putChunk('shop.item', chunk(20n, { 2: 'c2' }))).toBe('void')
    expect(await writer.endSeeding('shop.item', 10)).toBe('void')
    await seedWith(chunk(30n, { 2: 'c2' }))
    expect((await state()).minScn).toBe(10n)
    expect(texts(await snapshot({ sinceScn: 15n }))).toEqual(['1 gone@20', '2=c2@30'])
  })

  it('makes a snapshot that was begun before it void', async () => {
    await write(20n, item({ scn: 20n, key: 1n, value: 'a' }))
    await writer.activate('shop.item')
    await applyAll()
    await write(30n)
    await applyAll()
    await seedWith(chunk(30n, { 1: 'c' }))
    await expect(snapshot({ startScn: 20n })).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_SNAPSHOT_OUTDATED' })
    await expect(log({ startScn: 20n })).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_SNAPSHOT_OUTDATED' })
    expect(texts(await snapshot({ startScn: 30n }))).toEqual(['1=c@30'])
  })
})
