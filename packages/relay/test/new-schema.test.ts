import { MemorySchemaRegistry } from '@aesop/schema'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { createConnection } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import {
  ADDRESS,
  lines,
  online,
  PERSON,
  type RunningRelay,
  startRelay,
  streamPath,
  until,
} from './support/relay-fixture.ts'

const shape = (field: string): string => `{"type":"record","name":"P","fields":[{"name":"${field}","type":"long"}]}`

/** A client that keeps one connection as long as the relay lets it. */
function keepAliveClient(port: number): (parameters?: Record<string, string | number>) => Promise<PolledAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => {
    agent.destroy()
  })
  return async (parameters = {}) => {
    const request = httpRequest({ port, path: streamPath({ checkPoint: online(0), ...parameters }), agent })
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const body = Buffer.concat(await response.toArray())
    return { events: lines(body), connection: response.headers.connection, reused: request.reusedSocket }
  }
}

interface PolledAnswer {
  readonly events: readonly string[]
  readonly connection: string | undefined
  readonly reused: boolean
}

async function startWithSchemas(): Promise<RunningRelay & { schemas: MemorySchemaRegistry }> {
  const schemas = new MemorySchemaRegistry()
  return { ...(await startRelay({ schemas })), schemas }
}

test('a connection that is older than a schema is ended before it carries its events; the next one carries them', async () => {
  const { port, producer, schemas } = await startWithSchemas()
  const poll = keepAliveClient(port)
  producer.addWindow([{ key: 1 }])
  expect(await poll()).toMatchObject({ events: ['1:1', '1:end'], reused: false, connection: 'keep-alive' })
  expect(await poll({ checkPoint: online(1) })).toMatchObject({ events: [], reused: true, connection: 'keep-alive' })
  schemas.register(PERSON.name, shape('a'))
  producer.addWindow([{ key: 2 }])
  expect(await poll({ checkPoint: online(1) })).toEqual({ events: [], reused: true, connection: 'close' })
  const next = await poll({ checkPoint: online(1) })
  expect(next).toEqual({ events: ['2:2', '2:end'], reused: false, connection: 'keep-alive' })
  expect(await poll({ checkPoint: online(2) })).toMatchObject({ reused: true, connection: 'keep-alive' })
})

test('a schema of a source that nobody asks for there ends no connection, and neither does one that was known', async () => {
  const { port, producer, schemas } = await startWithSchemas()
  schemas.register(PERSON.name, shape('a'))
  const poll = keepAliveClient(port)
  await poll({ sources: PERSON.id })
  schemas.register(ADDRESS.name, shape('b'))
  schemas.register(PERSON.name, shape('a'))
  producer.addWindow([{ key: 1 }])
  const answer = await poll({ sources: PERSON.id })
  expect(answer).toEqual({ events: ['1:1', '1:end'], reused: true, connection: 'keep-alive' })
  expect(await poll({ sources: ADDRESS.id })).toEqual({ events: [], reused: true, connection: 'close' })
})

test('an answer that is under way ends before the events of a new schema, whole, and its connection with it', async () => {
  const { port, producer, schemas } = await startWithSchemas()
  const value = Buffer.alloc(64 * 1024)
  for (let scn = 1; scn <= 400; scn++) producer.addWindow([{ key: scn, value }])
  const socket = createConnection(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  const path = streamPath({ checkPoint: online(0), size: 1 << 30 })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await once(socket, 'readable')
  schemas.register(PERSON.name, shape('a'))
  for (let scn = 401; scn <= 410; scn++) producer.addWindow([{ key: scn, value }])
  const bytes = Buffer.concat((await socket.toArray()) as Buffer[])
  const got = lines(chunkedBody(bytes))
  // More than what lay in the sockets, and nothing that is newer than the schema.
  expect(got.length).toBeGreaterThan(2)
  expect(got.some((line) => Number.parseInt(line) > 400)).toBe(false)
  expect(bytes.subarray(-5).toString()).toBe('0\r\n\r\n')
})

test('a stream that follows goes on', async () => {
  const { port, producer, relay, schemas } = await startWithSchemas()
  const poll = keepAliveClient(port)
  const answer = poll({ follow: 500 })
  await until(() => (relay.describe() as { streams: number }).streams === 1)
  producer.addWindow([{ key: 1 }])
  schemas.register(PERSON.name, shape('a'))
  producer.addWindow([{ key: 2 }])
  expect(await answer).toMatchObject({ events: ['1:1', '1:end', '2:2', '2:end'], connection: 'keep-alive' })
  expect(await poll()).toMatchObject({ events: [], reused: true, connection: 'close' })
})

/** The chunks of an answer, put together. */
function chunkedBody(answer: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = answer.indexOf('\r\n\r\n') + 4
  for (;;) {
    const lineEnd = answer.indexOf('\r\n', at)
    const length = Number.parseInt(answer.toString('latin1', at, lineEnd), 16)
    if (!(length > 0)) return Buffer.concat(parts)
    parts.push(answer.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}
