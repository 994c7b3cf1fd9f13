import { ConsumerCallbackResult, type EventConsumer, onlineCallbacks, type Result } from '@aesop/client'
import { AesopError, silentLogger } from '@aesop/kernel'
import { describe, expect, it } from 'vitest'
import { Caller } from '../src/caller.ts'
import { type CallbackKey } from '../src/delivery-callbacks.ts'
import { ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError } from '../src/errors.ts'

const { SUCCESS, CHECKPOINT, SKIP_CHECKPOINT, ERROR, ERROR_FATAL } = ConsumerCallbackResult
const CALLBACKS = {
  start: 'onStartConsumption',
  stop: 'onStopConsumption',
  startSequence: 'onStartDataEventSequence',
  endSequence: 'onEndDataEventSequence',
  startSource: 'onStartSource',
  endSource: 'onEndSource',
  event: 'onDataEvent',
  checkpoint: 'onCheckpoint',
  rollback: 'onRollback',
  error: 'onError',
  schemaChange: 'onSchemaChange',
} as const satisfies Record<CallbackKey, keyof EventConsumer>

/** A consumer whose callbacks all answer the same, and what came of it. */
class Rig {
  readonly told: unknown[][] = []
  readonly agreed: unknown[] = []
  readonly refused: unknown[] = []
  readonly warned: unknown[][] = []
  readonly caller: Caller

  constructor(answer: () => Result, timeBudgetMs = 0) {
    const consumer = Object.fromEntries(
      Object.values(CALLBACKS).map((name) => [
        name,
        (...args: unknown[]) => {
          this.told.push([name, ...args])
          return answer()
        },
      ]),
    )
    this.caller = new Caller({
      callbacks: onlineCallbacks(consumer as unknown as EventConsumer),
      timeBudgetMs,
      placeOf: (callback) => ({ registration: 'people', callback, scn: 7n }),
      agreed: (...args) => {
        this.agreed.push(args)
        return undefined
      },
      refused: (...args) => this.refused.push(args),
      log: { ...silentLogger, warn: (...args) => this.warned.push(args) },
    })
  }
}

const ANSWERS: Record<string, () => Result> = {
  'at once': () => ERROR,
  later: () => Promise.resolve(ERROR),
  'by throwing': () => {
    throw new Error('no luck')
  },
  'by throwing what is no error': () => {
    AbortSignal.abort('no luck').throwIfAborted()
  },
  'by rejecting': () => Promise.reject(new Error('no luck')),
}
const failures = Object.entries(ANSWERS)

