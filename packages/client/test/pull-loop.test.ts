import { afterEach, describe, expect, it } from 'vitest'
import { MemoryCheckpointStore } from '@aesop/checkpoint'
import { type ChangeEvent, type Registration } from '@aesop/client'
import { silentLogger } from '@aesop/kernel'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { ADDRESS, PERSON, PERSON_SCHEMA, windowOf } from './support/person-stream.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

async function relayWith(...scns: bigint[]): Promise<TestRelay & { at: { host: string; port: number } }> {
  const relay = new TestRelay()
  for (const scn of scns) relay.append(scn, [{ id: Number(scn), name: `n${scn}` }])
  const at = await relay.start()
  open.push(relay)
  return Object.assign(relay, { at })
}

async function start(options: HarnessOptions): Promise<Registration> {
  const registration = registrationOf(options)
  open.push(registration)
  await registration.start()
  return registration
}

const rowsOf = (...scns: number[]): string[] => scns.map((scn) => `${scn}/${scn}/n${scn}`)

describe('a registration that pulls from a relay', () => {
  it('brings every row in order, whole windows, and what comes later at once', async () => {
    const relay = await relayWith(1n, 2n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('two rows', () => consumer.rows.length === 2)
    relay.append(3n, [{ id: 3, name: 'n3' }])
    await eventually('the third row', () => registration.checkpoint?.windowScn === 3n)
    expect(consumer.rows).toEqual(rowsOf(1, 2, 3))
    expect(relay.requests).toHaveLength(1)
    expect(registration.health()).toEqual({ status: 'up' })
  })

  it('goes on after its checkpoint when it is started again', async () => {
    const relay = await relayWith(1n, 2n)
    const store = new MemoryCheckpointStore()
    const first = new RecordingConsumer()
    const one = await start({ relays: [relay.at], consumer: first, store })
    await eventually('two rows', () => one.checkpoint?.windowScn === 2n)
    await one.stop()
    expect(store.load()?.windowScn).toBe(2n)
    relay.append(3n, [{ id: 3, name: 'n3' }])
    const second = new RecordingConsumer()
    await start({ relays: [relay.at], consumer: second, store })
    await eventually('the third row', () => second.rows.length === 1)
    expect(second.rows).toEqual(rowsOf(3))
  })

  it('understands a relay that does not follow and cuts windows, and loses and doubles nothing', async () => {
    const relay = await relayWith()
    relay.follows = false
    for (let scn = 1n; scn <= 5n; scn++) {
      relay.append(
        scn,
        Array.from({ length: 10 }, (_, i) => ({ id: Number(scn) * 100 + i, name: 'x' })),
      )
    }
    const consumer = new RecordingConsumer()
    // One answer holds about fourteen events: most windows are cut.
    const properties = { 'databus.client.connectionDefaults.eventBuffer.maxSize': 1024 }
    const registration = await start({ relays: [relay.at], consumer, properties })
    await eventually('all windows', () => registration.checkpoint?.windowScn === 5n)
    expect(consumer.rows).toHaveLength(50)
    expect(new Set(consumer.rows).size).toBe(50)
    expect(consumer.trace.some((line) => line.startsWith('rollback'))).toBe(false)
  })

  it('asks a relay that does not follow again only after a pause', async () => {
    const relay = await relayWith(1n)
    relay.follows = false
    const properties = { 'databus.client.connectionDefaults.pullerRetries.initSleep': 30 }
    const beganMs = performance.now()
    await start({ relays: [relay.at], consumer: new RecordingConsumer(), properties })
    await eventually('six requests', () => relay.requests.length === 6)
    // The first brings the row; of the five that follow at once or after a pause, four pauses are over.
    expect(performance.now() - beganMs).toBeGreaterThan(4 * 29)
  })

  it.each([
    ['the end of a window that was read', { kind: 'repeat' } as const],
    ['word of an event that would have fitted', { kind: 'pending', bytes: 100 } as const],
  ])('asks again only after a pause when an answer brings nothing but %s', async (_what, always) => {
    const relay = await relayWith(1n)
    relay.follows = false
    const properties = { 'databus.client.connectionDefaults.pullerRetries.initSleep': 30 }
    const registration = await start({ relays: [relay.at], consumer: new RecordingConsumer(), properties })
    await eventually('the row', () => registration.checkpoint?.windowScn === 1n)
    relay.always = always
    const before = relay.requests.length
    const beganMs = performance.now()
    await eventually('six requests', () => relay.requests.length >= before + 6)
    expect(performance.now() - beganMs).toBeGreaterThan(4 * 29)
  })

  it('asks for more bytes when one event is larger than an answer may be', async () => {
    const relay = await relayWith()
    relay.follows = false
    relay.append(1n, [{ id: 1, name: 'x'.repeat(5000) }])
    const consumer = new RecordingConsumer()
    const properties = { 'databus.client.connectionDefaults.eventBuffer.maxSize': 1024 }
    await start({ relays: [relay.at], consumer, properties })
    await eventually('the large row', () => consumer.rows.length === 1)
  })

  it('stops by name at an event that is larger than maxEventSize', async () => {
    const relay = await relayWith()
    relay.append(1n, [{ id: 1, name: 'x'.repeat(5000) }])
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, eventBytesMax: 2000 })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_EVENT_TOO_LARGE')
    expect(registration.health().status).toBe('down')
    expect(consumer.rows).toEqual([])
  })

  it('learns of a schema that was added while it was reading', async () => {
    const relay = await relayWith(1n)
    const consumer = new RecordingConsumer()
    await start({ relays: [relay.at], consumer })
    await eventually('the first row', () => consumer.rows.length === 1)
    const schema = PERSON_SCHEMA.replace('varchar(64)', 'varchar(128)')
    relay.schemas = [...relay.schemas, { id: PERSON.id, version: 2, schema }]
    relay.append(2n, [{ id: 2, name: 'n2' }], schema)
    await eventually('the row of the new schema', () => consumer.rows.length === 2)
    expect(relay.registers).toBe(2)
    expect(consumer.trace.some((line) => line.startsWith('rollback'))).toBe(false)
  })

  it('asks for the schemas of the one source that has a new one, and keeps what it knows of the others', async () => {
    const relay = await relayWith()
    relay.sources = [PERSON, ADDRESS]
    relay.schemas = [...relay.schemas, { id: ADDRESS.id, version: 1, schema: PERSON_SCHEMA }]
    const schemas = new Set<unknown>()
    const consumer = { onDataEvent: ({ schema }: ChangeEvent) => void schemas.add(schema) }
    const logicalSources = [PERSON.name, ADDRESS.name]
    const registration = await start({ relays: [relay.at], consumer, logicalSources })
    const rows = [
      { id: 1, name: 'a' },
      { id: 2, name: 'b', source: ADDRESS },
    ]
    relay.append(1n, rows)
    await eventually('the first window', () => registration.checkpoint?.windowScn === 1n)
    const schema = PERSON_SCHEMA.replace('varchar(64)', 'varchar(128)')
    relay.schemas = [...relay.schemas, { id: ADDRESS.id, version: 2, schema }]
    relay.append(2n, rows.slice(1), schema)
    relay.append(3n, rows)
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    expect(relay.registered).toEqual([[PERSON.id, ADDRESS.id], [ADDRESS.id]])
    expect(schemas.size).toBe(3)
  })

  it('refuses an event whose schema nobody knows, and goes on when it is there', async () => {
    const relay = await relayWith()
    const schema = PERSON_SCHEMA.replace('varchar(64)', 'varchar(128)')
    relay.append(1n, [{ id: 1, name: 'n1' }], schema)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('the fault', () => registration.health().detail?.includes('no schema with the id') === true)
    expect(consumer.rows).toEqual([])
    relay.schemas = [...relay.schemas, { id: PERSON.id, version: 2, schema }]
    await eventually('the row', () => registration.checkpoint?.windowScn === 1n)
    expect(consumer.rows).toEqual(rowsOf(1))
    expect(registration.health().status).toBe('up')
  })

  it('a source whose schema is made by its first row is waited for by nobody', async () => {
    const relay = await relayWith()
    const schemas = relay.schemas
    relay.schemas = []
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('the first request for the stream', () => relay.requests.length > 0)
    expect(registration.health().status).toBe('up')
    relay.schemas = schemas
    relay.append(1n, [{ id: 1, name: 'n1' }])
    await eventually('the row', () => registration.checkpoint?.windowScn === 1n)
    expect(consumer.rows).toEqual(rowsOf(1))
    expect(consumer.trace.some((line) => line.startsWith('rollback'))).toBe(false)
  })
})

