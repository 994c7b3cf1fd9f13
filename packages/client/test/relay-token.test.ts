import { join } from 'node:path'
import { Client, ClientConfig, type ClientConfigOptions, ConsumerRegistration, RelayClientConfig } from '@aesop/client'
import { type BeanContext, formatJson, HttpGuard, Secret, silentLogger } from '@aesop/kernel'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from './support/eventually.ts'
import { TestRelay } from './support/test-relay.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { RELAY_TOKEN as TOKEN } from '../../../test/support/markers.ts'

function context(): BeanContext {
  const root = newFolder('client')
  onTestFinished(() => {
    removeFolder(root)
  })
  const { signal } = new AbortController()
  const shared = new Map<string, unknown>()
  const stateDirectory = join(root, '.aesop')
  return {
    id: 'client',
    container: 'client',
    log: silentLogger,
    signal,
    projectsRoot: root,
    stateDirectory,
    shared,
    fail: () => undefined,
  }
}

/** A relay that asks for the token, with one row. */
async function startRelay(token = new Secret(TOKEN)) {
  const relay = new TestRelay()
  relay.guard = new HttpGuard({ host: '127.0.0.1', token })
  relay.append(5n, [{ id: 1, name: 'a' }])
  const { host, port } = await relay.start()
  onTestFinished(() => relay.stop())
  return { relay, host, port }
}

async function startClient(options: ClientConfigOptions, shared?: Map<string, unknown>) {
  const keys: unknown[] = []
  const eventConsumer = { onDataEvent: (event: { key: unknown }) => void keys.push(event.key) }
  const registration = new ConsumerRegistration({ logicalSources: ['or_test.person'], eventConsumer })
  const beans = context()
  const client = new Client(new ClientConfig(options), [registration], { ...beans, shared: shared ?? beans.shared })
  await client.init()
  await client.start()
  onTestFinished(() => client.stop())
  return { client, keys }
}

describe('a relay that asks for a token', () => {
  test('is read with relayToken of the clientConfig', async () => {
    const { host, port } = await startRelay()
    const relay = new RelayClientConfig({ relayHost: host, relayPort: port })
    const { keys } = await startClient({ relayToken: TOKEN, relayClientConfigs: [relay] })
    await eventually('the row', () => keys.length === 1)
  })

  test('is read with the relayToken of its own, which wins', async () => {
    const { host, port } = await startRelay()
    const relay = new RelayClientConfig({ relayHost: host, relayPort: port, relayToken: TOKEN })
    const { keys } = await startClient({ relayToken: `${TOKEN}-of-others`, relayClientConfigs: [relay] })
    await eventually('the row', () => keys.length === 1)
  })

  test('is read with AESOP_RELAY_TOKEN, as the relay of the same process is', async () => {
    vi.stubEnv('AESOP_RELAY_TOKEN', TOKEN)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const { host, port } = await startRelay()
    const { keys } = await startClient({}, new Map([['relay.address', { host, port }]]))
    await eventually('the row', () => keys.length === 1)
    const list = { clientProperties: { 'databus.client.runtime.relaysList': `${host}:${port}` } }
    const { keys: others } = await startClient(list)
    await eventually('the row', () => others.length === 1)
  })

  test('is tried again without one, and health says what it lacks', async () => {
    const { host, port } = await startRelay()
    const relay = new RelayClientConfig({ relayHost: host, relayPort: port })
    const { client, keys } = await startClient({ relayClientConfigs: [relay] })
    await eventually('the refusal', () => client.health().detail?.includes('no token was sent') === true)
    expect(client.health().status).toBe('degraded')
    expect(keys).toEqual([])
  })
})

test('a token that changed is sent with the next connection; one that can not be read is tried again', async () => {
  let token = TOKEN
  const { relay, host, port } = await startRelay(new Secret(() => token))
  let read = (): string => token
  const config = new RelayClientConfig({ relayHost: host, relayPort: port, relayToken: new Secret(() => read()) })
  const { client, keys } = await startClient({ relayClientConfigs: [config] })
  await eventually('the first row', () => keys.length === 1)
  read = () => {
    throw new Error('no such file')
  }
  token = `${TOKEN}-that-came-after`
  await relay.stop()
  relay.append(6n, [{ id: 2, name: 'b' }])
  await relay.start(port)
  await eventually('the fault', () => client.health().detail?.includes('no such file') === true)
  read = () => token
  await eventually('the second row', () => keys.length === 2)
})

test('a token that no header holds is refused at the start, and never shown', () => {
  const registration = new ConsumerRegistration({
    logicalSources: ['a'],
    eventConsumer: { onDataEvent: () => undefined },
  })
  for (const relayToken of ['two words of a token', 'line\nfeed', '']) {
    const client = new Client(new ClientConfig({ relayToken }), [registration], context())
    expect(() => {
      void client.init()
    }).toThrow(/client property "relayToken" is \*\*\*, expected/)
    client.destroy()
  }
  expect(
    formatJson({
      config: new ClientConfig({ relayToken: TOKEN }),
      relay: new RelayClientConfig({ relayToken: TOKEN }),
    }),
  ).not.toContain(TOKEN)
})
