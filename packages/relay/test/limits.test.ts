import { type EventBuffer } from '@aesop/buffer'
import { type Relay } from '@aesop/relay'
import { createConnection, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFilesMax } from '@aesop/kernel'
import { PendingBytes, serverLimits } from '@aesop/stream-server'
import { get, lines, online, startRelay, streamPath, until } from './support/relay-fixture.ts'

const MB = 1 << 20
const key = (name: string): string => `databus.relay.container.${name}`
const FOLLOWING = streamPath({ checkPoint: online(0), follow: 60_000 })
const BUSY = 'aesop.RelayBusyError'

function metric(relay: Relay, name: string): number {
  const found = relay.metrics().find((each) => each.name === `aesop_relay_${name}`)
  if (found?.value === undefined) throw new Error(`no metric ${name}`)
  return found.value
}

/** A connection that is asked by hand. */
class Peer {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  closed = false

  constructor(port: number, paths: readonly string[] = []) {
    this.socket = createConnection(port, '127.0.0.1')
    this.socket.on('data', (chunk) => this.#chunks.push(chunk))
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => (this.closed = true))
    onTestFinished(() => void this.socket.destroy())
    for (const path of paths) this.ask(path)
  }

  ask(path: string): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  get statuses(): string[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)
  }
}

const settings = { connections: 'server.maxConnections', streams: 'server.maxStreams', pendingBytes: 'server.maxBytes' }

describe('limits', () => {
  const wanted = { maxConnections: undefined, maxStreams: undefined, maxPendingBytes: MB }

  test.each([
    [20_000, {}, { connections: 4096, streams: 1000, descriptors: 19_744 }],
    [1024, {}, { connections: 896, streams: 672, descriptors: 896 }],
    [200, {}, { connections: 168, streams: 126, descriptors: 168 }],
    [1024, { maxConnections: 10, maxStreams: 20 }, { connections: 10, streams: 10, descriptors: 896 }],
    [
      undefined,
      { maxConnections: 10_000, maxStreams: 5000 },
      { connections: 10_000, streams: 5000, descriptors: Infinity },
    ],
  ])('of a process with %s open files that is asked for %j are %j', (openFiles, asked, limits) => {
    expect(serverLimits({ ...wanted, ...asked }, openFiles, settings)).toEqual({
      limits: { ...limits, pendingBytes: MB, settings },
      note: undefined,
    })
  })

  test('that are asked for beyond the open files of the process are noted', () => {
    const { limits, note } = serverLimits({ ...wanted, maxConnections: 5000 }, 1024, settings)
    expect(limits.connections).toBe(896)
    expect(note).toMatch(
      /^server.maxConnections is 5000, but the process may open 1024 files and keeps 128 .* 896 connections/,
    )
  })

  test('are taken from the system where it tells, and from nowhere else', () => {
    expect(openFilesMax()).toBeGreaterThan(100)
    expect(openFilesMax('/no/such/file')).toBeUndefined()
  })
})

describe('a relay that has as many connections as it may have', () => {
  test('refuses more by name and with 503, serves those that it has, and takes new ones when they are gone', async () => {
    const { port, relay, producer } = await startRelay({ properties: { [key('maxConnections')]: 3 } })
    const idle = Array.from({ length: 3 }, () => new Peer(port))
    await until(() => metric(relay, 'connections') === 3)
    const answer = await get(port, '/sources')
    expect([answer.status, answer.headers['retry-after'], answer.headers['x-dbus-error-cause']]).toEqual([
      503,
      '1',
      BUSY,
    ])
    expect(answer.headers['x-dbus-error']).toMatch(/RequestProcessingException$/)
    expect(answer.headers['x-dbus-error-message']).toMatch(/3 connections.*maxConnections/)
    expect(answer.headers['connection']).toBe('close')
    expect([metric(relay, 'connections_refused_total'), metric(relay, 'connections_max')]).toEqual([1, 3])
    producer.addWindow([{ key: 1 }], 5n)
    idle[0]?.ask(streamPath({ checkPoint: online(0) }))
    await until(() => idle[0]?.statuses[0] === '200')
    idle[1]?.socket.destroy()
    await until(() => metric(relay, 'connections') === 2)
    expect((await get(port, '/sources')).status).toBe(200)
  })

  test('closes those that say nothing, however many come', async () => {
    const { port, relay } = await startRelay({ properties: { [key('maxConnections')]: 1 } })
    const first = new Peer(port)
    await until(() => metric(relay, 'connections') === 1)
    const flood = Array.from({ length: 100 }, () => new Peer(port))
    await until(() => flood.every(({ closed }) => closed), 15_000)
    expect(metric(relay, 'connections_refused_total')).toBe(100)
    expect(first.closed).toBe(false)
    first.ask('/sources')
    await until(() => first.statuses[0] === '200')
  }, 20_000)
})

