import { EventView } from '@aesop/event'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { expect, test, vi } from 'vitest'
import { FarWindows, serve, windowBytes } from './support/served-windows.ts'

const path = (scn: number): string => {
  const checkPoint = `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${scn},"prevScn":${scn},"windowOffset":-1}`
  return `/stream?sources=40&size=1000000&output=binary&checkPoint=${encodeURIComponent(checkPoint)}`
}

function withWindows(): FarWindows {
  const far = new FarWindows()
  for (const scn of [11n, 12n]) far.windows.push({ scn, bytes: windowBytes(scn, [1, 2]) })
  return far
}

interface Answer {
  readonly response: IncomingMessage
  readonly body: Buffer
}

function ask(port: number, scn: number): { request: ClientRequest; answer: Promise<Answer> } {
  const request = httpRequest({ port, path: path(scn), agent: false })
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => undefined)
      response.on('close', () => {
        resolve({ response, body: Buffer.concat(chunks) })
      })
    })
  })
  request.end()
  return { request, answer }
}

function scnsOf(body: Buffer): bigint[] {
  const scns: bigint[] = []
  const view = new EventView(body, 0)
  for (let at = 0; at < body.length; at = view.end) {
    view.moveTo(body, at)
    if (view.isEndOfPeriod) scns.push(view.scn)
  }
  return scns
}

const waits = (far: FarWindows, count = 1) => vi.waitUntil(() => far.waiting.length >= count, { timeout: 10_000 })

test('windows that have to be waited for are sent whole and in order, and nothing is held after', async () => {
  const far = withWindows()
  const { port } = await serve(far)
  const { body } = await ask(port, 10).answer
  expect(scnsOf(body)).toEqual([11n, 12n])
  expect([far.held, far.readers.map(({ isClosed }) => isClosed)]).toEqual([0, [true]])
})

test('a place that turns out to be gone is an error by name', async () => {
  const { port } = await serve(withWindows())
  const { response } = await ask(port, 5).answer
  expect([response.statusCode, response.headers['x-dbus-error-cause']]).toEqual([
    500,
    expect.stringContaining('ScnNotFound'),
  ])
})

test('a fault of what is waited for is told: as the answer, and after its first byte in the trailers', async () => {
  const far = withWindows()
  far.answersByItself = false
  const { port, server } = await serve(far)
  const first = ask(port, 10)
  await waits(far)
  far.waiting.shift()?.fail(new Error('the disk is gone'))
  expect((await first.answer).response.statusCode).toBe(500)
  const second = ask(port, 10)
  for (let answered = 0; answered < 2; answered++) {
    await waits(far)
    far.waiting.shift()?.answer()
  }
  await waits(far)
  far.waiting.shift()?.fail(new Error('the disk is gone'))
  const { response, body } = await second.answer
  expect([scnsOf(body), response.trailers['x-databus-response-code']]).toEqual([[11n], '500'])
  expect([far.held, server.streams.size]).toEqual([0, 0])
})

test('a connection that ends while a chunk is waited for ends its stream, and the chunk is let go when it comes', async () => {
  const far = withWindows()
  far.answersByItself = false
  const { port, server } = await serve(far)
  const { request, answer } = ask(port, 10)
  await waits(far)
  far.waiting.shift()?.answer()
  await waits(far)
  const gone = expect(answer).rejects.toThrow()
  request.destroy()
  await gone
  await vi.waitUntil(() => server.streams.size === 0, { timeout: 10_000 })
  expect(far.readers[0]?.isClosed).toBe(true)
  far.waiting.shift()?.answer()
  await new Promise((resolve) => setImmediate(resolve))
  expect(far.held).toBe(0)
})

test('a stop does not wait for what never comes', async () => {
  const far = withWindows()
  far.answersByItself = false
  const { port, server } = await serve(far)
  const { answer } = ask(port, 10)
  const gone = expect(answer).rejects.toThrow()
  await waits(far)
  await server.endStreams(1)
  await gone
  expect(server.streams.size).toBe(0)
})

test('a schema that comes while a chunk is waited for ends an older connection in front of it', async () => {
  const far = withWindows()
  far.answersByItself = false
  const { port, schemas } = await serve(far)
  const { answer } = ask(port, 10)
  await waits(far)
  far.waiting.shift()?.answer()
  await waits(far)
  schemas.revision = 1
  far.waiting.shift()?.answer()
  const { response, body } = await answer
  expect([body.length, response.headers.connection, far.held]).toEqual([0, 'close', 0])
})
