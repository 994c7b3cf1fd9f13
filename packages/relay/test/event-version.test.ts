import { downConvert, downConvertedBytesAt, endAt, EventView } from '@aesop/event'
import { formatSourceFilters, headers } from '@aesop/wire'
import { describe, expect, test } from 'vitest'
import { get, lines, online, type RunningRelay, startRelay, streamPath } from './support/relay-fixture.ts'

const KEYS = [7, 'a key', -1, ''] as const
/** Of the windows 101 to 120, which have four rows each. */
const ALL = Array.from({ length: 20 }, (_, i) => 101 + i).flatMap((scn) => [
  ...KEYS.map((key) => `${scn}:${key}`),
  `${scn}:end`,
])

async function filled(eventVersion: 1 | 2 | undefined): Promise<RunningRelay> {
  const made = await startRelay({ source: eventVersion === undefined ? {} : { eventVersion } })
  for (let scn = 101n; scn <= 120n; scn++) {
    const events = KEYS.map((key, i) => ({
      key,
      value: Buffer.alloc(10 * i, i),
      source: i === 3 ? 'com.x.Address' : 'com.x.Person',
    }))
    made.producer.addWindow(events, scn)
  }
  return made
}

/** The first byte of each event. */
function versions(bytes: Buffer): Set<number | undefined> {
  const found = new Set<number | undefined>()
  for (let at = 0; at < bytes.length; at = endAt(bytes, at)) found.add(bytes[at])
  return found
}

function asVersion1(bytes: Buffer): Buffer {
  const target = Buffer.alloc(2 * bytes.length)
  let end = 0
  for (let at = 0; at < bytes.length; at = endAt(bytes, at)) end = downConvert(bytes, at, target, end)
  return target.subarray(0, end)
}

describe('a source whose events are of version 2', () => {
  test('gives them as they are to who reads them, and as version 1 to all others', async () => {
    const { port } = await filled(2)
    const as = async (more: Record<string, string | number>): Promise<Buffer> =>
      (await get(port, streamPath(more))).body
    const two = await as({ maxev: 2 })
    expect([lines(two), versions(two)]).toEqual([ALL, new Set([2])])
    for (const more of [{}, { maxev: 0 }]) {
      const one = await as(more)
      expect([lines(one), versions(one)]).toEqual([ALL, new Set([0])])
      expect(one.equals(asVersion1(two))).toBe(true)
    }
  })

  test('gives text with the keys of version 1', async () => {
    const { port } = await filled(2)
    const [zero, two] = await Promise.all(
      [0, 2].map((maxev) => get(port, streamPath({ maxev, output: 'json', checkPoint: online(119) }))),
    )
    expect(two?.body.toString()).toBe(zero?.body.toString())
    expect(two?.body.toString()).toMatch(/^\{"opcode":"UPSERT","key":7,"sequence":120,"logicalPartitionId":1,/)
  })

  test.each([0, 2])(
    'is read in pieces of any size by a client of version %d that goes on where it was',
    async (maxev) => {
      const { port } = await filled(2)
      const got: string[] = []
      let size = 60
      let [scn, offset] = [100, -1]
      for (let rounds = 0; got.length < ALL.length; rounds++) {
        expect(rounds).toBeLessThan(400)
        const answer = await get(port, streamPath({ maxev, size, checkPoint: online(scn, offset) }))
        expect(answer.body.length).toBeLessThanOrEqual(size)
        const pending = answer.headers[headers.pendingEventSize]
        if (answer.body.length === 0) {
          expect(Number(pending)).toBeGreaterThan(size)
          size = Number(pending)
          continue
        }
        const view = new EventView(answer.body)
        for (let at = 0; at < answer.body.length; at = view.end) {
          view.moveTo(answer.body, at)
          offset = view.isEndOfPeriod ? -1 : view.scn === BigInt(scn) && offset >= 0 ? offset + 1 : 1
          scn = Number(view.scn)
        }
        got.push(...lines(answer.body))
        size = 60 + (rounds % 7) * 40
      }
      expect(got).toEqual(ALL)
    },
  )

  test('is filtered before or after, with the same result', async () => {
    const { port } = await filled(2)
    const filters = formatSourceFilters(
      new Map([[40, { type: 'MOD', buckets: [{ numBuckets: 3n, start: 1n, end: 1n }] }]]),
    )
    for (const more of [{ sources: '41' }, { filters }]) {
      const of = async (maxev: number): Promise<string[]> =>
        lines((await get(port, streamPath({ maxev, ...more }))).body)
      const got = await of(0)
      expect(got).toEqual(await of(2))
      expect([got.length >= 40, got.length < 100]).toEqual([true, true])
    }
  })

  test('follows: each write has room for one event at least', async () => {
    const { port } = await filled(2)
    for (const maxev of [0, 2]) {
      const answer = await get(port, streamPath({ maxev, size: 150, follow: 100 }))
      expect(lines(answer.body)).toEqual(ALL)
    }
  })
})

test('a source whose events are of version 1 gives them as they are, whatever the client reads', async () => {
  for (const eventVersion of [1, undefined] as const) {
    const { port } = await filled(eventVersion)
    const bodies = await Promise.all(
      [{}, { maxev: 0 }, { maxev: 2 }].map(async (more) => (await get(port, streamPath(more))).body),
    )
    for (const body of bodies) expect([lines(body), versions(body)]).toEqual([ALL, new Set([0])])
    expect(bodies.every((body) => body.equals(bodies[0] as Buffer))).toBe(true)
  }
})

test('the size of an event on its way is that of the version in which it goes', async () => {
  const { port, producer } = await startRelay({ source: { eventVersion: 2 } })
  producer.addWindow([{ key: 1, value: Buffer.alloc(500) }], 101n)
  const pending = async (maxev: number): Promise<unknown> =>
    (await get(port, streamPath({ maxev, size: 70 }))).headers[headers.pendingEventSize]
  expect([await pending(0), await pending(2)]).toEqual(['561', '575'])
  const event = (await get(port, streamPath({ maxev: 2 }))).body
  expect(downConvertedBytesAt(event, 0)).toBe(561)
})
