import { silentLogger } from '@aesop/kernel'
import { MysqlEventProducer, mysqlSource } from '@aesop/producer-mysql'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { HttpSnapshots } from '@aesop/wire'
import { expect, it, onTestFinished } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { newFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'
import { rowsOfChunk } from '../support/value-sink.ts'

it('a process beside a relay gets the rows of a real table over its port, and then their changes', async () => {
  const server = await MariadbServer.start()
  onTestFinished(() => server.destroy())
  await server.query(
    "CREATE DATABASE r; CREATE TABLE r.t (k VARCHAR(9) PRIMARY KEY, n INT); INSERT INTO r.t VALUES ('a', 1), ('é', 2), ('z', 3)",
  )
  const context = {
    id: 'relay',
    container: 'relay',
    log: silentLogger,
    signal: new AbortController().signal,
    projectsRoot: '/tmp',
    stateDirectory: newFolder('snapshot-relay'),
    shared: new Map<string, unknown>(),
    fail: () => undefined,
  }
  const physicalSourceConfig = mysqlSource({ uri: server.uri(), name: 'shop', sources: ['r.t'] })
  const registration = new ProducerRegistration({
    eventProducer: new MysqlEventProducer({ physicalSourceConfig }, context),
    physicalSourceConfig,
  })
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const relay = new Relay({ config, registrations: [registration] }, context)
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  const snapshots = new HttpSnapshots({ host: '127.0.0.1', port: relay.address?.port ?? 0 }, 'test')
  onTestFinished(() => {
    snapshots.close()
  })
  const { signal } = new AbortController()
  await expect(snapshots.describe('r.t')).resolves.toMatchObject({ key: ['k'], isKeyless: false })
  const keys: string[] = []
  let visibleScn = -1n
  for (let after: string | undefined; ;) {
    const chunk = await snapshots.readChunk({ source: 'r.t', maxRows: 2, after }, signal)
    keys.push(...rowsOfChunk(chunk).map(({ key }) => String(key)))
    visibleScn = chunk.visibleScn
    if (chunk.next === undefined) break
    after = chunk.next
  }
  expect(keys).toEqual(['a', 'é', 'z'])
  await server.query("UPDATE r.t SET n = 9 WHERE k = 'a'")
  await until('the change is in the buffer', () => (relay.buffer?.lastScn ?? -1n) > visibleScn)
  await expect(snapshots.readChunk({ source: 'r.t', maxRows: 2, where: 'n = 9' }, signal)).rejects.toMatchObject({
    message: expect.stringMatching(/token/i) as string,
  })
  const [changed] = rowsOfChunk(await snapshots.readChunk({ source: 'r.t', maxRows: 1 }, signal))
  expect(changed).toMatchObject({ key: 'a', scn: relay.buffer?.lastScn })
})
