import { Checkpoint } from '@aesop/checkpoint'
import {
  type ChangeEvent,
  ConsumerCallbackResult,
  Dispatcher,
  type EventConsumer,
  type GivenWindows,
  onlineCallbacks,
  type Result,
  SourceCatalogue,
} from '@aesop/client'
import { EventDecoder, SCHEMA_CHANGE_SCHEMA } from '@aesop/event'
import { type LogKeys, silentLogger } from '@aesop/kernel'
import { schemaIdOf } from '@aesop/schema'
import { CallbackTotals } from '@aesop/stats'
import { describe, expect, it } from 'vitest'
import { catalogue } from './support/feed.ts'
import { ADDRESS, CHANGES, PERSON, PERSON_SCHEMA, type TestWindow, windowOf } from './support/person-stream.ts'

const { SUCCESS, ERROR } = ConsumerCallbackResult
const row = (id: number, source = PERSON) => ({ id, name: `n${id}`, source })
const change = (kind: 'ALTER' | 'TRUNCATE', of = PERSON) => ({ change: kind, of })

interface RigOptions {
  readonly since?: bigint
  readonly sources?: readonly string[]
  readonly logKeys?: LogKeys
  readonly tellsChanges?: boolean
  readonly begin?: () => Promise<void> | undefined
  readonly refresh?: (() => Promise<void>) | undefined
  readonly bound?: SourceCatalogue
  readonly given?: GivenWindows
  readonly timeBudgetMs?: number
}

/** A dispatcher that is fed event by event, and all that it says. */
class Rig {
  readonly trace: string[] = []
  readonly acknowledged: bigint[] = []
  readonly begun: (bigint | undefined)[] = []
  readonly warned: unknown[][] = []
  readonly totals = new CallbackTotals()
  readonly dispatcher: Dispatcher
  answer: (line: string) => Result = () => undefined

  constructor(options: RigOptions = {}) {
    const { since, sources, logKeys, tellsChanges = true, begin, refresh, bound = catalogue, given } = options
    const on = (line: string): Result => {
      this.trace.push(line)
      return this.answer(line)
    }
    const consumer: EventConsumer = {
      onStartDataEventSequence: (scn) => on(`window ${scn}`),
      onEndDataEventSequence: (scn) => on(`end ${scn}`),
      onStartSource: ({ name }) => on(`source ${name}`),
      onEndSource: ({ name }) => on(`end of ${name}`),
      onDataEvent: (event: ChangeEvent) => on(`row ${String(event.key)}`),
      onCheckpoint: (scn) => on(`checkpoint ${scn}`),
      onRollback: (scn) => on(`rollback ${scn}`),
      ...(tellsChanges ? { onSchemaChange: ({ kind, source }) => on(`${kind} ${source}`) } : {}),
    }
    this.dispatcher = new Dispatcher({
      registration: 'people',
      logicalSources: sources ?? [PERSON.name, ADDRESS.name],
      onSourceQuarantined: 'continue',
      callbacks: onlineCallbacks(consumer),
      checkpoint: since === undefined ? Checkpoint.flexible() : Checkpoint.online(since),
      begin: (place) => {
        this.begun.push(place.windowScn)
        return begin?.()
      },
      acknowledge: ({ windowScn }) => void this.acknowledged.push(windowScn),
      timeBudgetMs: options.timeBudgetMs ?? 0,
      totals: this.totals,
      log: { ...silentLogger, warn: (...args) => this.warned.push(args) },
      ...(logKeys === undefined ? {} : { logKeys }),
      ...(given === undefined ? {} : { given }),
    })
    this.dispatcher.bind(bound, refresh ?? (() => Promise.resolve()))
  }

  /** Up to so many events of a window. @returns how many promises that took */
  async feed({ bytes }: TestWindow, from = 0, to = Infinity): Promise<number> {
    const decoder = new EventDecoder(1 << 20)
    decoder.push(bytes)
    let promises = 0
    for (let i = 0, view = decoder.next(); view !== undefined; i++, view = decoder.next()) {
      if (i < from || i >= to) continue
      const pending = this.dispatcher.dispatch(view)
      if (pending !== undefined) promises++
      await pending
    }
    return promises
  }
}

