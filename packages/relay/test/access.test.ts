import { type Logger, silentLogger } from '@aesop/kernel'
import { type RelayAccessOptions } from '@aesop/relay'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type Answer,
  get,
  lines,
  makeRelay,
  online,
  startRelay,
  streamPath,
  testContext,
} from './support/relay-fixture.ts'
import { RELAY_TOKEN as TOKEN } from '../../../test/support/markers.ts'

const HOST = 'databus.relay.container.host'
const EVERY_PATH = [
  '/sources',
  '/register?protocolVersion=2',
  streamPath({ checkPoint: online(0) }),
  '/admin',
  '/admin/status',
  '/physicalSources',
  '/bufferInfo/inbound/test/1',
  '/containerStats/inbound/events/total',
  '/relayStats/outbound/http/total',
  '/javaStats/memory',
  '/physicalBuffers',
  '/config',
  '/controlSources/status',
  '/relayCommand/printRelayInfo',
  '/nothing',
]
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
}
const bearer = (token = TOKEN) => ({ authorization: `Bearer ${token}` })
const refusedBy = ({ status, headers }: Answer) => [status, headers['x-dbus-error']]
const REFUSED = 'aesop.RequestRefusedError'
const TOKEN_REFUSED = 'aesop.TokenRefusedError'

/** A relay that others than this machine reach, at least as far as it knows. */
function startOpenRelay(access: RelayAccessOptions) {
  return startRelay({ properties: { [HOST]: '0.0.0.0' }, access })
}

