import { Checkpoint } from '@aesop/checkpoint'
import { type ChangeEvent, ClientConfig, ConsumerRegistration } from '@aesop/client'
import { type MemoryEvent, MemoryEventProducer } from '@aesop/producer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { until } from '../../../test/support/until.ts'
import { ITEM, OwnRelay, SALE, THING, Trace, TRANSPORTS } from './support/own-relay.ts'

const rows = (trace: Trace): string[] => trace.rows.map((line) => line.split(' ').slice(0, 5).join(' '))
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
const BUFFER_BYTES = 'databus.relay.eventBuffer.maxSize'
const OVERWRITES = { 'databus.relay.eventBuffer.queuePolicy': 'OVERWRITE_ON_WRITE', [BUFFER_BYTES]: 262_144 }

describe.each(TRANSPORTS)('a registration that reads the relay of its process, %s', (transport) => {
  test('gets every row once and in order, says how, and is counted by the relay as any client', async () => {
    const own = await OwnRelay.start()
    const trace = new Trace()
    own.add({ key: 1 }, { key: 2, source: SALE.name })
    const registration = await own.register({ transport, consumer: trace })
    await until('the first window', () => registration.readScn === 1n)
    own.add({ key: 3, opcode: 'DELETE' })
    await until('the second window', () => registration.readScn === 2n)
    expect(trace.lines).toEqual([
      'window 1',
      'source shop.item',
      'row 1 shop.item UPSERT 1 1/',
      'end of shop.item',
      'source shop.sale',
      'row 1 shop.sale UPSERT 2 2/',
      'end of shop.sale',
      'end 1',
      'checkpoint 1',
      'window 2',
      'source shop.item',
      'row 2 shop.item DELETE 3 3/',
      'end of shop.item',
      'end 2',
      'checkpoint 2',
    ])
    expect(registration.describe()).toMatchObject({ transport, state: 'streaming' })
    expect(await own.page('/relayStats/outbound/http/total')).toMatchObject({
      numPeers: 1,
      numSourcesCalls: 1,
      numRegisterCalls: 1,
      numStreamCalls: 1,
    })
    // The connection of this question is open, too.
    const traffic = await own.page('/containerStats/outbound/total')
    expect(traffic).toMatchObject({ numOpenConns: 2 })
    expect(Number(traffic['numBytes'])).toBeGreaterThan(200)
    expect(own.relay.describe()).toMatchObject({ streams: 1 })
  })

  test('goes on at the next relay of its process, wherever it listens, and loses nothing', async () => {
    const own = await OwnRelay.start()
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace })
    own.add({ key: 1 })
    await until('the first row', () => registration.readScn === 1n)
    await own.stopRelay()
    await until('the fault', () => registration.health().status === 'degraded')
    await own.startAnew()
    own.add({ key: 2 })
    await until('the second row', () => registration.readScn === 2n)
    expect(rows(trace)).toEqual(['row 1 shop.item UPSERT 1', 'row 2 shop.item UPSERT 2'])
    expect(registration.health()).toEqual({ status: 'up' })
    expect(registration.describe()).toMatchObject({ relay: `127.0.0.1:${own.relay.address?.port ?? 0}`, transport })
  })

  test('is cut when the relay stops and its consumer does not come to the end of its window', async () => {
    const own = await OwnRelay.start({ stopGraceMs: 20, scnSpace: 'here' })
    const trace = new Trace()
    let goOn: () => void = () => undefined
    trace.on = (line) => (line.startsWith('row 1 ') ? new Promise((resolve) => (goOn = resolve)) : undefined)
    // More than what is read at a time, so that the window has not come whole when it is cut.
    const value = rowValue(100_000)
    const many = numbers(60).map((key) => ({ key, value }))
    own.add(...many)
    const registration = await own.register({ transport, consumer: trace })
    await until('the first row', () => trace.rows.length === 1)
    await own.stopRelay()
    trace.on = () => undefined
    goOn()
    await until('the fault', () => registration.health().status === 'degraded')
    // It reads its source from the same place again.
    own.forgetPlace()
    await own.startAnew({ scnSpace: 'here' })
    own.add(...many)
    await until('the window', () => registration.readScn === 1n)
    expect(trace.lines.filter((line) => line.startsWith('rollback')).length).toBeGreaterThan(0)
    expect(rows(trace).slice(-60)).toEqual(numbers(60).map((key) => `row 1 shop.item UPSERT ${key}`))
  })

  test('is suspended by name when what follows its checkpoint is gone', async () => {
    const own = await OwnRelay.start({ relayProperties: OVERWRITES })
    for (const key of numbers(2000)) own.add({ key, value: rowValue(512) })
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace, since: Checkpoint.online(3n) })
    await until('the end', () => registration.health().status === 'down')
    expect(trace.lines).toEqual(['error AESOP_RELAY_SCN_NOT_FOUND'])
    expect(registration.health().detail).toMatch(/no changes after SCN 3: the relay holds what follows SCN \d+/)
    expect(await own.page('/relayStats/outbound/http/total')).toMatchObject({
      numScnNotFoundStream: 6,
      numErrStream: 6,
    })
  })

  test('is suspended by name when its checkpoint is ahead of the relay', async () => {
    const own = await OwnRelay.start({ scnSpace: 'here' })
    own.add({ key: 1 })
    const ahead = new Trace()
    const registration = await own.register({ transport, consumer: ahead, since: Checkpoint.online(9n, -1n, 'here') })
    await until('the end', () => registration.health().status === 'down')
    expect(ahead.lines).toEqual(['error AESOP_RELAY_SCN_IN_FUTURE'])
  })

  test('is suspended by name when its checkpoint is of another SCN space', async () => {
    const own = await OwnRelay.start({ scnSpace: 'here' })
    own.add({ key: 1 })
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace, since: Checkpoint.online(1n, -1n, 'there') })
    await until('the end', () => registration.health().status === 'down')
    expect(trace.lines).toEqual(['error AESOP_RELAY_SCN_SPACE_FOREIGN'])
  })

  test('is given what its filters let pass, and its checkpoint goes through windows that have nothing for it', async () => {
    const own = await OwnRelay.start()
    const filters = {
      [ITEM.name]: { partitionType: 'MOD', filters: [{ numBuckets: 2, bktRange: { start: 1, end: 2 } }] },
    }
    for (const key of numbers(6)) own.add({ key }, { key, source: SALE.name })
    own.add({ key: 1, source: SALE.name })
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace, filters, logicalSources: [ITEM.name] })
    await until('all windows', () => registration.checkpoint?.windowScn === 7n)
    expect(rows(trace)).toEqual([1, 3, 5].map((key) => `row ${key} shop.item UPSERT ${key}`))
  })

  test('stops by name at an event that is larger than maxEventSize', async () => {
    const own = await OwnRelay.start()
    own.add({ key: 1, value: rowValue(2000) })
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace, config: { maxEventSize: 1500 } })
    await until('the end', () => registration.health().status === 'down')
    expect(trace.lines.at(-1)).toBe('error AESOP_EVENT_TOO_LARGE')
    expect(trace.rows).toEqual([])
  })

  test('asks again and again while nothing comes, without a fault, and takes windows of any size as it polls', async () => {
    const own = await OwnRelay.start()
    const trace = new Trace()
    const properties = { 'databus.client.connectionDefaults.eventBuffer.maxSize': 1024 }
    const config = { followMs: 0, clientProperties: properties }
    const registration = await own.register({ transport, consumer: trace, config })
    await until('some questions', async () => Number((await own.page(STATS))['numStreamCalls']) > 3)
    own.add(...numbers(20).map((key) => ({ key })))
    own.add({ key: 21, value: rowValue(2000) })
    await until('both windows', () => registration.readScn === 2n)
    expect(rows(trace).map((line) => Number(line.split(' ')[4]))).toEqual(numbers(21))
    expect(trace.lines.filter((line) => line.startsWith('rollback'))).toEqual([])
    expect(registration.health()).toEqual({ status: 'up' })
  })

  test('begins a new answer when one has followed long enough', async () => {
    const own = await OwnRelay.start()
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace, config: { followMs: 20 } })
    await until('some questions', async () => Number((await own.page(STATS))['numStreamCalls']) > 3)
    own.add({ key: 1 })
    await until('the row', () => registration.readScn === 1n)
    expect(registration.health()).toEqual({ status: 'up' })
  })

  test('keeps what a callback was given while it waits, however much is written meanwhile', async () => {
    const own = await OwnRelay.start({ relayProperties: OVERWRITES })
    const trace = new Trace()
    let given: { bytes: Uint8Array; event: ChangeEvent } | undefined
    let goOn: () => void = () => undefined
    trace.on = (_line, event) => {
      if (event === undefined) return undefined
      given = { bytes: event.bytes, event }
      return new Promise((resolve) => (goOn = resolve))
    }
    const value = (byte: number): Buffer => rowValue(512, byte)
    own.add({ key: 1, value: value(1) })
    const registration = await own.register({ transport, consumer: trace })
    await until('the row', () => given !== undefined)
    for (const key of numbers(4000)) own.add({ key, value: value(2) })
    expect(Buffer.from(given?.bytes ?? []).equals(value(1))).toBe(true)
    expect(Buffer.from(given?.event.bytes ?? []).equals(value(1))).toBe(true)
    trace.on = () => undefined
    goOn()
    // What came after it is gone: it was too slow.
    await until('the end', () => registration.health().status === 'down')
    expect(trace.lines.at(-1)).toBe('error AESOP_RELAY_SCN_NOT_FOUND')
  })

  test('is of one physical source of several: it gets all of that, and is refused by name where it asks for two', async () => {
    const otherProducer = new MemoryEventProducer()
    const own = await OwnRelay.start({ otherProducer })
    own.add({ key: 1 })
    otherProducer.addWindow([{ key: 7 }])
    const [one, both] = [new Trace(), new Trace()]
    const alone = await own.register({ id: 'one', transport, consumer: one, logicalSources: [THING.name] })
    const apart = await own.register({ id: 'both', transport, consumer: both, logicalSources: [ITEM.name, THING.name] })
    await until('the row', () => alone.readScn === 1n)
    await until('the refusal', () => apart.health().status === 'down')
    expect(rows(one)).toEqual(['row 1 other.thing UPSERT 7'])
    expect(both.lines).toEqual(['error AESOP_CLIENT_SOURCES_APART'])
  })

  test('pauses, resumes and stops while it waits for windows', async () => {
    const own = await OwnRelay.start()
    const trace = new Trace()
    const registration = await own.register({ transport, consumer: trace, config: { followMs: 60_000 } })
    own.add({ key: 1 })
    await until('the row', () => registration.readScn === 1n)
    registration.pause()
    await until('no stream', () => (own.relay.describe() as { streams: number }).streams === 0)
    own.add({ key: 2 })
    registration.resume()
    await until('the second row', () => registration.readScn === 2n)
    await registration.stop()
    await until('no stream', () => (own.relay.describe() as { streams: number }).streams === 0)
    expect(rows(trace)).toEqual(['row 1 shop.item UPSERT 1', 'row 2 shop.item UPSERT 2'])
  })
})

