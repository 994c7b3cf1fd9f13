import { type EventBuffer } from '@aesop/buffer'
import { type BeanContext, type Logger, silentLogger } from '@aesop/kernel'
import { request as httpRequest } from 'node:http'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  get,
  makeRelay,
  online,
  type RunningRelay,
  startRelay,
  streamPath,
  testContext,
  until,
} from './support/relay-fixture.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const KB = 1 << 10
const INBOUND = '/containerStats/inbound/events/total'
const HTTP = '/relayStats/outbound/http/total'
const INITIAL_SCN = 'databus.relay.dataSources.sequenceNumbersHandler.file.initVal'
const TRAFFIC = '/containerStats/outbound/total'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  onTestFinished(() => {
    vi.useRealTimers()
  })
})

const page = async (port: number, path: string): Promise<Record<string, unknown>> =>
  JSON.parse((await get(port, path)).body.toString()) as Record<string, unknown>

function send(method: string, port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    httpRequest({ method, port, path, headers, agent: false }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0)
      })
    })
      .on('error', reject)
      .end()
  })
}

/** A window of rows that were committed at `committedMs` and come now. */
function addRows(buffer: EventBuffer, scn: bigint, committedMs: number, valueBytes: readonly number[]): void {
  buffer.beginWindow()
  for (const [i, bytes] of valueBytes.entries()) {
    const append = {
      opcode: 'UPSERT' as const,
      key: i % 2 === 0 ? i : `key ${i}`,
      sourceId: 40,
      schemaId: Buffer.alloc(16),
      timestampNanos: BigInt(committedMs) * 1_000_000n,
      logicalPartition: 0,
      maxValueBytes: bytes,
    }
    buffer.append(append, (target, offset) => {
      target.fill(1, offset, offset + bytes)
      return offset + bytes
    })
  }
  buffer.endWindow(scn)
}

const bufferOf = ({ relay }: RunningRelay): EventBuffer => {
  const { buffer } = relay
  if (buffer === undefined) throw new Error('the relay does not run')
  return buffer
}

