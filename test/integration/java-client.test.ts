import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MysqlEventProducer } from '@aesop/producer-mysql'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { FileSchemaRegistry, MemorySchemaRegistry, type SchemaRegistry } from '@aesop/schema'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { JavaLikeClient } from '../support/java-like-client.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { ROW_TEXT } from '../support/markers.ts'

/*
 * An unmodified Java client of Databus at a relay of ours: it asks for schemas on connecting only, and knows them by the
 * ids that it computes itself.
 */
const SOURCE = { id: 40, name: 'com.x.shop.item', uri: 'shop.item' }

interface RunningRelay {
  readonly client: JavaLikeClient
  readonly schemas: SchemaRegistry
}

async function startRelay(
  server: MariadbServer,
  startFrom: 'earliest' | 'latest',
  schemas: SchemaRegistry = new MemorySchemaRegistry(),
): Promise<RunningRelay> {
  const stateDirectory = newFolder('java')
  const context: BeanContext = {
    id: 'relay',
    container: 'relay',
    log: silentLogger,
    signal: new AbortController().signal,
    projectsRoot: stateDirectory,
    stateDirectory,
    shared: new Map(),
    fail: () => undefined,
  }
  const physicalSourceConfig = new PhysicalSourceConfig({
    uri: server.uri(),
    name: 'shop',
    sources: [SOURCE],
    startFrom,
  })
  const eventProducer = new MysqlEventProducer({ physicalSourceConfig, heartbeatMs: 200 }, context)
  const relay = new Relay(
    {
      config: new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } }),
      registrations: [new ProducerRegistration({ physicalSourceConfig, eventProducer })],
      schemas,
    },
    context,
  )
  relay.init()
  await relay.start()
  const client = new JavaLikeClient(relay.address?.port ?? 0, [SOURCE.name])
  onTestFinished(async () => {
    client.close()
    await relay.stop()
    relay.destroy()
    removeFolder(stateDirectory)
  })
  return { client, schemas }
}

async function rowsOf(client: JavaLikeClient, count: number): Promise<unknown[]> {
  await until(`${count} rows`, async () => {
    await client.turn()
    if (client.stuck !== undefined) throw new Error(client.stuck)
    return client.rows.length >= count
  })
  return client.rows.map(({ row }) => row)
}

/** `id name n`: the fields of each version, oldest first. */
const fieldsOf = (schemas: SchemaRegistry): string[] =>
  schemas
    .versions(SOURCE.name)
    .map(({ text }) => (JSON.parse(text) as { fields: { name: string }[] }).fields.map(({ name }) => name).join(' '))

describe.each(['FULL', 'NO_LOG'] as const)('a Java client, with row metadata %s,', (rowMetadata) => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ rowMetadata })
  })
  afterAll(() => server.destroy())
  beforeEach(async () => {
    await server.query('RESET MASTER')
    await server.query('CREATE OR REPLACE DATABASE shop')
    await server.query('CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))')
  })

  test('has the schema of a table that has no row yet, and reads across changes of it without losing a row', async () => {
    const { client, schemas } = await startRelay(server, 'latest')
    const { revision } = schemas
    expect(await client.turn()).toBe(true)
    await server.query(`INSERT INTO shop.item VALUES (1, '${ROW_TEXT}')`)
    expect(await rowsOf(client, 1)).toEqual([{ id: 1, name: ROW_TEXT }])
    expect([client.connections, schemas.revision]).toEqual([1, revision])
    await server.query('ALTER TABLE shop.item ADD COLUMN n INT')
    await server.query("INSERT INTO shop.item VALUES (2, 'ink', 20)")
    expect((await rowsOf(client, 2))[1]).toEqual({ id: 2, name: 'ink', n: 20 })
    expect(client.connections).toBe(2)
    await server.query('ALTER TABLE shop.item DROP COLUMN name')
    await server.query('INSERT INTO shop.item VALUES (3, 30)')
    expect((await rowsOf(client, 3))[2]).toEqual({ id: 3, n: 30 })
    expect(client.connections).toBe(3)
    expect(fieldsOf(schemas)).toEqual(['id name', 'id name n', 'id n'])
  })

  test('finds a shape that comes back under its old id, as the newest', async () => {
    const { client, schemas } = await startRelay(server, 'latest')
    await server.query(`INSERT INTO shop.item VALUES (1, '${ROW_TEXT}')`)
    await rowsOf(client, 1)
    for (const [i, change] of ['ADD COLUMN n INT', 'DROP COLUMN n'].entries()) {
      await server.query(`ALTER TABLE shop.item ${change}`)
      await server.query(`INSERT INTO shop.item (id, name) VALUES (${i + 2}, 'more')`)
      await rowsOf(client, i + 2)
    }
    expect(client.rows.map(({ row }) => Object.keys(row).join(' '))).toEqual(['id name', 'id name n', 'id name'])
    expect(fieldsOf(schemas)).toEqual(['id name', 'id name n', 'id name'])
  })
})

describe('a Java client', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start()
  })
  afterAll(() => server.destroy())
  beforeEach(async () => {
    await server.query('RESET MASTER')
    await server.query('CREATE OR REPLACE DATABASE shop')
  })

  test('finds a schema that people wrote in their own way, before there is a row', async () => {
    const handWritten = newFolder('java')
    onTestFinished(() => {
      removeFolder(handWritten)
    })
    const id = { type: ['long', 'null'], meta: 'dbFieldName=id;', name: 'itemId', unit: 'pieces', pii: 'no', length: 9 }
    const schema = {
      doc: 'By hand.',
      name: 'Item_V1',
      meta: 'pk=itemId;',
      namespace: 'com.x',
      fields: [id],
      type: 'record',
    }
    writeFileSync(join(handWritten, `${SOURCE.name}.1.avsc`), JSON.stringify(schema, null, 2))
    await server.query('CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))')
    const registry = new FileSchemaRegistry({ handWritten, derived: join(handWritten, 'derived') })
    const { client } = await startRelay(server, 'latest', registry)
    expect(await client.turn()).toBe(true)
    await server.query(`INSERT INTO shop.item VALUES (1, '${ROW_TEXT}')`)
    expect(await rowsOf(client, 1)).toEqual([{ itemId: 1n }])
  })

  test('reads older rows in the newest shape, where the relay lags behind', async () => {
    await server.query('CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20))')
    await server.query(`INSERT INTO shop.item VALUES (1, '${ROW_TEXT}')`)
    await server.query('ALTER TABLE shop.item ADD COLUMN n INT')
    await server.query("INSERT INTO shop.item VALUES (2, 'ink', 20)")
    const { client, schemas } = await startRelay(server, 'earliest')
    expect(await rowsOf(client, 2)).toEqual([
      { id: 1, name: ROW_TEXT, n: null },
      { id: 2, name: 'ink', n: 20 },
    ])
    expect(fieldsOf(schemas)).toEqual(['id name n', 'id name', 'id name n'])
  })
})
