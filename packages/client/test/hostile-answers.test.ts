import { silentLogger } from '@aesop/kernel'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { SourcesMissingError } from '../src/errors.ts'
import { readCatalogue } from '../src/relay-catalogue.ts'
import { HttpLink, RelayConnection } from '@aesop/wire'
import { eventually } from './support/eventually.ts'
import { registrationOf } from './support/harness.ts'
import { PERSON } from './support/person-stream.ts'

const MB = 1 << 20
const SOURCES = JSON.stringify([PERSON])

type Answers = Readonly<Record<string, (response: ServerResponse) => void>>

/** A server that answers as it likes. */
async function impostor(answers: Answers): Promise<{ host: string; port: number; asked: () => number }> {
  let asked = 0
  const server = createServer({ maxHeaderSize: 1 << 16 }, (request, response) => {
    asked++
    response.on('error', () => undefined)
    answers[(request.url ?? '').replace(/\?.*/, '')]?.(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, asked: () => asked }
}

async function catalogueFault(answers: Answers): Promise<unknown> {
  const relay = await impostor(answers)
  const link = new HttpLink(relay, 'test')
  onTestFinished(() => {
    link.close()
  })
  return readCatalogue(link, [PERSON.name], new AbortController().signal).catch((error: unknown) => error)
}

/** Bytes without end, as fast as they are taken; the server learns how many that were. */
function endless(sent: { bytes: number }, head: string): (response: ServerResponse) => void {
  return (response) => {
    const piece = Buffer.alloc(1 << 16, 0x20)
    const go = (): void => {
      while (!response.destroyed && response.write(piece)) sent.bytes += piece.length
    }
    response.write(head)
    response.on('drain', go)
    go()
  }
}

test.each([
  ['/sources', 4 * MB],
  ['/register', 16 * MB],
])('an answer to %s that does not end is refused by name at its bound', async (path, bound) => {
  const sent = { bytes: 0 }
  const fault = await catalogueFault({ '/sources': (response) => response.end(SOURCES), [path]: endless(sent, '[') })
  expect(fault).toMatchObject({ code: 'AESOP_WIRE_RESPONSE_TOO_LARGE', canRetry: false, fields: { max: bound } })
  // What was on its way in sockets and buffers comes on top.
  expect(sent.bytes).toBeLessThan(bound + 16 * MB)
})

test('schemas that inflate to gigabytes are refused by name', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * MB, 0x20)).toString('base64')
  const fault = await catalogueFault({
    '/sources': (response) => response.end(SOURCES),
    '/register': (response) => response.end(bomb),
  })
  expect(fault).toMatchObject({ code: 'AESOP_WIRE_RESPONSE_TOO_LARGE', canRetry: false })
})

test('an error with a body without end is the error that its headers name', async () => {
  const sent = { bytes: 0 }
  const fault = await catalogueFault({
    '/sources': (response) => {
      response.writeHead(500, {
        'x-dbus-error': 'com.linkedin.databus2.core.container.request.InvalidRequestParamValueException',
        'x-dbus-error-message': 'Invalid value for sources.v: 7',
      })
      endless(sent, '{"error":"')(response)
    },
  })
  expect(fault).toMatchObject({ code: 'AESOP_WIRE_REQUEST_INVALID', message: 'Invalid value for sources.v: 7' })
  expect(sent.bytes).toBeLessThan(16 * MB)
})

test('headers that are too large are refused by name', async () => {
  const fault = await catalogueFault({
    '/sources': (response) => {
      response.writeHead(200, { 'x-aesop-much': 'x'.repeat(40_000) })
      response.end(SOURCES)
    },
  })
  expect(fault).toMatchObject({ code: 'AESOP_WIRE_RESPONSE_TOO_LARGE', canRetry: false })
})

test.each([
  ['the change to another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  ['no HTTP', '\u0000\u0001\u0002\r\n\r\n'],
  ['a length below nothing', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'],
  ['another address', 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'],
])('%s as an answer is an error by name, and waits for nobody', async (_what, bytes) => {
  const open = new Set<Socket>()
  const server = createSocketServer((socket) => {
    open.add(socket.on('error', () => undefined))
    socket.once('data', () => socket.write(bytes, 'latin1'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const connection = new RelayConnection({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, 'test')
  onTestFinished(() => {
    connection.close()
  })
  const answer = connection.text('/sources', MB, 60_000, new AbortController().signal)
  const fault: unknown = await answer.catch((error: unknown) => error)
  expect(fault).toMatchObject({ code: expect.stringMatching(/^AESOP_/) as string, canRetry: true })
})

test('the error for sources that are missing repeats a few of those that a relay tells of', async () => {
  const served = Array.from({ length: 30_000 }, (_, i) => ({ id: i, name: `shop.table${i}${'x'.repeat(50)}` }))
  const fault = await catalogueFault({ '/sources': (response) => response.end(JSON.stringify(served)) })
  expect(fault).toBeInstanceOf(SourcesMissingError)
  expect((fault as Error).message).toMatch(/"shop.table0x.* and 29980 more$/)
  expect((fault as Error).message.length).toBeLessThan(5000)
})

test('a registration whose relay answers too much is suspended by name, after a few tries', async () => {
  const relay = await impostor({ '/sources': endless({ bytes: 0 }, '[') })
  const registration = registrationOf({
    relays: [relay],
    consumer: { onDataEvent: () => undefined },
    log: silentLogger,
  })
  await registration.start()
  onTestFinished(() => registration.stop())
  await eventually('the registration to be suspended', () => registration.health().status === 'down')
  expect(registration.health().detail).toContain('more than 4194304 bytes')
  expect(relay.asked()).toBeLessThan(10)
})