describe('what a dispatcher counts', () => {
  it('is every event that came, and every one that the consumer has had', async () => {
    const rig = new Rig()
    rig.answer = (line) => (line === 'row 3' ? ERROR : undefined)
    await rig.feed(windowOf(5n, [row(1), change('ALTER'), row(2)]))
    await expect(rig.feed(windowOf(6n, [row(3)]))).rejects.toThrow()
    const told = rig.totals as unknown as Record<string, number>
    expect([told['numDataEventsReceived'], told['numDataEventsProcessed'], told['numSysEventsReceived']]).toEqual([
      3, 2, 1,
    ])
    await rig.dispatcher.rollback()
    expect(told['numRollbacks']).toBe(1)
  })

  it('is each refusal of a checkpoint, which the log has, too', async () => {
    const rig = new Rig()
    rig.answer = (line) => (line.startsWith('checkpoint') ? ERROR : undefined)
    await rig.feed(windowOf(5n, [row(1)]))
    expect((rig.totals as unknown as Record<string, number>)['numSysErrorsProcessed']).toBe(1)
    const text = 'onCheckpoint failed; the checkpoint stays where it was'
    expect(rig.warned).toEqual([[text, { scn: 5n, reason: `it returned ${ERROR}` }]])
    expect(rig.acknowledged).toEqual([])
  })
})

describe('the place of a dispatcher', () => {
  it.each([
    ['at once', () => SUCCESS],
    ['later', () => Promise.resolve(SUCCESS)],
  ])(
    'within a window counts rows and changes, told of or not, of a consumer that answers %s',
    async (_when, answer) => {
      const rig = new Rig({ since: 4n, sources: [PERSON.name] })
      rig.answer = answer
      const window = windowOf(5n, [
        change('ALTER', ADDRESS),
        change('ALTER', ADDRESS),
        row(1),
        change('ALTER'),
        change('ALTER', ADDRESS),
        row(2),
      ])
      const places: unknown[] = []
      for (let i = 0; i < 7; i++) {
        await rig.feed(window, i, i + 1)
        const { windowScn, windowOffset } = rig.dispatcher.position
        places.push([windowScn, windowOffset])
      }
      // Before the window is opened for somebody, reading stands before it.
      const inside = [3n, 4n, 5n, 6n].map((offset) => [5n, offset])
      expect(places).toEqual([[4n, -1n], [4n, -1n], ...inside, [5n, -1n]])
    },
  )

  it('names the ordinal of what fails, behind changes that were nobody’s, of its own window alone', async () => {
    const rig = new Rig({ since: 3n, sources: [PERSON.name] })
    rig.answer = (line) => (line === 'row 1' ? ERROR : undefined)
    await rig.feed(windowOf(4n, [change('ALTER', ADDRESS), change('ALTER', ADDRESS)]), 0, 2)
    const failing = rig.feed(windowOf(5n, [change('ALTER', ADDRESS), change('ALTER'), row(1)]))
    await expect(failing).rejects.toMatchObject({ fields: { scn: 5n, ordinal: 2 } })
    const other = new Rig({ since: 3n, sources: [PERSON.name] })
    other.answer = rig.answer
    await other.feed(windowOf(5n, [change('ALTER', ADDRESS)]), 0, 1)
    // Another relay begins the window anew.
    other.dispatcher.bind(catalogue, () => Promise.resolve())
    await expect(other.feed(windowOf(5n, [row(1)]))).rejects.toMatchObject({ fields: { ordinal: 0 } })
  })

  it('is stored before the first window alone, which waits for that', async () => {
    let done = (): void => undefined
    const begin = (): Promise<void> => new Promise((resolve) => (done = resolve))
    const rig = new Rig({ begin })
    const feeding = rig.feed(windowOf(5n, [row(1)]))
    await new Promise(setImmediate)
    expect([rig.begun, rig.trace]).toEqual([[4n], []])
    done()
    await feeding
    await rig.feed(windowOf(6n, [row(2)]))
    await rig.feed(windowOf(7n, []))
    expect([rig.begun, rig.acknowledged]).toEqual([[4n], [5n, 6n, 7n]])
    const stored = new Rig({ since: 4n, begin })
    await stored.feed(windowOf(5n, [row(1)]))
    expect(stored.begun).toEqual([])
  })

  it('is what the answer of a relay says it follows', async () => {
    const rig = new Rig()
    rig.dispatcher.answerBegins({ address: 'relay', previousScn: 2n, scnSpace: 'one' })
    await rig.feed(windowOf(5n, [row(1)]))
    expect(rig.begun).toEqual([2n])
    expect(() => {
      rig.dispatcher.answerBegins({ address: 'relay', previousScn: 5n, scnSpace: 'two' })
    }).toThrow('two')
  })

  it('goes on by what the consumer acknowledges, and never back', async () => {
    const rig = new Rig({ since: 4n })
    rig.answer = (line) => (line.startsWith('checkpoint') ? ConsumerCallbackResult.SKIP_CHECKPOINT : undefined)
    for (const scn of [5n, 6n, 7n]) await rig.feed(windowOf(scn, [row(1)]))
    expect(rig.dispatcher.checkpoint.windowScn).toBe(4n)
    rig.dispatcher.acknowledged(Checkpoint.online(6n))
    rig.dispatcher.acknowledged(Checkpoint.online(5n))
    expect(rig.dispatcher.checkpoint.windowScn).toBe(6n)
    await rig.dispatcher.rollback()
    expect(rig.trace.at(-1)).toBe('rollback 6')
    expect(rig.dispatcher.position.windowScn).toBe(6n)
  })

  it('is not moved by an empty window that comes again', async () => {
    const rig = new Rig({ since: 4n })
    await rig.feed(windowOf(5n, []))
    await rig.feed(windowOf(5n, []))
    expect(rig.trace).toEqual(['checkpoint 5'])
    await expect(rig.feed(windowOf(4n, []))).rejects.toThrow('an empty window of SCN 4 after SCN 5')
  })
})

