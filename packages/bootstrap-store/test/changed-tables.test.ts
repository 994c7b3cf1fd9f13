import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, schemaChangeOf } from '../../../test/support/stored-events.ts'
import { type Piece, type SourceState, type StoreReader, type StoreWriter, SqliteStore } from '../src/index.ts'

const ALL = 1 << 20

let folder: string
let store: SqliteStore
let writer: StoreWriter
let reader: StoreReader

beforeEach(async () => {
  folder = newFolder('changed-tables')
  store = new SqliteStore({ path: join(folder, 'bootstrap.db') })
  writer = await store.openWriter()
  await writer.declare({ name: 'shop', sources: ['shop.item'], schemaChangeId: SCHEMA_CHANGE_ID })
  reader = await store.openReader()
})
afterEach(async () => {
  await store.close()
  removeFolder(folder)
})

const write = (endScn: bigint, piece: Piece): Promise<boolean> =>
  writer.writeWindows('shop', { scnSpace: 'space-1', pieces: [piece], endScn })

async function applyAll(): Promise<void> {
  await writer.apply('shop', ALL)
}

async function state(): Promise<SourceState> {
  const [found] = await reader.states(['shop.item'])
  if (found === undefined) throw new Error('no state')
  return found
}

describe('a table to which something happened', () => {
  beforeEach(() => write(10n, pieceOf('shop.item', [eventOf({ scn: 10n, key: 1n, value: 'a' })])))

  it.each([
    ['ALTER', 'NEW'],
    ['RENAME', 'NEW'],
    ['QUARANTINED', 'INACTIVE'],
    ['RELEASED', 'FELL_OFF_RELAY'],
    ['PASSED_OVER', 'FELL_OFF_RELAY'],
  ])('is not sure any more after %s: the source is %s then', async (kind, status) => {
    await writer.activate('shop.item')
    await write(20n, pieceOf('shop.item', [schemaChangeOf(20n, 'shop.item', kind)]))
    expect((await state()).status).toBe('ACTIVE')
    await applyAll()
    expect((await state()).status).toBe(status)
  })

  it.each(['ALTER', 'RENAME'])(
    'has a gap still after %s: who stands before it may have rows of which no delete is known',
    async (kind) => {
      await writer.beginSeeding('shop.item', undefined)
      await writer.endSeeding('shop.item', 100)
      await applyAll()
      await writer.breakStream('shop', 20n, 'space-1')
      await write(30n, pieceOf('shop.item', [schemaChangeOf(30n, 'shop.item', kind)]))
      await applyAll()
      await writer.beginSeeding('shop.item', undefined)
      expect((await state()).minScn).toBe(30n)
    },
  )

  it.each(['ALTER', 'RENAME'])('stays as it is after %s where people have to see to it', async (kind) => {
    await writer.deactivate('shop.item')
    await write(20n, pieceOf('shop.item', [schemaChangeOf(20n, 'shop.item', kind)]))
    await applyAll()
    expect((await state()).status).toBe('INACTIVE')
  })
})