describe('faults of a relay', () => {
  it('cut anywhere in an event never lose, reorder or corrupt a row', async () => {
    const length = windowOf(1n, [{ id: 1, name: 'n1' }]).bytes.length
    for (let afterBytes = 1; afterBytes < 2 * length; afterBytes += 7) {
      const relay = await relayWith(1n, 2n, 3n)
      relay.faults.push({ kind: 'cut', afterBytes })
      const consumer = new RecordingConsumer()
      const registration = await start({ relays: [relay.at], consumer })
      await eventually(`all rows, cut at ${afterBytes}`, () => registration.checkpoint?.windowScn === 3n)
      expect([...new Set(consumer.rows)]).toEqual(rowsOf(1, 2, 3))
    }
  })

  it('that flip a bit are found before the row is delivered', async () => {
    const length = windowOf(1n, [{ id: 1, name: 'n1' }]).bytes.length
    for (let atByte = 0; atByte < length; atByte += 5) {
      const relay = await relayWith(1n, 2n)
      relay.faults.push({ kind: 'flip', atByte })
      const consumer = new RecordingConsumer()
      const registration = await start({ relays: [relay.at], consumer, followMs: 50 })
      await eventually(`all rows, flipped at ${atByte}`, () => registration.checkpoint?.windowScn === 2n)
      expect([...new Set(consumer.rows)]).toEqual(rowsOf(1, 2))
    }
  })

  it('in the middle of a window bring a rollback to the last checkpoint and the whole window anew', async () => {
    const relay = await relayWith()
    relay.append(1n, [{ id: 1, name: 'n1' }])
    relay.append(2n, [
      { id: 20, name: 'a' },
      { id: 21, name: 'b' },
    ])
    const [first, second] = relay.windows
    relay.faults.push({ kind: 'cut', afterBytes: (first?.bytes.length ?? 0) + (second?.ends[0] ?? 0) + 3 })
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('both windows', () => registration.checkpoint?.windowScn === 2n)
    const from = consumer.trace.indexOf('rollback 1')
    expect(consumer.trace.slice(from)).toEqual([
      'rollback 1',
      'window 2',
      'source or_test.person',
      'row 2 or_test.person 20',
      'row 2 or_test.person 21',
      'end of or_test.person',
      'end 2',
      'checkpoint 2',
    ])
  })

  it('that come in a trailer, after bytes were sent, are seen', async () => {
    const relay = await relayWith(1n)
    relay.faults.push({ kind: 'trailer', error: new Error('the disk is gone') })
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, followMs: 20 })
    await eventually('the fault', () => registration.health().detail?.includes('the disk is gone') === true)
    relay.append(2n, [{ id: 2, name: 'n2' }])
    await eventually('the next row', () => consumer.rows.length === 2)
    expect(registration.health().status).toBe('up')
  })

  it('move the client to the next relay of the list', async () => {
    const dead = await relayWith(1n)
    await dead.stop()
    const alive = await relayWith(1n, 2n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [dead.at, alive.at], consumer })
    await eventually('both rows', () => registration.checkpoint?.windowScn === 2n)
    expect(consumer.rows).toEqual(rowsOf(1, 2))
  })

  it('that are silence are found in time, also before the first byte', async () => {
    const relay = await relayWith(1n)
    relay.faults.push({ kind: 'stall' }, { kind: 'stall-after', bytes: 50 })
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, followMs: 20, silenceMs: 30 })
    await eventually('the row', () => registration.checkpoint?.windowScn === 1n)
    expect(relay.requests.length).toBeGreaterThanOrEqual(3)
    expect(consumer.rows).toEqual(rowsOf(1))
  })

  it('are not seen in the time that a slow consumer takes', async () => {
    const relay = await relayWith(1n, 2n)
    const consumer = new RecordingConsumer()
    consumer.on = (line) =>
      line === 'row 1 or_test.person 1' ? new Promise((resolve) => setTimeout(resolve, 120)) : undefined
    const registration = await start({ relays: [relay.at], consumer, followMs: 20, silenceMs: 30 })
    await eventually('both rows', () => registration.checkpoint?.windowScn === 2n)
    relay.append(3n, [{ id: 3, name: 'n3' }])
    await eventually('the third row', () => registration.checkpoint?.windowScn === 3n)
    expect(consumer.rows).toEqual(rowsOf(1, 2, 3))
    expect(relay.registers).toBe(1)
  })

  it('that end an answer inside an event, as if all were well, move the client to the next relay', async () => {
    const broken = await relayWith(1n)
    broken.always = { kind: 'end-early', afterBytes: 40 }
    const good = await relayWith(1n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [broken.at, good.at], consumer })
    await eventually('the row', () => registration.checkpoint?.windowScn === 1n)
    expect(broken.requests).toHaveLength(1)
    expect(good.requests.length).toBeGreaterThan(0)
  })

  it('end when the relay comes back on the same port', async () => {
    const relay = await relayWith(1n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('the first row', () => consumer.rows.length === 1)
    await relay.stop()
    await eventually('the fault', () => registration.health().status === 'degraded')
    relay.append(2n, [{ id: 2, name: 'n2' }])
    await relay.start(relay.at.port)
    await eventually('the second row', () => registration.checkpoint?.windowScn === 2n)
    expect(consumer.rows).toEqual(rowsOf(1, 2))
    expect(registration.health().status).toBe('up')
  })

  it('are named when every one of pullerRetries.maxRetryNum tries failed', async () => {
    const relay = await relayWith()
    await relay.stop()
    const consumer = new RecordingConsumer()
    const properties = { 'databus.client.connectionDefaults.pullerRetries.maxRetryNum': 2 }
    const registration = await start({ relays: [relay.at], consumer, properties })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_CLIENT_PULLER_RETRIES_EXHAUSTED')
    expect(consumer.errors[0]?.message).toContain('3 tries')
    expect(registration.health().status).toBe('down')
  })

  it('that are a missing source are named with what the relay serves', async () => {
    const relay = await relayWith(1n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, logicalSources: ['or_test.persom'] })
    await eventually('the fault', () => registration.health().status === 'degraded')
    expect(registration.health().detail).toContain('does not serve "or_test.persom"; it serves "or_test.person"')
  })
})

