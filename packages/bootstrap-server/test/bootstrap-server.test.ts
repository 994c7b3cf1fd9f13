import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { EventView } from '@aesop/event'
import { HttpGuard, silentLogger } from '@aesop/kernel'
import { SqliteStore, type StoreWriter } from '@aesop/bootstrap-store'
import { formatBootstrapRequest, formatStartScnRequest, formatTargetScnRequest, parseError } from '@aesop/wire'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, schemaChangeOf, told } from '../../../test/support/stored-events.ts'
import { BootstrapServer } from '../src/index.ts'

let folder: string
let store: SqliteStore
let writer: StoreWriter
let server: BootstrapServer

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-bootstrap-'))
  store = new SqliteStore({ path: join(folder, 'bootstrap.db'), logBytes: 200 })
  await makeStore()
  const host = '127.0.0.1'
  const guard = new HttpGuard({ host, hosts: [], peers: [], token: undefined, isInsecure: false }, silentLogger)
  server = new BootstrapServer({ store, host, port: 0, guard, log: silentLogger, behindMs: 300, requestsPerPeer: 2 })
  await server.start()
})
afterEach(async () => {
  await server.stop()
  await store.close()
  rmSync(folder, { recursive: true })
})

async function makeStore(): Promise<void> {
  writer = await store.openWriter()
  await writer.declare({ name: 'shop', sources: ['shop.item', 'shop.order'], schemaChangeId: SCHEMA_CHANGE_ID })
}

const BEGUN: BootstrapPlace = {
  phase: 'snapshot',
  sinceScn: 0n,
  startScn: -1n,
  targetScn: -1n,
  snapshotSource: 'shop.item',
  snapshotIndex: 0,
  snapshotOffset: 0n,
  catchupSource: '',
  catchupIndex: 0,
  windowScn: -1n,
  windowOffset: -1n,
}
const placeAt = (more: Partial<BootstrapPlace>): Checkpoint => bootstrapCheckpoint({ ...BEGUN, ...more })

async function write(scn: bigint, ...events: readonly Buffer[]): Promise<void> {
  await writer.writeWindows('shop', { scnSpace: 'space-1', pieces: [pieceOf('shop.item', events)], endScn: scn })
}
const row = (scn: bigint, key: bigint, value?: string): Buffer => eventOf({ scn, key, value })

async function activate(): Promise<void> {
  for (const source of ['shop.item', 'shop.order']) await writer.activate(source)
  await writer.apply('shop', 1 << 20)
}

interface Got {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly error: Error | undefined
}

async function get(path: string): Promise<Got> {
  const response = await fetch(`http://${server.address}${path}`)
  const bytes = Buffer.from(await response.arrayBuffer())
  const error = parseError(Object.fromEntries(response.headers), bytes.toString())
  return { status: response.status, headers: response.headers, bytes, error }
}
const text = async (path: string): Promise<string> => (await get(path)).bytes.toString()

/** The events of a batch, and the place that it ends with. */
function readBatch({ bytes }: Got): { events: readonly string[]; place: BootstrapPlace | undefined } {
  const view = new EventView()
  for (let offset = 0; offset < bytes.length; offset = view.end) {
    view.moveTo(bytes, offset)
    if (view.sourceId !== -3) continue
    const place = bootstrapPlaceOf(Checkpoint.parse(view.value.toString()))
    return { events: told(bytes.subarray(0, offset)), place }
  }
  return { events: told(bytes), place: undefined }
}
const batch = (place: Partial<BootstrapPlace>, bytes = 1 << 20): Promise<Got> =>
  get(formatBootstrapRequest(['40'], placeAt(place), bytes))

