import { EventBuffer } from '@aesop/buffer'
import { type MaxScn, MemoryMaxScnStore } from '@aesop/checkpoint'
import { type EventAppend } from '@aesop/event'
import {
  type EventProducer,
  GeneratedScnProducer,
  MemoryEventProducer,
  type PlaceFinder,
  PhysicalSourceConfig,
  type ProducerContext,
  type ScnGenerator,
  SourceScnGenerator,
  type WindowSink,
} from '@aesop/producer'
import { type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, test } from 'vitest'
import { thrownBy } from '../../../test/support/thrown-by.ts'

/** Leaves out every other SCN, so that a way back can miss. */
const doubled: ScnGenerator = {
  scnSpaceOf: (space) => `doubled:${space}`,
  scnOf: (scn) => 2n * scn + 1_000n,
  sourceScnOf: (scn) => (scn < 1_000n ? -1n : (scn - 1_000n) / 2n),
}
const oneWay: ScnGenerator = { scnSpaceOf: (space) => doubled.scnSpaceOf(space), scnOf: (scn) => doubled.scnOf(scn) }

const physicalSource = new PhysicalSourceConfig({ uri: 'memory:x', name: 'shop', scnSpace: 'log', sources: ['a.b'] })

function contextOf(maxScn = new MemoryMaxScnStore(), more: Partial<ProducerContext> = {}): ProducerContext {
  const schemas = new MemorySchemaRegistry()
  const fail = (error: Error): never => {
    throw error
  }
  return { physicalSource, schemas, maxScn, initialScn: 7n, fail, ...more }
}

async function started(generator: ScnGenerator, maxScn = new MemoryMaxScnStore()) {
  const inner = new MemoryEventProducer()
  const producer = new GeneratedScnProducer(inner, 'shop', generator)
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1 })
  const began = await producer.prepare(contextOf(maxScn))
  buffer.start(began)
  await producer.start(began, buffer)
  return { inner, producer, buffer, began, maxScn }
}

/** A source whose log is a buffer of its own, so that what its sink gets can be read late. */
class LoggedProducer implements EventProducer {
  readonly name = 'logged'
  readonly scnSpace = 'log'
  readonly log = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1 })
  context: ProducerContext | undefined
  sink: WindowSink | undefined
  readonly lateReading = {
    readFrom: () => this.log.openReader(),
    subscribe: (listener: () => void) => this.log.subscribe(listener),
  }

  readonly findStart = () => Promise.resolve({ kind: 'found', scn: 15n } as const)

  prepare(context: ProducerContext): Promise<bigint> {
    this.context = context
    this.log.start(10n)
    return Promise.resolve(10n)
  }
  start(_scn: bigint, sink: WindowSink): Promise<void> {
    this.sink = sink
    return Promise.resolve()
  }
  placeFinder(): PlaceFinder {
    const record = (scn: bigint): MaxScn => ({ scn, savedAtMs: 1, position: { file: 'log.1' }, scnSpace: 'log' })
    return {
      describe: ({ scn }) => ({ scn, file: 'log.1' }),
      locate: () => Promise.resolve({ scn: 5n }),
      recordAt: (_place, floorScn) => Promise.resolve({ record: record(floorScn), place: { scn: floorScn } }),
      recordAnew: (floorScn) => ({ record: record(floorScn), place: { scn: floorScn } }),
      transactionAt: () => Promise.resolve({ file: 'log.1', position: 4 }),
      faultRemains: () => Promise.resolve(undefined),
    }
  }
  write(scn: bigint, rows: number): void {
    for (const sink of [this.log, this.sink]) {
      sink?.beginWindow()
      for (let i = 0; i < rows; i++)
        sink?.append(this.#row(scn, i), (target, at) => {
          target.fill(i, at, at + 9)
          return at + 9
        })
      sink?.endWindow(scn)
    }
  }
  #row(scn: bigint, i: number): EventAppend {
    const key = i % 2 === 0 ? i : `key ${i}`
    const about = { sourceId: 40, schemaId: Buffer.alloc(16, 3), logicalPartition: 0 }
    return { opcode: 'UPSERT', key, timestampNanos: scn * 1_000n, maxValueBytes: 9, ...about }
  }
  pause(): void {
    // Nothing comes by itself.
  }
  resume(): void {
    // Nothing comes by itself.
  }
  stop(): Promise<void> {
    return Promise.resolve()
  }
  status() {
    return { state: 'running', scn: this.log.lastScn, rereadUntilScn: 100n } as const
  }
}