describe('a checkpoint that the relay can not serve', () => {
  it('stops the registration by name when it is too old for every relay', async () => {
    const relays = [await relayWith(9n), await relayWith(9n)]
    for (const relay of relays) relay.prevScn = 8n
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: relays.map(({ at }) => at), consumer, since: 3n })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_RELAY_SCN_NOT_FOUND')
    expect(registration.health()).toMatchObject({ status: 'down' })
    expect(relays.every(({ requests }) => requests.length > 0)).toBe(true)
    expect(consumer.rows).toEqual([])
  })

  it.each([
    ['one relay, as often as numRetriesOnFallOff says', 1, 3, 4],
    ['one relay, not again', 1, 0, 1],
    ['two relays, not again', 2, 0, 1],
    ['one relay, five times when nothing is said', 1, undefined, 6],
    ['seven relays, each of them when nothing is said', 7, undefined, 7],
  ])('asks %s', async (_what, count, retries, requests) => {
    const relays = await Promise.all(Array.from({ length: count }, () => relayWith(9n)))
    for (const relay of relays) relay.prevScn = 8n
    const consumer = new RecordingConsumer()
    const key = 'databus.client.connectionDefaults.numRetriesOnFallOff'
    const properties = retries === undefined ? {} : { [key]: retries }
    await start({ relays: relays.map(({ at }) => at), consumer, since: 3n, properties })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(relays.reduce((sum, relay) => sum + relay.requests.length, 0)).toBe(requests)
  })

  it('jumps to the newest window where readLatestScnOnError allows to lose changes', async () => {
    const relay = await relayWith(9n, 10n)
    relay.prevScn = 8n
    const consumer = new RecordingConsumer()
    const properties = { 'databus.client.connectionDefaults.readLatestScnOnError': true }
    await start({ relays: [relay.at], consumer, since: 3n, properties })
    await eventually('the newest window', () => consumer.rows.length > 0)
    relay.append(11n, [{ id: 11, name: 'n11' }])
    await eventually('the next window', () => consumer.rows.length > 1)
    expect(consumer.rows).toEqual(rowsOf(10, 11))
  })

  it('stops the registration by name when it stays ahead of a relay that was reset', async () => {
    const relay = await relayWith(1n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, since: 100n })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_RELAY_SCN_IN_FUTURE')
    expect(registration.health().detail).toContain('SCN 100 is ahead of the relay, whose newest SCN is 1')
  })

  it('is logged once for each relay, however often it is asked', async () => {
    const relays = await Promise.all([relayWith(1n), relayWith(1n)])
    const told: string[] = []
    const warn = (message: string): void => void told.push(message)
    const consumer = new RecordingConsumer()
    await start({ relays: relays.map(({ at }) => at), consumer, since: 100n, log: { ...silentLogger, warn } })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(relays.map(({ requests }) => requests.length).every((count) => count > 1)).toBe(true)
    expect(told.filter((message) => message.includes('SCN 100 is ahead'))).toHaveLength(2)
  })

  it('is waited for while a relay that was started anew catches up', async () => {
    const relay = await relayWith(1n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, since: 2n, aheadPatienceMs: 60_000 })
    await eventually('degraded health', () => registration.health().status === 'degraded')
    relay.append(2n, [{ id: 2, name: 'n2' }])
    relay.append(3n, [{ id: 3, name: 'n3' }])
    await eventually('the third row', () => consumer.rows.length === 1)
    expect(consumer.rows).toEqual(rowsOf(3))
    expect(registration.health().status).toBe('up')
  })

  it('is asked for as SCN 0 when consumeCurrent is off and nothing is stored', async () => {
    const relay = await relayWith(9n)
    relay.prevScn = 8n
    const consumer = new RecordingConsumer()
    const properties = { 'databus.client.connectionDefaults.consumeCurrent': false }
    await start({ relays: [relay.at], consumer, properties })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_RELAY_SCN_NOT_FOUND')
  })
})