describe('a callback that fails, now or later,', () => {
  it.each([
    ['onStartDataEventSequence', 'window 5', {}],
    ['onStartSource', `source ${PERSON.name}`, {}],
    ['onDataEvent', 'row 2', { source: PERSON.name, ordinal: 1 }],
    ['onEndSource', `end of ${PERSON.name}`, {}],
    ['onSchemaChange', `ALTER ${ADDRESS.name}`, { source: ADDRESS.name, ordinal: 2 }],
    ['onEndDataEventSequence', 'end 5', {}],
  ])('is named as %s', async (callback, at, fields) => {
    for (const fail of [() => ERROR, () => Promise.resolve(ERROR)]) {
      const rig = new Rig({ since: 4n, logKeys: 'none' })
      rig.answer = (line) => (line === at ? fail() : SUCCESS)
      const window = windowOf(5n, [row(1), row(2), change('ALTER', ADDRESS), row(3)])
      const error: unknown = await rig.feed(window).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ fields: { registration: 'people', callback, scn: 5n, ...fields } })
      expect(Object.keys((error as { fields: object }).fields)).not.toContain('key')
      if (!('source' in fields) && callback.includes('Sequence'))
        expect(Object.keys((error as { fields: object }).fields)).not.toContain('source')
      expect(rig.dispatcher.position.windowScn).toBe(5n)
    }
  })

  it('lets the rows behind it wait for a promise, and none else', async () => {
    const rig = new Rig({ since: 4n })
    rig.answer = (line) => (line === 'row 1' ? Promise.resolve(SUCCESS) : SUCCESS)
    expect(await rig.feed(windowOf(5n, [row(1), row(2), row(3)]))).toBe(1)
  })
})

describe('events that no relay may send', () => {
  const bytesOf = (...windows: [TestWindow, number, number][]): TestWindow => {
    const pieces = windows.map(([{ bytes, ends }, from, to]) =>
      bytes.subarray(from === 0 ? 0 : ends[from - 1], ends[to - 1]),
    )
    return { scn: 0n, ends: [], bytes: Buffer.concat(pieces) }
  }

  it('a change of a table inside of another window', async () => {
    const mixed = bytesOf([windowOf(5n, [row(1)]), 0, 1], [windowOf(6n, [change('ALTER')]), 0, 1])
    await expect(new Rig().feed(mixed)).rejects.toThrow('an event of SCN 6 inside the window of SCN 5')
  })

  it('a row of a source that was not asked for', async () => {
    const rig = new Rig()
    const unknown = windowOf(5n, [row(1, { id: 77, name: 'or_test.other' })])
    await expect(rig.feed(unknown)).rejects.toThrow('an event of the source 77, which was not asked for')
  })

  it('a change whose schema the relay does not tell', async () => {
    const schemas = [PERSON, ADDRESS].map(({ id }) => ({ id, version: 1, schema: PERSON_SCHEMA }))
    const bound = new SourceCatalogue([PERSON, ADDRESS, CHANGES], schemas, CHANGES.id)
    const id = schemaIdOf(SCHEMA_CHANGE_SCHEMA).toString('hex')
    await expect(new Rig({ bound }).feed(windowOf(5n, [change('ALTER')]))).rejects.toMatchObject({
      code: 'AESOP_CLIENT_SCHEMA_MISSING',
      fields: { source: CHANGES.name, schemaId: id, scn: 5n, ordinal: 0 },
    })
  })

  it('a row whose schema the relay does not tell even when it is asked', async () => {
    let asked = 0
    const refresh = (): Promise<void> => {
      asked++
      return Promise.resolve()
    }
    const unknown = windowOf(5n, [row(1)], PERSON_SCHEMA, Buffer.alloc(16, 7))
    await expect(new Rig({ refresh }).feed(unknown)).rejects.toMatchObject({ code: 'AESOP_CLIENT_SCHEMA_MISSING' })
    expect(asked).toBe(1)
  })
})