/** What a relay answers to bytes that no client of Node would send. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setEncoding('latin1').on('data', (part: string) => (answer += part))
    socket.once('close', () => {
      resolve(answer)
    })
    socket.once('error', reject)
  })
}

test('a path of health that spells a command in other letters shows a word, and no rows', async () => {
  const properties = { [HOST]: '0.0.0.0', 'databus.relay.container.healthcheckPath': 'Stream' }
  const { port, producer } = await startRelay({ properties, access: { token: TOKEN } })
  producer.addWindow([{ key: 1 }], 5n)
  const answer = await get(port, streamPath({ checkPoint: online(0) }).replace('/stream', '/Stream'))
  expect([answer.status, answer.body.toString()]).toEqual([200, 'GOOD\n'])
})

describe('a web page that has a name of its own point at the relay', () => {
  test.each(EVERY_PATH)('reads nothing of %s', async (path) => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const answer = await get(port, path, { host: `evil.example:${port}` })
    expect(refusedBy(answer)).toEqual([403, REFUSED])
    expect(answer.body.toString()).toContain('evil.example')
    expect(answer.headers).toMatchObject(HEADERS)
  })

  test.each([
    ['an Origin of another site', { origin: 'https://evil.example' }],
    ['an Origin that is hidden', { origin: 'null' }],
    ['an Origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
  ])('or shows itself by %s reads nothing of any path', async (_name, headers) => {
    const { port } = await startRelay()
    for (const path of EVERY_PATH)
      expect([path, ...refusedBy(await get(port, path, headers))]).toEqual([path, 403, REFUSED])
  })

  test('pages of the relay itself may ask', async () => {
    const { port } = await startRelay()
    const own = { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' }
    expect((await get(port, '/sources', own)).status).toBe(200)
  })
})

describe('names that a relay answers to', () => {
  test.each([
    'localhost',
    'a.localhost:9000',
    '127.0.0.1',
    '10.20.30.40:9000',
    '[::1]:9000',
    'relay.example.com',
    'Bound.Example:1',
  ])('%s', async (host) => {
    const { port } = await startRelay({ access: { hosts: ['relay.example.com', 'bound.example'] } })
    expect((await get(port, '/sources', { host })).status).toBe(200)
  })

  test.each([
    'localhost/127.0.0.1:9000',
    '/127.0.0.1:9000',
    'relay.internal/10.1.2.3:9000',
    'localhost/0:0:0:0:0:0:0:1:9000',
  ])('Databus’ Java client sends %s, and reads rows', async (host) => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    for (const path of ['/sources', '/register']) expect((await get(port, path, { host })).status).toBe(200)
    const answer = await get(port, streamPath({ checkPoint: online(0) }), { host })
    expect(lines(answer.body)).toEqual(['5:1', '5:end'])
  })

  test('what is no host, a Host that is sent twice, and none at all are refused', async () => {
    const { port } = await startRelay()
    const ask = (...head: string[]) =>
      raw(port, ['GET /sources HTTP/1.1', ...head, 'Connection: close', '', ''].join('\r\n'))
    expect(await ask('Host: 127.0.0.1')).toContain('200 OK')
    for (const head of [
      ['Host: user@127.0.0.1'],
      ['Host: 127.0.0.1, evil.example'],
      ['Host:'],
      ['Host: 127.0.0.1', 'Host: evil.example'],
      ['Host: 127.0.0.1', 'hOST: 127.0.0.1'],
      [],
    ])
      expect([head, (await ask(...head)).split('\r\n')[0]]).toEqual([head, 'HTTP/1.1 400 Bad Request'])
  })

  test('a request line with a host in it counts before the header, and its path is found', async () => {
    const { port } = await startRelay()
    const ask = (target: string) => raw(port, `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
    expect(await ask('http://evil.example/sources')).toContain('403 Forbidden')
    expect(await ask('http://user@127.0.0.1/sources')).toContain('400 Bad Request')
    expect(await ask('ftp://127.0.0.1/sources')).toContain('400 Bad Request')
    expect(await ask('http://127.0.0.1/sources')).toContain('com.x.Person')
    expect(await ask('http://localhost/relayStats/outbound/http/total?pretty')).toContain('numSourcesCalls')
  })

  test('an HTTP/1.0 request, which no browser sends, needs no Host', async () => {
    const { port } = await startRelay()
    expect(await raw(port, 'GET /admin HTTP/1.0\r\n\r\n')).toContain('GOOD')
  })
})

test('every answer says that it is no document, is kept by nobody and is for nobody else’s page', async () => {
  const { port, producer, relay } = await startRelay()
  producer.addWindow([{ key: 1 }], 5n)
  for (const path of EVERY_PATH) expect((await get(port, path)).headers, path).toMatchObject(HEADERS)
  relay.actions.pauseProducer()
  expect((await get(port, '/admin')).headers).toMatchObject(HEADERS)
})

describe('a token', () => {
  test('is asked on loopback too, for reads as well; health is one word without it', async () => {
    const { port, producer } = await startRelay({ access: { token: TOKEN } })
    producer.addWindow([{ key: 1 }], 5n)
    for (const path of EVERY_PATH) {
      const expected = path === '/admin' ? [200, undefined] : [401, TOKEN_REFUSED]
      expect([path, ...refusedBy(await get(port, path))]).toEqual([path, ...expected])
    }
    expect((await get(port, '/admin')).body.toString()).toBe('GOOD\n')
    const stream = await get(port, streamPath({ checkPoint: online(0) }), bearer())
    expect(lines(stream.body)).toEqual(['5:1', '5:end'])
    expect((await get(port, '/admin/status', bearer())).body.toString()).toContain('RUNNING')
  })

  test('that is wrong is refused everywhere, health included, and says what is asked', async () => {
    const { port } = await startRelay({ access: { token: TOKEN } })
    for (const path of ['/sources', '/admin']) {
      const answer = await get(port, path, bearer(`${TOKEN}x`))
      expect(refusedBy(answer)).toEqual([401, TOKEN_REFUSED])
      expect(answer.headers['www-authenticate']).toBe('Bearer')
    }
    for (const authorization of [TOKEN.slice(0, -1), 'Bearer', 'Bearer ', `Basic ${TOKEN}`])
      expect((await get(port, '/sources', { authorization })).status).toBe(401)
    expect((await get(port, '/sources', { authorization: `bearer ${TOKEN}` })).status).toBe(200)
  })

  test('that is wrong again and again is counted, slowed, and logged with the address', async () => {
    const warn = vi.fn<Logger['warn']>()
    const context = { ...testContext(), log: { ...silentLogger, warn } }
    const { relay } = makeRelay({ access: { token: TOKEN } }, context)
    await relay.start()
    onTestFinished(() => relay.stop())
    const port = relay.address?.port ?? 0
    const answers: Answer[] = []
    for (let n = 0; n < 30; n++) answers.push(await get(port, '/sources', bearer(`wrong-token-number-${n}`)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]))
    const slowed = answers.find(({ status }) => status === 429)
    expect(Number(slowed?.headers['retry-after'])).toBeGreaterThan(0)
    expect(slowed?.headers['x-dbus-error']).toBe('aesop.TokenRefusedError')
    // Who is slowed is not told whether the next token was right.
    expect((await get(port, '/sources', bearer())).status).toBe(429)
    const counted: Record<string, number> = Object.fromEntries(
      relay
        .metrics()
        .filter(({ name }) => name === 'aesop_relay_refused_requests_total')
        .map(({ labels, value }) => [labels?.['reason'] ?? '', value ?? NaN] as const),
    )
    const wrong = answers.filter(({ status }) => status === 401).length
    expect(counted).toMatchObject({ 'token-wrong': wrong, slowed: 31 - wrong, host: 0 })
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining('127.0.0.1'),
      expect.objectContaining({ reason: 'token-wrong' }) as unknown,
    )
    expect(warn.mock.calls.length).toBeLessThanOrEqual(20)
    expect(JSON.stringify(warn.mock.calls)).not.toContain('wrong-token')
  })

  test('off loopback lets any Host in, because a page does not have it', async () => {
    const { port } = await startOpenRelay({ token: TOKEN })
    expect((await get(port, '/sources', { host: 'any.example', ...bearer() })).status).toBe(200)
    expect((await get(port, '/admin', { host: 'any.example' })).status).toBe(200)
    expect((await get(port, '/sources', { host: 'any.example' })).status).toBe(401)
    expect((await get(port, '/sources', { ...bearer(), origin: 'https://evil.example' })).status).toBe(403)
  })

  test('comes from AESOP_RELAY_TOKEN where no property says one', async () => {
    vi.stubEnv('AESOP_RELAY_TOKEN', 'a-token-of-the-environment')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const { port } = await startRelay()
    expect((await get(port, '/sources')).status).toBe(401)
    expect((await get(port, '/sources', bearer('a-token-of-the-environment'))).status).toBe(200)
    const { port: other } = await startRelay({ access: { token: TOKEN } })
    expect((await get(other, '/sources', bearer('a-token-of-the-environment'))).status).toBe(401)
    expect((await get(other, '/sources', bearer())).status).toBe(200)
  })

  test('is read anew for each request; one that can not be read any more lets nobody in', async () => {
    let token: string | undefined = TOKEN
    const reveal = (): string => {
      if (token === undefined) throw new Error('no such file')
      return token
    }
    const { port } = await startRelay({ access: { token: { reveal } } })
    expect((await get(port, '/sources', bearer())).status).toBe(200)
    token = `${TOKEN}-that-came-after`
    expect((await get(port, '/sources', bearer())).status).toBe(401)
    expect((await get(port, '/sources', bearer(token))).status).toBe(200)
    token = undefined
    expect((await get(port, '/sources', bearer())).status).toBe(503)
    token = ''
    expect((await get(port, '/sources', bearer(''))).status).toBe(503)
  })

  test.each([
    ['fifteen letters', 'abcdefghijklmno', /at least 16 characters, it has 15/],
    ['nothing', '', /at least 16 characters, it has 0/],
    ['a line feed', 'abcdefghijklmnopq\n', /without spaces/],
    ['a letter that no header holds', 'abcdefghijklmnopqé', /ASCII/],
  ])('of %s is refused at the start, and not shown', async (_name, token, message) => {
    const { relay } = makeRelay({ access: { token } })
    expect(() => {
      relay.init()
    }).toThrow(message)
    await expect(relay.start()).rejects.toMatchObject({ code: 'AESOP_RELAY_TOKEN_UNUSABLE' })
    if (token !== '') await expect(relay.start()).rejects.not.toThrow(token)
  })
})

describe('off loopback', () => {
  test('a relay needs a token, peers, or to be told that it is insecure', async () => {
    const { relay } = makeRelay({ properties: { [HOST]: '0.0.0.0' } })
    expect(() => {
      relay.init()
    }).toThrow(/0\.0\.0\.0/)
    await expect(relay.start()).rejects.toMatchObject({
      code: 'AESOP_RELAY_TOKEN_MISSING',
      remedy: expect.stringContaining('insecure: true') as unknown,
    })
    vi.stubEnv('AESOP_RELAY_TOKEN', '')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    await expect(relay.start()).rejects.toMatchObject({ code: 'AESOP_RELAY_TOKEN_MISSING' })
  })

  test('insecure warns at each start and shows in health', async () => {
    const warn = vi.fn<Logger['warn']>()
    const { relay } = makeRelay(
      { properties: { [HOST]: '0.0.0.0' }, access: { insecure: true } },
      { ...testContext(), log: { ...silentLogger, warn } },
    )
    for (const starts of [1, 2]) {
      await relay.start()
      expect(warn.mock.calls.filter(([line]) => line.includes('insecure'))).toHaveLength(starts)
      expect(relay.health()).toEqual({ status: 'up', detail: expect.stringContaining('insecure: true') as unknown })
      const port = relay.address?.port ?? 0
      expect((await get(port, '/sources')).status).toBe(200)
      expect((await get(port, '/sources', { host: 'evil.example' })).status).toBe(403)
      await relay.stop()
    }
  })

  test('a token that is set is asked though it was told to be insecure', async () => {
    const { port, relay } = await startOpenRelay({ insecure: true, token: TOKEN })
    expect((await get(port, '/sources')).status).toBe(401)
    expect(JSON.stringify(relay.health())).not.toContain('insecure')
  })

  test('peers need no token; others do', async () => {
    const { port } = await startOpenRelay({ peers: ['127.0.0.0/8'], token: TOKEN })
    expect((await get(port, '/sources')).status).toBe(200)
    expect((await get(port, '/sources', { host: 'evil.example' })).status).toBe(403)
    const { port: other } = await startOpenRelay({ peers: ['10.1.0.0/16', 'fd00::/8'], token: TOKEN })
    expect((await get(other, '/sources')).status).toBe(401)
    expect((await get(other, '/sources', bearer())).status).toBe(200)
  })

  test('with peers alone nobody else gets in, but for one word of health', async () => {
    const { port } = await startOpenRelay({ peers: ['10.1.0.0/16'] })
    const answer = await get(port, '/sources', bearer())
    expect([answer.status, answer.body.toString()]).toEqual([403, expect.stringContaining('127.0.0.1')])
    expect((await get(port, '/admin/status')).status).toBe(403)
    expect((await get(port, '/admin')).body.toString()).toBe('GOOD\n')
  })

  test('IPv4 peers are known on a relay that listens on IPv6', async () => {
    const { port } = await startRelay({ properties: { [HOST]: '::' }, access: { peers: ['127.0.0.1'] } })
    const answer = await raw(port, 'GET /sources HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
    expect(answer).toContain('200 OK')
  })
})

test('to begin statistics anew is an action: it needs JSON for its type', async () => {
  const { port } = await startRelay()
  const send = async (type?: string) =>
    (
      await fetch(`http://127.0.0.1:${port}/relayStats/outbound/http/total?reset`, {
        method: 'PUT',
        headers: type === undefined ? {} : { 'content-type': type },
      })
    ).status
  expect([await send(), await send('text/plain'), await send('application/json; charset=utf-8')]).toEqual([
    415, 415, 200,
  ])
})

test.each([
  [{ peers: ['10.1.0.0/33'] }, /relay property "peers" is 10\.1\.0\.0\/33/],
  [{ peers: ['0.0.0.0/0'] }, /insecure: true/],
  [{ hosts: ['*.example.com'] }, /relay property "hosts" is \*\.example\.com/],
  [{ hosts: ['relay:9000'] }, /without a port/],
])('%j is refused by name', (access, message) => {
  expect(() => makeRelay({ access })).toThrow(message)
})