describe('pause, resume and stop', () => {
  it('end and begin delivery without loss', async () => {
    const relay = await relayWith(1n)
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('the first row', () => registration.checkpoint?.windowScn === 1n)
    registration.pause()
    await eventually('the pause', () => registration.health().detail === 'people is paused')
    relay.append(2n, [{ id: 2, name: 'n2' }])
    registration.pause()
    registration.resume()
    registration.resume()
    await eventually('the second row', () => registration.checkpoint?.windowScn === 2n)
    expect(consumer.rows).toEqual(rowsOf(1, 2))
    await registration.stop()
    await registration.stop()
    expect(consumer.trace.filter((line) => line === 'stop')).toHaveLength(1)
  })

  it('resume a registration that an error had suspended', async () => {
    const relay = await relayWith(9n)
    relay.prevScn = 8n
    const consumer = new RecordingConsumer()
    const registration = await start({ relays: [relay.at], consumer, since: 3n })
    await eventually('the error', () => consumer.errors.length === 1)
    relay.prevScn = 0n
    registration.resume()
    await eventually('the row', () => consumer.rows.length === 1)
    expect(registration.health().status).toBe('up')
  })

  it('hold back the relay when the consumer is slow, so that memory stays bounded', async () => {
    const relay = await relayWith()
    const name = 'x'.repeat(50_000)
    for (let scn = 1n; scn <= 1000n; scn++) relay.append(scn, [{ id: Number(scn), name }])
    let release: (() => void) | undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    let delivered = 0
    const consumer = {
      onDataEvent: (): Promise<void> | undefined => (++delivered === 10 ? gate : undefined),
    }
    const registration = await start({ relays: [relay.at], consumer })
    await eventually('the tenth row', () => delivered === 10)
    let before = -1
    await eventually('a relay that has stopped sending', () => {
      const same = before === relay.bytesSent
      before = relay.bytesSent
      return same && before > 0
    })
    // What is under way lies in the sockets of both sides, not in the client.
    expect(relay.bytesSent).toBeLessThan(25_000_000)
    expect(delivered).toBe(10)
    release?.()
    await eventually('all rows', () => registration.checkpoint?.windowScn === 1000n)
  })
})