it('a row of a new schema is delivered once the relay was asked for it', async () => {
  const before = JSON.stringify({ type: 'record', name: 'person', fields: [{ name: 'id', type: 'long' }] })
  const bound = new SourceCatalogue([PERSON], [{ id: PERSON.id, version: 1, schema: before }])
  const refresh = (): Promise<void> => {
    bound.source(PERSON.id)?.learn([{ id: PERSON.id, version: 2, schema: PERSON_SCHEMA }])
    return Promise.resolve()
  }
  const rig = new Rig({ bound, refresh })
  await rig.feed(windowOf(5n, [row(1), row(2)]))
  expect(rig.trace.filter((line) => line.startsWith('row'))).toEqual(['row 1', 'row 2'])
})

it('numbers of sources are those of the relay that is bound, from one window to the next', async () => {
  const rig = new Rig()
  await rig.feed(windowOf(5n, [row(1)]))
  const schemas = [PERSON, ADDRESS].map(({ id }) => ({ id, version: 1, schema: PERSON_SCHEMA }))
  const other = new SourceCatalogue(
    [{ ...ADDRESS, id: PERSON.id }, { ...PERSON, id: ADDRESS.id }, CHANGES],
    schemas,
    CHANGES.id,
  )
  rig.dispatcher.bind(other, () => Promise.resolve())
  await rig.feed(windowOf(6n, [row(2)]))
  expect(rig.trace.filter((line) => line.startsWith('source'))).toEqual([
    `source ${PERSON.name}`,
    `source ${ADDRESS.name}`,
  ])
})

it('a consumer that acknowledges by itself is given windows as long as there is room, and its checkpoints store nothing', async () => {
  const told: unknown[] = []
  let goOn = (): void => undefined
  const rig = new Rig({
    since: 4n,
    given: {
      window: ({ windowScn }) => void told.push(windowScn),
      room: () => (told.length < 2 ? undefined : new Promise((resolve) => (goOn = resolve))),
      rolledBack: () => void told.push('rolled back'),
    },
  })
  expect(await rig.feed(windowOf(5n, [row(1)]))).toBe(0)
  const held = rig.feed(windowOf(6n, [row(2)]))
  await new Promise(setImmediate)
  expect([told, rig.acknowledged, rig.dispatcher.checkpoint.windowScn]).toEqual([[5n, 6n], [], 4n])
  goOn()
  expect(await held).toBe(1)
  await rig.dispatcher.rollback()
  expect([told.at(-1), rig.dispatcher.readScn, rig.dispatcher.highestScn]).toEqual(['rolled back', 4n, 6n])
})

it('a call that is overdue is known until it has settled, and one that is given up knows why', async () => {
  let settle = (): void => undefined
  const rig = new Rig({ since: 4n, timeBudgetMs: 5 })
  rig.answer = (line) =>
    line === 'row 1'
      ? new Promise((resolve) => {
          settle = () => {
            resolve(SUCCESS)
          }
        })
      : SUCCESS
  await expect(rig.feed(windowOf(5n, [row(1)]))).rejects.toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_OVERDUE' })
  expect(rig.dispatcher.overdue).toMatchObject({ callback: 'onDataEvent', scn: 5n })
  let isSettled = false
  const waiting = rig.dispatcher.whenSettled(new AbortController().signal).then(() => (isSettled = true))
  await new Promise(setImmediate)
  expect(isSettled).toBe(false)
  settle()
  await waiting
  expect(rig.dispatcher.overdue).toBeUndefined()
})