test('a token of the relay is asked of those who come by HTTP', async () => {
  const own = await OwnRelay.start({ token: 'a-token-of-more-than-sixteen' })
  own.add({ key: 1 })
  const direct = await own.register({ id: 'direct', transport: 'direct', consumer: new Trace() })
  const http = await own.register({ id: 'http', transport: 'http', consumer: new Trace() })
  await until('the row', () => direct.readScn === 1n)
  await until('the refusal', () => http.health().detail?.includes('token') === true)
  expect(http.readScn).toBe(-1n)
})

test('a registration may want another way than its client', async () => {
  const own = await OwnRelay.start()
  own.add({ key: 1 })
  const consumer = new Trace()
  const registration = await own.register({ transport: 'direct', ownTransport: 'http', consumer })
  await until('the row', () => registration.readScn === 1n)
  expect(registration.describe()).toMatchObject({ transport: 'http' })
  expect(() => new ClientConfig({ relayTransport: 'pigeon' })).toThrow(
    /"relayTransport" is pigeon, expected direct or http/,
  )
  const wrong = { logicalSources: [ITEM.name], eventConsumer: consumer, relayTransport: 'pigeon' }
  expect(() => new ConsumerRegistration(wrong)).toThrow(/says relayTransport: pigeon, expected direct or http/)
})

