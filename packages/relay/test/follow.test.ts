import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { checkBuffer, type EventBuffer, SegmentPool } from '@aesop/buffer'
import { type Relay } from '@aesop/relay'
import { expect, onTestFinished, test } from 'vitest'
import { get, lines, makeRelay, online, startRelay, streamPath, testContext, until } from './support/relay-fixture.ts'

/** A reader over a bare socket, which reads only when it is told to. */
function connect(port: number, path: string): { socket: Socket; bytes: () => Buffer; closed: () => boolean } {
  const chunks: Buffer[] = []
  let closed = false
  const socket = createConnection(port, '127.0.0.1')
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => undefined)
  socket.on('close', () => (closed = true))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  onTestFinished(() => {
    socket.destroy()
  })
  return { socket, bytes: () => Buffer.concat(chunks), closed: () => closed }
}

function streams(relay: Relay): number {
  return (relay.describe() as { streams: number }).streams
}

test('a following response brings windows as they close and ends between windows', async () => {
  const { port, producer } = await startRelay()
  producer.addWindow([{ key: 1 }])
  const answer = get(port, streamPath({ checkPoint: online(0), follow: 200 }))
  const timer = setInterval(() => {
    producer.addWindow([{ key: 2 }, { key: 3 }])
  }, 5)
  const { body, broken, trailers } = await answer
  clearInterval(timer)
  expect(broken).toBe(false)
  expect(trailers).toEqual({})
  const got = lines(body)
  expect(got.length).toBeGreaterThan(10)
  expect(got.at(-1)).toMatch(/:end$/)
  expect(got.filter((line) => line.endsWith(':end')).map((line) => Number.parseInt(line))).toEqual(
    Array.from({ length: got.filter((line) => line.endsWith(':end')).length }, (_, i) => i + 1),
  )
})

test('each new window reaches a following reader while the response goes on', async () => {
  const { port, producer } = await startRelay()
  const reader = connect(port, streamPath({ checkPoint: online(0), follow: 60_000 }))
  await until(() => reader.bytes().includes('200 OK'))
  for (let i = 0; i < 50; i++) {
    const before = reader.bytes().length
    const arrived = once(reader.socket, 'data')
    producer.addWindow([{ key: i }])
    // The next window is written only when this one is here: nothing waits for company.
    await arrived
    expect(reader.bytes().length).toBeGreaterThan(before)
  }
})

test('a burst of windows comes whole and in order to many following readers', async () => {
  const { port, producer } = await startRelay()
  const answers = Array.from({ length: 10 }, () => get(port, streamPath({ checkPoint: online(0), follow: 400 })))
  // Readers that came before it follow by now: the relay answers in the order in which it was asked.
  const latest = connect(port, streamPath({ checkPoint: online(0), follow: 400 }))
  await until(() => latest.bytes().includes('200 OK'))
  for (let i = 0; i < 2000; i++) producer.addWindow([{ key: i }])
  for (const { body } of await Promise.all(answers)) {
    expect(lines(body).filter((line) => !line.endsWith('end'))).toEqual(
      Array.from({ length: 2000 }, (_, i) => `${i + 1}:${i}`),
    )
  }
})

test('a stop in the middle of a stream ends it between windows, without an error', async () => {
  const { port, producer, relay } = await startRelay()
  for (let i = 0; i < 3000; i++) producer.addWindow([{ key: i, value: Buffer.alloc(1000) }, { key: -i }])
  const answer = get(port, streamPath({ checkPoint: online(0), follow: 60_000 }))
  await until(() => streams(relay) === 1)
  await relay.stop()
  const { body, broken } = await answer
  expect(broken).toBe(false)
  expect(lines(body).at(-1)).toMatch(/:end$/)
  await relay.stop()
  await expect(get(port, '/sources')).rejects.toThrow(/ECONNREFUSED/)
})

test('a stop does not hang on a reader that takes nothing', async () => {
  const { port, producer, relay } = await startRelay({
    stopGraceMs: 50,
    properties: { 'databus.relay.eventBuffer.maxSize': 64 << 20 },
  })
  for (let i = 0; i < 40; i++) producer.addWindow([{ key: i, value: Buffer.alloc(1 << 20) }])
  const reader = connect(port, streamPath({ checkPoint: online(0), size: 1 << 30 }))
  reader.socket.pause()
  await until(() => streams(relay) === 1)
  const start = performance.now()
  await relay.stop()
  expect(performance.now() - start).toBeLessThan(2000)
})

