import { ConsumerCallbackResult, type EventConsumer, type ChangeEvent, type Result } from '@aesop/client'
import { shownKey } from '@aesop/kernel'
import { describe, expect, it } from 'vitest'
import { feeding } from './support/feed.ts'
import { ADDRESS, windowOf } from './support/person-stream.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'

const { SUCCESS, CHECKPOINT, SKIP_CHECKPOINT, ERROR, ERROR_FATAL } = ConsumerCallbackResult
const single = (scn: bigint) => windowOf(scn, [{ id: Number(scn), name: 'n' }])
const empty = (scn: bigint) => windowOf(scn, [])

/** A consumer that gives `result` at the line that begins so, once. */
function failingOnce(at: string, result: () => Result): RecordingConsumer {
  const consumer = new RecordingConsumer()
  let done = false
  consumer.on = (line) => {
    if (done || !line.startsWith(at)) return undefined
    done = true
    return result()
  }
  return consumer
}

describe('the order of callbacks', () => {
  it('is that of Databus, with a source around its rows and nothing but a checkpoint for an empty window', async () => {
    const consumer = new RecordingConsumer()
    const { dispatcher, feed, acknowledged } = feeding(consumer)
    await dispatcher.start()
    const rows = [
      { id: 1, name: 'a' },
      { id: 2, name: 'b', source: ADDRESS },
      { id: 3, name: 'c' },
    ]
    await feed(windowOf(7n, rows), empty(8n))
    await dispatcher.stop()
    expect(consumer.trace).toEqual([
      'start',
      'window 7',
      'source or_test.person',
      'row 7 or_test.person 1',
      'end of or_test.person',
      'source or_test.address',
      'row 7 or_test.address 2',
      'end of or_test.address',
      'source or_test.person',
      'row 7 or_test.person 3',
      'end of or_test.person',
      'end 7',
      'checkpoint 7',
      'checkpoint 8',
      'stop',
    ])
    expect(acknowledged).toEqual([7n, 8n])
  })

  it('is the same when every callback returns a promise', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = () => new Promise((resolve) => setImmediate(resolve))
    const sync = new RecordingConsumer()
    const windows = [single(1n), windowOf(2n, [{ id: 1, name: 'a', source: ADDRESS }]), empty(3n)]
    await feeding(consumer).feed(...windows)
    await feeding(sync).feed(...windows)
    expect(consumer.trace).toEqual(sync.trace)
  })

  it('costs no promise when no callback returns one, and missing callbacks are no failure', async () => {
    let rows = 0
    const { feed, acknowledged } = feeding({
      onDataEvent: () => {
        rows++
      },
    })
    expect(await feed(single(1n), single(2n))).toBe(0)
    expect(rows).toBe(2)
    expect(acknowledged).toEqual([1n, 2n])
  })
})

