import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Checkpoint,
  CheckpointInvalidError,
  FileMaxScnStore,
  MaxScnUnreadableError,
  MemoryMaxScnStore,
  ScnSpaceKeeper,
} from '@aesop/checkpoint'
import { describe, expect, onTestFinished, test } from 'vitest'

const SPACE = '5f0c1a52-7d7c-4e0b-9b59-0a4d2f6c1e11'

describe('the SCN space of a checkpoint', () => {
  test('is an additional key, read and written beside those of Databus', () => {
    const text = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":5,"windowOffset":-1,"snapshot_offset":-1,"scnSpace":"${SPACE}"}`
    expect(Checkpoint.parse(text).scnSpace).toBe(SPACE)
    expect(Checkpoint.parse(text).format()).toBe(text)
    expect(Checkpoint.online(5n, -1n, SPACE).format()).toBe(text)
  })

  test('stays with it through a window and back to the last whole one', () => {
    const inside = Checkpoint.online(5n, 1n, SPACE).afterEvent(7n)
    expect(inside).toMatchObject({ windowScn: 7n, prevScn: 5n, scnSpace: SPACE })
    expect(inside.lastWholeWindow()).toEqual(Checkpoint.online(5n, -1n, SPACE))
    expect(inside.afterEndOfPeriod(7n, 2n)).toEqual(Checkpoint.online(7n, 2n, SPACE))
    expect(Checkpoint.within(7n, 5n, 1n, SPACE)).toMatchObject({ windowOffset: 1n, scnSpace: SPACE })
  })

  test('is none in a checkpoint of Databus, or of a former version', () => {
    expect(Checkpoint.online(5n).scnSpace).toBeUndefined()
    expect(Checkpoint.online(5n).format()).not.toContain('scnSpace')
  })

  test.each(['7', '""', '"two words"', '"a\\u000d\\u000ab"', `"${'x'.repeat(101)}"`, 'null'])(
    'that is %s makes it invalid',
    (value) => {
      const text = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"scnSpace":${value}}`
      expect(() => Checkpoint.parse(text)).toThrow(CheckpointInvalidError)
      expect(() => Checkpoint.parse(text)).toThrow(/scnSpace is .*, expected 1 to 100/)
    },
  )
})

describe('the SCN space of a stored place', () => {
  function storeAt(text?: string): FileMaxScnStore {
    const folder = mkdtempSync(join(tmpdir(), 'aesop-space-'))
    onTestFinished(() => {
      rmSync(folder, { recursive: true })
    })
    const path = join(folder, 'shop.json')
    if (text !== undefined) writeFileSync(path, text)
    return new FileMaxScnStore(path)
  }

  test('is stored with it by whoever keeps the space, whatever is saved', async () => {
    const store = storeAt()
    const keeper = new ScnSpaceKeeper(store, SPACE)
    await keeper.save({ scn: 5n, savedAtMs: 7, position: { file: 'a.1' } })
    expect(JSON.parse(readFileSync(store.path, 'utf8'))).toMatchObject({ scn: 5, scnSpace: SPACE })
    expect(store.load()).toEqual({ scn: 5n, savedAtMs: 7, scnSpace: SPACE, position: { file: 'a.1' } })
    expect(keeper.load()).toEqual(store.load())
  })

  test('is the one of the keeper, also where the record had another one', () => {
    const store = new MemoryMaxScnStore()
    void new ScnSpaceKeeper(store, 'shop').save({ scn: 5n, savedAtMs: 7, scnSpace: 'other' })
    expect(store.load()?.scnSpace).toBe('shop')
  })

  test('is none in a record of a former version, or of Databus', () => {
    expect(storeAt('{"scn":5,"savedAt":"2026-11-28T00:00:00.000Z"}').load()?.scnSpace).toBeUndefined()
    expect(storeAt('4294967300:Fri Aug 19 10:00:00 UTC 2016').load()?.scnSpace).toBeUndefined()
  })

  test('that is none makes the record unreadable', () => {
    const store = storeAt('{"scn":5,"savedAt":"2026-11-28T00:00:00.000Z","scnSpace":"a\\nb"}')
    expect(() => store.load()).toThrow(MaxScnUnreadableError)
    expect(() => store.load()).toThrow('"scnSpace" is "a\\nb", expected 1 to 100')
  })
})