describe(INBOUND, () => {
  test('before the first window says what is known, and nothing else', async () => {
    const running = await startRelay()
    expect(await page(running.port, INBOUND)).toEqual({
      dimension: 'total',
      numDataEvents: 0,
      sizeDataEvents: 0,
      sizeDataEventsPayload: 0,
      numSysEvents: 0,
      sizeSysEvents: 0,
      prevScn: 0,
      freeSpace: bufferOf(running).maxBytes - bufferOf(running).heldBytes,
      timestampCreated: NOW,
      timeSinceCreation: 0,
      timestampLastResetMs: NOW,
      timeSinceLastResetMs: 0,
    })
  })

  test('an empty window has no row, so no time of one', async () => {
    const running = await startRelay()
    addRows(bufferOf(running), 5n, 0, [])
    const stats = await page(running.port, INBOUND)
    expect(stats).toMatchObject({ numDataEvents: 0, numSysEvents: 1, sizeSysEvents: 61, minScn: 5, maxScn: 5 })
    expect(stats).toMatchObject({ timestampAccessed: NOW, timeSinceLastAccess: 0 })
    expect(Object.keys(stats).filter((name) => /^time(Lag|Span|SinceLastEvent|stamp.*ScnEvent)/.test(name))).toEqual([])
  })

  test('each figure is that of what was done', async () => {
    const running = await startRelay()
    const buffer = bufferOf(running)
    addRows(buffer, 1001n, NOW - 9_000, [100, 300])
    vi.setSystemTime(NOW + 4_000)
    addRows(buffer, 1002n, NOW + 3_250, [200])
    addRows(buffer, 1003n, 0, [])
    // Windows have the time at which the work ends that closed them.
    await Promise.resolve()
    vi.setSystemTime(NOW + 10_000)
    const bytes = 61 + 100 + 57 + 'key 1'.length + 300 + 61 + 200
    expect(await page(running.port, INBOUND)).toEqual({
      dimension: 'total',
      numDataEvents: 3,
      sizeDataEvents: Math.trunc(bytes / 3),
      sizeDataEventsPayload: 200,
      numSysEvents: 3,
      sizeSysEvents: 61,
      minScn: 1001,
      maxScn: 1003,
      prevScn: 0,
      freeSpace: buffer.maxBytes - buffer.heldBytes,
      timestampMinScnEvent: NOW - 9_000,
      timestampMaxScnEvent: NOW + 3_250,
      timeSpan: 12_250,
      timeSinceLastEvent: 6_750,
      timestampAccessed: NOW + 4_000,
      timeSinceLastAccess: 6_000,
      timeLag: 750,
      timestampCreated: NOW,
      timeSinceCreation: 10_000,
      timestampLastResetMs: NOW,
      timeSinceLastResetMs: 10_000,
    })
  })

  test('what has left the buffer counts no more for its span', async () => {
    const running = await startRelay({ properties: { 'databus.relay.eventBuffer.maxSize': 512 * KB } })
    const buffer = bufferOf(running)
    for (let i = 1; i <= 40; i++) addRows(buffer, BigInt(i), NOW + i * 1_000, [20 * KB])
    const { minScn, timeSpan, timestampMinScnEvent } = await page(running.port, INBOUND)
    expect(minScn).toBeGreaterThan(1)
    expect(timestampMinScnEvent).toBe(NOW + Number(minScn) * 1_000)
    expect(timeSpan).toBe((40 - Number(minScn)) * 1_000)
  })

  test('rows of a window that is not closed yet are not there, nor is their time', async () => {
    const running = await startRelay()
    const buffer = bufferOf(running)
    addRows(buffer, 1n, NOW, [1])
    buffer.beginWindow()
    const append = { opcode: 'UPSERT' as const, key: 1, sourceId: 40, schemaId: Buffer.alloc(16), logicalPartition: 0 }
    buffer.append(
      { ...append, timestampNanos: BigInt(NOW + 5_000) * 1_000_000n, maxValueBytes: 0 },
      (_, offset) => offset,
    )
    expect(await page(running.port, INBOUND)).toMatchObject({ numDataEvents: 1, timestampMaxScnEvent: NOW, timeLag: 0 })
    expect(await page(running.port, '/bufferInfo/inbound/test/1')).toMatchObject({ timestampLatestEvent: NOW })
    buffer.rollbackWindow()
  })

  test('PUT or POST with reset begins the counts anew, after they were written; what is held stays', async () => {
    const running = await startRelay()
    const { port } = running
    addRows(bufferOf(running), 1n, NOW, [10])
    expect(await send('GET', port, `${INBOUND}?reset`)).toBe(200)
    expect(await page(port, INBOUND)).toMatchObject({ numDataEvents: 1 })
    vi.setSystemTime(NOW + 1_000)
    expect(await send('PUT', port, `${INBOUND}?reset`)).toBe(200)
    expect(await page(port, INBOUND)).toMatchObject({ numDataEvents: 0, numSysEvents: 0, minScn: 1, maxScn: 1 })
    expect(await page(port, INBOUND)).toMatchObject({ timestampLastResetMs: NOW + 1_000, timestampCreated: NOW })
    addRows(bufferOf(running), 2n, NOW, [30])
    expect(await page(port, INBOUND)).toMatchObject({ numDataEvents: 1, sizeDataEventsPayload: 30 })
    expect(await send('POST', port, `${INBOUND}?reset=true`)).toBe(200)
    expect(await page(port, INBOUND)).toMatchObject({ numDataEvents: 0 })
  })

  test('enabled=false ends counting, enabled=true goes on', async () => {
    const running = await startRelay()
    const { port } = running
    addRows(bufferOf(running), 1n, NOW, [10])
    await send('PUT', port, `${INBOUND}?enabled=false`)
    addRows(bufferOf(running), 2n, NOW, [10])
    expect(await page(port, INBOUND)).toMatchObject({ numDataEvents: 1, maxScn: 2 })
    await send('PUT', port, `${INBOUND}?enabled=true`)
    addRows(bufferOf(running), 3n, NOW, [10])
    expect(await page(port, INBOUND)).toMatchObject({ numDataEvents: 2 })
  })

  test('pretty writes it on many lines', async () => {
    const { port } = await startRelay()
    expect((await get(port, `${INBOUND}?pretty`)).body.toString()).toMatch(/^\{\n {2}"dimension": "total",\n/)
  })
})

describe(HTTP, () => {
  test('each figure is that of what was done', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    expect(await page(port, HTTP)).toMatchObject({ numPeers: 0, latencyStreamCalls: 0, httpErrorRate: 0 })
    expect(Object.keys(await page(port, HTTP))).not.toContain('minStreamWinScn')
    await get(port, '/sources')
    await get(port, '/sources?v=9')
    await get(port, '/register')
    await get(port, '/register?sources=99')
    await get(port, streamPath({ checkPoint: online(0) }))
    await get(port, streamPath({ checkPoint: online(5) }))
    await get(port, streamPath({}))
    await get(port, streamPath({ checkPoint: online(7) }))
    await get(port, streamPath({ size: 'x' }))
    const { latencyStreamCalls, ...figures } = await page(port, HTTP)
    expect(latencyStreamCalls).toBeGreaterThan(0)
    expect(figures).toEqual({
      numPeers: 1,
      numSourcesCalls: 2,
      numRegisterCalls: 2,
      numStreamCalls: 5,
      minStreamWinScn: 0,
      maxStreamWinScn: 7,
      numScnNotFoundStream: 0,
      numErrSources: 1,
      numErrSourcesReq: 1,
      numErrRegister: 1,
      numErrRegisterReq: 1,
      numErrStream: 2,
      numErrStreamReq: 1,
      httpErrorRate: 4 / 9,
      timestampLastResetMs: NOW,
      timeSinceLastResetMs: 0,
    })
    await send('PUT', port, `${HTTP}?reset`)
    expect(await page(port, HTTP)).toMatchObject({ numPeers: 0, numStreamCalls: 0, numErrStream: 0 })
  })

  test('an answer that fails after its first byte is an error, too', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }, { key: 'text' }], 5n)
    const filters = '{"40":{"partitionType":"RANGE","filters":[{"keyRange":{"start":0,"end":9}}]}}'
    const answer = await get(port, streamPath({ checkPoint: online(0), filters }))
    expect([answer.status, answer.trailers['x-databus-response-code']]).toEqual([200, '500'])
    expect(await page(port, HTTP)).toMatchObject({ numErrStream: 1, numErrStreamReq: 1 })
  })
})

