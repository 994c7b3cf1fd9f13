import { type Logger, Secret, silentLogger } from '@aesop/kernel'
import {
  type AdminOptions,
  type Application,
  createApplication,
  launch,
  type Preparation,
  prepareLaunch,
  serveAdmin,
} from '@aesop/runtime'
import { connect } from 'node:net'
import { request } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ask } from '../support/admin-client.ts'
import { deedsContainer } from '../support/deeds-container.ts'
import { BOOTSTRAP, DescriptorFolder } from '../support/descriptor-folder.ts'
import { ADMIN_TOKEN as TOKEN } from '../../../../test/support/markers.ts'

const GREETER = 'beans:\n  greeter: { class: Greeter, properties: { word: hello } }\n'
const STOP = '/admin/containers/fixture/stop'
const EVERY_PATH = [
  '/',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/admin',
  '/admin/containers',
  '/admin/beans',
  '/admin/graph?format=dot',
  '/admin/startup',
  '/admin/config',
  '/admin/loggers',
  '/nothing',
]
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
}
const bearer = (token = TOKEN) => ({ authorization: `Bearer ${token}` })

interface Served extends AsyncDisposable {
  readonly application: Application
  readonly preparation: Preparation
  readonly port: number
}

/** An application with its admin server, on loopback unless something else is said. */
async function serve(options: Partial<AdminOptions> = {}, bootstrap?: string): Promise<Served> {
  using folder =
    bootstrap === undefined
      ? DescriptorFolder.withFixture(GREETER)
      : new DescriptorFolder({ 'bootstrap.yaml': bootstrap, 'fixture-config.yaml': GREETER })
  const preparation = await prepareLaunch(folder.bootstrap, { containers: [deedsContainer()] })
  const application = await createApplication(preparation, {})
  const stop = async (): Promise<void> => {
    await application.stop()
  }
  try {
    const { mask } = preparation
    const { url } = await serveAdmin(application, { host: '127.0.0.1', port: 0, isPortFixed: true, mask, ...options })
    await application.start()
    return { application, preparation, port: Number(new URL(url).port), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Asks with headers that fetch would not let through. */
function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    asked.once('error', reject)
    asked.end()
  })
}

describe('a web page of others', () => {
  test.each([
    ['under a name of its own', { host: 'evil.example' }],
    ['with its Origin', { origin: 'https://evil.example' }],
    ['with a hidden Origin', { origin: 'null' }],
    ['that Sec-Fetch-Site shows', { 'sec-fetch-site': 'cross-site' }],
  ])('%s reads no path and does nothing', async (_name, headers) => {
    await using served = await serve()
    for (const path of EVERY_PATH) {
      const answer = await get(served.port, path, headers)
      expect([path, answer.status]).toEqual([path, 403])
      expect(answer.text).toContain('AESOP_ADMIN_REQUEST_REFUSED')
      expect(answer.headers).toMatchObject(HEADERS)
    }
    expect((await get(served.port, STOP, { ...headers, 'content-type': 'application/json' }, 'POST')).status).toBe(403)
    expect(served.application.state()).toEqual({ fixture: 'running' })
  })

  test('does nothing by what a form sends: an action needs JSON for its type', async () => {
    await using served = await serve()
    const post = async (type?: string) =>
      (await get(served.port, STOP, type === undefined ? {} : { 'content-type': type }, 'POST')).status
    expect([await post(), await post('text/plain'), await post('application/x-www-form-urlencoded')]).toEqual([
      415, 415, 415,
    ])
    expect(await post('text/plain; a=application/json')).toBe(415)
    expect(served.application.state()).toEqual({ fixture: 'running' })
    expect(await post('application/json; charset=utf-8')).toBe(200)
  })
})

test('its own names are answered, and those of hosts', async () => {
  await using served = await serve({ hosts: ['admin.example'] })
  for (const host of [
    'localhost',
    '127.0.0.1:1',
    '[::1]:9',
    '10.1.2.3',
    'Admin.Example:443',
    'localhost/127.0.0.1:9090',
    '/10.1.2.3:9090',
  ])
    expect([host, (await get(served.port, '/metrics', { host })).status]).toEqual([host, 200])
  expect((await get(served.port, '/metrics', { host: 'others.example' })).status).toBe(403)
})

