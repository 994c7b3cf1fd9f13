import { type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MysqlEventProducer, mysqlSource } from '@aesop/producer-mysql'
import { RelayEventProducer } from '@aesop/producer-relay'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { HttpSnapshots } from '@aesop/wire'
import { expect, it, onTestFinished } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { newFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'
import { rowsOfChunk } from '../support/value-sink.ts'

const { signal } = new AbortController()

function contextOf(id: string): BeanContext {
  return {
    id,
    container: id,
    log: silentLogger,
    signal,
    projectsRoot: '/tmp',
    stateDirectory: newFolder('snapshot-relay'),
    shared: new Map<string, unknown>(),
    fail: () => undefined,
  }
}

async function serverWith(statements: string): Promise<MariadbServer> {
  const server = await MariadbServer.start()
  onTestFinished(() => server.destroy())
  await server.query(statements)
  return server
}

async function started<Producer extends MysqlEventProducer | RelayEventProducer>(
  physicalSourceConfig: PhysicalSourceConfig,
  eventProducer: Producer,
  context: BeanContext,
  port = 0,
): Promise<{ relay: Relay; eventProducer: Producer; snapshots: HttpSnapshots }> {
  const registration = new ProducerRegistration({ eventProducer, physicalSourceConfig })
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': port } })
  const relay = new Relay({ config, registrations: [registration] }, context)
  relay.init()
  await relay.start()
  const snapshots = new HttpSnapshots({ host: '127.0.0.1', port: relay.address?.port ?? 0 }, 'test')
  onTestFinished(() => {
    snapshots.close()
    return relay.stop()
  })
  return { relay, eventProducer, snapshots }
}

function relayOf(server: MariadbServer, port = 0): ReturnType<typeof started<MysqlEventProducer>> {
  const physicalSourceConfig = mysqlSource({ uri: server.uri(), name: 'shop', sources: ['r.t'] })
  const context = contextOf('relay')
  return started(physicalSourceConfig, new MysqlEventProducer({ physicalSourceConfig }, context), context, port)
}

/** A relay that follows another one. */
function followerOf(relay: Relay): ReturnType<typeof started<RelayEventProducer>> {
  const uri = `relay://127.0.0.1:${relay.address?.port ?? 0}`
  const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'shop', sources: ['r.t'] })
  const context = contextOf('follower')
  return started(physicalSourceConfig, new RelayEventProducer({ physicalSourceConfig }, context), context)
}

it('a process beside a relay gets the rows of a real table over its port, and then their changes', async () => {
  const server = await serverWith(
    "CREATE DATABASE r; CREATE TABLE r.t (k VARCHAR(9) PRIMARY KEY, n INT); INSERT INTO r.t VALUES ('a', 1), ('é', 2), ('z', 3)",
  )
  const { relay, snapshots } = await relayOf(server)
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

it('a relay that follows another one gives its rows, when its own stream has come to what they saw', async () => {
  const server = await serverWith(
    'CREATE DATABASE r; CREATE TABLE r.t (k INT PRIMARY KEY, n INT); INSERT INTO r.t SELECT seq, 0 FROM r.seq_1_to_10',
  )
  const first = await relayOf(server)
  const follower = await followerOf(first.relay)
  await server.query('UPDATE r.t SET n = 1 WHERE k = 1')
  await until('the change has come', () => follower.relay.buffer?.lastScn === first.relay.buffer?.lastScn)
  const request = { source: 'r.t', maxRows: 4 }
  const [chunk, wanted] = [
    await follower.snapshots.readChunk(request, signal),
    await first.snapshots.readChunk(request, signal),
  ]
  expect(chunk).toMatchObject({ rows: 4, atScn: wanted.atScn, visibleScn: wanted.visibleScn, next: wanted.next })
  expect(rowsOfChunk(chunk)).toEqual(rowsOfChunk(wanted))
  expect(await follower.snapshots.describe('r.t')).toEqual(await first.snapshots.describe('r.t'))

  // What is on its way when it is held may be one window.
  follower.eventProducer.pause()
  for (const k of [2, 3, 4]) await server.query(`UPDATE r.t SET n = 2 WHERE k = ${k}`)
  await until('the change is there', () => (first.relay.buffer?.lastScn ?? 0n) > (follower.relay.buffer?.lastScn ?? 0n))
  let hasCome = false
  const waiting = follower.snapshots.readChunk(request, signal).finally(() => (hasCome = true))
  await first.snapshots.readChunk(request, signal)
  expect(hasCome).toBe(false)
  follower.eventProducer.resume()
  const { visibleScn } = await waiting
  expect(follower.relay.buffer?.lastScn).toBeGreaterThanOrEqual(visibleScn)

  // No event tells of the new schema yet.
  await server.query('ALTER TABLE r.t ADD COLUMN more INT DEFAULT 7')
  const altered = await follower.snapshots.readChunk(request, signal)
  const told = await fetch(
    `http://127.0.0.1:${follower.relay.address?.port ?? 0}/register?sources=${rowsOfChunk(altered)[0]?.sourceId ?? ''}`,
  )
  expect(await told.text()).toContain('more')
})

it('a relay that follows another one takes no rows of a relay whose SCNs are of another space', async () => {
  const table = 'CREATE DATABASE r; CREATE TABLE r.t (k INT PRIMARY KEY, n INT); INSERT INTO r.t VALUES (1, 1)'
  const own = await relayOf(await serverWith(table))
  const follower = await followerOf(own.relay)
  const port = own.relay.address?.port ?? 0
  await own.relay.stop()
  await relayOf(await serverWith(table), port)
  await expect(follower.snapshots.readChunk({ source: 'r.t', maxRows: 4 }, signal)).rejects.toMatchObject({
    message: expect.stringContaining('AESOP_UPSTREAM_SPACE_FOREIGN') as string,
  })
})
