import { silentLogger } from '@aesop/kernel'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { request } from 'node:http'
import { type Application, createApplication, launch, LogLevels, prepareLaunch, serveAdmin } from '@aesop/runtime'
import { describe, expect, test, vi } from 'vitest'
import { ask } from '../support/admin-client.ts'
import { deedsContainer, type Greeter } from '../support/deeds-container.ts'
import { BOOTSTRAP, DescriptorFolder } from '../support/descriptor-folder.ts'
import { fixtureContainer } from '../support/fixture-container.ts'

const GREETER = `beans:
  greeter: { class: Greeter, properties: { word: hello, needs: [{ class: Step }, { ref: base }] } }
  base: { class: Step }
`

async function launchGreeter(text = GREETER): Promise<Application> {
  using folder = DescriptorFolder.withFixture(text)
  return await launch(folder.bootstrap, { containers: [deedsContainer()], admin: '127.0.0.1:0' })
}

describe('health', () => {
  test('is ready when every container runs and every bean is up, and live in any case', async () => {
    await using application = await launchGreeter()
    const ready = await ask(application, '/health/ready')
    expect([ready.status, ready.json]).toEqual([
      200,
      {
        status: 'up',
        isReady: true,
        containers: { fixture: { state: 'running', status: 'up', beans: { greeter: { status: 'up' } } } },
      },
    ])
    expect(await ask(application, '/health/live')).toMatchObject({ status: 200, json: { status: 'up' } })
  })

  test.each([
    ['degraded', 200],
    ['down', 503],
  ] as const)('a bean that is %s makes the process answer %i', async (status, code) => {
    await using application = await launchGreeter()
    ;(application.get('greeter') as Greeter).health = () => ({ status, detail: 'its reason' })
    const { json, status: answered } = await ask(application, '/health/ready')
    expect(answered).toBe(code)
    expect(json).toMatchObject({
      status,
      containers: { fixture: { beans: { greeter: { status, detail: 'its reason' } } } },
    })
  })

  test('a bean that cannot tell its health is down', async () => {
    await using application = await launchGreeter()
    ;(application.get('greeter') as Greeter).health = () => {
      throw new Error('lost')
    }
    expect(await ask(application, '/health/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('lost') as unknown,
    })
  })

  test('a container that may fail makes the process degraded, and says why it failed', async () => {
    const bootstrap = BOOTSTRAP.replace(
      '[fixture]',
      '[{ class: FixtureRuntimeComponentContainer, properties: { onFailure: continue } }, other]',
    )
    using folder = new DescriptorFolder({
      'bootstrap.yaml': bootstrap,
      'fixture-config.yaml': 'beans:\n  a: { class: Step, properties: { fail: start } }\n',
      'other-config.yaml': 'beans:\n  a: { class: Step }\n',
    })
    const containers = [fixtureContainer(), fixtureContainer(undefined, 'other')]
    await using application = await launch(folder.bootstrap, { containers, admin: '127.0.0.1:0' })
    const { status, json } = await ask(application, '/health/ready')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      status: 'degraded',
      containers: {
        fixture: { state: 'failed', detail: expect.stringContaining('start was told to fail') as unknown },
        other: { state: 'running' },
      },
    })
    expect(application.get('a', 'fixture')).toBeUndefined()
  })

  test('is starting while beans start, and stopping while it drains; requests are answered meanwhile', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: ./slow.mjs#Slow }\n', {
      'slow.mjs':
        'export class Slow { start() { return new Promise((done) => { this.go = done; Slow.last = this }) } }\n',
    })
    const preparation = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()] })
    const application = await createApplication(preparation, { drainDelayMs: 300 })
    await serveAdmin(application, { host: '127.0.0.1', port: 0, isPortFixed: true, mask: preparation.mask })
    const started = application.start()
    await expect.poll(() => application.state()).toEqual({ fixture: 'starting' })
    expect(await ask(application, '/health/ready')).toMatchObject({ status: 503, json: { status: 'starting' } })
    await expect.poll(() => (application.get('a') as { go?: () => void } | undefined)?.go).toBeTypeOf('function')
    ;(application.get('a') as { go: () => void }).go()
    await started
    const stopped = application.stop()
    expect(await ask(application, '/health/ready')).toMatchObject({
      status: 503,
      json: { status: 'stopping', containers: { fixture: { state: 'running' } } },
    })
    await stopped
    await expect(ask(application, '/health/live')).rejects.toThrow('fetch failed')
  })
})