test('a request line with a host in it counts before the header', async () => {
  await using served = await serve()
  const ask = (target: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(served.port, '127.0.0.1', () =>
        socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
      )
      let answer = ''
      socket.setEncoding('latin1').on('data', (part: string) => (answer += part))
      socket.once('close', () => {
        resolve(answer)
      })
      socket.once('error', reject)
    })
  expect(await ask('http://evil.example/admin/config')).toContain('403 Forbidden')
  expect(await ask('http://127.0.0.1/health/live')).toContain('"up"')
})

test('every answer says that it is no document, is kept by nobody and is for nobody else’s page', async () => {
  await using served = await serve()
  for (const path of EVERY_PATH) expect((await get(served.port, path)).headers, path).toMatchObject(HEADERS)
})

describe('a token', () => {
  test('is asked on loopback too, for reads as well; health is one word without it', async () => {
    await using served = await serve({ token: TOKEN })
    const words = ['/health/live', '/health/ready']
    for (const path of EVERY_PATH) {
      const { status } = await get(served.port, path)
      expect([path, status]).toEqual([path, words.includes(path) ? 200 : 401])
      expect([path, (await get(served.port, path, bearer())).status]).toEqual([path, path === '/nothing' ? 404 : 200])
      expect([path, (await get(served.port, path, bearer('wrong'))).status]).toEqual([path, 401])
    }
    for (const path of words) {
      const { text, headers } = await get(served.port, path)
      expect([text, headers['content-type']]).toEqual(['up\n', 'text/plain; charset=utf-8'])
    }
    expect((await get(served.port, '/health/ready', bearer())).text).toContain('"containers"')
    const json = { 'content-type': 'application/json' }
    expect((await get(served.port, STOP, json, 'POST')).status).toBe(401)
    expect((await get(served.port, STOP, { ...json, ...bearer() }, 'POST')).status).toBe(200)
    expect(await get(served.port, '/health/ready')).toMatchObject({ status: 503, text: 'down\n' })
  })

  test('that is wrong is counted, slowed and logged with the address', async () => {
    const warn = vi.fn<Logger['warn']>()
    await using served = await serve({ token: TOKEN, log: { ...silentLogger, warn } })
    const statuses: number[] = []
    for (let n = 0; n < 30; n++) statuses.push((await get(served.port, '/metrics', bearer(`wrong-${n}`))).status)
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining('127.0.0.1'),
      expect.objectContaining({ reason: 'token-wrong' }),
    )
    expect(JSON.stringify(warn.mock.calls)).not.toContain('wrong-1')
  })

  test('refusals are a metric, by reason', async () => {
    await using served = await serve({ token: TOKEN })
    await get(served.port, '/metrics')
    await get(served.port, '/metrics', bearer('wrong'))
    await get(served.port, '/metrics', { origin: 'https://evil.example' })
    const { text } = await get(served.port, '/metrics', bearer())
    for (const [reason, count] of Object.entries({ 'token-missing': 1, 'token-wrong': 1, origin: 1, host: 0 }))
      expect(text).toContain(`aesop_admin_refused_requests_total{reason="${reason}"} ${count}`)
  })

  test('off loopback lets any Host in', async () => {
    await using served = await serve({ host: '0.0.0.0', token: TOKEN })
    expect((await get(served.port, '/metrics', { host: 'any.example', ...bearer() })).status).toBe(200)
    expect((await get(served.port, '/health/ready', { host: 'any.example' })).text).toBe('up\n')
    expect((await get(served.port, '/metrics', { host: 'any.example' })).status).toBe(401)
  })

  test('comes from AESOP_ADMIN_TOKEN where nothing else says one, also for launch()', async () => {
    vi.stubEnv('AESOP_ADMIN_TOKEN', TOKEN)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    using folder = DescriptorFolder.withFixture(GREETER)
    await using application = await launch(folder.bootstrap, { containers: [deedsContainer()], admin: '127.0.0.1:0' })
    expect((await ask(application, '/metrics')).status).toBe(401)
    expect((await ask(application, '/metrics', { headers: bearer() })).status).toBe(200)
  })

  test.each([
    ['short', 'fifteen-letters', /at least 16 characters, it has 15/],
    ['of two words', 'two words of a token', /without spaces/],
  ])('that is %s is refused at the start, and not shown', async (_name, token, message) => {
    const refused = serve({ token })
    await expect(refused).rejects.toMatchObject({ code: 'AESOP_ADMIN_TOKEN_UNUSABLE' })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow(token)
  })

  test('is read anew for each request', async () => {
    let token = TOKEN
    await using served = await serve({ token: new Secret(() => token) })
    token = `${TOKEN}-that-came-after`
    expect((await get(served.port, '/metrics', bearer())).status).toBe(401)
    expect((await get(served.port, '/metrics', bearer(token))).status).toBe(200)
  })
})