async function thrown(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('the callbacks of a consumer', () => {
  it.each(Object.entries(CALLBACKS))(
    'of the kind %s are called as %s, with what it is about and the signal',
    (key, name) => {
      const rig = new Rig(() => SUCCESS)
      const { callbacks } = rig.caller
      expect(callbacks.names[key as CallbackKey]).toBe(name)
      const signal = new AbortController().signal
      const isAlone = key === 'start' || key === 'stop'
      const { [key as CallbackKey]: call } = callbacks as unknown as Record<CallbackKey, (...args: unknown[]) => Result>
      expect(call(...(isAlone ? [signal] : ['what', signal]))).toBe(SUCCESS)
      expect(rig.told).toEqual([[name, ...(isAlone ? [signal] : ['what', signal])]])
    },
  )

  it('may be missing, but that of rows: nothing is a success', () => {
    const callbacks = onlineCallbacks({ onDataEvent: () => ERROR })
    expect(callbacks.schemaChange).toBeUndefined()
    const { signal } = new AbortController()
    for (const key of ['start', 'stop'] as const) expect(callbacks[key](signal)).toBeUndefined()
    for (const key of ['startSequence', 'endSequence', 'checkpoint', 'rollback'] as const)
      expect(callbacks[key](7n, signal)).toBeUndefined()
    const source = { id: 1, name: 'shop.item' }
    for (const key of ['startSource', 'endSource'] as const) expect(callbacks[key](source, signal)).toBeUndefined()
    expect(
      callbacks.error(new ConsumerFatalError({ registration: 'r', callback: 'c', scn: 1n }), signal),
    ).toBeUndefined()
  })
})

describe('a callback about rows', () => {
  it.each([undefined, SUCCESS, CHECKPOINT, SKIP_CHECKPOINT])('that answers %s costs no promise', async (answer) => {
    expect(new Rig(() => undefined).caller.data('event', () => answer)).toBeUndefined()
    await expect(new Rig(() => undefined).caller.data('event', () => Promise.resolve(answer))).resolves.toBeUndefined()
  })

  it.each(failures)('that fails %s breaks its window off, at its place', async (_how, answer) => {
    const error = await thrown(() => new Rig(answer).caller.data('startSource', answer))
    expect(error).toBeInstanceOf(ConsumerFailedError)
    expect(error).toMatchObject({ fields: { callback: 'onStartSource', registration: 'people', scn: 7n } })
    const place = { registration: 'people', callback: 'onDataEvent', scn: 8n, ordinal: 3 }
    const placed = await thrown(() => new Rig(answer).caller.data('event', answer, () => place))
    expect(placed).toMatchObject({ fields: place })
  })
})

describe('a failure', () => {
  it.each(failures)('%s of start or stop is that of who starts or stops', async (_how, answer) => {
    const { caller, warned } = new Rig(answer)
    expect(await thrown(() => caller.start())).toMatchObject({ fields: { callback: 'onStartConsumption' } })
    expect(await thrown(() => caller.stop())).toMatchObject({ fields: { callback: 'onStopConsumption' } })
    expect(warned).toEqual([])
  })

  it.each(failures)('%s of onRollback stands in the log, and the rows come again', async (_how, answer) => {
    const rig = new Rig(answer)
    await rig.caller.rollback(7n)
    expect(rig.told).toEqual([['onRollback', 7n, rig.caller.calls.signal]])
    const text = expect.any(String) as string
    expect(rig.warned).toEqual([['onRollback failed; the rows come again all the same', { error: text }]])
  })

  it.each(failures)('%s of onError stands in the log', async (_how, answer) => {
    const rig = new Rig(answer)
    const error = new ConsumerFatalError({ registration: 'people', callback: 'onDataEvent', scn: 7n })
    await rig.caller.tell(error)
    expect(rig.told).toEqual([['onError', error, rig.caller.calls.signal]])
    expect(rig.warned).toEqual([['onError failed', { error: expect.any(String) as string }]])
  })

  it.each(failures)('%s of onCheckpoint keeps the old checkpoint', async (_how, answer) => {
    const rig = new Rig(answer)
    await rig.caller.checkpoint(7n, 70n)
    expect(rig.told).toEqual([['onCheckpoint', 7n, rig.caller.calls.signal]])
    expect(rig.refused).toEqual([[7n, expect.any(String)]])
    expect([rig.agreed, rig.warned]).toEqual([[], []])
  })

  it('is told in the words of the consumer', async () => {
    const rig = new Rig(() => {
      throw new Error('the disk of the consumer is full')
    })
    await rig.caller.rollback(7n)
    await rig.caller.checkpoint(7n, 70n)
    expect(rig.warned[0]?.[1]).toEqual({ error: 'the disk of the consumer is full' })
    expect(rig.refused).toEqual([[7n, 'the disk of the consumer is full']])
    const wordless = new Rig(() => 99 as unknown as Result)
    await wordless.caller.checkpoint(8n, 80n)
    expect(wordless.refused).toEqual([[8n, 'it returned 99']])
  })
})

describe('the end of a window', () => {
  it.each([undefined, SUCCESS, CHECKPOINT])('is agreed to by %s, at once or later', async (answer) => {
    const rig = new Rig(() => answer)
    expect(rig.caller.checkpoint(7n, 70n)).toBeUndefined()
    const late = new Rig(() => Promise.resolve(answer))
    const agreeing = late.caller.checkpoint(7n, 70n)
    expect(late.agreed).toEqual([])
    await agreeing
    expect([rig.agreed, late.agreed]).toEqual([[[7n, 70n]], [[7n, 70n]]])
    expect([rig.refused, late.refused]).toEqual([[], []])
  })

  it('is passed by where the consumer skips it, which is no failure', async () => {
    for (const answer of [() => SKIP_CHECKPOINT, () => Promise.resolve(SKIP_CHECKPOINT)]) {
      const rig = new Rig(answer)
      await rig.caller.checkpoint(7n, 70n)
      expect([rig.agreed, rig.refused, rig.warned]).toEqual([[], [], []])
    }
  })

  it.each([ERROR, ERROR_FATAL])('is refused by %s', async (answer) => {
    const rig = new Rig(() => answer)
    await rig.caller.checkpoint(7n, 70n)
    expect([rig.agreed, rig.refused]).toEqual([[], [[7n, `it returned ${answer}`]]])
  })
})

describe('a call that is overdue', () => {
  const hanging = (): { rig: Rig; end: () => void } => {
    let end = (): void => undefined
    const hang = new Promise<undefined>((resolve) => {
      end = () => {
        resolve(undefined)
      }
    })
    return {
      rig: new Rig(() => hang, 5),
      end: () => {
        end()
      },
    }
  }

  it('is an error in every role, because the next one would overlap with it', async () => {
    for (const [callback, call] of [
      ['onStartConsumption', (caller: Caller) => caller.start()],
      ['onStopConsumption', (caller: Caller) => caller.stop()],
      ['onRollback', (caller: Caller) => caller.rollback(7n)],
      ['onCheckpoint', (caller: Caller) => caller.checkpoint(7n, 70n)],
    ] as const) {
      const { rig, end } = hanging()
      const error = await thrown(() => call(rig.caller))
      expect(error).toBeInstanceOf(ConsumerOverdueError)
      expect(error).toMatchObject({ fields: { callback } })
      expect([rig.refused, rig.warned]).toEqual([[], []])
      end()
    }
  })

  it('in onError is in the log alone', async () => {
    const { rig, end } = hanging()
    await rig.caller.tell(new ConsumerFatalError({ registration: 'people', callback: 'onDataEvent', scn: 7n }))
    expect(rig.warned).toMatchObject([['onError failed', { error: expect.any(String) as string }]])
    end()
  })

  it('lets the consumer hear why nothing comes any more when it is done, not before', async () => {
    const { rig, end } = hanging()
    const error = await thrown(() => rig.caller.start())
    if (!(error instanceof AesopError)) throw new Error('expected an error of ours')
    await rig.caller.tell(error)
    expect(rig.told.map(([name]) => name)).toEqual(['onStartConsumption'])
    end()
    await rig.caller.calls.whenSettled(new AbortController().signal)
    expect(rig.told.map(([name]) => name)).toEqual(['onStartConsumption', 'onError'])
  })
})
