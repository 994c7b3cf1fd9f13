import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, told } from '../../../test/support/stored-events.ts'
import { SqliteStore, type StoreReader } from '../src/index.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-bootstrap-'))
  path = join(folder, 'store', 'bootstrap.db')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** A store with one row, made at the path. */
async function makeStore(value: string): Promise<void> {
  const store = new SqliteStore({ path })
  const writer = await store.openWriter()
  await writer.declare({ name: 'shop', sources: ['shop.item'], schemaChangeId: SCHEMA_CHANGE_ID })
  const piece = pieceOf('shop.item', [eventOf({ scn: 10n, key: 1n, value })])
  await writer.writeWindows('shop', { scnSpace: 'space-1', pieces: [piece], endScn: 10n })
  await writer.apply('shop', 1 << 20)
  await writer.activate('shop.item')
  await writer.close()
}

const idOf = async (reader: StoreReader): Promise<string | undefined> => (await reader.states())[0]?.storeId
const question = { source: 'shop.item', startScn: 10n, sinceScn: 0n, maxBytes: 1000 }
const snapshot = { ...question, afterId: 0n, takesSchemaChanges: true }
const log = { ...question, startScn: 5n, targetScn: 10n, afterOrdinal: 0n }

describe('the id of a store', () => {
  it('stays with the store, and is that of no other', async () => {
    await makeStore('a')
    const store = new SqliteStore({ path })
    const [one, two] = [await store.openReader(), await store.openReader()]
    const id = await idOf(one)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    await (await store.openWriter()).close()
    expect(await idOf(two)).toBe(id)
    await store.close()
    rmSync(join(folder, 'store'), { recursive: true })
    await makeStore('b')
    const other = new SqliteStore({ path })
    expect(await idOf(await other.openReader())).not.toBe(id)
    await other.close()
  })

  it('is looked at by each question that names one', async () => {
    await makeStore('a')
    const store = new SqliteStore({ path })
    const reader = await store.openReader()
    const storeId = await idOf(reader)
    const answers = [await reader.snapshot({ ...snapshot, storeId }), await reader.log({ ...log, storeId })]
    for (const answer of answers) expect(answer.kind === 'events' && told(answer.bytes)).toEqual(['1=a@10'])
    const replaced = { code: 'AESOP_BOOTSTRAP_STORE_REPLACED', fields: { asked: 'another', has: storeId } }
    await expect(reader.snapshot({ ...snapshot, storeId: 'another' })).rejects.toMatchObject(replaced)
    await expect(reader.log({ ...log, storeId: 'another' })).rejects.toMatchObject(replaced)
    await store.close()
  })

  it('is asked of the file that is there: one that was taken away is not read on', async () => {
    await makeStore('a')
    const store = new SqliteStore({ path })
    const reader = await store.openReader()
    expect(await idOf(reader)).toBeDefined()
    rmSync(join(folder, 'store'), { recursive: true })
    await expect(reader.states()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_FAILED' })
    await makeStore('b')
    await expect(reader.snapshot(snapshot)).rejects.toThrow(/its file was taken away or replaced/)
    const next = await store.openReader()
    const answer = await next.snapshot(snapshot)
    expect(answer.kind === 'events' && told(answer.bytes)).toEqual(['1=b@10'])
    await store.close()
  })
})

describe('who reads a store that is not there', () => {
  const missing = { code: 'AESOP_BOOTSTRAP_STORE_MISSING', canRetry: true }

  it('is told so, and makes neither folder nor file', async () => {
    const store = new SqliteStore({ path })
    await expect(store.openReader()).rejects.toMatchObject(missing)
    mkdirSync(join(folder, 'store'))
    await expect(store.openReader()).rejects.toMatchObject(missing)
    expect(existsSync(path)).toBe(false)
  })

  it('is told so of one that is being made, and enters nothing into it', async () => {
    mkdirSync(join(folder, 'store'))
    writeFileSync(path, '')
    const store = new SqliteStore({ path })
    await expect(store.openReader()).rejects.toMatchObject(missing)
    expect(existsSync(`${path}-wal`)).toBe(false)
    const database = new Database(path)
    database.exec('CREATE TABLE about (format INTEGER NOT NULL, store_id TEXT NOT NULL)')
    await expect(store.openReader()).rejects.toMatchObject(missing)
    database.exec("INSERT INTO about VALUES (99, 'x')")
    await expect(store.openReader()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_FORMAT' })
    database.close()
  })
})
