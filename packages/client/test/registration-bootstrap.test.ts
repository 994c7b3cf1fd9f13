import {
  bootstrapPlaceOf,
  type Checkpoint,
  MemoryCheckpointStore,
  ProcessBootstraps,
  ProcessReaders,
} from '@aesop/checkpoint'
import { type ConsumerRegistrationOptions } from '@aesop/client'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { House, SOURCES, Town } from './support/bootstrap-town.ts'
import { PictureKeeper } from './support/picture-keeper.ts'
import { TownClient, type TownClientOptions } from './support/town-client.ts'

let town: Town
let house: House

beforeAll(async () => {
  town = await new Town().start()
  town.change([1, 'one'], [2, 'two'])
  house = await new House(town).start()
  town.change([3, 'three'], [1001, 'far'], [2, undefined])
  await house.reached(town.scn)
})
afterAll(async () => {
  await house.stop()
  await town.stop()
})

/** What is as it was at the beginning of each test, but what it says itself. */
class Rig {
  consumer = new PictureKeeper()
  readonly store = new MemoryCheckpointStore()
  readonly #options: Partial<TownClientOptions>
  one: TownClient | undefined

  constructor(options: Partial<TownClientOptions> = {}) {
    this.#options = options
    onTestFinished(() => this.stop())
  }

