import { join } from 'node:path'
import { FileMaxScnStore, type MaxScn, PlaceJournal } from '@aesop/checkpoint'
import { type PlaceFinder } from '@aesop/producer'
import { writeFileSync, mkdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SourceDesk } from '../src/source-desk.ts'
import { testContext } from './support/relay-fixture.ts'

const FOREIGN = 'AESOP_RELAY_SCN_SPACE_FOREIGN'

/** Knows every place, and puts what comes after it above the floor. */
const finder: PlaceFinder = {
  describe: ({ scn }) => ({ scn }),
  locate: () => Promise.resolve({ scn: 1n }),
  recordAt: (_place, floorScn) => Promise.resolve({ record: recordOf(floorScn), place: { scn: floorScn + 1n } }),
  recordAnew: (floorScn) => ({ record: recordOf(floorScn), place: { scn: floorScn } }),
  transactionAt: () => Promise.reject(new Error('not asked for')),
  faultRemains: () => Promise.resolve(undefined),
}
const recordOf = (scn: bigint): MaxScn => ({ scn, savedAtMs: 0 })

async function deskOf(
  known: PlaceFinder | undefined,
  stored?: MaxScn,
): Promise<{ desk: SourceDesk; store: FileMaxScnStore }> {
  const { stateDirectory } = testContext()
  const store = new FileMaxScnStore(join(stateDirectory, 'shop.json'))
  if (stored !== undefined) await store.save(stored)
  return { desk: new SourceDesk('shop', store.path, new PlaceJournal(stateDirectory, 'source', 'shop'), known), store }
}

describe('the SCN space of a source whose place is moved by hand', () => {
  test('is shown', async () => {
    expect((await deskOf(finder, { ...recordOf(5n), scnSpace: 'kept' })).desk.show()).toEqual({
      scn: 5n,
      scnSpace: 'kept',
    })
    expect((await deskOf(finder, recordOf(5n))).desk.show()).toEqual({ scn: 5n })
  })

  test('stays: SCNs go on above those that were', async () => {
    const { desk, store } = await deskOf(finder, { ...recordOf(5n), scnSpace: 'kept' })
    const set = await desk.set({ to: 'latest', readersScn: 3n, readersScnSpace: 'other' })
    expect(set).toMatchObject({ from: { scn: 5n, scnSpace: 'kept' }, to: { scn: 6n, scnSpace: 'kept' } })
    await set.apply('test')
    expect(store.load()).toMatchObject({ scn: 5n, scnSpace: 'kept' })
    const reset = await desk.reset({ readersScn: 3n })
    expect(reset.effects.join()).not.toContain(FOREIGN)
    await reset.apply('test')
    expect(store.load()).toMatchObject({ scn: 5n, scnSpace: 'kept' })
  })

  test.each([
    ['can not be read', '{'],
    ['is not there', undefined],
  ])('is that of the registrations above which it goes on, where what was stored %s', async (_what, text) => {
    const { desk, store } = await deskOf(finder)
    mkdirSync(join(store.path, '..'), { recursive: true })
    if (text !== undefined) writeFileSync(store.path, text)
    const change = await desk.set({ to: 'latest', readersScn: 3n, readersScnSpace: 'readers' })
    expect(change.effects.join()).not.toContain(FOREIGN)
    await change.apply('test')
    expect(store.load()).toMatchObject({ scn: 3n, scnSpace: 'readers' })
  })

  test('is told to be a new one where nobody knows it', async () => {
    const { desk, store } = await deskOf(finder)
    const change = await desk.reset({ readersScn: 3n })
    expect(change.effects.join()).toContain(FOREIGN)
    await change.apply('test')
    expect(store.load()?.scnSpace).toBeUndefined()
  })

  test('is a new one where SCNs begin anew: nothing was above, or nobody puts them there', async () => {
    const { desk, store } = await deskOf(undefined, { ...recordOf(5n), scnSpace: 'kept' })
    const on = await desk.set({ to: '7', readersScn: -1n })
    await on.apply('test')
    expect(store.load()).toMatchObject({ scn: 7n, scnSpace: 'kept' })
    const back = await desk.set({ to: '6', readersScn: -1n })
    expect(back.effects.join()).toContain(FOREIGN)
    await back.apply('test')
    expect(store.load()).toMatchObject({ scn: 6n })
    expect(store.load()?.scnSpace).toBeUndefined()
    const reset = await desk.reset({ readersScn: -1n })
    await reset.apply('test')
    expect(store.load()).toBeUndefined()
  })
})