describe('a bootstrap server', () => {
  it('brings a client from nothing to the end of the log', async () => {
    await write(10n, row(10n, 1n, 'a'), row(10n, 2n, 'b'))
    await write(20n, row(20n, 1n))
    await activate()
    expect(await text(formatStartScnRequest(['shop.item'], placeAt({})))).toBe('"20"')
    const snapshot = await batch({ startScn: 20n })
    expect(readBatch(snapshot)).toMatchObject({ events: ['2=b@10'], place: { snapshotOffset: 2n, startScn: 20n } })
    expect(snapshot.headers.get('PhaseCompleted')).toBe('TRUE')
    expect(snapshot.headers.get('X-DBUS2-BS-HOSTPORT')).toBe(server.address)
    await write(30n, row(30n, 3n, 'c'))
    expect(await text(formatTargetScnRequest('shop.item', placeAt({ startScn: 20n })))).toBe('"30"')
    const catchup: Partial<BootstrapPlace> = {
      phase: 'catchup',
      startScn: 20n,
      targetScn: 30n,
      snapshotOffset: -1n,
      catchupSource: 'shop.item',
      windowScn: 20n,
      windowOffset: 0n,
    }
    const log = await batch(catchup)
    expect(readBatch(log)).toMatchObject({ events: ['3=c@30'], place: { windowScn: 30n, windowOffset: 4n } })
    expect(log.headers.get('PhaseCompleted')).toBe('TRUE')
    expect(readBatch(await batch({ ...catchup, windowOffset: 4n })).events).toEqual([])
  })

  it('gives as much as fits, and goes on behind the place that it sent', async () => {
    const events = Array.from({ length: 6 }, (_, at) => row(10n, BigInt(at), 'x'.repeat(200)))
    await write(10n, ...events)
    await activate()
    const seen: string[] = []
    let place: BootstrapPlace = { ...BEGUN, startScn: 10n }
    for (let isDone = false; !isDone;) {
      const got = await batch(place, 2200)
      const { events: some, place: next } = readBatch(got)
      expect(some.length).toBeLessThan(6)
      seen.push(...some)
      place = next ?? place
      isDone = got.headers.get('PhaseCompleted') === 'TRUE'
    }
    expect(seen).toHaveLength(6)
    const small = await batch({ startScn: 10n }, 1400)
    expect(small.bytes).toHaveLength(0)
    expect(Number(small.headers.get('x-dbus-pending-event-size'))).toBe(events[0]?.length)
    expect(small.headers.get('PhaseCompleted')).toBeNull()
  })

  it('gives an event alone that is larger than any of its batches', async () => {
    const large = row(10n, 1n, 'x'.repeat(17 * 1024 * 1024))
    await write(10n, large, row(10n, 2n, 'b'))
    await activate()
    const refused = await batch({ startScn: 10n })
    expect(Number(refused.headers.get('x-dbus-pending-event-size'))).toBe(large.length)
    const got = await batch({ startScn: 10n }, large.length + 10_000)
    expect([readBatch(got).events.length, readBatch(got).place?.snapshotOffset]).toEqual([1, 1n])
    expect(got.bytes.subarray(0, large.length).equals(large)).toBe(true)
  })

  it('leaves the snapshot out where the log reaches back', async () => {
    await write(10n, row(10n, 1n, 'a'))
    await write(20n, row(20n, 2n, 'b'))
    await activate()
    const since = placeAt({ sinceScn: 10n })
    expect(await text(formatStartScnRequest(['shop.item'], since))).toBe('"10"')
    const got = await batch({ sinceScn: 10n, startScn: 10n })
    expect([got.bytes.length, got.headers.get('PhaseCompleted')]).toEqual([0, 'TRUE'])
  })

  it('filters rows, and says how far it has come', async () => {
    await write(10n, row(10n, 1n, 'a'), row(10n, 2n, 'b'))
    await activate()
    const none = { type: 'RANGE' as const, ranges: [{ start: 50n, end: 60n }] }
    const got = await get(formatBootstrapRequest(['40'], placeAt({ startScn: 10n }), 1 << 20, none))
    expect(readBatch(got)).toMatchObject({ events: [], place: { snapshotOffset: 2n } })
    const one = { type: 'RANGE' as const, ranges: [{ start: 2n, end: 3n }] }
    expect(
      readBatch(await get(formatBootstrapRequest(['40'], placeAt({ startScn: 10n }), 1 << 20, one))).events,
    ).toEqual(['2=b@10'])
  })

  it("gives Databus' clients version 1, no changes of tables, and text where they ask for it", async () => {
    const change = schemaChangeOf(10n, 'shop.item', 'CREATE')
    await write(10n, eventOf({ scn: 10n, key: 1n, value: 'a' }, 2), change)
    await activate()
    const place = placeAt({
      phase: 'catchup',
      startScn: 5n,
      targetScn: 10n,
      snapshotOffset: -1n,
      catchupSource: 'shop.item',
      windowScn: 5n,
      windowOffset: 0n,
    })
    const query = `checkPoint=${encodeURIComponent(place.format())}&batchSize=100000&sources=40`
    const got = await get(`/bootstrap?${query}&output=binary`)
    expect(got.bytes[0]).toBe(0)
    expect([got.headers.get('transfer-encoding'), got.headers.get('content-length')]).toEqual(['chunked', null])
    expect(readBatch(got)).toMatchObject({ events: ['1=a@10'], place: { windowOffset: 2n } })
    const [first, second] = (await text(`/bootstrap?${query}&output=json_plain_value`)).trim().split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({ opcode: 'UPSERT', key: 1, sequence: 10, value: 'a' })
    expect(JSON.parse(second ?? '')).toMatchObject({ srcId: -3 })
    const all = await get(formatBootstrapRequest(['40'], place, 100_000))
    expect(readBatch(all).events).toEqual(['1=a@10', 'CREATE@10'])
  })

  it('refuses by name what it can not answer', async () => {
    const start = (more: Partial<BootstrapPlace>, sources = ['shop.item']): Promise<Got> =>
      get(formatStartScnRequest(sources, placeAt(more)))
    expect((await start({})).error?.message).toMatch(/is NEW, expected ACTIVE/)
    await write(10n, row(10n, 1n, 'a'))
    await activate()
    expect((await start({}, ['shop.none'])).error?.message).toMatch(/has no source "shop.none"/)
    expect((await start({ sinceScn: 50n })).error).toMatchObject({ code: 'AESOP_BOOTSTRAP_TOO_OLD' })
    expect((await start({ server: 'other:1' })).error?.message).toMatch(/of the bootstrap server other:1/)
    expect((await start({ scnSpace: 'space-9' })).error).toMatchObject({ code: 'AESOP_RELAY_SCN_SPACE_FOREIGN' })
    await writer.purgeTombstones('shop.item', 10n, 0n, 10)
    await writer.breakStream('shop', 20n, 'space-1')
    for (const source of ['shop.item', 'shop.order']) await writer.activate(source)
    expect((await start({ sinceScn: 5n })).error).toMatchObject({ code: 'AESOP_BOOTSTRAP_TOO_YOUNG' })
    expect((await batch({ sinceScn: 5n, startScn: 20n })).error).toMatchObject({ code: 'AESOP_BOOTSTRAP_TOO_YOUNG' })
    const gone = {
      phase: 'catchup' as const,
      startScn: 12n,
      targetScn: 20n,
      snapshotOffset: -1n,
      catchupSource: 'shop.item',
      windowScn: 12n,
      windowOffset: 0n,
    }
    expect((await batch(gone)).error).toMatchObject({ code: 'AESOP_BOOTSTRAP_OUTDATED' })
    expect((await get('/bootstrap?batchSize=9')).error).toMatchObject({ code: 'AESOP_WIRE_REQUEST_INVALID' })
    expect((await get('/stream')).error?.message).toMatch(/stream/)
    expect(await text('/admin')).toBe('GOOD\n')
  })

  it('says which store its places are of, and refuses those of another one', async () => {
    await write(10n, row(10n, 1n, 'a'))
    await activate()
    const begun = await get(formatStartScnRequest(['shop.item'], placeAt({})))
    const storeId = begun.headers.get('X-AESOP-BOOTSTRAP-STORE') ?? ''
    expect(storeId).toMatch(/^[0-9a-f-]{36}$/)
    // A client of Databus has no id: it gets one with the first place, and sends what it does not know.
    expect(readBatch(await batch({ startScn: 10n })).place).toMatchObject({ storeId })
    const ends = { sinceScn: 10n, startScn: 10n }
    expect((await batch(ends)).headers.get('X-AESOP-BOOTSTRAP-STORE')).toBe(storeId)
    expect(await text(formatTargetScnRequest('shop.item', placeAt({ startScn: 10n, storeId })))).toBe('"10"')
    const outdated = { code: 'AESOP_BOOTSTRAP_OUTDATED' }
    const foreign = { startScn: 10n, storeId: 'another' }
    expect((await batch(foreign)).error).toMatchObject(outdated)
    expect((await batch({ ...ends, ...foreign })).error).toMatchObject(outdated)
    expect((await get(formatTargetScnRequest('shop.item', placeAt(foreign)))).error).toMatchObject(outdated)
  })

  it('reads the store that is there, when another has taken the place of the one before', async () => {
    await write(10n, row(10n, 1n, 'a'))
    await activate()
    const { place } = readBatch(await batch({ startScn: 10n }))
    await writer.close()
    for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true })
    expect((await batch({ startScn: 10n })).error?.message).toMatch(/its file was taken away or replaced/)
    expect((await batch({ startScn: 10n })).error?.message).toMatch(/there is no bootstrap store/)
    await makeStore()
    await write(10n, row(10n, 1n, 'b'))
    await activate()
    expect((await batch({ ...place, snapshotOffset: 0n })).error).toMatchObject({ code: 'AESOP_BOOTSTRAP_OUTDATED' })
    expect(readBatch(await batch({ startScn: 10n })).events).toEqual(['1=b@10'])
  })

  it('gives so many rows at most, and leaves no snapshot out, where it was told so', async () => {
    await write(10n, row(10n, 1n, 'a'), row(10n, 2n, 'b'))
    await write(20n, row(20n, 3n, 'c'))
    await activate()
    await server.stop()
    const guard = new HttpGuard({ host: '127.0.0.1' }, silentLogger)
    const bounds = { snapshotRows: 2, logRows: 1, leavesOut: () => false }
    server = new BootstrapServer({ store, host: '127.0.0.1', port: 0, guard, log: silentLogger, ...bounds })
    await server.start()
    expect(await text(formatStartScnRequest(['shop.item'], placeAt({ sinceScn: 10n })))).toBe('"20"')
    const snapshot = await batch({ startScn: 20n })
    expect(readBatch(snapshot)).toMatchObject({ events: ['1=a@10', '2=b@10'], place: { snapshotOffset: 2n } })
    expect(snapshot.headers.get('PhaseCompleted')).toBeNull()
    const log = {
      phase: 'catchup' as const,
      startScn: 5n,
      targetScn: 20n,
      snapshotOffset: -1n,
      catchupSource: 'shop.item',
    }
    const first = await batch({ ...log, windowScn: 5n, windowOffset: 0n })
    expect(readBatch(first)).toMatchObject({ events: ['1=a@10'], place: { windowOffset: 1n } })
  })

  it('has one address by which its places are known', () => {
    const host = '0.0.0.0'
    const guard = new HttpGuard({ host, hosts: [], peers: [], token: undefined, isInsecure: true }, silentLogger)
    const options = { store, host, port: 6060, guard, log: silentLogger }
    const missing: unknown = expect.objectContaining({ code: 'AESOP_BOOTSTRAP_ADDRESS_MISSING' })
    expect(() => new BootstrapServer(options)).toThrow(missing)
    expect(new BootstrapServer({ ...options, address: 'one.example.com:6060' }).address).toBe('one.example.com:6060')
  })

  it('waits for a store that is a little behind', async () => {
    await write(10n, row(10n, 1n, 'a'))
    await activate()
    const asked = text(formatStartScnRequest(['shop.item'], placeAt({ sinceScn: 20n })))
    await write(20n, row(20n, 2n, 'b'))
    expect(await asked).toBe('"20"')
  })

  it('answers so many requests of one address at a time', async () => {
    await write(10n, row(10n, 1n, 'a'))
    await activate()
    const waiting = [0, 1, 2].map(() => get(formatStartScnRequest(['shop.item'], placeAt({ sinceScn: 50n }))))
    const statuses = (await Promise.all(waiting)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([500, 500, 503])
    expect(server.metrics().find(({ name }) => name === 'aesop_bootstrap_server_failed_total')?.value).toBe(3)
  })
})