describe('metrics', () => {
  test('are those of the process, of the containers and of the beans, with their labels', async () => {
    await using application = await launchGreeter()
    const { text, status } = await ask(application, '/metrics')
    expect(status).toBe(200)
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).toContain('aesop_ready 1')
    expect(text).toContain('aesop_container_running{container="fixture"} 1')
    expect(text).toContain('# TYPE greetings_total counter')
    expect(text).toContain('greetings_total{word="hello",container="fixture",bean="greeter"} 3')
    expect(text).toContain('greeting_length{container="fixture",bean="greeter"} 5')
    expect((await ask(application, '/metrics')).text).toContain('greetings_total{word="hello",container="fixture"')
  })

  test('histograms of a bean, told by itself or counted by its meters, have buckets, sum and count', async () => {
    await using application = await launchGreeter()
    const greeter = application.get('greeter') as Greeter
    const { meters } = greeter.context
    const took = meters.histogram({ name: 'took.ms', help: 'Took.', labels: { to: 'all' }, bounds: [0.5, 10] })
    for (const value of [0.25, 4, 20]) took.observe(value)
    meters.counter({ name: 'sent_total', help: '' }).add(2)
    const buckets = [{ upTo: 100, count: 1 }]
    greeter.metrics = () => [{ name: 'size_bytes', help: 'Sizes.', type: 'histogram', buckets, sum: 7, count: 1 }]
    const { text } = await ask(application, '/metrics')
    const own = 'container="fixture",bean="greeter"'
    expect(text).toContain(`# HELP took_ms Took.
# TYPE took_ms histogram
took_ms_bucket{le="0.5",to="all",${own}} 1
took_ms_bucket{le="10",to="all",${own}} 2
took_ms_bucket{le="+Inf",to="all",${own}} 3
took_ms_sum{to="all",${own}} 24.25
took_ms_count{to="all",${own}} 3
`)
    expect(text).toContain(
      `size_bytes_bucket{le="+Inf",${own}} 1\nsize_bytes_sum{${own}} 7\nsize_bytes_count{${own}} 1\n`,
    )
    expect(text).toContain(`sent_total{${own}} 2`)
  })

  test('a name that one bean counts and another one measures is shown as the first does, with a word in the log', async () => {
    using folder = DescriptorFolder.withFixture(GREETER)
    const preparation = await prepareLaunch(folder.bootstrap, { containers: [deedsContainer()] })
    await using application = await createApplication(preparation, {})
    const warn = vi.fn()
    await serveAdmin(application, {
      host: '127.0.0.1',
      port: 0,
      isPortFixed: true,
      mask: preparation.mask,
      log: { ...silentLogger, warn },
    })
    await application.start()
    const { meters } = (application.get('greeter') as Greeter).context
    meters.histogram({ name: 'x_ms', help: '', labels: { of: 'it' }, bounds: [1] }).observe(1)
    meters.gauge({ name: 'x_ms', help: '' }).set(5)
    const { text, status } = await ask(application, '/metrics')
    expect(status).toBe(200)
    expect(text).toContain('x_ms_count{of="it",container="fixture",bean="greeter"} 1')
    expect(text).not.toContain('x_ms{')
    expect(warn).toHaveBeenCalledWith('a metric is shown as one type only', { name: 'x_ms', type: 'histogram' })
  })

  test('what beans have counted ends with them: those that come after count anew', async () => {
    await using application = await launchGreeter()
    const count = (): void => {
      ;(application.get('greeter') as Greeter).context.meters.counter({ name: 'sent_total', help: '' }).add(2)
    }
    count()
    await ask(application, '/admin/containers/fixture/stop', { method: 'POST' })
    expect((await ask(application, '/metrics')).text).not.toContain('sent_total')
    await ask(application, '/admin/containers/fixture/start', { method: 'POST' })
    count()
    expect((await ask(application, '/metrics')).text).toContain('sent_total{container="fixture",bean="greeter"} 2')
  })

  test('a bean that fails to tell its metrics costs no other bean theirs', async () => {
    await using application = await launchGreeter(
      'beans:\n  a: { class: Greeter, properties: { word: no metrics } }\n  b: { class: Greeter, properties: { word: x } }\n',
    )
    const { text } = await ask(application, '/metrics')
    expect(text).toContain('greetings_total{word="x",container="fixture",bean="b"} 3')
    expect(text).not.toContain('bean="a"} 3')
  })
})

