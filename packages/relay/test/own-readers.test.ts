import { type ProcessReader, ProcessReaders } from '@aesop/checkpoint'
import { type Relay } from '@aesop/relay'
import { expect, onTestFinished, test } from 'vitest'
import { OwnReaders } from '../src/own-readers.ts'
import { get, lines, makeRelay, online, PERSON, streamPath, testContext, until } from './support/relay-fixture.ts'

const WINDOWS = 1000
const BUFFER_BYTES = 65_536

/** A registration as a client would add it: it reads from any relay, and does what the test says. */
class TestReader implements ProcessReader {
  readonly id: string
  logicalSources: readonly string[] = [PERSON.name]
  isRunning = true
  checkpointScn: bigint | undefined = 0n
  readScn = -1n
  reads = true
  constructor(id: string) {
    this.id = id
  }
  readsFrom(): boolean {
    return this.reads
  }
}

/** A relay whose source is fifteen times its buffer, with these registrations in its process. */
async function relayWith(
  readers: readonly TestReader[],
  properties = {},
): Promise<{ relay: Relay; port: number; moved: () => void }> {
  const context = testContext()
  const known = ProcessReaders.of(context.shared)
  for (const reader of readers) known.add(reader)
  const { relay } = makeRelay(
    {
      source: { uri: `memory:test?eventsPerSecond=1000000&valueBytes=900&windows=${WINDOWS}` },
      properties: { 'databus.relay.eventBuffer.maxSize': BUFFER_BYTES, ...properties },
    },
    context,
  )
  await relay.start()
  onTestFinished(() => relay.stop())
  const moved = (): void => {
    known.moved()
  }
  return { relay, port: relay.address?.port ?? 0, moved }
}

const isDone = (relay: Relay): boolean => relay.buffer?.lastScn === BigInt(WINDOWS)
const isBlocked = (relay: Relay): boolean => relay.buffer?.isBlocked === true

test('a relay waits for the registration of its process that is behind: it gets everything, however slow', async () => {
  const slow = new TestReader('slow')
  const fast = new TestReader('fast')
  fast.checkpointScn = BigInt(WINDOWS)
  const { relay, port, moved } = await relayWith([fast, slow])
  const got: string[] = []
  let blocks = 0
  while (got.length < 2 * WINDOWS) {
    await until(() => isBlocked(relay) || isDone(relay))
    if (isBlocked(relay)) blocks++
    const answer = await get(port, streamPath({ checkPoint: online(slow.checkpointScn ?? 0n), size: 20_000 }))
    expect(answer.headers['x-dbus-error']).toBeUndefined()
    const received = lines(answer.body)
    const lastEnd = received.findLastIndex((line) => line.endsWith(':end'))
    got.push(...received.slice(0, lastEnd + 1))
    slow.checkpointScn = BigInt(received[lastEnd]?.split(':')[0] ?? '0')
    slow.readScn = slow.checkpointScn
    moved()
  }
  expect(blocks).toBeGreaterThan(10)
  expect(got.filter((line) => !line.endsWith(':end'))).toEqual(
    Array.from({ length: WINDOWS }, (_, i) => `${i + 1}:${i}`),
  )
})

test.each<[string, (reader: TestReader) => void]>([
  [
    'rests',
    (reader) => {
      reader.isRunning = false
    },
  ],
  [
    'reads from another relay',
    (reader) => {
      reader.reads = false
    },
  ],
  [
    'reads other sources',
    (reader) => {
      reader.logicalSources = [PERSON.name, 'another']
    },
  ],
  [
    'is older than the buffer, and can not be served',
    (reader) => {
      reader.checkpointScn = -5n
    },
  ],
  [
    'has read everything and holds its checkpoint back',
    (reader) => {
      reader.readScn = BigInt(WINDOWS)
    },
  ],
])('nobody waits for a registration that %s', async (_what, change) => {
  const reader = new TestReader('other')
  change(reader)
  const { relay } = await relayWith([reader])
  await until(() => isDone(relay))
})

test('a registration without a checkpoint keeps everything from the oldest window on', async () => {
  const reader = new TestReader('new')
  reader.checkpointScn = undefined
  const { relay } = await relayWith([reader])
  await until(() => isBlocked(relay))
  expect(relay.buffer?.prevScn).toBe(0n)
})

test('a relay that waits goes on when the registration stops without a word', async () => {
  const reader = new TestReader('slow')
  const { relay } = await relayWith([reader])
  await until(() => isBlocked(relay))
  reader.isRunning = false
  await until(() => isDone(relay))
})

test('a relay that waits can be stopped', async () => {
  const { relay } = await relayWith([new TestReader('slow')])
  await until(() => isBlocked(relay))
  await relay.stop()
  expect(relay.health().status).toBe('down')
})

test('with OVERWRITE_ON_WRITE, and for readers over HTTP alone, nobody is waited for', async () => {
  const chosen = await relayWith([new TestReader('slow')], {
    'databus.relay.eventBuffer.queuePolicy': 'OVERWRITE_ON_WRITE',
  })
  await until(() => isDone(chosen.relay))
  const alone = await relayWith([])
  await until(() => isDone(alone.relay))
})

test('the source is told where the oldest registration stands, whether it runs or not', () => {
  const readers = new ProcessReaders()
  const own = new OwnReaders({
    readers,
    sources: new Set([PERSON.name]),
    address: () => ({ host: '127.0.0.1', port: 1 }),
  })
  expect(own.oldestScn()).toBeUndefined()
  const [a, b, c] = [new TestReader('a'), new TestReader('b'), new TestReader('c')]
  a.checkpointScn = 7n
  b.checkpointScn = 5n
  b.isRunning = false
  c.checkpointScn = undefined
  for (const reader of [a, b, c]) readers.add(reader)
  expect(own.oldestScn()).toBe(5n)
})

test.each([
  [false, [3n, 5n, 9n], 3n],
  [true, [3n, 5n, 9n], 9n],
  // Who is older than the buffer is late already, and who has read everything shows that nobody holds up the furthest.
  [true, [-1n, 5n], 5n],
  [false, [3n, 20n], 3n],
  [true, [3n, 20n], undefined],
  [true, [], undefined],
])('a full buffer waits, where what it loses can be read late (%s), of %o for %s', (servesLate, scns, expected) => {
  const readers = new ProcessReaders()
  for (const scn of scns) {
    const reader = new TestReader(String(scn))
    reader.checkpointScn = scn
    reader.readScn = scn
    readers.add(reader)
  }
  const rests = new TestReader('rests')
  rests.isRunning = false
  readers.add(rests)
  const own = new OwnReaders({
    readers,
    sources: new Set([PERSON.name]),
    address: () => ({ host: '127.0.0.1', port: 1 }),
  })
  expect(own.awaited({ prevScn: 2n, lastScn: 20n }, servesLate)?.afterScn).toBe(expected)
})
