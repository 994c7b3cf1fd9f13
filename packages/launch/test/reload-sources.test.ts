import { clientContainer } from '@aesop/container-client'
import { relayContainer } from '@aesop/container-relay'
import { EventDecoder } from '@aesop/event'
import { type Relay } from '@aesop/relay'
import { type Application, launch } from '@aesop/runtime'
import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'

const NAME = 'aesop.test.reload-sources'
/** Classes of the user's own: the test finds the rows (`registration SCN`), and a producer that can't begin. */
const MODULE = `export class Factory {
  createConsumer({ registration }) {
    return { onDataEvent: ({ scn }) => void globalThis['${NAME}'].push(registration + ' ' + scn) }
  }
}
export class Broken {
  static schema = { type: 'object', properties: {}, additionalProperties: false }
  name = 'broken'
  prepare() { return Promise.reject(new Error('its server is on fire')) }
  start() { return Promise.resolve() }
  stop() { return Promise.resolve() }
  pause() {}
  resume() {}
  status() { return { state: 'stopped', scn: -1n } }
}
`
/** A source of a table with an id of its own, whose windows follow each other without gaps. */
const source = (name: string, id: number, more = ''): string => `        - physicalSourceConfig:
            name: ${name}
            id: ${id}
            uri: 'memory:${name}?eventsPerSecond=200'
            sources: [{ id: ${id * 10}, uri: ${name}.rows }]
${more}`
const registration = (id: string, table: string): string =>
  `        - { id: ${id}, consumerFactory: { class: './own.mjs#Factory' }, logicalSources: [${table}.rows] }\n`
const SHOP = source('shop', 1)
/** What was not read when it was removed is in its files: a producer of memory does not make it twice. */
const FILES = 'databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY'
const CRM = source('crm', 2, `          properties: { ${FILES} }\n`)
const CHANGED = source('crm', 2, `          properties: { ${FILES}, databus.relay.eventBuffer.maxSize: 4000000 }\n`)
const [ORDERS, PEOPLE] = [registration('orders', 'shop'), registration('people', 'crm')]

class Shop {
  readonly folder = newFolder('reload')
  readonly rows: string[] = []

  constructor() {
    Object.assign(globalThis, { [NAME]: this.rows })
    onTestFinished(() => {
      removeFolder(this.folder)
    })
    this.#file(
      'bootstrap.yaml',
      'beans:\n  info: { class: BootstrapInfo, properties: { runtimeNature: test, componentContainers: [relay, client] } }\n',
    )
    this.#file('own.mjs', MODULE)
  }

  #file(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  write(sources: string, registrations: string, port = 0): void {
    const relayConfig = `{ relayProperties: { databus.relay.container.httpPort: ${port} } }`
    const list = 'producerRegistrationList'
    this.#file(
      'relay-config.yaml',
      `beans:\n  relay:\n    class: DefaultRelayFactory\n    properties:\n      relayConfig: ${relayConfig}\n      ${list}:\n${sources}`,
    )
    this.#file(
      'client-config.yaml',
      `beans:\n  client:\n    class: DefaultClientFactory\n    properties:\n      consumerRegistrationList:\n${registrations}`,
    )
  }

  launch(): Promise<Application> {
    return launch(join(this.folder, 'bootstrap.yaml'), { containers: [relayContainer, clientContainer] })
  }

  scnsOf(id: string): readonly number[] {
    return this.rows.filter((row) => row.startsWith(`${id} `)).map((row) => Number(row.slice(id.length)))
  }

  /** Resolves when the registration has more rows than now. */
  async more(id: string): Promise<void> {
    const before = this.scnsOf(id).length
    await until(`more rows of ${id}`, () => this.scnsOf(id).length > before + 3)
  }
}

/** An open stream over HTTP of all that a source has; SCNs of windows that have ended. */
async function reader(port: number, id: number): Promise<{ scns: bigint[]; response: IncomingMessage }> {
  const place = '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":0,"prevScn":0,"windowOffset":-1}'
  const query = new URLSearchParams({ sources: String(id), size: '1000000', output: 'binary', checkPoint: place })
  const request = httpRequest({ port, agent: false, path: `/stream?${query.toString()}&follow=600000` }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  onTestFinished(() => void request.destroy())
  const decoder = new EventDecoder(1 << 24)
  const scns: bigint[] = []
  response.on('error', () => undefined)
  response.on('data', (chunk: Buffer) => {
    decoder.push(chunk)
    for (let view = decoder.next(); view !== undefined; view = decoder.next())
      if (view.isEndOfPeriod) scns.push(view.scn)
  })
  return { scns, response }
}

const contiguous = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)