describe('pages', () => {
  test('containers with their states and descriptors', async () => {
    await using application = await launchGreeter()
    const { json } = await ask(application, '/admin/containers')
    expect(json).toEqual([
      {
        name: 'fixture',
        class: 'FixtureRuntimeComponentContainer',
        state: 'running',
        onFailure: 'abort',
        descriptors: [expect.stringMatching(/fixture-config\.yaml$/)],
        beans: 3,
        restartNeeded: [],
      },
    ])
  })

  test('beans with class, place, state, times, needs, health, description and actions; secrets are hidden', async () => {
    await using application = await launchGreeter()
    const { json, text } = await ask(application, '/admin/beans?container=fixture')
    expect((json as { id: string }[]).map((bean) => bean.id)).toEqual(['base', 'greeter.needs[0]', 'greeter'])
    expect((json as object[])[2]).toMatchObject({
      container: 'fixture',
      class: 'Greeter',
      state: 'started',
      dependencies: ['base'],
      definition: expect.stringMatching(/fixture-config\.yaml:2:12$/) as unknown,
      constructMs: expect.any(Number) as unknown,
      startMs: expect.any(Number) as unknown,
      health: { status: 'up' },
      description: { word: 'hello' },
      actions: ['tell', 'fail'],
    })
    expect(text).not.toContain('hunter22')
    expect(await ask(application, '/admin/beans?container=nobody')).toMatchObject({
      status: 404,
      json: { code: 'AESOP_RUNTIME_TARGET_UNKNOWN', message: 'there is no container "nobody" (there is fixture)' },
    })
  })

  test('a factory and its product are told apart', async () => {
    await using application = await launchGreeter('beans:\n  w: { class: WidgetFactory }\n')
    expect((await ask(application, '/admin/beans')).json).toMatchObject([
      { id: '&w', class: 'WidgetFactory' },
      { id: 'w', class: 'WidgetFactory', instanceOf: 'Object' },
    ])
  })

  test('the graph has every top-level bean and who needs whom', async () => {
    await using application = await launchGreeter()
    const { json } = await ask(application, '/admin/graph')
    expect(json).toMatchObject({
      nodes: [{ id: 'fixture/greeter', class: 'Greeter' }, { bean: 'base' }],
      edges: [{ from: 'fixture/greeter', to: 'fixture/base', via: 'properties.needs[1]' }],
    })
    expect((await ask(application, '/admin/graph?format=mermaid')).text).toMatch(/^flowchart LR\n/)
    expect((await ask(application, '/admin/graph?format=dot')).text).toMatch(/^digraph beans/)
  })

  test('the start as a tree of times', async () => {
    await using application = await launchGreeter()
    expect((await ask(application, '/admin/startup')).json).toMatchObject({
      containers: [
        {
          name: 'fixture',
          tookMs: expect.any(Number) as unknown,
          beans: [
            { id: 'base' },
            { id: 'greeter', startMs: expect.any(Number) as unknown, inner: [{ id: 'greeter.needs[0]' }] },
          ],
        },
      ],
    })
  })

  test('the configuration that holds, with places and without secrets', async () => {
    using folder = DescriptorFolder.withFixture(
      'beans:\n  a: { class: Greeter, properties: { word: "${db.password}" } }\n',
    )
    await using application = await launch(folder.bootstrap, {
      containers: [deedsContainer()],
      set: { 'db.password': 'hunter22' },
      admin: '127.0.0.1:0',
    })
    const { json, text } = await ask(application, '/admin/config')
    expect(text).not.toContain('hunter22')
    expect(json).toMatchObject({
      nature: 'server',
      containers: {
        fixture: [
          { path: 'a', value: 'class Greeter', line: 2 },
          {
            path: 'a.properties.word',
            value: '${db.password}',
            line: 2,
            column: 44,
            origin: 'value from ${db.password}, set by --set db.password',
          },
        ],
      },
    })
  })

  test('an unknown page answers 404 with the pages that there are', async () => {
    await using application = await launchGreeter()
    const { status, json } = await ask(application, '/nothing')
    expect(status).toBe(404)
    expect(json).toMatchObject({
      pages: expect.arrayContaining(['/admin/beans', '/health/ready', '/metrics']) as unknown,
    })
  })
})

