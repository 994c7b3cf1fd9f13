import { type EventBuffer } from '@aesop/buffer'
import { EventView } from '@aesop/event'
import { MemorySchemaRegistry } from '@aesop/schema'
import { OutgoingMessage } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { get, online, startRelay, streamPath } from './support/relay-fixture.ts'

/*
 * No answer may hold the event loop: a Java client gives up when its connection is not accepted within 100 ms. Time can't
 * be measured on a loaded machine; so the work that is done in one turn of the loop is counted, of which each unit (an
 * event looked at, a byte written) takes a known small time.
 */
const MB = 1 << 20
const SCHEMA_ID = Buffer.alloc(16)
/** Looking at an event takes well below 2 µs, with up to this many alternatives of a filter. */
const EVENTS_PER_TURN = 10_000
const ALTERNATIVES_PER_TURN = 100_000
/** Made of text: 64 KiB of values as base64, and what stands around them. */
const TEXT_PER_TURN = 512 * 1024
const BYTES_PER_TURN = 2 * MB

/** Adds up work by turn of the event loop while `during` runs. */
class TurnMeter {
  turns = 0
  total = 0
  longest = 0
  #now = 0
  #running = true

  constructor() {
    const tick = (): void => {
      this.turns++
      this.longest = Math.max(this.longest, this.#now)
      this.#now = 0
      if (this.#running) setImmediate(tick)
    }
    setImmediate(tick)
    onTestFinished(() => {
      this.#running = false
    })
  }

  add(work: number): void {
    this.total += work
    this.#now += work
  }
}

type Method = (this: unknown, ...args: unknown[]) => unknown

/** Lets the meter know of each call of a method until the test ends. */
function metered(prototype: object, name: string, workOf: (...args: unknown[]) => number): TurnMeter {
  const meter = new TurnMeter()
  const method = Reflect.get(prototype, name) as Method
  Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]) {
    meter.add(workOf(...args))
    return method.apply(this, args)
  })
  onTestFinished(() => {
    Reflect.set(prototype, name, method)
  })
  return meter
}

/** Counts the events that anything looks at. */
const eventMeter = (): TurnMeter => metered(EventView.prototype, 'moveTo', () => 1)

/** Counts the bytes of bodies that are written. */
const bodyMeter = (): TurnMeter =>
  metered(OutgoingMessage.prototype, 'write', (chunk) => (chunk as string | Uint8Array).length)

/** Windows of a hundred rows with keys that count up. @returns how many rows there are */
function fill(buffer: EventBuffer | undefined, bytes: number, valueBytes: number): number {
  let rows = 0
  for (let scn = 1n; buffer !== undefined && buffer.eventBytes < bytes; scn++) {
    buffer.beginWindow()
    for (let i = 0; i < 100; i++) addRow(buffer, rows++, valueBytes)
    buffer.endWindow(scn)
  }
  return rows
}

function addRow(buffer: EventBuffer, key: number, valueBytes: number): void {
  const place = { sourceId: 40, schemaId: SCHEMA_ID, logicalPartition: 0, timestampNanos: 1n }
  buffer.append({ opcode: 'UPSERT', key, ...place, maxValueBytes: valueBytes }, (target, offset) => {
    target.fill(0x61, offset, offset + valueBytes)
    return offset + valueBytes
  })
}

const mod = (buckets: readonly [number, number][], numBuckets: number): string =>
  JSON.stringify({
    40: { partitionType: 'MOD', filters: buckets.map(([start, end]) => ({ numBuckets, bktRange: { start, end } })) },
  })

const LARGE = { 'databus.relay.eventBuffer.maxSize': 96 * MB }
const whole = (more: Record<string, string | number>): string =>
  streamPath({ checkPoint: online(0), size: 2 ** 31 - 1, ...more })