test('a reader of one source keeps its stream, and a registration its rows, while another is added, changed and removed', async () => {
  const shop = new Shop()
  shop.write(SHOP, ORDERS)
  await using application = await shop.launch()
  const relay = application.get('relay') as Relay
  const [buffer, client] = [relay.buffer, application.get('client')]
  const { port = 0 } = relay.address ?? {}
  const { scns, response } = await reader(port, 10)
  await shop.more('orders')

  shop.write(SHOP + CRM, ORDERS + PEOPLE)
  expect(await application.reload()).toMatchObject({
    reloaded: ['relay', 'client'],
    items: [
      { container: 'relay', list: 'relay.producerRegistrationList', item: 'crm', change: 'added' },
      { container: 'client', list: 'client.consumerRegistrationList', item: 'people', change: 'added' },
    ],
  })
  await shop.more('people')
  shop.write(SHOP + CHANGED, ORDERS + PEOPLE)
  expect(await application.reload()).toMatchObject({
    reloaded: ['relay'],
    unchanged: ['client'],
    items: [{ item: 'crm', change: 'replaced' }],
  })
  // It stands where it stood, and so do its readers.
  await shop.more('people')
  shop.write(SHOP, ORDERS)
  expect(await application.reload()).toMatchObject({
    items: [
      { item: 'people', change: 'removed' },
      { item: 'crm', change: 'removed' },
    ],
  })
  await shop.more('orders')

  const people = shop.scnsOf('people')
  expect(people).toEqual(contiguous(people[0] ?? 0, people.length))
  const orders = shop.scnsOf('orders')
  expect(orders).toEqual(contiguous(orders[0] ?? 0, orders.length))
  await until('the reader to come after', () => Number(scns.at(-1) ?? 0n) >= orders.length)
  expect(scns.map(Number)).toEqual(contiguous(1, scns.length))
  expect([response.complete, response.destroyed]).toEqual([false, false])
  expect([application.get('relay'), application.get('client'), relay.buffer]).toEqual([relay, client, buffer])
  expect(relay.address?.port).toBe(port)
})

test('a registration whose source is removed says so, waits, and goes on where it was when it comes back', async () => {
  const shop = new Shop()
  shop.write(SHOP + CRM, ORDERS + PEOPLE)
  await using application = await shop.launch()
  await shop.more('people')
  shop.write(SHOP, ORDERS + PEOPLE)
  await application.reload()
  const client = application.get('client') as {
    describe(): { registrations: { id: string; fault?: string }[] }
  }
  const fault = (id: string): string => client.describe().registrations.find((each) => each.id === id)?.fault ?? ''
  await until('the fault', () => /does not serve "crm.rows"; it serves "shop.rows"/.test(fault('people')))
  await shop.more('orders')
  expect(fault('orders')).toBe('')
  shop.write(SHOP + CRM, ORDERS + PEOPLE)
  await application.reload()
  await shop.more('people')
  expect(fault('people')).toBe('')
  const people = shop.scnsOf('people')
  expect(people).toEqual(contiguous(people[0] ?? 0, people.length))
})

test('what can not be done is told by name and place, and what runs goes on', async () => {
  const shop = new Shop()
  shop.write(SHOP, ORDERS)
  await using application = await shop.launch()
  const relay = application.get('relay') as Relay
  const { scns, response } = await reader(relay.address?.port ?? 0, 10)
  const reloadTo = (sources: string, registrations = ORDERS, port = 0): Promise<unknown> => {
    shop.write(sources, registrations, port)
    return application.reload().catch((error: unknown) => error)
  }
  expect(await reloadTo(SHOP + CRM.replace('sources:', 'source:'))).toMatchObject({
    code: 'AESOP_RUNTIME_RELOAD_REFUSED',
    problems: [{ code: 'AESOP_DESCRIPTOR_PROPERTY_MISSING' }, { code: 'AESOP_DESCRIPTOR_PROPERTY_UNKNOWN' }],
  })
  expect(await reloadTo(SHOP + CRM, ORDERS, 4711)).toMatchObject({
    code: 'AESOP_RUNTIME_RELOAD_WHOLE',
    message: expect.stringMatching(/relay.relayConfig \(\S+relay-config.yaml:5\)/) as string,
  })
  expect(await reloadTo(SHOP + source('crm', 1))).toMatchObject({ code: 'AESOP_RUNTIME_RELOAD_REFUSED' })
  const broken = source('crm', 2, "          eventProducer: { class: './own.mjs#Broken' }\n")
  expect(await reloadTo(SHOP + broken)).toMatchObject({
    code: 'AESOP_RUNTIME_RELOAD_INCOMPLETE',
    message: expect.stringMatching(/"crm" was not added in order: its server is on fire/) as string,
  })
  expect(relay.health().status).toBe('up')
  expect(application.state()).toEqual({ relay: 'running', client: 'running' })
  // The same again: it is tried again, and mended it comes.
  expect(await application.reload().catch((error: unknown) => error)).toMatchObject({
    code: 'AESOP_RUNTIME_RELOAD_INCOMPLETE',
  })
  expect(await reloadTo(SHOP + CRM)).toMatchObject({ items: [{ item: 'crm', change: 'added' }] })
  // One that breaks with its change gets its former definition back.
  expect(await reloadTo(SHOP + broken)).toMatchObject({
    report: { items: [{ item: 'crm', change: 'replaced', isRestored: true }] },
  })
  expect(relay.describe()).toMatchObject({
    physicalSources: [{ physicalSource: { name: 'shop' } }, { physicalSource: { name: 'crm' } }],
  })
  await shop.more('orders')
  await until('windows of then', () => scns.length >= shop.scnsOf('orders').length)
  expect(scns.map(Number)).toEqual(contiguous(1, scns.length))
  expect(response.complete).toBe(false)
})
