import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ChangeEvent,
  Client,
  ClientConfig,
  type ConsumerContext,
  ConsumerRegistration,
  DefaultClientFactory,
  type MysqlChangeEvent,
  MysqlEventConsumer,
  RelayClientConfig,
} from '@aesop/client'
import { Checkpoint, FileCheckpointStore, ProcessReaders } from '@aesop/checkpoint'
import { type BeanContext, silentLogger, silentMeters } from '@aesop/kernel'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from './support/eventually.ts'
import { TestRelay } from './support/test-relay.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

function context(): BeanContext {
  const root = mkdtempSync(join(tmpdir(), 'aesop-client-'))
  undo.push(() => {
    rmSync(root, { recursive: true })
  })
  return {
    id: 'client',
    container: 'client',
    log: silentLogger,
    signal: new AbortController().signal,
    projectsRoot: root,
    stateDirectory: join(root, '.aesop'),
    shared: new Map<string, unknown>(),
    fail: (error) => {
      throw error
    },
  }
}

const consumer = { onDataEvent: () => undefined }
const logicalSources = ['or_test.person']

describe('the client of a descriptor', () => {
  it('times the saves of its checkpoints with the meters and the tracer of its context, until a registration is removed', async () => {
    const relay = new TestRelay()
    relay.append(5n, [{ id: 1, name: 'a' }])
    const tookMs: number[] = []
    const spans: unknown[] = []
    const forgotten: unknown[] = []
    const beans: BeanContext = {
      ...context(),
      meters: {
        ...silentMeters,
        histogram: () => ({ observe: (ms) => tookMs.push(ms) }),
        forget: (labels) => forgotten.push(labels),
      },
      tracer: { startSpan: (name, attributes) => ({ end: (error) => spans.push([name, attributes, error]) }) },
    }
    beans.shared.set('relay.address', await relay.start())
    undo.push(() => relay.stop())
    const registration = new ConsumerRegistration({ id: 'people', logicalSources, eventConsumer: consumer })
    const client = new Client(new ClientConfig(), [registration], beans)
    await client.start()
    undo.push(() => client.stop())
    await eventually('the place is stored', () => tookMs.length > 0)
    expect(spans[0]).toEqual(['aesop.checkpoint.save', { registration: 'people' }, undefined])
    expect(forgotten).toEqual([])
    await client.remove('people')
    expect(forgotten).toEqual([{ registration: 'people' }])
  })

  it('finds the relay of its process and keeps its checkpoints in the state folder', async () => {
    const relay = new TestRelay()
    relay.append(5n, [{ id: 1, name: 'a' }])
    const beans = context()
    beans.shared.set('relay.address', await relay.start())
    undo.push(() => relay.stop())
    const seen: ChangeEvent[] = []
    const made: unknown[] = []
    const consumerFactory = {
      createConsumer: (given: unknown) => {
        made.push(given)
        return { onDataEvent: (event: ChangeEvent) => void seen.push(event.copy()) }
      },
    }
    const registration = new ConsumerRegistration({ logicalSources, consumerFactory })
    const client = new DefaultClientFactory({ consumerRegistrationList: [registration] }, beans).createInstance()
    await client.start()
    undo.push(() => client.stop())
    await eventually('the row', () => client.registrations[0]?.checkpoint?.windowScn === 5n)
    expect(made).toMatchObject([{ registration: 'or_test.person', logicalSources }])
    expect(seen.map(({ row }) => row)).toEqual([{ id: 1n, name: 'a' }])
    expect(client.health()).toEqual({ status: 'up' })
    expect(client.metrics().find(({ name }) => name === 'aesop_client_events_processed_total')?.value).toBe(1)
    expect(client.describe()).toMatchObject({
      registrations: [{ id: 'or_test.person', state: 'streaming', checkpoint: 5n }],
    })
    expect(client.actions['pause']?.()).toBe(1)
    await client.stop()
    const store = new FileCheckpointStore(join(beans.stateDirectory, 'checkpoints'), 'or_test.person')
    expect(store.load()?.windowScn).toBe(5n)
  })

  it.each([
    [
      'no consumer',
      () => new ConsumerRegistration({ logicalSources }),
      'names neither eventConsumer and consumerFactory',
    ],
    [
      'no source',
      () => new ConsumerRegistration({ logicalSources: [], eventConsumer: consumer }),
      'names no logicalSources',
    ],
    [
      'two of one id',
      () => {
        const one = new ConsumerRegistration({ logicalSources, eventConsumer: consumer })
        return new Client(new ClientConfig(), [one, one], context())
      },
      'has the id of another one',
    ],
    [
      'an empty id',
      () => new ConsumerRegistration({ id: ' ', logicalSources, eventConsumer: consumer }),
      'has an empty id',
    ],
    [
      'half a character in its id',
      () => new ConsumerRegistration({ id: 'a\ud800', logicalSources, eventConsumer: consumer }),
      'has an id that is no text',
    ],
    [
      'the id of another one',
      () => {
        const registrations = ['people', 'people'].map(
          (id) => new ConsumerRegistration({ id, logicalSources, eventConsumer: consumer }),
        )
        return new Client(new ClientConfig(), registrations, context())
      },
      'has the id of another one',
    ],
  ])('refuses a registration with %s', (_what, make, message) => {
    expect(make).toThrow(message)
  })

  it('takes ids that differ in case alone for two', () => {
    const registrations = ['People', 'people'].map(
      (id) => new ConsumerRegistration({ id, logicalSources, eventConsumer: consumer }),
    )
    const client = new Client(new ClientConfig(), registrations, context())
    expect(() => {
      void client.init()
    }).not.toThrow()
  })

  it('refuses the id of a registration of another client of its process, until that has ended', () => {
    const beans = context()
    const clientOf = (id: string): Client =>
      new Client(new ClientConfig(), [new ConsumerRegistration({ id, logicalSources, eventConsumer: consumer })], beans)
    const [first, second] = [clientOf('people'), clientOf('people')]
    void first.init()
    expect(() => {
      void second.init()
    }).toThrow('has the id of another one')
    second.destroy()
    expect(() => {
      void clientOf('people').init()
    }).toThrow('has the id of another one')
    first.destroy()
    void second.init()
  })

  it('asks a checkpointStore that answers later where its registration stands before a relay does', async () => {
    const beans = context()
    const checkpointStore = {
      load: vi.fn(() => Promise.resolve(Checkpoint.online(77n))),
      save: () => Promise.resolve(),
      clear: () => Promise.resolve(),
    }
    const one = new ConsumerRegistration({ id: 'people', logicalSources, eventConsumer: consumer, checkpointStore })
    const client = new Client(new ClientConfig(), [one], beans)
    await client.init()
    const [reader] = ProcessReaders.of(beans.shared).all()
    expect([reader?.checkpointScn, reader?.checkpointScn]).toEqual([77n, 77n])
    expect(checkpointStore.load).toHaveBeenCalledTimes(1)
    const [desk] = await client.placeDesks()
    expect(desk?.keptIn).toBe('the checkpointStore of the registration "people"')
    expect(await desk?.show()).toEqual({ scn: 77n })
    client.destroy()
  })

  it('gives a factory what its consumer acknowledges windows with', async () => {
    const relay = new TestRelay()
    for (const scn of [5n, 6n]) relay.append(scn, [{ id: Number(scn), name: 'a' }])
    const beans = context()
    beans.shared.set('relay.address', await relay.start())
    undo.push(() => relay.stop())
    const early: unknown[] = []
    const consumerFactory = {
      createConsumer: ({ acknowledge }: ConsumerContext) => {
        try {
          acknowledge(5n)
        } catch (error) {
          early.push(error)
        }
        return {
          onDataEvent: () => undefined,
          onCheckpoint: (scn: bigint) => {
            if (scn === 5n) acknowledge(scn)
          },
        }
      },
    }
    const one = new ConsumerRegistration({ id: 'people', logicalSources, consumerFactory, acknowledge: 'consumer' })
    const client = new Client(new ClientConfig(), [one], beans)
    await client.start()
    await eventually('both windows', () => client.registrations[0]?.readScn === 6n)
    await client.stop()
    expect(early).toMatchObject([{ code: 'AESOP_CLIENT_ACKNOWLEDGE_REFUSED' }])
    const store = new FileCheckpointStore(join(beans.stateDirectory, 'checkpoints'), 'people')
    expect(store.load()?.windowScn).toBe(5n)
  })

  it.each([0, 1.5, -1])('refuses unsavedWindowsMax %d', (unsavedWindowsMax) => {
    expect(() => new ClientConfig({ unsavedWindowsMax })).toThrow('unsavedWindowsMax')
  })

  it('refuses two folders for its checkpoints', () => {
    const clientProperties = { 'databus.client.checkpointPersistence.fileSystem.rootDirectory': './here' }
    const one = new ConsumerRegistration({ logicalSources, eventConsumer: consumer })
    const with2 = (checkpointDirectoryLocation: string): Client =>
      new Client(new ClientConfig({ clientProperties, checkpointDirectoryLocation }), [one], context())
    expect(() => with2('./there')).toThrow('checkpointDirectoryLocation says ./there')
    expect(() => with2('./here')).not.toThrow()
  })

  it('refuses, when it starts, a source that no configured relay serves and a consumer that is none', async () => {
    const elsewhere = new RelayClientConfig({ relayLogicalSourceNames: ['or_test.address'] })
    const one = new ConsumerRegistration({ logicalSources, eventConsumer: consumer })
    const client = new Client(new ClientConfig({ relayClientConfigs: [elsewhere] }), [one], context())
    await expect(client.start()).rejects.toThrow('which no configured relay serves')
    const odd = new ConsumerRegistration({ logicalSources, consumerFactory: { createConsumer: () => ({}) as never } })
    await expect(new Client(new ClientConfig(), [odd], context()).start()).rejects.toThrow(
      'without the method onDataEvent',
    )
  })

  it('refuses a filter of a source that it does not ask for', async () => {
    const filters = { 'or_test.address': { partitionType: 'NONE' } }
    const one = new ConsumerRegistration({ logicalSources, eventConsumer: consumer, filters })
    await expect(new Client(new ClientConfig(), [one], context()).start()).rejects.toThrow('none of its logicalSources')
  })

  it('sends its filters by the number of the source', async () => {
    const relay = new TestRelay()
    const { host, port } = await relay.start()
    undo.push(() => relay.stop())
    const filter = { partitionType: 'MOD', filters: [{ numBuckets: 4, bktRange: { start: 0, end: 2 } }] }
    const filters = { 'or_test.person': filter }
    const one = new ConsumerRegistration({ logicalSources, eventConsumer: consumer, filters })
    const config = new ClientConfig({
      relayClientConfigs: [new RelayClientConfig({ relayHost: host, relayPort: port })],
    })
    const client = new Client(config, [one], context())
    await client.start()
    undo.push(() => client.stop())
    await eventually('a request', () => relay.requests.length > 0)
    expect(relay.requests[0]?.filters.get(41)).toEqual({
      type: 'MOD',
      buckets: [{ numBuckets: 4n, start: 0n, end: 2n }],
    })
  })
})

describe('a consumer of MySQL rows', () => {
  it('gets database, table, primary key and column types from the schema', async () => {
    const relay = new TestRelay()
    relay.append(1n, [{ id: 7, name: 'a' }])
    const beans = context()
    beans.shared.set('relay.address', await relay.start())
    undo.push(() => relay.stop())
    const seen: MysqlChangeEvent[] = []
    class People extends MysqlEventConsumer {
      processEvent(event: MysqlChangeEvent): void {
        seen.push(event.copy())
      }
    }
    const one = new ConsumerRegistration({ logicalSources, eventConsumer: new People() })
    const client = new Client(new ClientConfig(), [one], beans)
    await client.start()
    undo.push(() => client.stop())
    await eventually('the row', () => seen.length === 1)
    const [event] = seen
    expect(event).toMatchObject({ database: 'or_test', table: 'person', primaryKey: { id: 7n }, key: 7n, scn: 1n })
    expect(event?.columnTypes).toEqual({ id: 'bigint', name: 'varchar(64)' })
    expect(event?.row).toEqual({ id: 7n, name: 'a' })
  })
})