async function logged(generator: ScnGenerator, more: Partial<ProducerContext> = {}) {
  const inner = new LoggedProducer()
  const producer = new GeneratedScnProducer(inner, 'shop', generator)
  const began = await producer.prepare(contextOf(undefined, more))
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1 })
  buffer.start(began)
  await producer.start(began, buffer)
  return { inner, producer, buffer }
}

function bytesFrom(reader: WindowReader, scn: bigint, maxBytes: number): { bytes: Buffer; last: ReadStep | SeekStep } {
  const sought = reader.seek(scn, -1)
  if (sought instanceof Promise || sought.kind !== 'found') return { bytes: Buffer.alloc(0), last: sought as SeekStep }
  const parts: Buffer[] = []
  for (;;) {
    const step = reader.next(maxBytes) as ReadStep
    if (step.kind !== 'chunk') return { bytes: Buffer.concat(parts), last: step }
    expect(reader.scn).toBe(step.scn)
    parts.push(Buffer.from(step.bytes))
    step.release()
  }
}

describe('SCNs of a generator', () => {
  test('are those of windows, of the place, and of what is stored, in a space of their own', async () => {
    const { inner, producer, buffer, began, maxScn } = await started(doubled)
    expect(began).toBe(1_014n)
    inner.addWindow([{ key: 1 }])
    inner.addWindow([], 20n)
    expect([buffer.minScn, buffer.lastScn]).toEqual([1_016n, 1_040n])
    expect(producer.status()).toMatchObject({ state: 'running', scn: 1_040n })
    expect(producer.scnSpace).toBe('doubled:log')
    await producer.stop()
    expect(maxScn.load()).toMatchObject({ scn: 1_040n, scnSpace: 'doubled:log', position: { ofLog: { scn: '20' } } })
  })

  test('go on after a restart, also from what was stored before there was a generator', async () => {
    const first = await started(doubled)
    first.inner.addWindow([{ key: 1 }], 20n)
    await first.producer.stop()
    const second = await started(doubled, first.maxScn)
    expect(second.began).toBe(1_040n)
    second.inner.addWindow([{ key: 1 }])
    expect(second.buffer.lastScn).toBe(1_042n)
    const before = new MemoryMaxScnStore()
    before.save({ scn: 30n, savedAtMs: 1, scnSpace: 'log' })
    expect((await started(doubled, before)).began).toBe(1_060n)
  })

  test('that would be others than before are refused at the start', async () => {
    const first = await started(doubled)
    first.inner.addWindow([{ key: 1 }], 20n)
    await first.producer.stop()
    const other = { ...doubled, scnOf: (scn: bigint) => 3n * scn }
    await expect(started(other, first.maxScn)).rejects.toMatchObject({
      code: 'AESOP_SCN_GENERATOR_CHANGED',
      fields: { sourceScn: 20n, before: 1_040n, now: 60n },
    })
  })

  test('that do not rise end the source before the window is in the buffer', async () => {
    const { inner, buffer } = await started({ ...doubled, scnOf: (scn) => (scn < 9n ? scn : 9n) })
    inner.addWindow([{ key: 1 }], 8n)
    inner.addWindow([{ key: 1 }], 9n)
    const fault = thrownBy(() => {
      inner.addWindow([{ key: 1 }], 10n)
    })
    expect(fault).toMatchObject({ code: 'AESOP_SCN_GENERATOR_INVALID', canRetry: false })
    expect(fault.message).toContain('makes 9 of the SCN 10 of the log, expected one above 9')
    expect([buffer.lastScn, buffer.windows]).toEqual([9n, 2])
  })

  test.each([
    ['a number', { scnOf: () => 5 }],
    ['one below 0', { scnOf: () => -1n }],
    ['one of 64 bits', { scnOf: () => 2n ** 63n }],
    ['a space that fits into no header', { scnSpaceOf: () => 'a b' }],
  ])('may not be %s', async (_what, wrong) => {
    const generator = { ...doubled, ...wrong } as unknown as ScnGenerator
    const work = started(generator).then(({ producer }) => producer.scnSpace)
    await expect(work).rejects.toMatchObject({ code: 'AESOP_SCN_GENERATOR_INVALID' })
  })

  test.each([80, 200, 100_000])(
    'are in the bytes that are read late, as in those that are held (%i at a time)',
    async (max) => {
      const { inner, producer, buffer } = await logged(doubled)
      for (let scn = 11n; scn < 40n; scn += 3n) inner.write(scn, Number(scn % 5n))
      const wanted = bytesFrom(buffer.openReader(), 1_030n, 1 << 20).bytes
      expect(wanted.length).toBeGreaterThan(1_000)
      // A place between two windows is one, too.
      for (const scn of [1_030n, 1_031n]) {
        const reader = producer.lateReading?.readFrom(scn) as WindowReader
        expect(bytesFrom(reader, scn, max).bytes).toEqual(wanted)
      }
      const reader = producer.lateReading?.readFrom(0n) as WindowReader
      expect(reader.seek(1_000n, -1)).toEqual({ kind: 'gone', prevScn: 1_020n })
      expect(reader.seek(2_000n, -1)).toEqual({ kind: 'future', lastScn: buffer.lastScn })
      expect(producer.status()).toMatchObject({ scn: buffer.lastScn, rereadUntilScn: 1_200n })
    },
  )

  test('without a way back are refused by name where the buffer has lost them', async () => {
    const { inner, producer } = await logged(oneWay)
    inner.write(11n, 1)
    const reader = producer.lateReading?.readFrom(1_020n) as WindowReader
    const step = reader.seek(1_020n, -1)
    expect(step).toMatchObject({ kind: 'gone' })
    expect((step as { reason?: string }).reason).toContain('no sourceScnOf')
    expect(inner.sink?.prevScn).toBe(-1n)
    const places = producer.placeFinder?.(physicalSource)
    await expect(places?.recordAt('log.1:4', 1_030n)).rejects.toMatchObject({ code: 'AESOP_SCN_GENERATOR_ONE_WAY' })
  })

  test('become places of the log where the producer is told where others stand', async () => {
    const scns = { restoredScn: 1_050n, restoredAfterScn: 1_021n, readersSinceScn: () => 1_033n }
    const there = await logged(doubled, scns)
    const { restoredScn, restoredAfterScn, readersSinceScn } = there.inner.context ?? {}
    expect([restoredScn, restoredAfterScn, readersSinceScn?.()]).toEqual([25n, 10n, 16n])
    expect(there.inner.sink?.prevScn).toBe(10n)
    const nowhere = await logged(oneWay, scns)
    expect(nowhere.inner.context).toMatchObject({ restoredScn: undefined, restoredAfterScn: undefined })
    expect(nowhere.inner.context?.readersSinceScn?.()).toBeUndefined()
  })

  test('stand in the places that are shown and stored by hand', async () => {
    const { producer } = await logged(doubled)
    const places = producer.placeFinder?.(physicalSource)
    const { record, place } = (await places?.recordAt('log.1:4', 1_031n)) ?? {}
    expect(place).toEqual({ scn: 1_030n })
    expect(record).toMatchObject({ scn: 1_030n, scnSpace: 'doubled:log' })
    expect(places?.describe(record as MaxScn)).toEqual({ scn: 1_030n, file: 'log.1' })
    expect(await producer.findStart?.({ kind: 'earliest' })).toEqual({ kind: 'found', scn: 1_030n })
    expect(await places?.locate('log.1:4')).toEqual({ scn: 1_010n })
    expect(places?.recordAnew(1_030n).record.position).toMatchObject({
      ofLog: { scn: '15', position: { file: 'log.1' } },
    })
  })

  test('of the log are those that a source has by itself', () => {
    const own = new SourceScnGenerator()
    expect([own.scnOf(5n), own.sourceScnOf(5n), own.scnSpaceOf('log')]).toEqual([5n, 5n, 'log'])
  })

  test('may not be said to lie elsewhere in the log', async () => {
    const { producer } = await logged({ ...doubled, sourceScnOf: (scn) => scn })
    const fault = thrownBy(() => producer.lateReading?.readFrom(1_030n))
    expect(fault).toMatchObject({ code: 'AESOP_SCN_GENERATOR_INVALID' })
  })
})
