import { join } from 'node:path'
import { FileCheckpointStore, ProcessReaders } from '@aesop/checkpoint'
import { type ChangeEvent, Client, ClientConfig, ConsumerRegistration, type EventConsumer } from '@aesop/client'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { MemoryEventProducer } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { TRANSPORTS } from './support/own-relay.ts'

const SOURCE = 'shop.item'

function testContext(): BeanContext {
  const folder = newFolder('registrations')
  onTestFinished(() => {
    removeFolder(folder)
  })
  return {
    id: 'client',
    container: 'client',
    log: silentLogger,
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    stopTimeoutMs: 5_000,
    shared: new Map(),
    fail: () => undefined,
  }
}

/** A real relay of the process that generates windows of one row, and its buffer. */
async function relayOf(context: BeanContext, uri: string, bufferBytes = 1 << 22): Promise<Relay> {
  const relayProperties = { 'databus.relay.container.httpPort': 0, 'databus.relay.eventBuffer.maxSize': bufferBytes }
  const registration = new ProducerRegistration({
    eventProducer: new MemoryEventProducer(),
    physicalSourceConfig: { uri, name: 'shop', sources: [SOURCE] },
  })
  const relay = new Relay({ config: new RelayConfig({ relayProperties }), registrations: [registration] }, context)
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  return relay
}

class Keys implements EventConsumer {
  readonly seen: number[] = []
  readonly trace: string[] = []
  onDataEvent({ key }: ChangeEvent): void {
    this.seen.push(Number(key))
  }
  onRollback(): void {
    this.trace.push('rollback')
  }
  onStopConsumption(): void {
    this.trace.push('stop')
  }
}
const declared = (id: string, eventConsumer: EventConsumer): ConsumerRegistration =>
  new ConsumerRegistration({ id, logicalSources: [SOURCE], eventConsumer })

/** How the clients of a test read the relay of their process. */
let transport: (typeof TRANSPORTS)[number] = 'direct'

async function started(context: BeanContext, ...registrations: ConsumerRegistration[]): Promise<Client> {
  const client = new Client(new ClientConfig({ followMs: 200, relayTransport: transport }), registrations, context)
  await client.init()
  await client.start()
  onTestFinished(async () => {
    await client.stop()
    client.destroy()
  })
  return client
}
const idsOf = (context: BeanContext): string[] => [...ProcessReaders.of(context.shared).all()].map(({ id }) => id)
const upTo = (windows: number, from: number): number[] => Array.from({ length: windows }, (_, i) => from + i)

