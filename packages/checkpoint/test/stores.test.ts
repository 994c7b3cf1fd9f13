import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  Checkpoint,
  CheckpointUnreadableError,
  CheckpointUnwritableError,
  FileCheckpointStore,
  FileMaxScnStore,
  MaxScnUnreadableError,
  StateUnopenableError,
} from '@aesop/checkpoint'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-checkpoint-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('the checkpoint file', () => {
  test('gives back what was saved, also to another process', async () => {
    expect(new FileCheckpointStore(folder, 'people').load()).toBeUndefined()
    await new FileCheckpointStore(folder, 'people').save(Checkpoint.online(4294967300n, 7n))
    expect(new FileCheckpointStore(folder, 'people').load()).toEqual(Checkpoint.online(4294967300n, 7n))
  })

  test('cut short at any byte, or with any bit flipped into nonsense, is an error that names the file', async () => {
    const store = new FileCheckpointStore(folder, 'people')
    await store.save(Checkpoint.online(4294967300n))
    const whole = readFileSync(store.path, 'utf8').trim()
    for (let bytes = 0; bytes < whole.length; bytes++) {
      writeFileSync(store.path, whole.slice(0, bytes))
      expect(() => store.load()).toThrow(CheckpointUnreadableError)
      expect(() => store.load()).toThrow(store.path)
    }
  })

  test.each([
    ['checkpoint', (root: string) => new FileCheckpointStore(root, 'people')],
    ['max SCN', (root: string) => new FileMaxScnStore(join(root, 'people', 'max.json'))],
  ])('of a %s that can not be opened is an error, and not none', (_what, storeIn) => {
    writeFileSync(join(folder, 'people'), 'a file where the folder has been')
    expect(() => storeIn(folder).load()).toThrow(StateUnopenableError)
    const loop = join(folder, 'loop')
    symlinkSync(loop, loop)
    expect(() => storeIn(loop).load()).toThrow(StateUnopenableError)
  })

  test('is still the old one when a crash left the temporary file of the next', async () => {
    const store = new FileCheckpointStore(folder, 'people')
    await store.save(Checkpoint.online(1n))
    writeFileSync(`${store.path}.999.tmp`, '{"consumption_mode":"ONL')
    expect(store.load()).toEqual(Checkpoint.online(1n))
  })

  test('keeps its history without ever being absent', async () => {
    const store = new FileCheckpointStore(folder, 'people', { historySize: 2 })
    for (const scn of [1n, 2n, 3n, 4n]) await store.save(Checkpoint.online(scn))
    const kept = readdirSync(join(folder, 'people')).sort()
    expect(kept).toEqual(['current.json', 'history-1.json', 'history-2.json'])
    const scnOf = (name: string): bigint =>
      Checkpoint.parse(readFileSync(join(folder, 'people', name), 'utf8')).windowScn
    expect(kept.map(scnOf)).toEqual([4n, 3n, 2n])
  })

  test('loses nothing of its history to saves that fail', async () => {
    const store = new FileCheckpointStore(folder, 'people', { historySize: 2 })
    for (const scn of [1n, 2n, 3n]) await store.save(Checkpoint.online(scn))
    const whole = readFileSync(store.path)
    rmSync(store.path)
    mkdirSync(store.path)
    for (let times = 0; times < 3; times++)
      await expect(store.save(Checkpoint.online(4n))).rejects.toThrow(CheckpointUnwritableError)
    rmdirSync(store.path)
    writeFileSync(store.path, whole)
    await store.save(Checkpoint.online(4n))
    await store.save(Checkpoint.online(4n))
    const scns = ['current', 'history-1', 'history-2'].map(
      (name) => Checkpoint.parse(readFileSync(join(folder, 'people', `${name}.json`), 'utf8')).windowScn,
    )
    expect(scns).toEqual([4n, 3n, 2n])
  })

  test('of two registrations never meet, whatever their names', async () => {
    await new FileCheckpointStore(folder, 'a/b').save(Checkpoint.online(1n))
    await new FileCheckpointStore(folder, 'a_b').save(Checkpoint.online(2n))
    await new FileCheckpointStore(folder, '..').save(Checkpoint.online(3n))
    expect(new FileCheckpointStore(folder, 'a/b').load()?.windowScn).toBe(1n)
    expect(new FileCheckpointStore(folder, 'a_b').load()?.windowScn).toBe(2n)
    expect(readdirSync(folder)).toHaveLength(3)
  })

  test.each([
    '{"consumption_mode":"INIT","windowScn":-1,"windowOffset":-1}',
    '{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"snapshot_offset":7,"bootstrap_since_scn":0}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"windowOffset":2}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-7}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"tsNsecs":5}',
  ])('that holds %s, from where no registration can start, is an error that names the file', async (text) => {
    const store = new FileCheckpointStore(folder, 'people')
    await store.save(Checkpoint.online(1n))
    writeFileSync(store.path, text)
    expect(() => store.load()).toThrow(CheckpointUnreadableError)
    expect(() => store.load()).toThrow(store.path)
  })

  test('has the place of a bootstrap as it was saved', async () => {
    const text =
      '{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"prevScn":-1,"windowOffset":-1,"snapshot_offset":7,"bootstrap_since_scn":0,"bootstrap_start_scn":9}'
    const store = new FileCheckpointStore(folder, 'people')
    await store.save(Checkpoint.parse(text))
    expect(store.load()?.format()).toBe(text)
  })

  test('of two registrations never meet, however long, and though they differ only at the end', async () => {
    const long = 'person'.repeat(100)
    const ids = [long, `${long}!`, `${long}?`, '\u{1f600}', '\u{1f601}', 'x'.repeat(200), 'x'.repeat(201), 'X', 'x']
    for (const [n, id] of ids.entries()) await new FileCheckpointStore(folder, id).save(Checkpoint.online(BigInt(n)))
    expect(ids.map((id) => new FileCheckpointStore(folder, id).load()?.windowScn)).toEqual(ids.map((_, n) => BigInt(n)))
    expect(readdirSync(folder)).toContain('x'.repeat(200))
    expect(readdirSync(folder).filter((name) => name.startsWith('personperson'))).toHaveLength(3)
  })

  test('of an id with characters beyond 16 bits is found under the name of earlier versions, and kept', () => {
    mkdirSync(join(folder, '%efbfbd%efbfbd'))
    writeFileSync(join(folder, '%efbfbd%efbfbd', 'current.json'), Checkpoint.online(7n).format())
    expect(new FileCheckpointStore(folder, '\u{1f600}').load()?.windowScn).toBe(7n)
    expect(readdirSync(folder)).toEqual(['%f09f9880'])
  })

  test('that can not be written is a named error that may be retried', async () => {
    writeFileSync(join(folder, 'people'), 'a file where the folder should be')
    const saving = new FileCheckpointStore(folder, 'people').save(Checkpoint.online(1n))
    await expect(saving).rejects.toThrow(CheckpointUnwritableError)
  })

  test('is forgotten with its history by clear', async () => {
    const store = new FileCheckpointStore(folder, 'people', { historySize: 1 })
    await store.save(Checkpoint.online(1n))
    store.clear()
    expect(store.load()).toBeUndefined()
  })
})

