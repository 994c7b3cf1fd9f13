import { EventBuffer, type LeftSegments, Segment, SegmentPool, type SegmentStore } from '@aesop/buffer'
import { MemoryEventProducer, type ProducerContext, type WindowSink } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { get, lines, online, PERSON, streamPath, testContext } from './support/relay-fixture.ts'

const SEGMENT_BYTES = 4096

/** Memory with what somebody left, which it takes a turn to find; it notes what happens to it. */
class LeavingSegments extends SegmentPool {
  readonly #left: LeftSegments
  readonly #happened: string[]

  constructor(left: LeftSegments, happened: string[]) {
    super(SEGMENT_BYTES, 16 * SEGMENT_BYTES, SEGMENT_BYTES)
    this.#left = left
    this.#happened = happened
  }
  override open(): LeftSegments {
    return this.#left
  }
  override close(): void {
    this.#happened.push('store closed')
  }
}

/** The same, as a store that has to look for it. */
function later(store: LeavingSegments, happened: string[]): SegmentStore {
  const open = async (): Promise<LeftSegments> => {
    await nextTurn()
    happened.push('store opened')
    return store.open()
  }
  return {
    segmentBytes: store.segmentBytes,
    open,
    spills: false,
    take: (capacityBytes, number) => store.take(capacityBytes, number),
    setAside: () => undefined,
    read: () => Promise.reject(new Error('nothing is away')),
    whenDurable: () => undefined,
    windowClosed: () => undefined,
    giveBack: (segment) => {
      store.giveBack(segment)
    },
    released: (segment) => {
      store.released(segment)
    },
    whenRoom: () => undefined,
    close: async () => {
      await nextTurn()
      store.close()
    },
  }
}

/** Windows 101 and 102, as a former process left them. */
function leftWindows(): LeftSegments {
  const buffer = new EventBuffer({ maxBytes: 16 * SEGMENT_BYTES, segmentBytes: SEGMENT_BYTES, physicalPartition: 1 })
  buffer.start(100n)
  for (const scn of [101n, 102n]) {
    buffer.beginWindow()
    const append = {
      opcode: 'UPSERT',
      key: Number(scn),
      sourceId: PERSON.id,
      schemaId: Buffer.alloc(16),
      timestampNanos: 1n,
    } as const
    buffer.append({ ...append, logicalPartition: 0, maxValueBytes: 0 }, (_target, offset) => offset)
    buffer.endWindow(scn)
  }
  const segments = buffer.segments.map((segment) => {
    const kept = Segment.of(segment.summary())
    kept.bytes = Buffer.from(segment.bytes)
    return kept
  })
  return { prevScn: 100n, segments }
}

class NotingProducer extends MemoryEventProducer {
  context: ProducerContext | undefined
  readonly #happened: string[]
  readonly #beginsAfter: bigint

  constructor(happened: string[], beginsAfter: bigint) {
    super()
    this.#happened = happened
    this.#beginsAfter = beginsAfter
  }
  override async prepare(context: ProducerContext): Promise<bigint> {
    this.context = context
    this.#happened.push('producer asked')
    await super.prepare(context)
    return this.#beginsAfter
  }
  override async start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    this.#happened.push('producer started')
    await super.start(sinceScn, sink)
  }
  override async stop(): Promise<void> {
    await super.stop()
    this.#happened.push('producer stopped')
  }
}

async function started(beginsAfter: bigint) {
  const happened: string[] = []
  const producer = new NotingProducer(happened, beginsAfter)
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const registration = new ProducerRegistration({
    eventProducer: producer,
    physicalSourceConfig: { uri: 'memory:test', name: 'test', sources: [PERSON] },
  })
  const store = later(new LeavingSegments(leftWindows(), happened), happened)
  const relay = new Relay({ config, registrations: [registration], segmentStoreFor: () => store }, testContext())
  await relay.start()
  onTestFinished(() => relay.stop())
  const stream = (scn: bigint) => get(relay.address?.port ?? 0, streamPath({ sources: '40', checkPoint: online(scn) }))
  return { relay, producer, happened, stream }
}

test('what the buffer has from a former process comes before the producer is asked where to begin, and is served', async () => {
  const { relay, producer, happened, stream } = await started(102n)
  expect(happened).toEqual(['store opened', 'producer asked', 'producer started'])
  expect(producer.context?.restoredScn).toBe(102n)
  producer.addWindow([{ key: 103 }], 103n)
  const served = ['101:101', '101:end', '102:102', '102:end', '103:103', '103:end']
  expect(lines((await stream(100n)).body)).toEqual(served)
  await relay.stop()
  expect(happened.slice(3)).toContain('store closed')
  expect(happened.indexOf('store closed')).toBeGreaterThan(happened.lastIndexOf('producer stopped'))
})

test('a producer that begins elsewhere has an empty buffer, and nobody is served what lies behind a hole', async () => {
  const { producer, stream } = await started(110n)
  producer.addWindow([{ key: 111 }], 111n)
  expect((await stream(100n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
  expect(lines((await stream(110n)).body)).toEqual(['111:111', '111:end'])
})

test('a start that fails closes the store that it opened', async () => {
  const happened: string[] = []
  const producer = new NotingProducer(happened, 0n)
  producer.prepare = () => Promise.reject(new Error('no such database'))
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const physicalSourceConfig = { uri: 'memory:test', name: 'test', sources: [PERSON] }
  const registrations = [new ProducerRegistration({ eventProducer: producer, physicalSourceConfig })]
  const store = new LeavingSegments(leftWindows(), happened)
  const relay = new Relay({ config, registrations, segmentStoreFor: () => store }, testContext())
  await expect(relay.start()).rejects.toThrow('no such database')
  expect(happened).toContain('store closed')
})