describe('the result of a callback', () => {
  it.each([undefined, SUCCESS, CHECKPOINT, SKIP_CHECKPOINT])('%s lets the window go on', async (result) => {
    for (const answer of [() => result, () => Promise.resolve(result)]) {
      const consumer = new RecordingConsumer()
      consumer.on = (line) => (line.startsWith('checkpoint') ? undefined : answer())
      const { feed, acknowledged } = feeding(consumer)
      await feed(single(1n))
      expect(acknowledged).toEqual([1n])
    }
  })

  const failures: readonly (readonly [string, () => Result, string])[] = [
    ['ERROR', () => ERROR, 'returned ERROR'],
    ['a promise of ERROR', () => Promise.resolve(ERROR), 'returned ERROR'],
    ['a rejection', () => Promise.reject(new Error('no luck')), 'failed; its error'],
    [
      'a throw',
      () => {
        throw new Error('no luck')
      },
      'failed; its error',
    ],
    ['something unknown', () => 'error' as never, 'failed; its error'],
  ]
  const places = ['window 2', 'source', 'row 2', 'end of', 'end 2']
  it.each(failures.flatMap(([what, result, text]) => places.map((place) => [what, place, result, text] as const)))(
    '%s at "%s" fails the window, by name',
    async (_what, place, result, text) => {
      const consumer = failingOnce(place, result)
      const { feed, dispatcher } = feeding(consumer, { since: 1n })
      await expect(feed(single(2n))).rejects.toMatchObject({
        code: 'AESOP_CLIENT_CONSUMER_FAILED',
        message: expect.stringContaining(text) as string,
        fields: { scn: 2n, registration: 'people' },
      })
      await dispatcher.rollback()
      await feed(single(2n))
      expect(consumer.trace.slice(consumer.trace.indexOf('rollback 1'))).toEqual([
        'rollback 1',
        'window 2',
        'source or_test.person',
        'row 2 or_test.person 2',
        'end of or_test.person',
        'end 2',
        'checkpoint 2',
      ])
    },
  )

  it('ERROR in onDataEvent names source, ordinal and key', async () => {
    const { feed } = feeding(failingOnce('row', () => ERROR))
    await expect(feed(single(5n))).rejects.toMatchObject({
      fields: { source: 'or_test.person', ordinal: 0, key: shownKey(5n, 'hash'), scn: 5n, callback: 'onDataEvent' },
    })
  })

  it('ERROR_FATAL is told apart from ERROR', async () => {
    const { feed } = feeding(failingOnce('row', () => ERROR_FATAL))
    await expect(feed(single(5n))).rejects.toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_FATAL' })
  })

  it('that does not come within the time budget is an ERROR when it comes', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = (line, signal) =>
      line.startsWith('row')
        ? new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              resolve(undefined)
            })
          })
        : undefined
    const { feed } = feeding(consumer, { timeBudgetMs: 10 })
    await expect(feed(single(5n))).rejects.toThrow('did not settle within 10 ms')
  })

  const disagreeing: readonly (readonly [string, () => Result])[] = [
    ['SKIP_CHECKPOINT', () => SKIP_CHECKPOINT],
    ['ERROR', () => ERROR],
    ['ERROR_FATAL', () => ERROR_FATAL],
    ['a rejection', () => Promise.reject(new Error('no'))],
    [
      'a throw',
      () => {
        throw new Error('no')
      },
    ],
  ]
  it.each(disagreeing)('of onCheckpoint that is %s keeps the old checkpoint and goes on', async (_what, result) => {
    const { feed, acknowledged, dispatcher } = feeding(failingOnce('checkpoint 2', result))
    await feed(single(1n), single(2n))
    expect(acknowledged).toEqual([1n])
    expect(dispatcher.checkpoint.windowScn).toBe(1n)
    expect(dispatcher.position.windowScn).toBe(2n)
    await feed(single(3n))
    expect(acknowledged).toEqual([1n, 3n])
  })

  it('of onRollback that fails does not stop the replay', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = (line) => (line.startsWith('rollback') ? ERROR : undefined)
    const { dispatcher, feed } = feeding(consumer, { since: 1n })
    await dispatcher.rollback()
    await feed(single(2n))
    expect(consumer.trace).toContain('checkpoint 2')
  })
})

describe('events that no relay may send', () => {
  it.each([
    ['an SCN that goes back', [single(5n), single(4n)], 'a window of SCN 4 after SCN 5'],
    ['a window that came already', [single(5n), single(5n)], 'a window of SCN 5 after SCN 5'],
    ['an empty window that goes back', [single(5n), empty(4n)], 'an empty window of SCN 4 after SCN 5'],
  ])('are refused by name: %s', async (_what, windows, message) => {
    await expect(feeding(new RecordingConsumer()).feed(...windows)).rejects.toThrow(message)
  })

  it('are refused by name: a window inside a window', async () => {
    const open = windowOf(1n, [{ id: 1, name: 'a' }])
    const cut = { ...open, bytes: open.bytes.subarray(0, open.ends[0]) }
    await expect(feeding(new RecordingConsumer()).feed(cut, single(2n))).rejects.toThrow(
      'an event of SCN 2 inside the window of SCN 1',
    )
    await expect(feeding(new RecordingConsumer()).feed(cut, empty(2n))).rejects.toThrow(
      'the window of SCN 1 ends with SCN 2',
    )
  })
})

describe('the event', () => {
  it('is one object that moves on; a copy stays', async () => {
    const seen: ChangeEvent[] = []
    const copies: ChangeEvent[] = []
    const consumer: EventConsumer = {
      onDataEvent: (event) => {
        seen.push(event)
        copies.push(event.copy())
      },
    }
    const window = windowOf(9n, [
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ])
    await feeding(consumer).feed(window)
    window.bytes.fill(0)
    expect(seen[0]).toBe(seen[1])
    expect(copies.map(({ key, scn, row, opcode }) => ({ key, scn, row, opcode }))).toEqual([
      { key: 1n, scn: 9n, row: { id: 1n, name: 'a' }, opcode: 'UPSERT' },
      { key: 2n, scn: 9n, row: { id: 2n, name: 'b' }, opcode: 'UPSERT' },
    ])
  })

  it('decodes its row once', async () => {
    let same = false
    await feeding({ onDataEvent: (event) => void (same = event.row === event.row) }).feed(single(1n))
    expect(same).toBe(true)
  })
})