describe('the max SCN file', () => {
  test('keeps the SCN and the position of its producer', async () => {
    const path = join(folder, 'maxscn', 'people.json')
    const position = { file: 'mysql-bin.000003', position: 4_294_967_295, gtid: '0-1-77' }
    await new FileMaxScnStore(path).save({ scn: 9151314442816847873n, savedAtMs: 1_700_000_000_000, position })
    expect(new FileMaxScnStore(path).load()).toEqual({
      scn: 9151314442816847873n,
      savedAtMs: 1_700_000_000_000,
      position,
    })
  })

  test('reads the text form of Databus', () => {
    const path = join(folder, 'people')
    writeFileSync(path, '4294967300:Fri Aug 19 10:00:00 UTC 2016\n')
    expect(new FileMaxScnStore(path).load()).toEqual({ scn: 4294967300n, savedAtMs: Date.UTC(2016, 7, 19, 10) })
  })

  test('reads the text form in a time zone that nobody else knows, without a time', () => {
    const path = join(folder, 'people')
    writeFileSync(path, '4294967300:Fri Aug 19 10:00:00 XYZT 2016\n')
    expect(new FileMaxScnStore(path).load()).toEqual({ scn: 4294967300n, savedAtMs: 0 })
  })

  test('cut short at any byte is an error, in either form', async () => {
    const path = join(folder, 'people.json')
    await new FileMaxScnStore(path).save({ scn: 4294967300n, savedAtMs: 1_700_000_000_000, position: { file: 'b.1' } })
    for (const whole of [readFileSync(path, 'utf8').trim(), '4294967300:Fri Aug 19 10:00:00 UTC 2016']) {
      for (let bytes = 0; bytes < whole.length; bytes++) {
        writeFileSync(path, whole.slice(0, bytes))
        expect(() => new FileMaxScnStore(path).load(), whole.slice(0, bytes)).toThrow(MaxScnUnreadableError)
      }
    }
  })

  const savedAt = '"savedAt":"2026-01-01T00:00:00.000Z"'
  test.each([
    '',
    'nonsense',
    '{}',
    '[]',
    '5',
    '{"scn":"5"}',
    '{"scn":1',
    '{"scn":5}',
    '{"scn":5,"savedAt":"soon"}',
    `{"scn":9223372036854775808,${savedAt}}`,
    `{"scn":-9223372036854775809,${savedAt}}`,
    `{"scn":1e300,${savedAt}}`,
    '9223372036854775808:Fri Aug 19 10:00:00 UTC 2016',
    '5:',
  ])('that holds %j is an error that names the file', (text) => {
    const path = join(folder, 'people.json')
    writeFileSync(path, text)
    expect(() => new FileMaxScnStore(path).load()).toThrow(MaxScnUnreadableError)
    expect(() => new FileMaxScnStore(path).load()).toThrow(path)
  })
})
