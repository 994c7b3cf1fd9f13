import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { FileCheckpointStore } from '@aesop/checkpoint'
import { parseClientProperties, Registration } from '@aesop/client'
import { type AesopError, type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MysqlEventProducer } from '@aesop/producer-mysql'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT } from '../support/markers.ts'

/*
 * A relay of a real server and a client that keeps its checkpoint, while what the relay has stored comes and goes. The logs of
 * both servers begin alike, so that every checkpoint would lie inside of what the relay has.
 */
const CREATE = 'CREATE DATABASE shop; CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(40))'
const CODE = 'AESOP_RELAY_SCN_SPACE_FOREIGN'

let server: MariadbServer
let other: MariadbServer
beforeAll(async () => {
  ;[server, other] = await Promise.all([MariadbServer.start(), MariadbServer.start()])
  for (const each of [server, other]) await each.query(`RESET MASTER; ${CREATE}`)
  for (let id = 101; id <= 109; id++) await insert(other, id)
})
afterAll(async () => {
  await Promise.all([server.destroy(), other.destroy()])
})

const insert = (into: MariadbServer, id: number): Promise<unknown> =>
  into.query(`INSERT INTO shop.item VALUES (${id}, '${ROW_TEXT}')`)

/** A relay and a registration over it, each with what it keeps in one folder, as in one process or in two. */
class Pair implements AsyncDisposable {
  readonly ids: number[] = []
  /** Why the registration was suspended. */
  error: AesopError | undefined
  readonly #relay: Relay
  readonly #registration: Registration

  private constructor(relay: Relay, store: FileCheckpointStore) {
    this.#relay = relay
    this.#registration = new Registration({
      id: 'people',
      logicalSources: ['shop.item'],
      consumer: {
        onDataEvent: ({ key }) => void this.ids.push(Number(key)),
        onError: (error) => void (this.error = error),
      },
      relays: [relay.address ?? { host: '', port: 0 }],
      store,
      settings: parseClientProperties({ 'databus.client.connectionDefaults.pullerRetries.initSleep': 5 }),
      followMs: 1000,
      eventBytesMax: 1 << 20,
      aheadPatienceMs: 1000,
      filters: new Map(),
      log: silentLogger,
    })
  }

  static async start(stateDirectory: string, from: MariadbServer, scnSpace?: string): Promise<Pair> {
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
      uri: from.uri(),
      name: 'shop',
      sources: ['shop.item'],
      startFrom: 'earliest',
      ...(scnSpace === undefined ? {} : { scnSpace }),
    })
    const eventProducer = new MysqlEventProducer({ physicalSourceConfig, heartbeatMs: 200 }, context)
    const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
    const registrations = [new ProducerRegistration({ physicalSourceConfig, eventProducer })]
    const relay = new Relay({ config, registrations }, context)
    await relay.start()
    const pair = new Pair(relay, new FileCheckpointStore(join(stateDirectory, 'checkpoints'), 'people'))
    await pair.#registration.start()
    return pair
  }

  get scnSpace(): string | undefined {
    return this.#registration.checkpoint?.scnSpace
  }

  /** Waits for the row that comes last; a registration that is suspended fails it at once. */
  async untilRow(id: number): Promise<void> {
    await until(`row ${id}`, () => {
      if (this.error !== undefined) throw this.error
      return this.ids.at(-1) === id
    })
  }

  async untilSuspended(): Promise<AesopError> {
    await until('the registration is suspended', () => this.error !== undefined)
    return this.error as AesopError
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registration.stop()
    await this.#relay.stop()
  }
}

test('a client keeps to the SCN space of its relay through restarts, a lost state and another server', async () => {
  await using launch = new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'] })
  const state = join(launch.folder, '.aesop')
  const loseStateOfRelay = (): void => {
    for (const each of ['maxscn', 'tables', 'schemas']) rmSync(join(state, each), { recursive: true })
  }
  await insert(server, 1)
  let space: string | undefined
  {
    await using pair = await Pair.start(state, server)
    await pair.untilRow(1)
    await until('the checkpoint', () => pair.scnSpace !== undefined)
    space = pair.scnSpace
  }
  // After a restart it is the same relay.
  await insert(server, 2)
  {
    await using pair = await Pair.start(state, server)
    await pair.untilRow(2)
    expect(pair.ids).toEqual([2])
    await until('the checkpoint', () => pair.scnSpace === space)
  }
  // The state of the relay is gone: the same server, the same numbers, and nobody knows.
  loseStateOfRelay()
  await insert(server, 3)
  {
    await using pair = await Pair.start(state, server)
    const error = await pair.untilSuspended()
    expect(error).toMatchObject({ code: CODE })
    expect(error.message).toContain(`is of the SCN space "${space ?? ''}"`)
    expect(pair.ids).toEqual([])
  }
  // Whoever knows that it is the same server says so, and no row is lost or comes twice.
  {
    await using pair = await Pair.start(state, server, space)
    await pair.untilRow(3)
    expect(pair.ids).toEqual([3])
  }
  // Another server under the same names.
  loseStateOfRelay()
  let command: string | undefined
  {
    await using pair = await Pair.start(state, other)
    const error = await pair.untilSuspended()
    expect(error).toMatchObject({ code: CODE })
    expect(pair.ids).toEqual([])
    ;[command] = /aesop-launch state set <bootstrap\.yaml> --registration people --to oldest/.exec(error.remedy) ?? []
  }
  // What the error prints lets the client begin with that server's rows, all of them.
  const done = await launch.remedy(command ?? '', '--yes')
  expect(done.code, done.errors).toBe(0)
  {
    await using pair = await Pair.start(state, other)
    await pair.untilRow(109)
    expect(pair.ids).toEqual(Array.from({ length: 9 }, (_, n) => n + 101))
    await until('the checkpoint', () => pair.scnSpace !== undefined && pair.scnSpace !== space)
  }
})
