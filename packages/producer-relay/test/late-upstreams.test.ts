import { EventView } from '@aesop/event'
import { type MemoryEventProducer } from '@aesop/producer'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { FaultProxy } from '../../../test/support/fault-proxy.ts'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { until } from '../../../test/support/until.ts'
import { ADDRESS, type ChainLink, PERSON, startLink, startOrigin } from './support/chain.ts'

const SMALL = { 'databus.relay.eventBuffer.maxSize': 65_536 }
const ALL = 100_000_000

/** A window of so many rows, of so many bytes each. */
function addWindow(producer: MemoryEventProducer, scn: bigint, rows: number, bytes: number): void {
  const row = (i: number): object => ({
    key: i,
    source: i % 3 === 0 ? ADDRESS.name : PERSON.name,
    value: Buffer.alloc(bytes, i),
  })
  producer.addWindow(Array.from({ length: rows }, (_, i) => row(i)) as never, scn)
}

/** One who asks a relay again and again, each time from where it is, with answers of so many bytes. */
class Asker {
  readonly #link: ChainLink
  readonly #sizeBytes: number
  readonly #maxev: number
  readonly #parts: Buffer[] = []
  scn: bigint
  #windowOffset = -1
  #events = 0
  isWithin = false

  constructor(link: ChainLink, afterScn: bigint, sizeBytes: number, maxev = 0) {
    this.#link = link
    this.scn = afterScn
    this.#sizeBytes = sizeBytes
    this.#maxev = maxev
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  /** @throws Error with what the relay answers that can't serve it */
  async ask(): Promise<void> {
    const prevScn = this.#windowOffset < 0 ? this.scn : -1n
    const place = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${this.scn},"prevScn":${prevScn},"windowOffset":${this.#windowOffset}}`
    const query = `sources=40,41,32767&size=${this.#sizeBytes}&output=binary&maxev=${this.#maxev}&checkPoint=${encodeURIComponent(place)}`
    const answer = await fetch(`http://${this.#link.place}/stream?${query}`)
    const body = Buffer.from(await answer.arrayBuffer())
    const fault = answer.headers.get('x-dbus-error')
    if (fault !== null) throw new Error(`${fault}: ${body.toString()}`)
    this.#take(body)
  }

  #take(body: Buffer): void {
    this.#parts.push(body)
    const view = new EventView(body, 0)
    for (let at = 0; at < body.length; at = view.end) {
      view.moveTo(body, at)
      this.#events = view.isEndOfPeriod ? 0 : this.#events + 1
      this.#windowOffset = view.isEndOfPeriod ? -1 : this.#events
      this.scn = view.scn
    }
    this.isWithin ||= this.#windowOffset > 0
  }

  async reaches(scn: bigint): Promise<Buffer> {
    const isThere = async (): Promise<boolean> => {
      if (this.scn < scn || this.#windowOffset >= 0) await this.ask()
      return this.scn >= scn && this.#windowOffset < 0
    }
    await until(`SCN ${scn}`, isThere, 20_000, () => ({ scn: this.scn, offset: this.#windowOffset }))
    return this.bytes
  }
}

const prevScnOf = ({ relay }: ChainLink): bigint =>
  BigInt((relay.describe() as { buffer: { prevScn: string } }).buffer.prevScn)
const lateOf = ({ relay }: ChainLink): readonly { readonly from?: string }[] =>
  (relay.describe() as { producer: { lateReadings: readonly object[] } }).producer.lateReadings

test.each([1, 2] as const)(
  'what its buffer has lost a relay reads from the one that it follows, byte for byte, in version %i',
  async (eventVersion) => {
    const origin = (await startLink('memory:test', { source: { eventVersion } })) as ChainLink & {
      producer: MemoryEventProducer
    }
    for (let scn = 1n; scn <= 200n; scn++) addWindow(origin.producer, scn * 10n, Number(scn % 5n), 500)
    const follower = await startLink(`relay://${origin.place}`, { source: { eventVersion }, properties: SMALL })
    const last = await startLink(`relay://${follower.place}`, { source: { eventVersion }, properties: SMALL })
    await last.reaches(2000n)
    expect(prevScnOf(follower)).toBeGreaterThan(1000n)
    const maxev = eventVersion === 2 ? 2 : 0
    const wanted = await origin.bytes(100n, maxev)
    for (const link of [follower, last])
      for (const sizeBytes of [3_000, ALL])
        expect((await new Asker(link, 100n, sizeBytes, maxev).reaches(2000n)).equals(wanted)).toBe(true)
  },
)

test('many late readers share few connections in turn, and all arrive', async () => {
  const origin = await startOrigin()
  for (let scn = 1n; scn <= 200n; scn++) addWindow(origin.producer, scn * 10n, 3, 500)
  const follower = await startLink(`relay://${origin.place}`, { properties: SMALL })
  await follower.reaches(2000n)
  let most = 0
  const askers = Array.from({ length: 12 }, (_, i) => new Asker(follower, BigInt(i * 10), 20_000))
  const watched = setInterval(() => (most = Math.max(most, lateOf(follower).length)), 20)
  onTestFinished(() => {
    clearInterval(watched)
  })
  const got = await Promise.all(askers.map((asker) => asker.reaches(2000n)))
  for (const [i, bytes] of got.entries()) expect(bytes.equals(await origin.bytes(BigInt(i * 10)))).toBe(true)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(4)
})

test('what no relay has any more is gone, with the SCN after which one still has windows', async () => {
  const origin = await startOrigin({ properties: SMALL })
  const follower = await startLink(`relay://${origin.place}`, { properties: SMALL })
  for (let scn = 1n; scn <= 20n; scn++) addWindow(origin.producer, scn * 10n, 3, 500)
  await follower.reaches(200n)
  for (let scn = 21n; scn <= 200n; scn++) {
    addWindow(origin.producer, scn * 10n, 3, 500)
    if (scn % 10n === 0n) await follower.reaches(scn * 10n)
  }
  const oldest = [prevScnOf(origin), prevScnOf(follower)].reduce((a, b) => (a < b ? a : b))
  await expect(new Asker(follower, 10n, ALL).ask()).rejects.toThrow(`holds what follows SCN ${oldest}`)
  expect(follower.failure).toBeUndefined()
})

test('wherever a late reader begins, however its connections break: one stream, the same bytes', async () => {
  const reached = { late: 0, within: 0, broken: 0 }
  const windows = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 3000 })), {
    minLength: 60,
    maxLength: 90,
  })
  const reader = fc.record({
    from: fc.nat(59),
    sizeBytes: fc.integer({ min: 3100, max: 60_000 }),
    cutsAfter: fc.nat(6),
  })
  const readers = fc.array(reader, { minLength: 1, maxLength: 5 })
  await assertAsyncProperty(
    fc.asyncProperty(windows, readers, async (written, places) => {
      const origin = await startOrigin()
      const proxy = await FaultProxy.start(origin.port)
      const follower = await startLink(`relay://127.0.0.1:${proxy.port}`, { properties: SMALL })
      try {
        const lastScn = BigInt(written.length * 10)
        for (const [i, [rows, bytes]] of written.entries()) addWindow(origin.producer, BigInt(i + 1) * 10n, rows, bytes)
        await follower.reaches(lastScn)
        await Promise.all(
          places.map(async ({ from, sizeBytes, cutsAfter }) => {
            const afterScn = BigInt(from * 10)
            if (afterScn < prevScnOf(follower)) reached.late++
            const asker = new Asker(follower, afterScn, sizeBytes)
            for (let asked = 0; asked < cutsAfter && asker.scn < lastScn; asked++) await asker.ask()
            if (asker.scn < lastScn) {
              proxy.cut()
              reached.broken++
            }
            expect((await asker.reaches(lastScn)).equals(await origin.bytes(afterScn))).toBe(true)
            if (asker.isWithin) reached.within++
          }),
        )
      } finally {
        await follower.relay.stop()
        await proxy.close()
        await origin.relay.stop()
      }
    }),
    { seed: 20261128, numRuns: 6, reached, atLeast: 3 },
  )
})
