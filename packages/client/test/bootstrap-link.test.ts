import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { bootstrapCheckpoint, type BootstrapPlace } from '@aesop/checkpoint'
import { checkpointEvent } from '@aesop/event'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventOf } from '../../../test/support/stored-events.ts'
import { BootstrapLink } from '../src/bootstrap/bootstrap-link.ts'

interface Answer {
  readonly headers?: OutgoingHttpHeaders
  readonly trailers?: OutgoingHttpHeaders
  readonly chunks: readonly (Buffer | string)[]
}

const SELF = 'store:6060'
let server: Server
let answer: Answer
let asked: string[]
let link: BootstrapLink

beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    asked.push(decodeURIComponent(request.url ?? ''))
    response.writeHead(200, {
      'X-DBUS2-BS-HOSTPORT': SELF,
      'X-AESOP-BOOTSTRAP-STORE': 'store-1',
      Trailer: 'PhaseCompleted',
      ...answer.headers,
    })
    for (const chunk of answer.chunks) response.write(chunk)
    if (answer.trailers !== undefined) response.addTrailers(answer.trailers)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  link = new BootstrapLink({ host: '127.0.0.1', port }, ['shop.a'], 'test')
})
afterEach(async () => {
  link.close()
  await new Promise((resolve) => server.close(resolve))
})

const place: BootstrapPlace = {
  phase: 'catchup',
  sinceScn: 0n,
  startScn: 10n,
  targetScn: 30n,
  snapshotSource: 'shop.a',
  snapshotIndex: 0,
  snapshotOffset: -1n,
  catchupSource: 'shop.a',
  catchupIndex: 0,
  windowScn: 10n,
  windowOffset: 0n,
  server: SELF,
  storeId: 'store-1',
}
const { signal } = new AbortController()
const behind: BootstrapPlace = { ...place, windowScn: 30n, windowOffset: 2n }
const end = checkpointEvent(bootstrapCheckpoint(behind).format())
const row = (scn: bigint): Buffer => eventOf({ scn, key: scn, value: 'x' })

async function read(): Promise<{ scns: readonly bigint[]; batch: unknown }> {
  const scns: bigint[] = []
  const take = (view: { scn: bigint }): undefined => void scns.push(view.scn)
  const batch = await link.read({ place, batchBytes: 4000, eventBytesMax: 1000 }, take, signal)
  return { scns, batch }
}

describe('what a bootstrap server answers', () => {
  it('is read from its first event to its place, wherever it was cut', async () => {
    const all = Buffer.concat([row(20n), row(30n), end])
    answer = {
      chunks: [all.subarray(0, 70), all.subarray(70, 75), all.subarray(75)],
      trailers: { PhaseCompleted: 'TRUE' },
    }
    const batch = { place: behind, isPhaseCompleted: true, pendingBytes: 0 }
    expect(await read()).toEqual({ scns: [20n, 30n], batch })
    expect(asked[0]).toMatch(/^\/bootstrap\?sources=shop\.a&checkPoint=\{.*&batchSize=4000&maxev=2&schemaChanges=true$/)
    answer = { chunks: [row(20n)], headers: { PhaseCompleted: 'TRUE' } }
    expect(await read()).toMatchObject({ batch: { place: undefined, isPhaseCompleted: true } })
    answer = { chunks: [], headers: { 'x-dbus-pending-event-size': '9000' } }
    expect(await read()).toMatchObject({ scns: [], batch: { isPhaseCompleted: false, pendingBytes: 9000 } })
  })

  it('has start and target SCN, and says whose they are', async () => {
    answer = { chunks: ['"12"'] }
    expect(await link.startScn(place, signal)).toEqual({ scn: 12n, server: SELF, storeId: 'store-1' })
    expect(await link.targetScn(place, signal)).toBe(12n)
    expect(asked[1]).toMatch(/^\/targetSCN\?source=shop\.a&checkPoint=/)
    answer = { chunks: ['12'] }
    await expect(link.targetScn(place, signal)).rejects.toMatchObject({ code: 'AESOP_WIRE_RESPONSE_MALFORMED' })
  })

  it('is named as what it is where it can not be reached', async () => {
    const nobody = new BootstrapLink({ host: '127.0.0.1', port: 1 }, ['shop.a'], 'people')
    await expect(nobody.targetScn(place, signal)).rejects.toThrow(
      /^the bootstrap server at 127\.0\.0\.1:1 can't be reached/,
    )
    nobody.close()
  })

  const flipped = Buffer.from(row(20n))
  flipped[flipped.length - 1] = 0
  it.each<[string, Answer, string]>([
    ['a flipped bit', { chunks: [flipped, end] }, 'AESOP_EVENT_CORRUPT'],
    ['half an event', { chunks: [row(20n).subarray(0, 30)] }, 'AESOP_EVENT_TRUNCATED'],
    ['an event beyond the target SCN', { chunks: [row(31n), end] }, 'AESOP_CLIENT_EVENT_ORDER'],
    ['a log that goes back', { chunks: [row(30n), row(20n), end] }, 'AESOP_CLIENT_EVENT_ORDER'],
    ['an event behind the place', { chunks: [end, row(20n)] }, 'AESOP_WIRE_RESPONSE_MALFORMED'],
    ['a place that is none', { chunks: [checkpointEvent('{}')] }, 'AESOP_CHECKPOINT_INVALID'],
    ['another server', { chunks: [end], headers: { 'X-DBUS2-BS-HOSTPORT': 'b:1' } }, 'AESOP_BOOTSTRAP_ELSEWHERE'],
    ['another store', { chunks: [end], headers: { 'X-AESOP-BOOTSTRAP-STORE': 'b' } }, 'AESOP_BOOTSTRAP_OUTDATED'],
    [
      'a server without a name',
      { chunks: [end], headers: { 'X-DBUS2-BS-HOSTPORT': '' } },
      'AESOP_WIRE_RESPONSE_MALFORMED',
    ],
    [
      'a size that is none',
      { chunks: [], headers: { 'x-dbus-pending-event-size': 'x' } },
      'AESOP_WIRE_RESPONSE_MALFORMED',
    ],
  ])('is refused by name where it has %s', async (_what, given, code) => {
    answer = given
    await expect(read()).rejects.toMatchObject({ code })
  })
})
