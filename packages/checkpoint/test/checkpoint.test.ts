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
      '{"consumption_mode":"BOOTSTRAP_SNAPSHOT","windowScn":-1,"prevScn":-1,"windowOffset":-1,"snapshot_offset":12,"bootstrap_since_scn":9007199254740993}'
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
  ])('refuses %s and says why', (text, fault) => {
    expect(() => Checkpoint.parse(text)).toThrow(CheckpointInvalidError)
    expect(() => Checkpoint.parse(text)).toThrow(fault)
  })
})
