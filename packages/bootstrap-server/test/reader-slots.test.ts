import { join } from 'node:path'
import { SqliteStore } from '@aesop/bootstrap-store'
import { renameSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { SCHEMA_CHANGE_ID } from '../../../test/support/stored-events.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { ReaderSlots } from '../src/reader-slots.ts'

it('gives up a reader whose store was taken away, and reads what is there then', async () => {
  const folder = newFolder('slots')
  const path = join(folder, 'bootstrap.db')
  const store = new SqliteStore({ path })
  const slots = new ReaderSlots(store, 1)
  onTestFinished(async () => {
    await slots.close()
    await store.close()
    removeFolder(folder)
  })
  const made = async (source: string): Promise<void> => {
    const writer = await store.openWriter()
    await writer.declare({ name: 'shop', sources: [source], schemaChangeId: SCHEMA_CHANGE_ID })
    await writer.close()
  }
  const names = (): Promise<readonly string[]> =>
    slots.with(async (reader) => (await reader.states()).map(({ name }) => name))
  await made('shop.item')
  expect(await names()).toEqual(['shop.item'])
  renameSync(path, join(folder, 'former.db'))
  await made('shop.other')
  await expect(names()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_FAILED' })
  expect(await names()).toEqual(['shop.other'])
})
