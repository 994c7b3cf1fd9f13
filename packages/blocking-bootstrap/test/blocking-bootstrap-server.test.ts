import { type EventConsumer } from '@aesop/client'
import { type BeanContext, type RunResult } from '@aesop/kernel'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { testLog } from '../../../test/support/test-log.ts'
import { until } from '../../../test/support/until.ts'
import {
  BlockingBootstrapConfig,
  type BlockingBootstrapConfigOptions,
  BlockingRegistration,
} from '../src/blocking-beans.ts'
import {
  BlockingBootstrapServerFactory,
  type BlockingBootstrapServerFactoryOptions,
} from '../src/blocking-bootstrap-server-factory.ts'
import { type BlockingBootstrapServer } from '../src/blocking-bootstrap-server.ts'
import { ITEM, LoggedProducer, LoggedShop, SHOP } from './logged-shop.ts'

/** A process with one bean. */
class Launch {
  readonly folder = newFolder('blocking')
  readonly results: RunResult[] = []
  readonly failures: Error[] = []
  readonly keys: string[] = []
  readonly partitions: unknown[] = []
  readonly shop = new LoggedShop().hasHad(ITEM.name, 1, 2, 3, 4, 5)
  readonly #context: BeanContext

  constructor() {
    onTestFinished(() => {
      removeFolder(this.folder)
    })
    this.#context = {
      id: 'blocking',
      container: 'blocking-bootstrap',
      log: testLog('blocking'),
      signal: new AbortController().signal,
      projectsRoot: this.folder,
      stateDirectory: join(this.folder, '.aesop'),
      shared: new Map(),
      fail: (error) => this.failures.push(error),
      finish: (result) => this.results.push(result),
    }
  }

  readonly consumer: EventConsumer = {
    onDataEvent: ({ key }) => {
      this.keys.push(String(key))
    },
  }

  make(
    config: BlockingBootstrapConfigOptions,
    options: Partial<BlockingBootstrapServerFactoryOptions> = {},
  ): BlockingBootstrapServer {
    const eventProducer = new LoggedProducer(this.shop)
    const { consumer } = this
    return new BlockingBootstrapServerFactory(
      {
        bootstrapConfig: new BlockingBootstrapConfig({ progressMs: 0, ...config }),
        ...(options.consumerFactory === undefined ? { consumer } : {}),
        producerRegistrationList: [new BlockingRegistration({ physicalSourceConfig: SHOP, eventProducer })],
        producerFor: () => Promise.resolve(undefined),
        ...options,
      },
      this.#context,
    ).createInstance()
  }

  async started(...parameters: Parameters<Launch['make']>): Promise<BlockingBootstrapServer> {
    const server = this.make(...parameters)
    onTestFinished(() => server.stop())
    await server.start()
    return server
  }
}

describe('the bean of a blocking bootstrap', () => {
  test('ends its process when it is done, with the place where an online client takes over, and begins no row again', async () => {
    const launch = new Launch()
    const server = await launch.started({ until: 'now' })
    await until('it is done', () => launch.results.length > 0)
    expect(launch.keys.toSorted()).toEqual(['1', '2', '3', '4', '5'])
    expect(launch.results).toEqual([
      {
        text: `shop: 5 rows of 2 tables and 0 windows of the log are with the consumers. An online client takes over at SCN 100 (startFrom: '100').`,
        data: {
          sources: [{ physicalSource: 'shop', takeoverScn: '100', scnSpace: 'shop-1', rows: 5, windows: 0, events: 5 }],
        },
      },
    ])
    expect(server.health()).toEqual({ status: 'up' })
    expect(server.metrics().map(({ name }) => name)).toContain('aesop_blocking_table_rows')
    await server.stop()
    await server.stop()
    const kept = readdirSync(join(launch.folder, '.aesop/blocking-bootstrap')).toSorted()
    expect(kept).toEqual(['shop.place.json', 'shop.rows.json'])
    await launch.started({ until: 'now' })
    await until('it is done again', () => launch.results.length > 1)
    expect(launch.keys).toHaveLength(5)
  })

  test('keeps what it stores in maxScnDirectoryLocation, and says which file can not be read', async () => {
    const launch = new Launch()
    mkdirSync(join(launch.folder, 'places'))
    writeFileSync(join(launch.folder, 'places/shop.rows.json'), '{ torn')
    const config = { until: 'now', maxScnDirectoryLocation: 'places' }
    await expect(launch.make(config).start()).rejects.toMatchObject({
      code: 'AESOP_BLOCKING_PROGRESS_UNREADABLE',
      message: expect.stringContaining('places/shop.rows.json') as string,
    })
    // The remedy that is told.
    rmSync(join(launch.folder, 'places/shop.rows.json'))
    await launch.started(config)
    await until('it is done', () => launch.results.length > 0)
  })

  test('makes a consumer for each partition', async () => {
    const launch = new Launch()
    const consumerFactory = {
      createConsumer: ({ partition }: { partition?: unknown }) => {
        launch.partitions.push(partition)
        return launch.consumer
      },
    }
    await launch.started({ until: 'now', numberOfPartitions: 3 }, { consumerFactory })
    await until('it is done', () => launch.results.length > 0)
    expect(launch.partitions).toEqual([0, 1, 2].map((id) => ({ id, of: 3 })))
    expect(launch.keys.toSorted()).toEqual(['1', '2', '3', '4', '5'])
  })

  test('refuses what can not be, by name', () => {
    const launch = new Launch()
    const code = (make: () => unknown): unknown => {
      try {
        return make()
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(code(() => launch.make({ numberOfPartitions: 2 }))).toBe('AESOP_BLOCKING_ONE_CONSUMER')
    const consumerFactory = { createConsumer: () => launch.consumer }
    const both = { consumer: launch.consumer, consumerFactory }
    expect(code(() => launch.make({}, both))).toBe('AESOP_BLOCKING_CONSUMER_MISSING')
  })

  test('refuses two of one source in a process, and a scheme that nobody reads', async () => {
    const launch = new Launch()
    await launch.started({})
    await expect(launch.make({}).start()).rejects.toMatchObject({ code: 'AESOP_BLOCKING_SOURCE_TAKEN' })
    const producerRegistrationList = [
      new BlockingRegistration({ physicalSourceConfig: { uri: 'other://x', name: 'other', sources: [ITEM] } }),
    ]
    await expect(launch.make({}, { producerRegistrationList }).start()).rejects.toMatchObject({
      code: 'AESOP_BLOCKING_PRODUCER_UNKNOWN',
    })
  })

  test('of a consumer that has no onDataEvent says so', async () => {
    const consumerFactory = { createConsumer: () => ({}) as EventConsumer }
    const starting = new Launch().make({}, { consumerFactory }).start()
    await expect(starting).rejects.toMatchObject({ code: 'AESOP_BLOCKING_CONSUMER_MISSING' })
  })
})