describe('off loopback', () => {
  test('it needs a token, peers, or to be told that it is insecure', async () => {
    await expect(serve({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'AESOP_ADMIN_TOKEN_MISSING' })
    await expect(serve({ host: '0.0.0.0', insecure: false })).rejects.toThrow('0.0.0.0')
  })

  test('insecure warns at the start and shows in health', async () => {
    const warn = vi.fn<Logger['warn']>()
    await using served = await serve({ host: '0.0.0.0', insecure: true, log: { ...silentLogger, warn } })
    expect(warn.mock.calls.filter(([line]) => line.includes('insecure: true'))).toHaveLength(1)
    const { text } = await get(served.port, '/health/ready')
    expect(JSON.parse(text)).toMatchObject({ status: 'up', warnings: [expect.stringContaining('insecure: true')] })
    expect((await get(served.port, '/metrics')).status).toBe(200)
    expect((await get(served.port, '/metrics', { host: 'evil.example' })).status).toBe(403)
  })

  test('peers need no token; others are refused, but for one word of health', async () => {
    await using served = await serve({ host: '0.0.0.0', peers: ['127.0.0.0/8'], token: TOKEN })
    expect((await get(served.port, '/metrics')).status).toBe(200)
    await using other = await serve({ host: '0.0.0.0', peers: ['10.1.0.0/16'] })
    expect((await get(other.port, '/metrics')).status).toBe(403)
    expect((await get(other.port, '/health/ready')).text).toBe('up\n')
  })
})

describe('the bootstrap descriptor', () => {
  const withAdmin = (admin: string) => BOOTSTRAP.replace('[fixture]', `[fixture]\n      admin: ${admin}`)

  test('says token, hosts, peers and insecure', async () => {
    await using served = await serve({}, withAdmin(`{ token: ${TOKEN}, hosts: [admin.example] }`))
    expect((await get(served.port, '/metrics')).status).toBe(401)
    const config = await get(served.port, '/admin/config', { ...bearer(), host: 'admin.example' })
    expect([config.status, config.text.includes(TOKEN)]).toEqual([200, false])
    await using open = await serve({ host: '0.0.0.0' }, withAdmin('{ insecure: true }'))
    expect((await get(open.port, '/metrics')).status).toBe(200)
    await using narrow = await serve({ host: '0.0.0.0' }, withAdmin('{ peers: [10.1.0.0/16, "fd00::/8"] }'))
    expect((await get(narrow.port, '/metrics')).status).toBe(403)
  })

  test('is told what a wrong one should be', async () => {
    await expect(serve({}, withAdmin('{ peers: [0.0.0.0/0] }'))).rejects.toMatchObject({
      code: 'AESOP_ADMIN_ACCESS_INVALID',
      message: expect.stringContaining('admin.peers') as unknown,
    })
    await expect(serve({}, withAdmin('{ hosts: ["*.example"] }'))).rejects.toThrow('admin.hosts')
    await expect(serve({}, withAdmin('{ insecur: true }'))).rejects.toMatchObject({ code: 'AESOP_DESCRIPTORS_INVALID' })
  })
})
