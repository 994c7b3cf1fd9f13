import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Checkpoint, MemoryCheckpointStore, PlaceJournal } from '@aesop/checkpoint'
import { expect, onTestFinished, test } from 'vitest'
import { RegistrationDesk } from '../src/registration-desk.ts'

function deskOf(checkpoint: Checkpoint) {
  const folder = mkdtempSync(join(tmpdir(), 'aesop-desk-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const store = new MemoryCheckpointStore()
  store.save(checkpoint)
  const desk = new RegistrationDesk('people', folder, store, new PlaceJournal(folder, 'registration', 'people'))
  return { desk, store }
}

test('shows the SCN space of a checkpoint', async () => {
  expect(await deskOf(Checkpoint.online(5n, -1n, 'shop')).desk.show()).toEqual({ scn: 5n, scnSpace: 'shop' })
  expect(await deskOf(Checkpoint.within(7n, 5n, 1n, 'shop')).desk.show()).toMatchObject({ scn: 5n, scnSpace: 'shop' })
  expect(await deskOf(Checkpoint.online(5n)).desk.show()).toEqual({ scn: 5n })
})

test('shows how far a bootstrap is', async () => {
  const begun =
    '{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"snapshot_offset":0,"scnSpace":"shop","snapshot_source":"shop.item","bootstrap_since_scn":0}'
  expect(await deskOf(Checkpoint.parse(begun)).desk.show()).toEqual({
    scnSpace: 'shop',
    note: 'within a bootstrap from nothing: the snapshot of shop.item',
  })
  const catchup =
    '{"consumption_mode":"BOOTSTRAP_CATCHUP","windowScn":7,"windowOffset":2,"catchup_source":"shop.item","bootstrap_since_scn":5,"bootstrap_start_scn":6,"bootstrap_target_scn":9,"bootstrap_server_info":"here:6060"}'
  expect(await deskOf(Checkpoint.parse(catchup)).desk.show()).toEqual({
    note: 'within a bootstrap since SCN 5: the log of shop.item, from here:6060',
  })
})

test.each(['oldest', 'latest', '9'])('set to %s, a registration takes on the SCN space of its relay', async (to) => {
  const { desk, store } = deskOf(Checkpoint.online(5n, -1n, 'shop'))
  const change = await desk.set({ to, readersScn: 8n, readersScnSpace: 'other' })
  await change.apply('test')
  expect(store.load()?.scnSpace).toBeUndefined()
})