describe('no answer does more in one turn than', () => {
  test('a bounded look at events, when a filter matches nothing in 64 MiB', async () => {
    const { port, relay } = await startRelay({ properties: LARGE })
    const rows = fill(relay.buffer, 64 * MB, 39)
    const meter = eventMeter()
    // A source that has no rows: of all that is there, only the ends of windows pass.
    const answer = await get(port, whole({ sources: 41 }))
    expect(answer.body.length).toBe((rows / 100) * 61)
    expect(meter.total).toBeGreaterThan(rows)
    expect(meter.longest).toBeLessThan(EVENTS_PER_TURN)
  })

  test('a bounded look at events, when there are no ends of windows that pass either', async () => {
    const { port, relay } = await startRelay({ properties: LARGE })
    const { buffer } = relay
    buffer?.beginWindow()
    const rows = 300_000
    for (let key = 0; buffer !== undefined && key < rows; key++) addRow(buffer, key, 39)
    buffer?.endWindow(1n)
    const meter = eventMeter()
    const answer = await get(port, whole({ filters: mod([[7, 8]], 1_000_000) }))
    expect(answer.body.length).toBe(100 + 61)
    expect(meter.total).toBeGreaterThan(rows)
    expect(meter.longest).toBeLessThan(EVENTS_PER_TURN)
  })

  test('a bounded look at alternatives of a filter that has many', async () => {
    const { port, relay } = await startRelay({ properties: LARGE })
    const rows = fill(relay.buffer, 4 * MB, 39)
    const buckets = Array.from({ length: 100 }, (_, i): [number, number] => [2 * i, 2 * i + 1])
    const meter = eventMeter()
    await get(port, whole({ filters: mod(buckets, 1_000_000) }))
    expect(meter.total).toBeGreaterThan(rows)
    expect(meter.longest * buckets.length).toBeLessThan(ALTERNATIVES_PER_TURN)
  })

  test('a bounded number of bytes, whole or filtered to a part', async () => {
    const { port, relay } = await startRelay({ properties: LARGE })
    fill(relay.buffer, 64 * MB, 939)
    const meter = bodyMeter()
    for (const filters of ['{}', mod([[0, 9]], 10)]) {
      const before = meter.total
      const answer = await get(port, whole({ filters }))
      expect(meter.total - before).toBe(answer.body.length)
      expect(answer.body.length).toBeGreaterThan(50 * MB)
    }
    expect(meter.longest).toBeLessThan(BYTES_PER_TURN)
  })

  test.each(['json', 'json_plain_value'])('a bounded piece of text, of many events, with output %s', async (output) => {
    const { port, relay } = await startRelay({ properties: LARGE })
    fill(relay.buffer, 8 * MB, 139)
    const meter = bodyMeter()
    await get(port, whole({ output }))
    expect(meter.total).toBeGreaterThan(8 * MB)
    expect(meter.longest).toBeLessThan(TEXT_PER_TURN)
  })

  test.each(['json', 'json_plain_value'])(
    'a bounded piece of text, of one event of 20 MiB, with output %s',
    async (output) => {
      const { port, relay } = await startRelay({ properties: LARGE })
      relay.buffer?.beginWindow()
      if (relay.buffer !== undefined) addRow(relay.buffer, 1, 20 * MB)
      relay.buffer?.endWindow(1n)
      const meter = bodyMeter()
      const answer = await get(port, whole({ output }))
      const [line = ''] = answer.body.toString().split('\n')
      const { value } = JSON.parse(line) as { value: string }
      expect(output === 'json' ? Buffer.from(value, 'base64').length : value.length).toBe(20 * MB)
      expect(meter.longest).toBeLessThan(TEXT_PER_TURN)
    },
  )

  test.each(['json', 'json_plain_value'])(
    'a bounded piece of text for all of forty readers, with output %s',
    async (output) => {
      const { port, relay } = await startRelay({ properties: LARGE })
      fill(relay.buffer, MB / 2, 139)
      const meter = bodyMeter()
      await Promise.all(Array.from({ length: 40 }, () => get(port, whole({ output }))))
      expect(meter.total).toBeGreaterThan(20 * MB)
      expect(meter.longest).toBeLessThan(2 * TEXT_PER_TURN)
    },
  )

  test('a bounded look at events for all of fifty readers with filters', async () => {
    const { port, relay } = await startRelay({ properties: LARGE })
    const rows = fill(relay.buffer, 4 * MB, 39)
    const meter = eventMeter()
    await Promise.all(Array.from({ length: 50 }, () => get(port, whole({ sources: 41 }))))
    expect(meter.total).toBeGreaterThan(50 * rows)
    expect(meter.longest).toBeLessThan(2 * EVENTS_PER_TURN)
  })

  test.each(['true', 'false'])('a bounded piece of the schemas of /register, compress=%s', async (compress) => {
    const schemas = new MemorySchemaRegistry()
    const names = Array.from({ length: 60 }, (_, i) => `shop.t${i}`)
    const doc = 'x'.repeat(1000)
    const fields = Array.from({ length: 50 }, (_, i) => ({ name: `column_${i}`, type: 'string', doc }))
    for (const name of names) {
      schemas.add(
        name,
        1,
        JSON.stringify({ type: 'record', name: name.replace('shop.', ''), namespace: 'shop', fields }),
      )
    }
    const sources = names.map((name, i) => ({ id: i + 1, name, uri: name }))
    const { port } = await startRelay({ schemas, source: { sources } })
    const { stringify } = JSON
    const meter = new TurnMeter()
    JSON.stringify = ((...args: Parameters<typeof stringify>) => {
      const text = stringify(...args)
      meter.add(text.length)
      return text
    }) as typeof stringify
    onTestFinished(() => {
      JSON.stringify = stringify
    })
    const answer = await get(port, `/register?compress=${compress}`)
    expect(answer.status).toBe(200)
    expect(meter.total).toBeGreaterThan(2 * MB)
    expect(meter.longest).toBeLessThan(TEXT_PER_TURN)
  })
})
