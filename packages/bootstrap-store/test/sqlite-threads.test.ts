import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Chunk, SqliteStore } from '../src/index.ts'
import { ThreadSide } from '../src/sqlite/thread-side.ts'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, told } from '../../../test/support/stored-events.ts'

let folder: string
let store: SqliteStore

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-store-'))
  store = new SqliteStore({ path: join(folder, 'state', 'bootstrap.db') })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const shop = { name: 'shop', sources: ['shop.item'], schemaChangeId: SCHEMA_CHANGE_ID }
const windowOf = (scn: bigint, value: string) => ({
  scnSpace: 'space-1',
  pieces: [pieceOf('shop.item', [eventOf({ scn, key: 1n, value })])],
  endScn: scn,
})
const question = { source: 'shop.item', startScn: 1000n, sinceScn: 0n, maxBytes: 1000 }

describe('a SQLite store in threads', () => {
  it('is written by one side and read by others', async () => {
    const writer = await store.openWriter()
    await writer.declare(shop)
    await writer.writeWindows('shop', windowOf(10n, 'a'))
    const seeding = await writer.beginSeeding('shop.item', undefined)
    expect(seeding).toMatchObject({ status: 'SEEDING', stream: { logScn: 10n, appliedScn: -1n } })
    const chunk: Chunk = {
      bytes: eventOf({ scn: 5n, key: 2n, value: 'c' }),
      atScn: 5n,
      visibleScn: 10n,
      next: undefined,
    }
    expect(await writer.putChunk('shop.item', chunk)).toBe('early')
    expect(await writer.apply('shop', 1)).toMatchObject({ appliedScn: 10n })
    expect(await writer.putChunk('shop.item', chunk)).toBe('entered')
    while ((await writer.endSeeding('shop.item', 10)) === 'more') continue
    const readers = await Promise.all([store.openReader(), store.openReader()])
    for (const reader of readers) {
      const answer = await reader.snapshot({ ...question, afterId: 0n, takesSchemaChanges: true })
      expect(answer.kind === 'events' && told(answer.bytes)).toEqual(['1=a@10', '2=c@5'])
      expect(told((await reader.event('shop.item', 2n)) ?? Buffer.alloc(0))).toEqual(['2=c@5'])
      await reader.close()
    }
  })

  it('tells errors by their code, and goes on', async () => {
    const writer = await store.openWriter()
    await writer.declare(shop)
    const reader = await store.openReader()
    await expect(reader.states(['shop.none'])).rejects.toMatchObject({
      code: 'AESOP_BOOTSTRAP_SOURCE_UNKNOWN',
      fields: { source: 'shop.none' },
      canRetry: false,
    })
    const log = reader.log({ ...question, afterOrdinal: 0n, targetScn: 5n })
    await expect(log).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_NOT_SERVED', canRetry: true })
    expect(await reader.states()).toHaveLength(1)
  })

  it('has one writer, until that is closed', async () => {
    const writer = await store.openWriter()
    const other = new SqliteStore({ path: store.name })
    await expect(other.openWriter()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_IN_USE' })
    await writer.close()
    await (await other.openWriter()).close()
  })

  it('says by name that a thread has died, to whoever waits and to whoever asks then, and can be opened again', async () => {
    const data = { path: join(folder, 'one.db'), bounds: {} }
    const side = await ThreadSide.begin({ ...data, mode: 'writes' })
    // What can't be sent out of a thread ends it.
    const died = { code: 'AESOP_BOOTSTRAP_STORE_THREAD_DIED', canRetry: false }
    await expect(side.call('__lookupGetter__', '__proto__')).rejects.toMatchObject(died)
    await expect(side.call('declare', shop)).rejects.toMatchObject(died)
    await side.end()
    const another = await ThreadSide.begin({ ...data, mode: 'reads' })
    expect(await another.call('states')).toEqual([])
    await another.end()
  })

  it('is for its user alone', async () => {
    const writer = await store.openWriter()
    await writer.declare(shop)
    const state = join(folder, 'state')
    expect(statSync(state).mode & 0o777).toBe(0o700)
    const files = readdirSync(state).filter((name) => !name.endsWith('.lock'))
    expect(files).toContain('bootstrap.db-wal')
    for (const file of files) expect([file, statSync(join(state, file)).mode & 0o077]).toEqual([file, 0])
  })

  it('says so when its file is none of it', async () => {
    writeFileSync(
      join(folder, 'text.db'),
      'no database at all, but a text that is long enough to be looked at'.repeat(20),
    )
    const none = new SqliteStore({ path: join(folder, 'text.db') })
    for (const open of [() => none.openWriter(), () => none.openReader()]) {
      const error = await open().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_FAILED' })
      expect(String(error)).toMatch(/not a database/)
    }
  })
})