test('a relay refuses a stream that is one too many by name, and has room again when one has ended', async () => {
  const { port, relay, producer } = await startRelay({ properties: { [key('maxStreams')]: 2 } })
  const followers = Array.from({ length: 2 }, () => new Peer(port, [FOLLOWING]))
  await until(() => metric(relay, 'streams') === 2)
  const answer = await get(port, FOLLOWING)
  expect([answer.status, answer.headers['x-dbus-error-cause']]).toEqual([503, BUSY])
  expect(answer.headers['x-dbus-error-message']).toMatch(
    /2 streams, as many as databus.relay.container.maxStreams allows/,
  )
  expect([metric(relay, 'streams_refused_total'), metric(relay, 'streams_max')]).toEqual([1, 2])
  expect((await get(port, '/sources')).status).toBe(200)
  producer.addWindow([{ key: 1 }], 5n)
  await until(() => followers.every(({ statuses }) => statuses[0] === '200'))
  followers[0]?.socket.destroy()
  await until(() => metric(relay, 'streams') === 1)
  expect(lines((await get(port, streamPath({ checkPoint: online(0) }))).body)).toEqual(['5:1', '5:end'])
})

describe('requests that come on one connection without waiting', () => {
  test('are answered one after the other: a second stream begins when the first has ended', async () => {
    const { port, relay, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const peer = new Peer(port, [FOLLOWING, '/sources', streamPath({ checkPoint: online(0) }), '/nowhere'])
    await until(() => peer.text.includes('200'))
    expect([metric(relay, 'streams'), peer.statuses]).toEqual([1, ['200']])
    const asked = { labels: { command: 'sources' } }
    expect(relay.metrics().find((each) => each.name.endsWith('requests_total') && matches(each, asked))?.value).toBe(0)
    peer.socket.destroy()
    await until(() => metric(relay, 'streams') === 0 && metric(relay, 'connections') === 0)
    expect(relay.metrics().find((each) => each.name.endsWith('requests_total') && matches(each, asked))?.value).toBe(0)
  })

  test('get their answers in order', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const peer = new Peer(port, [streamPath({ checkPoint: online(0), follow: 20 }), '/sources', '/nowhere', '/admin'])
    await until(() => peer.statuses.length === 4 && peer.text.endsWith('GOOD\n'))
    expect(peer.statuses).toEqual(['200', '200', '500', '200'])
  })

  test('are no more than a few: a connection that goes on asking is cut', async () => {
    const { port, relay } = await startRelay()
    const peer = new Peer(port, [FOLLOWING])
    await until(() => metric(relay, 'streams') === 1)
    for (let i = 0; i < 100; i++) peer.ask(FOLLOWING)
    await until(() => peer.closed)
    await until(() => metric(relay, 'streams') === 0)
  })
})

function matches(each: object, wanted: object): boolean {
  return JSON.stringify({ ...each, ...wanted }) === JSON.stringify(each)
}

