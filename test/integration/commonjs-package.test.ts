import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/*
 * A package without "type": "module", as `npm init -y` makes it: its TypeScript goes through the CommonJS loader, which
 * loads the packages a second time. The class that the consumer extends is then not the one that the launch uses.
 */
const ROOT = resolve(import.meta.dirname, '../..')
const DEADLINE_MS = 30_000

const CONTAINERS = `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties: { applicationName: books, componentContainers: [relay, client] }
`
const RELAY = `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: 'binlog:binlog/mysql-bin.index', sources: [bookshop.sale] }
`
const client = (consumer: string, startFrom: string): string => `beans:
  client:
    class: DefaultClientFactory
    properties:
      consumerRegistrationList:
        - { id: books, consumerFactory: { class: './${consumer}#BookConsumerFactory' }, logicalSources: [bookshop.sale], startFrom: ${startFrom} }
`
const CONSUMER = `
class BookConsumer extends MysqlEventConsumer {
  onDataEvent(event, signal) {
    this.copies = event instanceof RowEvent ? 'one copy' : 'two copies'
    return super.onDataEvent(event, signal)
  }
  processEvent(event) {
    const text = JSON.stringify(
      [this.copies, event.table, event.primaryKey, event.columnTypes, event.schema.table.primaryKey, event.schema.table.columns],
      (_name, value) => (typeof value === 'bigint' ? String(value) : value),
    )
    console.log(text)
  }
}
`
const TYPESCRIPT = `import { MysqlEventConsumer, RowEvent } from '@aesop/client'
${CONSUMER.replace('(event, signal)', '(event: any, signal: AbortSignal)').replace('(event)', '(event: any)')}
export class BookConsumerFactory { createConsumer(): BookConsumer { return new BookConsumer() } }
`
const JAVASCRIPT = `const { MysqlEventConsumer, RowEvent } = require('@aesop/client')
${CONSUMER}
exports.BookConsumerFactory = class { createConsumer() { return new BookConsumer() } }
`
/** Tells with what it begins, and what comes of the table then: each kind of call once. */
const LATE = `const { MysqlEventConsumer } = require('@aesop/client')
class LateConsumer extends MysqlEventConsumer {
  tell(call) {
    this.told ??= new Set()
    if (!this.told.has(call)) console.log(JSON.stringify(call))
    this.told.add(call)
  }
  onStartBootstrap(signal, { complete }) { this.tell('start, complete ' + complete) }
  onBootstrapEvent(event) { this.onDataEvent(event) }
  onDataEvent({ key, row }) { this.tell('row, ' + typeof key + ', ' + typeof row.copies) }
  onStopBootstrap() { this.tell('stop') }
}
exports.BookConsumerFactory = class { createConsumer() { return new LateConsumer() } }
`
const PRODUCER = `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      bootstrapProducerConfig: { seeding: none }
      physicalSources: [{ name: bookshop, sources: [bookshop.sale] }]
`
const SERVER = `beans:
  server:
    class: DefaultBootstrapServerFactory
    properties: { bootstrapConfig: { bootstrapProperties: { databus.bootstrap.db.container.httpPort: 0 } } }
`
let folder = ''

beforeEach(() => {
  folder = newFolder('commonjs')
  writeFileSync(join(folder, 'package.json'), '{ "name": "books", "version": "1.0.0" }')
  cpSync(join(ROOT, 'samples/quickstart/binlog'), join(folder, 'binlog'), { recursive: true })
  writeFileSync(join(folder, 'bootstrap.yaml'), CONTAINERS)
  writeFileSync(join(folder, 'relay-config.yaml'), RELAY)
})
afterEach(() => {
  removeFolder(folder)
})

/** A second copy of every package, as another version of one of them in the tree of a package manager brings it. */
function copyPackages(): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@aesop'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    for (const part of ['package.json', 'dist']) {
      cpSync(join(ROOT, 'packages', name, part), join(modules, '@aesop', name, part), { recursive: true })
    }
  }
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((each) => !/^(\.|@aesop$)/.test(each))) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
}

async function firstLines(count: number, consumer: string, text: string, startFrom = 'earliest'): Promise<unknown[]> {
  writeFileSync(join(folder, consumer), text)
  writeFileSync(join(folder, 'client-config.yaml'), client(consumer, startFrom))
  const launch = LaunchedProcess.start(['bootstrap.yaml', '--admin', 'off'], {}, folder)
  const lines = await launch.untilOutput((all) => all.length >= count, DEADLINE_MS)
  expect(await launch.stop()).toBe(0)
  return lines.slice(0, count).map((line) => JSON.parse(line) as unknown)
}

const TYPES = {
  id: 'bigint unsigned',
  customer_id: 'bigint unsigned',
  book_id: 'bigint unsigned',
  copies: 'int unsigned',
  paid: 'decimal(8,2)',
  sold_at: 'timestamp(6)',
}
const COLUMNS = Object.entries(TYPES).map(([name, type]) => ({ name, field: name, type }))
const SALE = ['two copies', 'sale', { id: '1' }, TYPES, ['id'], COLUMNS]

test('a .ts consumer has primary key, names and types of its columns', async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  expect(await firstLines(1, 'consumer.ts', TYPESCRIPT)).toEqual([SALE])
})

test('so has a .js consumer that has other copies of the packages', async () => {
  copyPackages()
  expect(await firstLines(1, 'consumer.js', JAVASCRIPT)).toEqual([SALE])
})

test('a .js consumer bootstraps from a store that its process fills and serves', async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'bootstrap.yaml'), CONTAINERS.replace('relay,', 'relay, bootstrap-producer, bootstrap,'))
  writeFileSync(join(folder, 'bootstrap-producer-config.yaml'), PRODUCER)
  writeFileSync(join(folder, 'bootstrap-config.yaml'), SERVER)
  const [first, ...rest] = await firstLines(3, 'consumer.js', LATE, 'bootstrap')
  expect(first).toBe('start, complete true')
  // The store may have been asked before it had a row: it comes by the stream then.
  expect(rest.toSorted()).toEqual(['row, bigint, number', 'stop'])
})