describe('actions', () => {
  test('a container is stopped and started; what is stopped makes the process not ready', async () => {
    await using application = await launchGreeter()
    const first = application.get('greeter')
    const stopped = await ask(application, '/admin/containers/fixture/stop', { method: 'POST' })
    expect(stopped.json).toEqual({ container: 'fixture', state: 'stopped', stopFailures: [] })
    expect((await ask(application, '/health/ready')).status).toBe(503)
    const started = await ask(application, '/admin/containers/fixture/start', { method: 'POST' })
    expect(started.json).toEqual({ container: 'fixture', state: 'running' })
    expect((await ask(application, '/health/ready')).status).toBe(200)
    expect(application.get('greeter')).not.toBe(first)
  })

  test('an action of a bean gets the body and gives its result', async () => {
    await using application = await launchGreeter()
    const answer = await ask(application, '/admin/beans/greeter/actions/tell', { method: 'POST', body: { to: 'all' } })
    expect(answer.text).toContain('"length":9007199254740993')
    expect((application.get('greeter') as Greeter).told).toEqual({ to: 'all' })
  })

  test.each([
    [
      '/admin/beans/greeter/actions/nothing',
      404,
      'there is no action of bean "greeter" "nothing" (there is tell, fail)',
    ],
    ['/admin/beans/greeter/actions/constructor', 404, 'no action'],
    ['/admin/beans/nobody/actions/tell', 404, 'there is no started bean "nobody" (there is greeter)'],
    ['/admin/beans/greeter/actions/fail', 500, 'the action was told to fail'],
    ['/admin/containers/nobody/stop', 404, 'there is no container "nobody"'],
    ['/admin/containers/fixture/explode', 404, 'there is no operation "explode"'],
  ])('%s answers %i and says why', async (path, status, reason) => {
    await using application = await launchGreeter()
    const answer = await ask(application, path, { method: 'POST' })
    expect([answer.status, (answer.json as { message: string }).message]).toEqual([
      status,
      expect.stringContaining(reason),
    ])
  })

  test('a body that is no JSON answers 400', async () => {
    await using application = await launchGreeter()
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":' }
    const response = await fetch(`${application.adminUrl ?? ''}/admin/shutdown`, asked)
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'AESOP_ADMIN_REQUEST_INVALID' }),
    ])
  })

  test('shutdown answers, stops everything in order, and the server is gone afterwards', async () => {
    const application = await launchGreeter()
    expect((await ask(application, '/admin/shutdown', { method: 'POST' })).status).toBe(202)
    expect(await application.ended).toEqual({ stopFailures: [] })
    expect(application.state()).toEqual({ fixture: 'stopped' })
    await expect(ask(application, '/health/live')).rejects.toThrow('fetch failed')
  })
})

