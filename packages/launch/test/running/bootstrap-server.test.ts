import { chmodSync, chownSync, cpSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapCheckpoint } from '@aesop/checkpoint'
import { formatStartScnRequest } from '@aesop/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../../test/support/free-port.ts'
import { LaunchedProcess } from '../../../../test/support/launched-process.ts'
import { fetchSearched } from '../../../../test/support/searched-page.ts'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'
import { until } from '../../../../test/support/until.ts'

const timeout = 180_000
const NOBODY = 65534

function bootstrapOf(...containers: readonly string[]): string {
  return `beans:
  bootstrapInfo:
    class: BootstrapInfo
    properties: { applicationName: shop, projectsRoot: ., componentContainers: [${containers.join(', ')}] }
`
}

/** A folder with descriptors, which is gone with the test. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = newFolder('bootstrap-server')
  onTestFinished(() => {
    removeFolder(folder)
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

function launch(folder: string, through: readonly string[] = []): LaunchedProcess {
  const process = LaunchedProcess.start(['bootstrap.yaml', '--admin', 'off'], {}, folder, through)
  onTestFinished(async () => {
    if (process.exitCode === undefined) await process.stop('SIGKILL')
  })
  return process
}

/** One that other users reach, as that of the run is not. */
function folderForAll(name: string): string {
  const folder = newFolder(name, tmpdir())
  chmodSync(folder, 0o755)
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** A relay that makes rows. */
function relaying(port: number): string {
  return folderWith({
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
}

function producing(store: string, relayPort: number): string {
  return folderWith({
    'bootstrap.yaml': bootstrapOf('bootstrap-producer'),
    'bootstrap-producer-config.yaml': `beans:
  producer:
    class: DefaultBootstrapProducerFactory
    properties:
      bootstrapProducerConfig: { seeding: none }
      relays: [{ relayPort: ${relayPort} }]
      physicalSources: [{ name: shop, sources: [shop.item] }]
      store: { class: SqliteBootstrapStore, properties: { file: ${store} } }
`,
  })
}

function serving(store: string, port: number): string {
  return folderWith({
    'bootstrap.yaml': bootstrapOf('bootstrap'),
    'bootstrap-config.yaml': `beans:
  server:
    class: DefaultBootstrapServerFactory
    properties:
      bootstrapConfig:
        checkpointDirectoryLocation: checkpoints
        bootstrapProperties:
          databus.bootstrap.db.container.httpPort: ${port}
          databus.bootstrap.enableMinScnCheck: false
          databus.bootstrap.db.bootstrapBatchSize: 1000
      store: { class: SqliteBootstrapStore, properties: { file: ${store} } }
`,
  })
}

const BEGUN = {
  phase: 'snapshot',
  sinceScn: 0n,
  startScn: -1n,
  targetScn: -1n,
  snapshotSource: 'shop.item',
  snapshotIndex: 0,
  snapshotOffset: 0n,
  catchupSource: '',
  catchupIndex: 0,
  windowScn: -1n,
  windowOffset: -1n,
} as const

/** What `/startSCN` says, or why it says nothing. */
async function startScn(port: number): Promise<string> {
  const path = formatStartScnRequest(['shop.item'], bootstrapCheckpoint(BEGUN))
  return (await fetchSearched(`http://127.0.0.1:${port}${path}`)).text
}

describe('a bootstrap server as a process', { timeout }, () => {
  test('waits for the store of a producer that starts later, and reads beside it', async () => {
    const shared = folderForAll('bootstrap-store')
    const store = join(shared, 'store/bootstrap.db')
    const port = await freePort()
    const server = launch(serving(store, port))
    await server.untilReady(timeout)
    expect(server.errors).toMatch(/there is no bootstrap store .* yet: it is waited for/)
    expect(server.errors).toMatch(/enableMinScnCheck has no effect/)
    expect(server.errors).toMatch(/checkpointDirectoryLocation has no effect/)
    expect(await startScn(port)).toMatch(/there is no bootstrap store/)
    const relayPort = await freePort()
    await launch(relaying(relayPort)).untilReady(timeout)
    const folder = producing(store, relayPort)
    const producer = launch(folder)
    await until('it has a start SCN', async () => /^"[1-9]\d*"$/.test(await startScn(port)), timeout)
    await server.until(() => /the bootstrap store .* is there/.test(server.errors), timeout, 'it saw its store')
    for (const file of ['', '-wal', '-shm']) expect(statSync(store + file).mode & 0o777).toBe(0o600)
    expect(statSync(join(shared, 'store')).mode & 0o777).toBe(0o700)
    // The producer ends and begins again beside a server that reads.
    await producer.stop('SIGKILL')
    expect(await startScn(port)).toMatch(/^"\d+"$/)
    const again = launch(folder)
    await again.untilReady(timeout)
    expect(await again.stop()).toBe(0)
    expect(await server.stop()).toBe(0)
  })

  test('as another user is refused the store by name, and goes on asking', async () => {
    const shared = folderForAll('bootstrap-store')
    const store = join(shared, 'store/bootstrap.db')
    const relayPort = await freePort()
    await launch(relaying(relayPort)).untilReady(timeout)
    const producer = launch(producing(store, relayPort))
    await producer.untilReady(timeout)
    const port = await freePort()
    const folder = folderForAll('bootstrap-server')
    cpSync(serving(store, port), folder, { recursive: true })
    chownSync(folder, NOBODY, NOBODY)
    const server = launch(folder, ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'])
    await server.untilReady(timeout)
    expect(server.errors).toMatch(/could not open its file: EACCES: permission denied/)
    expect(await startScn(port)).toMatch(/permission denied/)
    expect(await server.stop()).toBe(0)
    expect(await producer.stop()).toBe(0)
  })
})