test('however fast a consumer is, what it is given in one turn of the event loop is bounded', async () => {
  const own = await OwnRelay.start()
  let inTurn = 0
  let most = 0
  let rowsGiven = 0
  const consumer = {
    onDataEvent: ({ bytes }: ChangeEvent) => {
      rowsGiven++
      inTurn += bytes.length
      most = Math.max(most, inTurn)
    },
  }
  for (const key of numbers(4000)) own.add({ key, value: rowValue(1000) })
  const ended = await countTurns(() => (inTurn = 0))
  const registration = await own.register({ transport: 'direct', consumer })
  await until('all windows', () => registration.readScn === 4000n)
  ended()
  expect(rowsGiven).toBe(4000)
  expect(most).toBeGreaterThan(100_000)
  // The work of a turn and the look that went beyond it, twice: a turn of the reader may end within one that is counted.
  expect(most).toBeLessThan(2 * (384 + 128) * 1024)
})

test.each(TRANSPORTS)('a consumer that is slow and never waits lets others have their turn, %s', async (transport) => {
  const own = await OwnRelay.start()
  const consumer = new Trace()
  let turns = 0
  let spun = 0
  consumer.on = (_line, event) => {
    if (event === undefined) return undefined
    const beganMs = performance.now()
    while (performance.now() - beganMs < 1) spun++
    // A promise that is kept already is no wait.
    return event.key === 1n ? Promise.resolve() : undefined
  }
  own.add(...numbers(300).map((key) => ({ key })))
  const ended = await countTurns(() => turns++)
  const registration = await own.register({ transport, consumer })
  await until('the first row', () => consumer.rows.length > 0)
  turns = 0
  const from = consumer.rows.length
  await until('the window', () => registration.readScn === 1n)
  ended()
  expect(spun).toBeGreaterThan(0)
  // At least a millisecond for each row, and ten of them at most, with those until the clock is looked at, in a turn.
  expect(turns).toBeGreaterThan((300 - from) / 30)
})

