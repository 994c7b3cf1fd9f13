import { describe, expect, test } from 'vitest'

import { Checkpoint, CheckpointInvalidError } from '@aesop/checkpoint'

describe('a checkpoint', () => {
  test('is read and written as Databus does, with every digit of its SCN', () => {
    const text =
      '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":9151314442816847873,"prevScn":9151314442816847873,"windowOffset":-1,"snapshot_offset":-1,"tsNsecs":1700000000000000001}'
    const checkpoint = Checkpoint.parse(text)
    expect(checkpoint.windowScn).toBe(9151314442816847873n)
    expect(checkpoint.tsNanos).toBe(1700000000000000001n)
    expect(checkpoint.format()).toBe(text)
  })

  test('keeps keys that it does not know', () => {
    const text =
      '{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"prevScn":-1,"windowOffset":-1,"snapshot_offset":12,"bootstrap_since_scn":9007199254740993,"bootstrap_start_scn":9007199254740995}'
    expect(Checkpoint.parse(text).format()).toBe(text)
  })

  test('moves to the end of a window with its end-of-period event, and counts events inside', () => {
    const inside = Checkpoint.online(10n).afterEvent(20n).afterEvent(20n)
    expect([inside.windowScn, inside.prevScn, inside.windowOffset]).toEqual([20n, 10n, 2n])
    const after = inside.afterEndOfPeriod(20n, 5n)
    expect([after.windowScn, after.prevScn, after.windowOffset, after.tsNanos]).toEqual([20n, 20n, -1n, 5n])
    expect(after.isFullyConsumed).toBe(true)
  })

  test('is flexible only without a window and without a timestamp', () => {
    expect(Checkpoint.flexible().isFlexible).toBe(true)
    expect(Checkpoint.online(0n).isFlexible).toBe(false)
    expect(Checkpoint.parse(Checkpoint.flexible().format()).isFlexible).toBe(true)
  })

  test('takes what a Databus client makes flexible inside a window, whatever it left beside', () => {
    const text = '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"prevScn":3,"windowOffset":7,"tsNsecs":-1}'
    expect(Checkpoint.parse(text).isFlexible).toBe(true)
  })

  test('takes a timestamp beside a window, and the first window of a client that began flexible', () => {
    const timed = Checkpoint.parse('{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":5,"tsNsecs":9}')
    expect([timed.windowScn, timed.tsNanos, timed.isFlexible]).toEqual([5n, 9n, false])
    const first = Checkpoint.parse('{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"windowOffset":2}')
    expect([first.windowScn, first.prevScn, first.windowOffset]).toEqual([5n, -1n, 2n])
  })

  test.each([
    ['flexible', Checkpoint.flexible(), Checkpoint.flexible()],
    ['at the end of a window', Checkpoint.online(5n, 9n), Checkpoint.online(5n, 9n)],
    ['inside a window', Checkpoint.within(5n, 3n, 2n), Checkpoint.online(3n)],
  ])('%s goes back to the end of a window', (_what, checkpoint, end) => {
    expect(checkpoint.lastWholeWindow()).toEqual(end)
  })

  test.each([
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"windowOffset":2}', 'inside the window of SCN 5'],
    ['{"consumption_mode":"INIT","windowScn":-1}', 'consumption_mode is INIT'],
    [
      '{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"snapshot_offset":0,"bootstrap_since_scn":5}',
      'consumption_mode is BOOTSTRAP_SNAPSHOT',
    ],
    [
      '{"consumption_mode":"BOOTSTRAP_CATCHUP","windowScn":5,"windowOffset":0,"bootstrap_since_scn":5,"bootstrap_start_scn":5,"bootstrap_target_scn":9}',
      'consumption_mode is BOOTSTRAP_CATCHUP',
    ],
  ])('%s is well formed and no place to start from', (text, fault) => {
    const checkpoint = Checkpoint.parse(text)
    expect(() => checkpoint.lastWholeWindow()).toThrow(CheckpointInvalidError)
    expect(() => checkpoint.lastWholeWindow()).toThrow(fault)
  })

  const snapshot = (more: string): string =>
    `{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1${more === '' ? '' : `,${more}`}}`
  const catchup = (more: string): string =>
    `{"consumption_mode":"BOOTSTRAP_CATCHUP","windowScn":5,"windowOffset":0,"bootstrap_start_scn":4,"bootstrap_target_scn":9,${more}}`

  test.each([
    ['not json', 'no JSON'],
    ['[]', 'no JSON object'],
    ['{"windowScn":1}', 'consumption_mode is null'],
    ['{"consumption_mode":"ONLINE"}', 'consumption_mode is "ONLINE"'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":"1"}', 'windowScn is "1", expected an integer'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":1.5}', 'windowScn is 1.5, expected an integer'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":6}', 'prevScn 6 is ahead of windowScn 5'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":4}', 'prevScn 4 is not windowScn 5'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":4,"windowOffset":-2}', 'windowOffset is -2'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION"}', 'windowScn is absent'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":null}', 'windowScn is null'],
    ['{"consumption_mode":"INIT"}', 'windowScn is absent'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-2}', 'windowScn is -2'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"tsNsecs":5}', 'windowScn is -1 beside tsNsecs 5'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":9223372036854775808}', 'windowScn is 9223372036854775808'],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":1e300}', 'windowScn is 1e+300'],
    [
      '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":-9223372036854775809}',
      'prevScn is -9223372036',
    ],
    ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"tsNsecs":-7}', 'tsNsecs is -7'],
    [snapshot(''), 'bootstrap_since_scn is absent'],
    [snapshot('"bootstrap_since_scn":1,"snapshot_offset":3'), 'snapshot_offset is 3'],
    [
      snapshot('"bootstrap_since_scn":1,"snapshot_offset":0,"bootstrap_catchup_source_index":1'),
      'catchup_source_index is 1',
    ],
    [snapshot('"bootstrap_since_scn":1,"snapshot_offset":0,"bootstrap_target_scn":7'), 'bootstrap_target_scn is 7'],
    [
      snapshot('"bootstrap_since_scn":1,"snapshot_offset":0,"bootstrap_snapshot_source_index":1'),
      'snapshot_source_index is 1',
    ],
    [catchup('"bootstrap_since_scn":1,"snapshot_offset":2'), 'snapshot_offset is 2'],
    [
      catchup('"bootstrap_since_scn":1,"bootstrap_catchup_source_index":2,"bootstrap_snapshot_source_index":1'),
      'catchup_source_index is 2',
    ],
    [catchup('"bootstrap_since_scn":"x"'), 'bootstrap_since_scn is "x"'],
    [catchup('"snapshot_offset":-1'), 'bootstrap_since_scn is absent'],
    [
      '{"consumption_mode":"BOOTSTRAP_CATCHUP","windowScn":5,"bootstrap_since_scn":1,"bootstrap_start_scn":9,"bootstrap_target_scn":8}',
      'bootstrap_target_scn is 8',
    ],
  ])('refuses %s and says why', (text, fault) => {
    expect(() => Checkpoint.parse(text)).toThrow(CheckpointInvalidError)
    expect(() => Checkpoint.parse(text)).toThrow(fault)
  })
})
