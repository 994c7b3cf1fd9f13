import { EventBuffer } from '@aesop/buffer'
import { MemoryEventProducer, type WindowSink } from '@aesop/producer'
import { type LateReading, type WindowReader } from '@aesop/reading'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { expect, onTestFinished, test } from 'vitest'
import { get, lines, online, PERSON, streamPath, testContext, until } from './support/relay-fixture.ts'

/** A producer whose source still has what its buffer has lost. */
class ArchivedProducer extends MemoryEventProducer {
  readonly archive = new EventBuffer({ maxBytes: 1 << 22, physicalPartition: 1 })
  waits = false
  readonly wake = new Set<() => void>()
  readonly lateReading: LateReading = {
    readFrom: () => this.#reader(),
    subscribe: (listener) => {
      this.wake.add(listener)
      return () => void this.wake.delete(listener)
    },
  }

  override start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    this.archive.start(sinceScn)
    return super.start(sinceScn, both(sink, this.archive))
  }

  #reader(): WindowReader {
    const reader = this.archive.openReader()
    const next = reader.next.bind(reader)
    reader.next = (...asked) => (this.waits ? { kind: 'caughtUp' } : next(...asked))
    return reader
  }
}

function both(sink: WindowSink, other: WindowSink): WindowSink {
  return {
    beginWindow: () => {
      sink.beginWindow()
      other.beginWindow()
    },
    append: (...event) => {
      sink.append(...event)
      other.append(...event)
    },
    endWindow: (scn) => {
      sink.endWindow(scn)
      other.endWindow(scn)
    },
    rollbackWindow: () => {
      sink.rollbackWindow()
      other.rollbackWindow()
    },
    whenWritable: () => sink.whenWritable(),
  }
}

/** A relay that holds the last few of 800 windows; all of them were read while they were new. */
async function lateRelay(): Promise<{ relay: Relay; producer: ArchivedProducer; port: number; live: Buffer }> {
  const producer = new ArchivedProducer()
  const physicalSourceConfig = { uri: 'memory:test', name: 'test', sources: [PERSON] }
  const relayProperties = { 'databus.relay.container.httpPort': 0, 'databus.relay.eventBuffer.maxSize': 65_536 }
  const registrations = [new ProducerRegistration({ eventProducer: producer, physicalSourceConfig })]
  const relay = new Relay(
    { config: new RelayConfig({ relayProperties }), registrations, futureGraceMs: 0 },
    testContext(),
  )
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  const port = relay.address?.port ?? 0
  const begin = producer.archive.prevScn
  const live: Buffer[] = []
  for (let key = 0; key < 800; key++) {
    producer.addWindow([{ key }, { key: key + 10_000 }])
    if (key % 10 === 9)
      live.push((await get(port, streamPath({ sources: 40, checkPoint: online(begin + BigInt(key - 9)) }))).body)
  }
  return { relay, producer, port, live: Buffer.concat(live) }
}

test('what the buffer has lost is served from the source, and then from the buffer: the bytes that a live reader got', async () => {
  const { producer, port, live } = await lateRelay()
  const begin = producer.archive.prevScn
  const { body, status } = await get(port, streamPath({ sources: 40, checkPoint: online(begin) }))
  expect([status, lines(body).length, body.equals(live)]).toEqual([200, 2400, true])
  const inside = await get(port, streamPath({ sources: 40, checkPoint: online(begin + 3n, 1) }))
  expect(lines(inside.body)[0]).toBe(`${begin + 3n}:10002`)
})

test('what the source has lost, too, is gone, and the reason is told', async () => {
  const { producer, port } = await lateRelay()
  producer.lateReading.readFrom = () => {
    const reader = producer.archive.openReader()
    reader.seek = () => ({ kind: 'gone', prevScn: 7n, reason: 'its log was purged' })
    return reader
  }
  const { headers } = await get(port, streamPath({ sources: 40, checkPoint: online(1) }))
  expect(headers['x-dbus-error-cause']).toBe('com.linkedin.databus.core.ScnNotFoundException')
  expect(headers['x-dbus-error-cause-message']).toContain('holds what follows SCN 7 (its log was purged)')
})

test('a reader that waits for its turn gets an empty answer, and one that follows goes on when late reading does', async () => {
  const { producer, port, live } = await lateRelay()
  const begin = producer.archive.prevScn
  producer.waits = true
  const empty = await get(port, streamPath({ sources: 40, checkPoint: online(begin) }))
  expect([empty.status, empty.body.length]).toEqual([200, 0])
  const followed = get(port, streamPath({ sources: 40, checkPoint: online(begin), follow: 1500, size: 1 << 20 }))
  await until(() => producer.wake.size > 0)
  producer.waits = false
  const timer = setInterval(() => {
    for (const wake of producer.wake) wake()
  }, 10)
  onTestFinished(() => {
    clearInterval(timer)
  })
  expect((await followed).body.equals(live)).toBe(true)
})

test('who is served from the log of the source is told, until it has come to the buffer', async () => {
  const { relay, producer, port } = await lateRelay()
  const servedFrom = (): unknown => {
    const { readers } = relay.describe() as { readers: readonly { servedFrom: string }[] }
    const late = relay.metrics().flatMap(({ name, value }) => (name === 'aesop_relay_reader_late' ? [value] : []))
    return [readers.map((reader) => reader.servedFrom), late]
  }
  producer.waits = true
  const begin = producer.archive.prevScn
  // The end of the relay ends it.
  void get(port, streamPath({ sources: 40, checkPoint: online(begin), follow: 60_000, size: 1 << 20 }))
  await until(() => JSON.stringify(servedFrom()) === JSON.stringify([['log'], [1]]))
  producer.waits = false
  for (const wake of producer.wake) wake()
  await until(() => JSON.stringify(servedFrom()) === JSON.stringify([['memory'], [0]]))
})