describe.each(TRANSPORTS)('registrations of a client that runs, %s', (way) => {
  beforeEach(() => {
    transport = way
  })

  test('come and go, and the others lose and double nothing; one that comes again goes on at its checkpoint', async () => {
    const context = testContext()
    const windows = 400
    const relay = await relayOf(context, `memory:shop?eventsPerSecond=400&windows=${windows}`)
    const [steady, going, coming, again] = [new Keys(), new Keys(), new Keys(), new Keys()]
    const client = await started(context, declared('steady', steady), declared('going', going))
    await until('rows', () => going.seen.length > 20)
    const made = await client.register(declared('coming', coming))
    await until('rows of the one that came', () => coming.seen.length > 20)
    await client.remove('going')
    expect(going.trace).toEqual(['stop'])
    expect(client.registrations.map(({ id }) => id)).toEqual(['steady', 'coming'])
    const before = going.seen.length
    await until('rows of the others', () => steady.seen.length > before + 50)
    expect(going.seen).toHaveLength(before)
    const store = new FileCheckpointStore(join(context.stateDirectory, 'checkpoints'), 'going')
    expect(store.load()?.windowScn).toBe(BigInt(before))
    await client.register(declared('going', again))
    const last = BigInt(windows)
    await until('all windows', () => client.registrations.every(({ readScn }) => readScn === last))
    const [first = 0] = steady.seen
    expect(steady.seen).toEqual(upTo(windows, first))
    expect(coming.seen).toEqual(upTo(windows, first))
    expect([...going.seen, ...again.seen]).toEqual(upTo(windows, first))
    expect(made.checkpoint?.windowScn).toBe(last)
    expect([relay.health(), client.health()]).toMatchObject([{ status: 'up' }, { status: 'up' }])
  })

  test('let the relay of the process go on when the one that it waits for is removed', async () => {
    const context = testContext()
    const windows = 1000
    const relay = await relayOf(
      context,
      `memory:shop?eventsPerSecond=1000000&valueBytes=900&windows=${windows}`,
      65_536,
    )
    const fast = new Keys()
    const slow: EventConsumer = {
      onDataEvent: (_event, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('given up'))
          })
        }),
    }
    const client = await started(context, declared('fast', fast), declared('slow', slow))
    await until(
      'a relay that waits',
      () => relay.buffer?.isBlocked === true && client.registrations[1]?.readScn !== -1n,
    )
    expect(relay.buffer?.lastScn).toBeLessThan(BigInt(windows))
    await client.remove('slow', AbortSignal.abort())
    expect(idsOf(context)).toEqual(['fast'])
    // A registration without a checkpoint begins where the relay is by then, which generates since its start.
    await until('the last row', () => fast.seen.at(-1) === windows - 1)
    const [first = 0] = fast.seen
    expect(fast.seen).toEqual(upTo(windows - first, first))
  })

  test('that can not be started leave nothing behind', async () => {
    const context = testContext()
    await relayOf(context, 'memory:shop')
    const client = await started(context, declared('one', new Keys()))
    const failing = { onDataEvent: () => undefined, onStartConsumption: () => 'ERROR' as const }
    await expect(client.register(declared('two', failing))).rejects.toMatchObject({
      code: 'AESOP_CLIENT_CONSUMER_FAILED',
    })
    expect([client.registrations.length, idsOf(context)]).toEqual([1, ['one']])
    await client.register(declared('two', new Keys()))
    expect(client.registrations).toHaveLength(2)
  })

  test('are refused by name: an id that is taken, one that nobody has, a client that does not run', async () => {
    const context = testContext()
    await relayOf(context, 'memory:shop')
    const client = await started(context, declared('one', new Keys()))
    await expect(client.register(declared('one', new Keys()))).rejects.toThrow('has the id of another one')
    await expect(client.remove('two')).rejects.toMatchObject({
      code: 'AESOP_CLIENT_REGISTRATION_UNKNOWN',
      message: expect.stringContaining('"two", it has "one"') as string,
    })
    await client.stop()
    await expect(client.register(declared('two', new Keys()))).rejects.toMatchObject({
      code: 'AESOP_CLIENT_NOT_RUNNING',
    })
    expect(idsOf(context)).toEqual(['one'])
  })

  test('whose store never says where they stand keep no stop from ending', async () => {
    const context = testContext()
    await relayOf(context, 'memory:shop?eventsPerSecond=100')
    const client = await started(context, declared('one', new Keys()))
    let asked: (() => void) | undefined
    const silent = {
      load: () =>
        new Promise<undefined>(
          (resolve) =>
            (asked = () => {
              resolve(undefined)
            }),
        ),
      save: () => undefined,
      clear: () => undefined,
    }
    const keys = new Keys()
    const two = new ConsumerRegistration({
      id: 'two',
      logicalSources: [SOURCE],
      eventConsumer: keys,
      checkpointStore: silent,
    })
    const registering = client.register(two).catch((error: unknown) => error)
    await until('the question', () => asked !== undefined)
    await client.stop(AbortSignal.timeout(50))
    expect(client.registrations.map(({ id }) => id)).toEqual(['one'])
    asked?.()
    expect(await registering).toMatchObject({ code: 'AESOP_CLIENT_NOT_RUNNING' })
    expect([keys.seen, keys.trace]).toEqual([[], []])
  })

  test('may be removed, and their client stopped, while they are being made; twice is harmless', async () => {
    const context = testContext()
    await relayOf(context, 'memory:shop?eventsPerSecond=100')
    const client = await started(context, declared('one', new Keys()))
    const waiting: (() => void)[] = []
    const gate = (): Promise<void> => new Promise((resolve) => waiting.push(resolve))
    const busy = new Keys()
    const slow = {
      onDataEvent: busy.onDataEvent.bind(busy),
      onStartConsumption: gate,
      onStopConsumption: busy.onStopConsumption.bind(busy),
    }
    const [registering, removing, twice] = [
      client.register(declared('two', slow)),
      client.remove('two'),
      client.remove('two'),
    ]
    await until('the callback', () => waiting.length === 1)
    waiting.pop()?.()
    await Promise.all([registering, removing, twice])
    expect([busy.trace, idsOf(context)]).toEqual([['stop'], ['one']])
    const again = client.register(declared('two', slow))
    await until('the callback', () => waiting.length === 1)
    const stopped = client.stop()
    waiting.pop()?.()
    await Promise.all([again, stopped])
    expect(busy.trace).toEqual(['stop', 'stop'])
  })
})