test('slow readers hold a bounded part of memory, are overrun by name, and are told ScnNotFound afterwards', async () => {
  const bufferBytes = 1 << 20
  const { port, producer, relay } = await startRelay({
    properties: { 'databus.relay.eventBuffer.maxSize': bufferBytes },
  })
  const buffer = relay.buffer
  if (buffer === undefined) throw new Error('no buffer')
  const readers: ReturnType<typeof connect>[] = []
  let most = 0
  for (let i = 0; i < 12; i++) {
    for (let j = 0; j < 20; j++) producer.addWindow([{ key: j, value: Buffer.alloc(60_000) }])
    const reader = connect(port, streamPath({ checkPoint: online(buffer.prevScn), follow: 60_000 }))
    reader.socket.pause()
    readers.push(reader)
    await until(() =>
      relay.metrics().some((metric) => metric.labels?.['command'] === 'stream' && (metric.value ?? 0) > i),
    )
    // Windows come until the sockets' own buffers are full and each reader stands still with a chunk in its hands.
    for (let j = 0; j < 300; j++) {
      producer.addWindow([{ key: j, value: Buffer.alloc(60_000) }])
      most = Math.max(most, buffer.heldBytes + poolOf(buffer).retiredBytes)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  expect(most).toBeGreaterThan(bufferBytes)
  expect(most).toBeLessThanOrEqual(bufferBytes * 1.25 + 65_536)
  checkBuffer(buffer)
  for (const reader of readers) {
    reader.socket.resume()
    await until(() => reader.closed())
  }
  const told = readers.filter((reader) => reader.bytes().includes('x-databus-response-code: 500'))
  const cut = readers.filter((reader) => !reader.bytes().toString('latin1').endsWith('\r\n\r\n'))
  expect(told.length + cut.length).toBe(readers.length)
  await until(() => streams(relay) === 0)
  expect(poolOf(buffer).retiredBytes).toBe(0)
  const again = await get(port, streamPath({ checkPoint: online(3) }))
  expect(again.headers['x-dbus-error-cause']).toMatch(/ScnNotFoundException$/)
}, 20_000)

test('a stop does not hang on requests that wait behind another one on a connection that was cut', async () => {
  const { port, producer, relay } = await startRelay({ stopGraceMs: 50 })
  for (let i = 0; i < 40; i++) producer.addWindow([{ key: i, value: Buffer.alloc(1 << 20) }])
  const path = streamPath({ checkPoint: online(0), size: 1 << 30, follow: 60_000 })
  const socket = createConnection(port, '127.0.0.1')
  socket.pause()
  for (let i = 0; i < 3; i++) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await until(() => streams(relay) === 1)
  socket.destroy()
  await until(() => streams(relay) === 0)
  await relay.stop()
})

test('a port in use is named with its remedy, and the failed start leaves nothing behind', async () => {
  const { port } = await startRelay()
  const context = testContext()
  const { relay } = makeRelay({ properties: { 'databus.relay.container.httpPort': port } }, context)
  await expect(relay.start()).rejects.toMatchObject({ code: 'AESOP_RELAY_PORT_IN_USE' })
  expect(context.shared.get('relay.address')).toBeUndefined()
  await relay.stop()
})

test('the relay publishes its address while it runs', async () => {
  const { context, port, relay } = await startRelay()
  expect(context.shared.get('relay.address')).toEqual({ host: '127.0.0.1', port })
  expect(relay.health().status).toBe('up')
  await relay.stop()
  expect(context.shared.get('relay.address')).toBeUndefined()
  expect(relay.health().status).toBe('down')
})

test('a restarted relay goes on after the SCN that its producer saved', async () => {
  const context = testContext()
  const first = makeRelay({}, context)
  await first.relay.start()
  first.producer.addWindow([{ key: 1 }], 41n)
  await first.relay.stop()
  const second = makeRelay({}, context)
  await second.relay.start()
  onTestFinished(() => second.relay.stop())
  second.producer.addWindow([{ key: 2 }])
  const body = (await get(second.relay.address?.port ?? 0, streamPath({ checkPoint: online(41) }))).body
  expect(lines(body)).toEqual(['42:2', '42:end'])
})

function poolOf(buffer: EventBuffer): SegmentPool {
  if (!(buffer.store instanceof SegmentPool)) throw new Error('the buffer has another store')
  return buffer.store
}