  async start(wishes: Partial<ConsumerRegistrationOptions> = {}): Promise<TownClient> {
    const { consumer, store } = this
    const made = new TownClient({ town, houses: [house], consumer, store, wishes, ...this.#options })
    this.one = made
    return made.start()
  }

  async stop(): Promise<void> {
    const { one } = this
    this.one = undefined
    await one?.stop()
  }

  async upToDate(): Promise<void> {
    await until('the newest window', () => (this.one?.readScn ?? -1n) >= town.scn, 10_000)
  }

  /** Leaves a registration that reads the stream, and a relay that has lost what follows. */
  async fallOff(wishes: Partial<ConsumerRegistrationOptions> = {}): Promise<void> {
    await this.start({ startFrom: 'bootstrap', ...wishes })
    await this.upToDate()
    await this.stop()
    this.consumer.trace.length = 0
    town.change([4, `four at ${town.scn}`], [3, undefined])
    await town.moveOn([house])
  }

  stored(): Checkpoint | undefined {
    return this.store.load()
  }
}

const wanted = (): object => Object.fromEntries([...town.rows].toSorted(([a], [b]) => a - b))
const START = { startFrom: 'bootstrap' }

describe('a registration that says startFrom: bootstrap', () => {
  it('is given what is there, and then the stream, and bootstraps no second time', async () => {
    const rig = new Rig()
    const { alerts } = await rig.start(START)
    await rig.upToDate()
    town.change([5, 'five'])
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
    expect(rig.consumer.trace.slice(0, 2)).toEqual(['b-start complete', 'b-row'])
    expect([rig.consumer.count('b-stop'), rig.consumer.wentBack]).toEqual([1, []])
    expect(rig.stored()?.isOnline).toBe(true)
    expect(rig.stored()?.scnSpace).toBe(town.producer.scnSpace)
    expect(alerts.map(({ message }) => message)).toEqual([
      'the registration "people" bootstraps, from nothing',
      expect.stringContaining('is bootstrapped: it has everything up to SCN') as string,
    ])
    await rig.stop()
    await rig.start(START)
    await rig.upToDate()
    expect(rig.consumer.count('b-stop')).toBe(1)
  })

  it('is refused where its consumer can not forget, and where no server has its sources', async () => {
    const rig = new Rig({ consumer: { onDataEvent: () => undefined } })
    await expect(rig.start(START)).rejects.toThrow('its consumer has no onStartBootstrap')
    const without = new Rig({ properties: { 'databus.client.runtime.bootstrap.enabled': false } })
    await expect(without.start(START)).rejects.toThrow('databus.client.runtime.bootstrap.enabled is false')
  })

  it('waits for the server of its process, then says by name that there is none, and goes on when it is resumed', async () => {
    const shared = new Map<string, unknown>()
    const rig = new Rig({ houses: [], shared })
    const one = await rig.start({ readFromBootstrap: true })
    await until('the suspension', () => one.client.health().status === 'down')
    expect(rig.consumer.trace).toEqual(['error AESOP_CLIENT_BOOTSTRAP_SERVER_MISSING'])
    const sources = new Set(SOURCES)
    ProcessBootstraps.of(shared).add({ host: '127.0.0.1', port: house.port, sources })
    one.client.actions['resume']?.()
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
  })
})

describe('a registration that fell off', () => {
  it('bootstraps from what it has, deletes included, and comes back by itself', async () => {
    const rig = new Rig()
    await rig.fallOff()
    await rig.start()
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
    expect(rig.consumer.trace).toContain('b-start')
    expect(rig.consumer.trace).not.toContain('b-start complete')
  })

  it('does so though readLatestScnOnError is on', async () => {
    const rig = new Rig({ properties: { 'databus.client.connectionDefaults.readLatestScnOnError': true } })
    await rig.fallOff()
    await rig.start()
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
    expect(rig.consumer.count('b-stop')).toBe(1)
  })

  it('is suspended as ever where it says that it does not bootstrap', async () => {
    const rig = new Rig()
    await rig.fallOff()
    const one = await rig.start({ readFromBootstrap: false })
    await until('the suspension', () => one.client.health().status === 'down')
    expect(rig.consumer.trace).toEqual(['error AESOP_RELAY_SCN_NOT_FOUND'])
  })
})

describe('a bootstrap that is under way', () => {
  /** Stops where the consumer is given a line for the nth time, until it is let go. */
  async function heldAt(rig: Rig, line: string, times = 1): Promise<{ one: TownClient; letGo: () => void }> {
    let letGo = (): void => undefined
    let left = times
    const held = new Promise<void>((reached) => {
      rig.consumer.on = (now) => {
        if (now !== line || --left !== 0) return undefined
        return new Promise<undefined>((resolve) => {
          letGo = () => {
            resolve(undefined)
          }
          reached()
        })
      }
    })
    const one = await rig.start(START)
    await held
    return {
      one,
      letGo: () => {
        letGo()
      },
    }
  }

  it.each(['b-start complete', 'b-row', 'b-checkpoint', 'b-stop'])('is paused at %s, and resumed', async (line) => {
    const rig = new Rig()
    const { one, letGo } = await heldAt(rig, line)
    one.client.actions['pause']?.()
    letGo()
    await until('the pause', () => one.describe()['state'] === 'paused')
    expect(one.client.health()).toMatchObject({ status: 'degraded', detail: 'people is paused' })
    one.client.actions['resume']?.()
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
  })

  it.each(['b-start complete', 'b-row', 'b-checkpoint'])(
    'is stopped at %s, and goes on at the next start',
    async (line) => {
      const rig = new Rig()
      const { letGo } = await heldAt(rig, line)
      const stopped = rig.stop()
      letGo()
      await stopped
      const place = bootstrapPlaceOf(rig.stored() as Checkpoint)
      expect(place?.sinceScn).toBe(0n)
      const before = rig.consumer.count('b-rollback')
      await rig.start(START)
      await rig.upToDate()
      expect(rig.consumer.rows).toEqual(wanted())
      // A stop in order repeats nothing: the batch came to its end.
      expect(before + rig.consumer.count('b-rollback')).toBe(0)
      if (line !== 'b-start complete') expect(rig.consumer.count('b-start complete')).toBe(1)
    },
  )

  it('says who, what, how far and from whom', async () => {
    const rig = new Rig()
    const { one, letGo } = await heldAt(rig, 'b-row', 2)
    expect(one.client.health().detail).toMatch(
      /^people bootstraps \(snapshot of or_test\.person, \d+ rows since 20.*, from 127\.0\.0\.1:\d+\)/,
    )
    expect(one.describe()).toMatchObject({
      state: 'bootstrapping',
      phase: 'bootstrap',
      bootstrap: { phase: 'snapshot', source: 'or_test.person', sinceScn: 0n },
    })
    const bootstrapping = one.client.metrics().find(({ name }) => name === 'aesop_client_bootstrapping')
    expect(bootstrapping).toMatchObject({ value: 1, labels: { registration: 'people' } })
    letGo()
    await rig.upToDate()
    expect(one.describe()).toMatchObject({ phase: 'online', bootstrap: undefined })
    expect(one.client.health()).toEqual({ status: 'up' })
    const finished = one.client.metrics().find(({ name }) => name === 'aesop_client_bootstraps_total')
    expect(finished).toMatchObject({ value: 1 })
  })

  it('is not waited for by the relay of its process, which knows where it will be needed', async () => {
    const shared = new Map<string, unknown>()
    const rig = new Rig({ shared })
    const { letGo } = await heldAt(rig, 'b-checkpoint', 2)
    const [reader] = ProcessReaders.of(shared).all()
    expect(reader?.isRunning).toBe(false)
    const place = bootstrapPlaceOf(rig.stored() as Checkpoint)
    expect(place?.startScn).toBeGreaterThan(0n)
    expect(reader?.checkpointScn).toBe(place?.startScn)
    letGo()
    await rig.upToDate()
    expect([reader?.isRunning, reader?.checkpointScn]).toEqual([true, town.scn])
  })

  it('is removed with its registration, which goes on when it is added again', async () => {
    const rig = new Rig()
    const { one, letGo } = await heldAt(rig, 'b-row')
    const removed = one.client.remove('people')
    letGo()
    await removed
    expect(rig.stored()?.isOfBootstrap).toBe(true)
    await rig.stop()
    await rig.start(START)
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
  })

  it('gives again what failed, as often as bstDispatcherRetries says, and then stops by name', async () => {
    const rig = new Rig({ properties: { 'databus.client.connectionDefaults.bstDispatcherRetries.maxRetryNum': 2 } })
    rig.consumer.on = (line) => (line === 'b-row' ? 'ERROR' : undefined)
    const one = await rig.start(START)
    await until('the suspension', () => one.client.health().status === 'down')
    expect([rig.consumer.count('b-row'), rig.consumer.count('b-rollback')]).toEqual([3, 2])
    expect(rig.consumer.trace.at(-1)).toBe('error AESOP_CLIENT_CONSUMER_RETRIES_EXHAUSTED')
    rig.consumer.on = () => undefined
    one.client.actions['resume']?.()
    await rig.upToDate()
    expect(rig.consumer.rows).toEqual(wanted())
  })

  it('goes on after a callback of its end has failed', async () => {
    const rig = new Rig()
    let failures = 2
    rig.consumer.on = (line) => (line === 'b-stop' && failures-- > 0 ? 'ERROR' : undefined)
    await rig.start(START)
    await rig.upToDate()
    expect(rig.consumer.count('b-stop')).toBe(3)
    expect(rig.consumer.rows).toEqual(wanted())
  })

  it('of a consumer that acknowledges itself needs its word for each batch', async () => {
    const consumer = new PictureKeeper()
    const wishes = { ...START, acknowledge: 'consumer', consumerFactory: { createConsumer: () => consumer } }
    const rig = new Rig()
    rig.consumer = consumer
    await rig.start(wishes)
    await until('all rows', () => JSON.stringify(rig.consumer.rows) === JSON.stringify(wanted()))
    const mute = { onDataEvent: () => undefined, onStartBootstrap: () => undefined }
    const refused = new Rig()
    await expect(refused.start({ ...wishes, consumerFactory: { createConsumer: () => mute } })).rejects.toThrow(
      'has no onBootstrapCheckpoint',
    )
  })
})
