import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SqliteStore, type SourceState } from '@aesop/bootstrap-store'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LaunchedProcess } from '../../../../test/support/launched-process.ts'
import { freePort } from '../../../../test/support/free-port.ts'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'
import { until } from '../../../../test/support/until.ts'

const timeout = 60_000
const ROOT = resolve(import.meta.dirname, '../../../..')
const BOOKS = ['bookshop.book', 'bookshop.customer', 'bookshop.sale']

function bootstrapOf(...containers: readonly string[]): string {
  return `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties: { applicationName: shop, projectsRoot: ., componentContainers: [${containers.join(', ')}] }
`
}

/** A folder with descriptors, which is gone with the test. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = newFolder('bootstrap-producer')
  onTestFinished(() => {
    removeFolder(folder)
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

async function launched(folder: string): Promise<LaunchedProcess> {
  const process = LaunchedProcess.start(['bootstrap.yaml', '--admin', 'off'], {}, folder)
  onTestFinished(async () => {
    if (process.exitCode === undefined) await process.stop('SIGKILL')
  })
  await process.untilReady(timeout)
  return process
}

async function statesOf(path: string): Promise<readonly SourceState[]> {
  const store = new SqliteStore({ path })
  try {
    return await (await store.openReader()).states()
  } finally {
    await store.close()
  }
}

async function served(path: string, sources: readonly string[], aboveScn = -1n): Promise<void> {
  const isServed = async (): Promise<boolean> => {
    const states = await statesOf(path)
    return (
      sources.every((name) => states.some((state) => state.name === name && state.status === 'ACTIVE')) &&
      states.every(({ stream }) => stream.appliedScn > aboveScn && stream.appliedScn === stream.logScn)
    )
  }
  await until('the sources are served', isServed, timeout)
}

describe('a bootstrap producer as a process', { timeout }, () => {
  test('in the process of its relay, over a recorded log, fills bootstrap.db for its user alone', async () => {
    const folder = folderWith({
      'bootstrap.yaml': bootstrapOf('relay', 'bootstrap-producer'),
      'relay-config.yaml': `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: 'binlog:${ROOT}/samples/quickstart/binlog/mysql-bin.index', sources: [${BOOKS.join(', ')}] }
`,
      'bootstrap-producer-config.yaml': `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      bootstrapProducerConfig: { seeding: none, bootstrapProperties: { databus.bootstrap.bootstrapLogSize: 50 } }
      physicalSources: [{ name: books, sources: [${BOOKS.join(', ')}] }]
`,
    })
    const process = await launched(folder)
    const path = join(folder, '.aesop/bootstrap.db')
    await served(path, BOOKS, 0n)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, '.aesop')).mode & 0o777).toBe(0o700)
    expect(await process.stop()).toBe(0)
  })

  test('follows a relay of another process, and goes on behind its store after a restart', async () => {
    const port = await freePort()
    const relay = folderWith({
      'bootstrap.yaml': bootstrapOf('relay'),
      'relay-config.yaml': `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: ${port} } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: 'memory:shop?eventsPerSecond=200', sources: [shop.item] }
`,
    })
    const producer = folderWith({
      'bootstrap.yaml': bootstrapOf('bootstrap-producer'),
      'bootstrap-producer-config.yaml': `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      bootstrapProducerConfig: { seeding: none }
      relays: [{ relayPort: ${port} }]
      physicalSources: [{ name: shop, sources: [shop.item] }]
      store: { class: SqliteBootstrapStore, properties: { file: data/shop.db } }
`,
    })
    mkdirSync(join(producer, 'data'))
    const path = join(producer, 'data/shop.db')
    const early = await launched(producer)
    await early.until(() => early.errors.includes('no relay can be followed now'), timeout, 'it waited for a relay')
    await launched(relay)
    await served(path, ['shop.item'], 0n)
    await early.stop('SIGKILL')
    const [before] = await statesOf(path)
    const again = await launched(producer)
    await served(path, ['shop.item'], before?.stream.logScn)
    expect(await again.stop()).toBe(0)
  })
})
