import { once } from 'node:events'
import { createConnection } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { get, lines, online, startRelay, streamPath, until } from './support/relay-fixture.ts'

/** Far below the half minute in which Node looks at its connections by itself. */
const SOON_MS = 8_000

async function halfRequest(port: number, text: string): Promise<{ received: () => string; closed: () => boolean }> {
  const socket = createConnection(port, '127.0.0.1')
  let received = ''
  let closed = false
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => undefined)
  socket.on('close', () => (closed = true))
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  socket.write(text)
  return { received: () => received, closed: () => closed }
}

test.each(['GET /sources HTT', 'POST /sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc'])(
  'readTimeoutMs ends a request that does not arrive: %j',
  async (text) => {
    const { port } = await startRelay({ properties: { 'databus.relay.container.readTimeoutMs': 300 } })
    const request = await halfRequest(port, text)
    await until(request.closed, SOON_MS)
  },
  SOON_MS + 2_000,
)

test('readTimeoutMs does not end an answer that streams for longer', async () => {
  const { port, producer } = await startRelay({ properties: { 'databus.relay.container.readTimeoutMs': 50 } })
  const answer = get(port, streamPath({ checkPoint: online(0), follow: 700 }))
  producer.addWindow([{ key: 1 }])
  const { broken, body } = await answer
  expect([broken, lines(body)]).toEqual([false, ['1:1', '1:end']])
})

test('readTimeoutMs 0 sets no limit', async () => {
  const { port } = await startRelay({ properties: { 'databus.relay.container.readTimeoutMs': 0 } })
  expect((await get(port, '/sources')).status).toBe(200)
})

test('the health check answers at its path, also in another spelling and with its status', async () => {
  const { port } = await startRelay({ properties: { 'databus.relay.container.healthcheckPath': '/my/health' } })
  expect((await get(port, '/my/health')).body.toString()).toBe('GOOD\n')
  expect((await get(port, '/my/health/status')).body.toString()).toContain('RUNNING')
  expect((await get(port, '/admin')).headers['x-dbus-error']).toMatch(/UnknownCommandException$/)
})