/** Calls back in each turn of the event loop. @returns how to end it */
async function countTurns(turn: () => void): Promise<() => void> {
  let isOver = false
  const next = (): void => {
    turn()
    if (!isOver) setImmediate(next)
  }
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      next()
      resolve()
    })
  })
  return () => {
    isOver = true
  }
}

/** A row of the memory schema whose payload has so many bytes. */
function rowValue(bytes: number, byte = 0): Buffer {
  const length = []
  for (let rest = bytes * 2; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) break
  }
  return Buffer.from([0, ...length, ...Buffer.alloc(bytes, byte)])
}

const STATS = '/relayStats/outbound/http/total'

type Drawn = typeof scenario extends fc.Arbitrary<infer Value> ? Value : never

const aWindow = fc.array(
  fc.record({
    source: fc.constantFrom(ITEM.name, SALE.name),
    key: fc.oneof({ weight: 12, arbitrary: fc.nat({ max: 9 }) }, { weight: 1, arbitrary: fc.constant('text') }),
    opcode: fc.constantFrom('UPSERT' as const, 'DELETE' as const),
    fill: fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 60 }) }, { weight: 1, arbitrary: fc.constant(2000) }),
  }),
  { maxLength: 8 },
)
const MOD = { partitionType: 'MOD', filters: [{ numBuckets: 3, bktRange: { start: 0, end: 1 } }] }
const RANGE = { partitionType: 'RANGE', filters: [{ keyRange: { start: 0, end: 4 } }] }
const scenario = fc.record({
  before: fc.array(aWindow, { maxLength: 6 }),
  after: fc.array(aWindow, { minLength: 1, maxLength: 6 }),
  filter: fc.constantFrom(undefined, MOD, RANGE),
  wantsBoth: fc.boolean(),
  followMs: fc.constantFrom(0, 40),
  /** The consumer fails once, at this callback. */
  failsAt: fc.nat({ max: 60 }),
})

function writeAll(own: OwnRelay, windows: readonly (readonly MemoryEvent[])[]): void {
  for (const window of windows) own.add(...window)
}

test('both ways give the same callbacks, whatever is written, filtered and refused', async () => {
  const reached = { rows: 0, rollbacks: 0, refused: 0, polled: 0, filtered: 0 }
  const run = async ({ before, after, filter, wantsBoth, followMs, failsAt }: Drawn): Promise<void> => {
    const own = await OwnRelay.start()
    const events = (windows: Drawn['before']): MemoryEvent[][] =>
      windows.map((window) => window.map(({ fill, ...event }) => ({ ...event, value: rowValue(fill) })))
    writeAll(own, events(before))
    const traces = await Promise.all(
      TRANSPORTS.map(async (transport) => {
        const trace = new Trace()
        trace.on = () => {
          if (trace.lines.length === failsAt) throw new Error('the consumer does not like it')
        }
        const filters = filter === undefined ? {} : { [ITEM.name]: filter }
        const logicalSources = wantsBoth ? [ITEM.name, SALE.name] : [ITEM.name]
        const properties = { 'databus.client.connectionDefaults.eventBuffer.maxSize': 1024 }
        const config = { followMs, clientProperties: properties }
        const wishes = { id: transport, transport, consumer: trace, filters, logicalSources, config }
        return { trace, registration: await own.register(wishes) }
      }),
    )
    writeAll(own, events(after))
    const last = BigInt(before.length + after.length)
    for (const { registration } of traces) {
      await until('the end', () => registration.readScn === last || registration.health().status === 'down')
    }
    const [direct = [], http = []] = traces.map(({ trace }) => trace.lines)
    expect(direct).toEqual(http)
    reached.rows += direct.filter((line) => line.startsWith('row')).length
    reached.rollbacks += direct.some((line) => line.startsWith('rollback')) ? 1 : 0
    reached.refused += direct.some((line) => line.startsWith('error')) ? 1 : 0
    reached.polled += followMs === 0 ? 1 : 0
    reached.filtered += filter === undefined ? 0 : 1
  }
  await assertAsyncProperty(fc.asyncProperty(scenario, run), { seed: 20261128, numRuns: 30, reached, atLeast: 2 })
})