describe('bytes that wait for readers', () => {
  test('are never more than the bound, however many write and whatever they want to', () => {
    const pending = new PendingBytes({ pendingBytes: 1000, streams: 40, settings })
    const writes: number[] = []
    for (let stream = 0; stream < 40; stream++) {
      writes.push(pending.nextWrite)
      pending.add(pending.nextWrite)
      expect(pending.bytes).toBeLessThanOrEqual(1000)
    }
    expect(writes[0]).toBe(62)
    expect(Math.min(...writes)).toBe(12)
    expect(new PendingBytes({ pendingBytes: 64 * MB, streams: 1000, settings }).nextWrite).toBe(MB / 2)
  })

  test.each(['binary', 'json', 'json_plain_value'])(
    'of %s are bounded in all, and a reader that reads gets everything while others take nothing',
    async (output) => {
      const properties = { [key('maxPendingBytes')]: 2 * MB, [key('maxStreams')]: 40, [BUFFER]: 32 * MB }
      const { port, relay } = await startRelay({ properties })
      fill(relay.buffer, 16 * MB)
      const path = streamPath({ checkPoint: online(0), size: 2 ** 31 - 1, output })
      const stalled = Array.from({ length: 30 }, () => new Peer(port, [path]))
      for (const { socket } of stalled) socket.pause()
      let most = 0
      const watch = setInterval(() => (most = Math.max(most, metric(relay, 'pending_bytes'))), 1)
      onTestFinished(() => {
        clearInterval(watch)
      })
      await until(() => metric(relay, 'streams') === 30)
      const answer = await get(port, path)
      expect(answer.broken).toBe(false)
      expect(answer.body.length).toBeGreaterThan(16 * MB)
      await until(() => most > 0.25 * MB)
      expect(metric(relay, 'pending_bytes')).toBeLessThanOrEqual(2 * MB)
      expect(most).toBeLessThanOrEqual(metric(relay, 'pending_bytes_max'))
      for (const { socket } of stalled) socket.destroy()
      await until(() => metric(relay, 'streams') === 0)
      expect(metric(relay, 'pending_bytes')).toBe(0)
    },
    30_000,
  )
})

const BUFFER = 'databus.relay.eventBuffer.maxSize'

/** Windows of a hundred rows of a KiB. */
function fill(buffer: EventBuffer | undefined, bytes: number): void {
  const place = {
    sourceId: 40,
    schemaId: Buffer.alloc(16),
    logicalPartition: 0,
    timestampNanos: 1n,
    maxValueBytes: 1024,
  }
  for (let scn = 1n; buffer !== undefined && buffer.eventBytes < bytes; scn++) {
    buffer.beginWindow()
    for (let i = 0; i < 100; i++) {
      buffer.append({ opcode: 'UPSERT', key: i, ...place }, (target, offset) => {
        target.fill(0x61, offset, offset + 1024)
        return offset + 1024
      })
    }
    buffer.endWindow(scn)
  }
}

test('a message of any length is cut in headers, which clients take few of, and whole in the body', async () => {
  const { port } = await startRelay()
  const answer = await get(port, streamPath({ checkPoint: 'x'.repeat(12_000) }))
  expect(answer.status).toBe(500)
  expect(String(answer.headers['x-dbus-error-message']).length).toBeLessThan(1100)
  expect(answer.body.toString()).toContain('x'.repeat(12_000))
})

test.each([
  ['checkPoint', '['.repeat(15_000)],
  ['filters', `{"40":${'['.repeat(15_000)}`],
  ['filters', `{"40":{"partitionType":"MOD","filters":[${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}]}}`],
  ['checkPointMult', '{"a":'.repeat(1600)],
  ['subs', '['.repeat(15_000)],
])('a parameter %s that is deeper than any stack is refused by name', async (name, value) => {
  const { port, relay } = await startRelay()
  // As it is: each bracket that is escaped takes three of the 16 KiB that a request has.
  const answer = await get(port, `${streamPath({})}&${name}=${value.replaceAll('"', '%22')}`)
  expect(answer.headers['x-dbus-error']).toMatch(/InvalidRequestParamValueException$/)
  expect(relay.health().status).toBe('up')
})