test('shutdown happens though whoever asked hangs up before the answer', async () => {
  using folder = DescriptorFolder.withFixture(GREETER)
  const preparation = await prepareLaunch(folder.bootstrap, { containers: [deedsContainer()] })
  const application = await createApplication(preparation, {})
  const asked: { request?: ReturnType<typeof request> } = {}
  const log = { ...silentLogger, info: () => void asked.request?.destroy() }
  const { url } = await serveAdmin(application, { host: '127.0.0.1', port: 0, isPortFixed: true, ...preparation, log })
  await application.start()
  const headers = { 'content-type': 'application/json' }
  asked.request = request(`${url}/admin/shutdown`, { method: 'POST', headers }).once('error', () => undefined)
  asked.request.end()
  expect(await application.ended).toEqual({ stopFailures: [] })
})

describe('who may act', () => {
  const rawPost = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const json = { 'content-type': 'application/json' }
      const asked = request(url, { method: 'POST', headers: { ...json, ...headers } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.once('error', reject)
      asked.end()
    })

  test('on loopback, actions from pages of other sites and under foreign names are refused', async () => {
    await using application = await launchGreeter()
    const url = `${application.adminUrl ?? ''}/admin/containers/fixture/stop`
    expect(await rawPost(url, { origin: 'https://evil.example' })).toBe(403)
    expect(await rawPost(url, { host: 'evil.example' })).toBe(403)
    expect(application.state()).toEqual({ fixture: 'running' })
    expect(await rawPost(url, { origin: application.adminUrl ?? '' })).toBe(200)
  })
})

describe('the port', () => {
  test('a taken port that was asked for is an error; one that was not gives way', async () => {
    using folder = DescriptorFolder.withFixture(GREETER)
    const preparation = await prepareLaunch(folder.bootstrap, { containers: [deedsContainer()] })
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await using application = await createApplication(preparation, {})
    const options = { host: '127.0.0.1', port, mask: preparation.mask }
    await expect(serveAdmin(application, { ...options, isPortFixed: true })).rejects.toMatchObject({
      code: 'AESOP_ADMIN_LISTEN_FAILED',
      message: `the admin server cannot listen on 127.0.0.1:${port}: the port is taken`,
    })
    const { url } = await serveAdmin(application, { ...options, isPortFixed: false })
    expect(url).not.toContain(`:${port}`)
    expect((await ask(application, '/health/live')).status).toBe(200)
    await new Promise((resolve) => other.close(resolve))
  })
})

describe('loggers', () => {
  test('levels are shown and set while the process runs, for a logger and all below it', async () => {
    using folder = DescriptorFolder.withFixture(GREETER)
    const preparation = await prepareLaunch(folder.bootstrap, { containers: [deedsContainer()] })
    await using application = await createApplication(preparation, {})
    const levels = new LogLevels('info')
    levels.know('fixture.greeter')
    const { mask } = preparation
    await serveAdmin(application, { host: '127.0.0.1', port: 0, isPortFixed: true, mask, levels })
    const put = (name: string, body: unknown) => ask(application, `/admin/loggers/${name}`, { method: 'PUT', body })
    expect((await put('fixture', { level: 'debug' })).json).toMatchObject({ effective: 'debug' })
    expect((await ask(application, '/admin/loggers/fixture.greeter')).json).toEqual({
      name: 'fixture.greeter',
      effective: 'debug',
    })
    expect(levels.isEnabled('fixture.greeter', 'debug')).toBe(true)
    expect(levels.isEnabled('root', 'debug')).toBe(false)
    expect((await put('fixture', { level: null })).json).toMatchObject({ effective: 'info' })
    expect((await put('fixture', { level: 'loud' })).status).toBe(400)
    expect((await put('fixtur', { level: 'debug' })).status).toBe(404)
    expect((await ask(application, '/admin/loggers')).json).toEqual([
      { name: 'fixture.greeter', effective: 'info' },
      { name: 'root', level: 'info', effective: 'info' },
    ])
  })
})
