import { headers } from '@aesop/wire'
import { request as httpRequest } from 'node:http'
import { createConnection } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Answer, get, lines, online, startRelay, streamPath, until } from './support/relay-fixture.ts'
import { following, type SeveralRelay, startSeveral } from './support/several-fixture.ts'

const TOKEN = 'a token of 16 or more'.replaceAll(' ', '-')
const AS = (client: string): Record<string, string> => ({ [headers.clientService]: client })

const json = async (port: number, path: string, more: Record<string, string> = {}): Promise<unknown> =>
  JSON.parse((await get(port, path, more)).body.toString()) as unknown

const message = ({ headers: given }: Answer): unknown => given['x-dbus-error-message']

/** A command: POST with JSON, and with the token where one is given. */
function command(port: number, path: string, token?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const given = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    httpRequest({ method: 'POST', port, path, headers: given, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
      })
    })
      .on('error', reject)
      .end()
  })
}

/** Crm has two windows of one row, shop one of three. */
async function filled(): Promise<SeveralRelay> {
  const made = await startSeveral()
  for (const scn of [20n, 21n]) made.crm.addWindow([{ key: 1 }], scn)
  made.shop.addWindow([{ key: 1 }, { key: 2 }, { key: 3 }], 10n)
  return made
}

describe('pages of several sources', () => {
  test('buffers are listed by their partition', async () => {
    const { port } = await filled()
    expect(await json(port, '/physicalBuffers')).toEqual({
      '{"id":1,"name":"shop"}': [{ uri: 'memory:shop', role: 'MASTER' }],
      '{"id":2,"name":"crm"}': [{ uri: 'memory:crm', role: 'MASTER' }],
    })
    expect((await get(port, '/physicalBuffers?pretty')).body.toString()).toMatch(/^\{\n {2}"/)
  })

  test('what came in is counted by source, and nothing is made of all', async () => {
    const { port } = await filled()
    const page = (category: string) => json(port, `/containerStats/inbound/events/${category}`)
    expect(await page('psources')).toEqual(['shop:1', 'crm:2'])
    const shop = { numDataEvents: 3, numSysEvents: 1, minScn: 10, maxScn: 10 }
    for (const form of ['shop', 'shop:1', 'shop/1']) expect(await page(`psource/${form}`)).toMatchObject(shop)
    expect(await page('psource/crm:2')).toMatchObject({ numDataEvents: 2, numSysEvents: 2, minScn: 20, maxScn: 21 })
    for (const category of ['total', 'psource/hr', 'psource/shop:2'])
      expect(message(await get(port, `/containerStats/inbound/events/${category}`))).toMatch(/containerStats.category/)
  })

  test('requests are counted by source and by client, and what each client was sent', async () => {
    const { port } = await filled()
    const path = (sources: number | string): string =>
      `/stream?sources=${sources}&size=100000&output=binary&checkPoint=${encodeURIComponent(online(5))}`
    const sent = [
      await get(port, path(40), AS('one')),
      await get(port, path(50), AS('one')),
      await get(port, path(40), AS('two')),
    ]
    await get(port, '/sources', AS('two'))
    await get(port, '/register?sources=50', AS('two'))
    await get(port, '/stream?sources=40', AS('two'))
    const http = (category: string) => json(port, `/relayStats/outbound/http/${category}`)
    expect(await http('sources')).toEqual([40, 41, 32767, 50])
    expect(await http('clients')).toEqual(['one', 'two'])
    expect(await http('source/40')).toMatchObject({ numStreamCalls: 2, numRegisterCalls: 0, minStreamWinScn: 5 })
    expect(await http('source/50')).toMatchObject({ numStreamCalls: 1, numRegisterCalls: 1 })
    expect(await http('client/one')).toMatchObject({ numStreamCalls: 2, numErrStream: 0 })
    expect(await http('client/two')).toMatchObject({ numStreamCalls: 2, numErrStreamReq: 1, numSourcesCalls: 1 })
    // SCNs of two sources are put into no number.
    expect(await http('total')).toMatchObject({ numStreamCalls: 4, numErrStream: 1 })
    expect(await http('total')).not.toHaveProperty('minStreamWinScn')
    expect(await json(port, '/containerStats/outbound/clients')).toEqual(['one', 'two'])
    const bytes = sent.map(({ body }) => body.length)
    expect(await json(port, '/containerStats/outbound/client/one')).toMatchObject({
      numBytes: (bytes[0] ?? 0) + (bytes[1] ?? 0),
    })
    expect(await json(port, '/containerStats/outbound/client/two')).toMatchObject({ numBytes: bytes[2] })
    expect(await json(port, '/containerStats/container')).toEqual({ errorRequestProcessingCount: 1 })
    expect(await json(port, '/containerStats/netty')).toEqual({})
  })

  test('connections of a client are counted as they open and close', async () => {
    const { port } = await filled()
    for (let asked = 0; asked < 3; asked++) await get(port, '/sources', AS('one'))
    const page = async () => (await json(port, '/containerStats/outbound/client/one')) as Record<string, number>
    await expect.poll(page).toMatchObject({ numOpenConns: 0, numClosedConns: 3 })
  })
})

test('the process shows its memory, its collections and its system', async () => {
  const { port } = await startRelay()
  const memory = (await json(port, '/javaStats/memory')) as { heap: Record<string, number>; nonheap: object }
  const { used = 0, committed = 0, max = 0 } = memory.heap
  expect(used).toBeGreaterThan(1e6)
  expect([used <= committed, committed <= max]).toEqual([true, true])
  expect(Object.keys(memory.nonheap)).toEqual(['used', 'arrayBuffers', 'committed'])
  expect(await json(port, '/javaStats/os')).toMatchObject({ name: process.platform, arch: process.arch })
  const collections = async (): Promise<number> => {
    const garbage = Array.from({ length: 200_000 }, (_, i) => ({ i }))
    expect(garbage).toHaveLength(200_000)
    const gc = (await json(port, '/javaStats/gc')) as { collectionCount: number }[]
    return gc.reduce((sum, { collectionCount }) => sum + collectionCount, 0)
  }
  await expect.poll(collections, { timeout: 20_000 }).toBeGreaterThan(0)
  expect(message(await get(port, '/javaStats/threads'))).toMatch(/Invalid value for javaStats.category: threads/)
})

test('the configuration shows which settings were given, and none of their values', async () => {
  const { port } = await startRelay({ properties: { 'databus.relay.eventBuffer.maxSize': 1_234_567 } })
  const answer = await get(port, '/config')
  expect(JSON.parse(answer.body.toString())).toEqual({
    relay: ['databus.relay.container.httpPort', 'databus.relay.eventBuffer.maxSize'],
    sources: { test: [] },
    withoutEffect: 0,
  })
  expect(answer.body.toString()).not.toContain('1234567')
  expect((await command(port, '/config?databus.relay.eventBuffer.maxSize=1')).body).toMatch(
    /not reconfigured over HTTP/,
  )
})

describe('commands', () => {
  const withToken = () => startRelay({ access: { token: TOKEN } })
  const bearer = { authorization: `Bearer ${TOKEN}` }

  test('hold a source, and let it go on, for who shows the token', async () => {
    const { port, relay, producer } = await withToken()
    producer.addWindow([{ key: 1 }], 7n)
    const status = async () => (await get(port, '/controlSources/status', bearer)).body.toString()
    expect(await status()).toBe('{"name":"test","status":"running","SCN":7,"prevScn":0}\n')
    const paused = await command(port, '/controlSources/pause', TOKEN)
    expect(paused).toEqual({ status: 200, body: '{"name":"test","status":"paused","SCN":7,"prevScn":0}\n' })
    expect(relay.health().status).toBe('degraded')
    expect((await command(port, '/controlSources/unpause?sources=test', TOKEN)).body).toMatch(/"running"/)
    expect(relay.health().status).toBe('up')
    await command(port, '/controlSources/pause', TOKEN)
    expect((await command(port, '/controlSources/start?sources=test', TOKEN)).body).toMatch(/"running"/)
  })

  test.each([
    ['/controlSources/pause', undefined, 401, /no token was sent/],
    ['/controlSources/pause', 'another token!!!!', 401, /the token is wrong/],
    ['/controlSources/shutdown', TOKEN, 500, /expected status, pause, unpause or start/],
    ['/controlSources/pause?sources=other', TOKEN, 500, /controlSources.sources: other: expected test/],
    ['/controlSources/start?sources=test&scn=5', TOKEN, 500, /aesop-launch state set/],
    [
      '/relayCommand/shutdownRelay',
      TOKEN,
      500,
      /expected disconnectClients, printRelayInfo or resetRelayBuffer\/<name>\/<id>/,
    ],
    ['/relayCommand/resetRelayBuffer/test/1', undefined, 401, /no token was sent/],
    ['/relayCommand/resetRelayBuffer/other/1', TOKEN, 500, /resetRelayBuffer: other\/1: expected test\/1/],
    ['/relayCommand/resetRelayBuffer/test/1?prevScn=5', TOKEN, 500, /where its source is.*aesop-launch state set/],
  ])('%s with the token %s is refused', async (path, token, status, text) => {
    const { port, relay } = await withToken()
    const answer = await command(port, path, token?.replaceAll(' ', '-'))
    expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(text)])
    expect(relay.health().status).toBe('up')
  })

  test('are refused where there is no token, and by GET', async () => {
    const open = await startRelay()
    expect(await command(open.port, '/controlSources/pause')).toMatchObject({ status: 403 })
    expect((await get(open.port, '/controlSources/status')).status).toBe(200)
    const { port, relay } = await withToken()
    expect((await get(port, '/controlSources/pause', bearer)).status).toBe(415)
    expect([open.relay.health().status, relay.health().status]).toEqual(['up', 'up'])
  })

  test('empty a buffer, which begins anew where the source is', async () => {
    const { port, relay, producer } = await withToken()
    for (const scn of [7n, 8n]) producer.addWindow([{ key: 1 }], scn)
    const answer = await command(port, '/relayCommand/resetRelayBuffer/test/1', TOKEN)
    expect(answer).toEqual({ status: 200, body: '{"name":"test","status":"running","SCN":8,"prevScn":8}\r\n' })
    expect((await get(port, '/controlSources/status', bearer)).body.toString()).toContain('"SCN":8,"prevScn":8')
    producer.addWindow([{ key: 2 }], 9n)
    const stream = (scn: number) => get(port, streamPath({ checkPoint: online(scn) }), bearer)
    expect((await stream(7)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
    expect(lines((await stream(8)).body)).toEqual(['9:2', '9:end'])
    expect(relay.health().status).toBe('up')
  })

  test('end streams between windows', async () => {
    const { port, relay, producer } = await withToken()
    producer.addWindow([{ key: 1 }], 7n)
    const answer = get(port, streamPath({ checkPoint: online(0), follow: 60_000 }), bearer)
    await until(() => (relay.describe() as { streams: number }).streams === 1)
    expect((await command(port, '/relayCommand/disconnectClients', TOKEN)).body).toMatch(/disconnected/)
    expect((await answer).broken).toBe(false)
    expect(JSON.parse((await get(port, '/relayCommand/printRelayInfo', bearer)).body.toString())).toMatchObject({
      sources: ['test'],
    })
  })
})

describe('readers', () => {
  interface Reader {
    client: string
    physicalSource: string
    scn?: string
    lagScn?: string
    lagBytes?: number
    lagMs?: number
  }
  const readersOf = ({ relay }: Pick<SeveralRelay, 'relay'>): Reader[] =>
    (relay.describe() as { readers: Reader[] }).readers

  test('are shown with their place, each source of one that reads several', async () => {
    const several = await filled()
    const open = await following(several.port, { follow: 60_000 })
    await until(() => open.turns().length === 8)
    expect(readersOf(several)).toMatchObject([
      { client: '127.0.0.1', physicalSource: 'crm', scn: '21', lagScn: '0', lagBytes: 0, lagMs: 0 },
      { client: '127.0.0.1', physicalSource: 'shop', scn: '10', lagScn: '0', lagMs: 0 },
    ])
    await several.relay.stop()
  })

  test('that take nothing fall behind, in SCNs and in time', async () => {
    const { port, relay, producer } = await startRelay()
    for (let scn = 1n; scn <= 40n; scn++) producer.addWindow([{ key: 1, value: Buffer.alloc(1 << 20) }], scn)
    const socket = createConnection(port, '127.0.0.1')
    socket.pause()
    onTestFinished(() => {
      socket.destroy()
    })
    const path = streamPath({ checkPoint: online(0), size: 1 << 30, follow: 60_000 })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nx-dbus-client-service: lazy\r\n\r\n`)
    await until(() => readersOf({ relay }).some(({ scn }) => scn !== undefined && scn !== '0'))
    const [reader] = readersOf({ relay })
    expect(reader?.client).toBe('lazy')
    const scn = Number(reader?.scn)
    expect(Number(reader?.lagScn)).toBe(40 - scn)
    // A window has a row of 1 MiB, its header and key, and its end.
    const windowBytes = (1 << 20) + 61 + 61
    expect((reader?.lagBytes ?? 0) % windowBytes).toBe(0)
    expect((reader?.lagBytes ?? 0) / windowBytes).toBe(40 - scn)
    const metric = (name: string) => relay.metrics().find((each) => each.name === `aesop_relay_reader_${name}`)
    expect(metric('lag_scn')).toMatchObject({
      value: 40 - scn,
      labels: { client: 'lazy', peer: expect.stringContaining('127.0.0.1') as string, physicalSource: 'test' },
    })
    const before = metric('lag_ms')?.value ?? -1
    expect(before).toBeGreaterThanOrEqual(0)
    await expect.poll(() => metric('lag_ms')?.value ?? 0).toBeGreaterThan(before)
  })
})
