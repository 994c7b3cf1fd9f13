import { MemoryMaxScnStore } from '@aesop/checkpoint'
import { type EventAppend, EventTooLargeError, type ValueWriter } from '@aesop/event'
import { MemoryEventProducer, parseMemoryUri, PhysicalSourceConfig, type WindowSink } from '@aesop/producer'
import { compileRowReader, MemorySchemaRegistry } from '@aesop/schema'
import { expect, test } from 'vitest'
import { until as named } from '../../../test/support/until.ts'

/** Keeps windows as a list of keys and decoded rows. */
class RecordingSink implements WindowSink {
  readonly windows: { scn: bigint; rows: unknown[] }[] = []
  readonly schemas: MemorySchemaRegistry
  #rows: unknown[] | undefined

  constructor(schemas: MemorySchemaRegistry) {
    this.schemas = schemas
  }
  beginWindow(): void {
    this.#rows = []
  }
  append(append: EventAppend, write: ValueWriter): void {
    const target = Buffer.alloc(append.maxValueBytes + 10)
    const end = write(target, 5)
    expect(end - 5).toBeLessThanOrEqual(append.maxValueBytes)
    const schema = this.schemas.byId(Buffer.from(append.schemaId).toString('hex'))
    this.#rows?.push(compileRowReader(schema?.text ?? '')(target, 5, end))
  }
  endWindow(scn: bigint): void {
    this.windows.push({ scn, rows: this.#rows ?? [] })
  }
  rollbackWindow(): void {
    this.#rows = undefined
  }
  whenWritable(): undefined {
    return undefined
  }
}

async function started(uri: string, options: object = {}) {
  const schemas = new MemorySchemaRegistry()
  const sink = new RecordingSink(schemas)
  const maxScn = new MemoryMaxScnStore()
  const producer = new MemoryEventProducer()
  const physicalSource = PhysicalSourceConfig.from({ uri, sources: ['a.b'], ...options })
  const failures: Error[] = []
  const scn = await producer.prepare({
    physicalSource,
    schemas,
    maxScn,
    initialScn: 7n,
    fail: (error) => failures.push(error),
  })
  await producer.start(scn, sink)
  return { producer, sink, maxScn, scn, failures }
}

const until = (condition: () => boolean): Promise<void> => named('the condition', condition)

test('a quiet producer hands over the windows it is given, and saves where it stopped', async () => {
  const { producer, sink, maxScn, scn } = await started('memory:x')
  expect(scn).toBe(7n)
  producer.addWindow([{ key: 1 }, { key: -300 }])
  producer.addWindow([], 20n)
  expect(sink.windows.map((window) => window.scn)).toEqual([8n, 20n])
  expect(sink.windows[0]?.rows).toMatchObject([{ id: 1n }, { id: -300n }])
  await producer.stop()
  await producer.stop()
  expect(maxScn.load()?.scn).toBe(20n)
  expect(() => {
    producer.addWindow([])
  }).toThrow(/between start and stop/)
})

test('the generator makes the asked number of windows, without a gap', async () => {
  const { producer, sink, failures } = await started('memory:x?windows=500&eventsPerWindow=3&valueBytes=10')
  await until(() => sink.windows.length === 500)
  await producer.stop()
  expect(sink.windows.map((window) => window.scn)).toEqual(Array.from({ length: 500 }, (_, i) => BigInt(i + 8)))
  expect(sink.windows.at(-1)?.rows.at(-1)).toMatchObject({ id: 1499n })
  expect(failures).toEqual([])
})

test('a rate is kept, and a pause pauses', async () => {
  const { producer, sink } = await started('memory:x?eventsPerSecond=1000')
  await until(() => sink.windows.length > 20)
  producer.pause()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const paused = sink.windows.length
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(sink.windows.length).toBe(paused)
  expect(producer.status().state).toBe('paused')
  producer.resume()
  await until(() => sink.windows.length > paused)
  await producer.stop()
})

test.each(['memory:x?rate=5', 'memory:x?windows=0', 'memory:x?valueBytes=many'])('%s is refused', (uri) => {
  expect(() => parseMemoryUri(uri)).toThrow(/expected a known name and a positive integer/)
})

test('an event above largestEventSizeInBytes is refused, and its window is not there', async () => {
  // 57 bytes before the key.
  const { producer, sink } = await started('memory:t', { largestEventSizeInBytes: 57 + 4 + 100 })
  // A row: its id, the length of its payload in two bytes, and that.
  const add = (bytes: number): void => {
    producer.addWindow([{ key: 'äö', value: Buffer.concat([Buffer.from([2, 0xc2, 0x01]), Buffer.alloc(bytes - 3)]) }])
  }
  expect(() => {
    add(101)
  }).toThrow(EventTooLargeError)
  expect(sink.windows).toEqual([])
  add(100)
  expect(sink.windows).toHaveLength(1)
  await producer.stop()
})

test('rows that are generated above largestEventSizeInBytes end the producer by name', async () => {
  const { failures } = await started('memory:t?windows=1&valueBytes=2000', { largestEventSizeInBytes: 1000 })
  await until(() => failures.length > 0)
  expect(failures[0]).toMatchObject({ code: 'AESOP_EVENT_TOO_LARGE', fields: { bytesMax: 1000 } })
})

test('a producer that is stopped while it starts makes no window, and its place keeps its SCN space', async () => {
  const { producer: first, maxScn } = await started('memory:x')
  first.addWindow([{ key: 1 }])
  await first.stop()
  const stored = maxScn.load()
  expect(stored?.scnSpace).toEqual(expect.any(String))
  const schemas = new MemorySchemaRegistry()
  const physicalSource = PhysicalSourceConfig.from({ uri: 'memory:x?windows=5', sources: ['a.b'] })
  const producer = new MemoryEventProducer()
  const sink = new RecordingSink(schemas)
  let isAsked = false
  let answer = (): void => undefined
  /** It disowns the stored record when it is told to. */
  const slow = {
    load: () => maxScn.load(),
    save: async (value: Parameters<typeof maxScn.save>[0]) => {
      if (value.scnSpace === undefined) {
        isAsked = true
        await new Promise<void>((resolve) => (answer = resolve))
      }
      maxScn.save(value)
    },
  }
  const scn = await producer.prepare({
    physicalSource,
    schemas,
    maxScn: slow,
    initialScn: undefined,
    fail: () => undefined,
  })
  const starting = producer.start(scn, sink)
  await until(() => isAsked)
  const stopping = producer.stop()
  answer()
  await Promise.all([starting, stopping])
  expect([sink.windows, producer.status().state]).toEqual([[], 'stopped'])
  expect(maxScn.load()).toMatchObject({ scn: stored?.scn, scnSpace: stored?.scnSpace })
})