test(`${TRAFFIC} counts connections and bytes`, async () => {
  const { port, relay } = await startRelay()
  const idle = httpRequest({ port, path: '/admin' })
  await new Promise((resolve) => idle.on('response', resolve).end())
  const answer = await get(port, '/sources')
  await until(() => relay.metrics().find(({ name }) => name === 'aesop_relay_connections')?.value === 1)
  const first = await page(port, TRAFFIC)
  expect(first).toMatchObject({ numClosedConns: 1, numOpenConns: 2 })
  expect(first['numBytes']).toBeGreaterThan(answer.body.length)
  await until(() => relay.metrics().find(({ name }) => name === 'aesop_relay_connections')?.value === 1)
  await send('PUT', port, `${TRAFFIC}?reset`)
  await until(() => relay.metrics().find(({ name }) => name === 'aesop_relay_connections')?.value === 1)
  expect(await page(port, TRAFFIC)).toMatchObject({ numClosedConns: 1, numOpenConns: 2 })
  idle.destroy()
})

describe('a checkpoint that the relay does not have', () => {
  /** What is logged as a warning while the relay, which begins after SCN 100, is asked for what follows these SCNs. */
  async function warnings(asked: readonly number[]): Promise<string[]> {
    const told: string[] = []
    const warn: Logger['warn'] = (message) => told.push(message)
    const context: BeanContext = { ...testContext(), log: { ...silentLogger, warn } }
    const { relay, producer } = makeRelay({ properties: { [INITIAL_SCN]: 100 } }, context)
    relay.init()
    await relay.start()
    onTestFinished(() => relay.stop())
    producer.addWindow([{ key: 1 }], 101n)
    for (const scn of asked) {
      const answer = await get(relay.address?.port ?? 0, streamPath({ checkPoint: online(scn) }))
      expect(answer.status).toBe(500)
    }
    return told
  }

  test('is logged once for each peer and SCN, ahead or behind', async () => {
    expect(await warnings([107, 107, 107])).toEqual([expect.stringContaining('SCN 107 is ahead')])
    expect(await warnings([50, 50])).toEqual([expect.stringContaining('no changes after SCN 50')])
    expect(await warnings([107, 50, 108, 50, 107, 108])).toHaveLength(3)
  })
})
