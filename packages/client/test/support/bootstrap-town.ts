import { join } from 'node:path'
import { BootstrapProducer } from '@aesop/bootstrap-producer'
import { BootstrapServer } from '@aesop/bootstrap-server'
import { SqliteStore, type StoreReader } from '@aesop/bootstrap-store'
import { type BeanContext, HttpGuard } from '@aesop/kernel'
import { MemoryEventProducer, PhysicalSourceConfig } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest } from '@aesop/reading'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { compileRowEncoder } from '@aesop/schema'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'
import { testLog } from '../../../../test/support/test-log.ts'
import { until } from '../../../../test/support/until.ts'
import { witness } from '../../../../test/support/witness.ts'
import { ADDRESS, PERSON, PERSON_SCHEMA, windowOf } from './person-stream.ts'

export const SOURCES = [PERSON.name, ADDRESS.name]
const TABLES = [PERSON, ADDRESS].map((source) => ({ ...source, uri: source.name }))
/** Keys of the second source begin here, so that a key says of which source it is. */
export const FAR = 1000
const BUFFER_BYTES = 64 * 1024
const CHUNK_ROWS = 5

const sourceOf = (key: number): typeof PERSON => (key < FAR ? PERSON : ADDRESS)
const encode = compileRowEncoder(PERSON_SCHEMA)

export function townContext(folder: string, shared = new Map<string, unknown>()): BeanContext {
  return {
    id: 'town',
    container: 'town',
    log: testLog('town'),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    shared,
    fail: (error) => {
      throw error
    },
  }
}

/** A database of two tables whose changes reach a relay, which forgets soon and reads nothing late. */
export class Town {
  readonly folder = newFolder('town')
  readonly rows = new Map<number, string>()
  readonly producer = new MemoryEventProducer({ schema: PERSON_SCHEMA })
  readonly relay: Relay
  scn = 0n

  constructor() {
    const uri = 'memory:town'
    const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'town', sources: TABLES })
    const registrations = [new ProducerRegistration({ eventProducer: this.producer, physicalSourceConfig })]
    const relayProperties = {
      'databus.relay.container.httpPort': 0,
      'databus.relay.eventBuffer.maxSize': BUFFER_BYTES,
      'databus.relay.eventBuffer.queuePolicy': 'OVERWRITE_ON_WRITE',
    }
    const options = { config: new RelayConfig({ relayProperties }), registrations, futureGraceMs: 0 }
    this.relay = new Relay(options, townContext(this.folder))
    witness('relay', () => this.relay.describe())
  }

  get port(): number {
    return this.relay.address?.port ?? 0
  }

  async start(): Promise<this> {
    this.relay.init()
    await this.relay.start()
    return this
  }

  async stop(): Promise<void> {
    await this.relay.stop()
    removeFolder(this.folder)
  }

  change(...changes: readonly (readonly [key: number, value: string | undefined])[]): void {
    this.scn += 10n
    const events = changes.map(([key, value]) => {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, value)
      const opcode = value === undefined ? ('DELETE' as const) : ('UPSERT' as const)
      return { key, source: sourceOf(key).name, value: encode({ id: BigInt(key), name: value ?? '' }), opcode }
    })
    this.producer.addWindow(events, this.scn)
  }

  /** Makes the relay forget everything up to now, as soon as the stores have it. */
  async moveOn(houses: readonly House[], value = 'filler'): Promise<void> {
    const text = value.padEnd(2000, '.')
    for (let windows = Math.ceil(BUFFER_BYTES / 2000); windows > 0; windows--) {
      this.change([1, `${text}${windows}`])
      if (windows % 8 === 0) for (const house of houses) await house.reached(this.scn)
    }
    for (const house of houses) await house.reached(this.scn)
  }

  /** Reads chunks of the tables as they are. */
  get reader(): SnapshotReader {
    return {
      describe: (source) =>
        Promise.resolve({
          source,
          key: ['id'],
          isKeyless: false,
          estimatedRows: this.rows.size,
          schema: PERSON_SCHEMA,
        }),
      readChunk: (request) => Promise.resolve(this.#chunk(request)),
    }
  }

  #chunk({ source, after }: SnapshotRequest): SnapshotChunk {
    const from = after === undefined ? -1 : Number(after)
    const keys = [...this.rows.keys()].filter((key) => sourceOf(key).name === source && key > from)
    const some = keys.toSorted((a, b) => a - b).slice(0, CHUNK_ROWS)
    const rows = some.map((id) => ({ id, name: this.rows.get(id) ?? '', source: sourceOf(id) }))
    const { bytes, ends } = windowOf(this.scn, rows)
    const next = keys.length > CHUNK_ROWS ? { next: String(some.at(-1)) } : {}
    return {
      bytes: bytes.subarray(0, ends.at(-2) ?? 0),
      rows: some.length,
      atScn: this.scn,
      visibleScn: this.scn,
      ...next,
    }
  }
}

/** A bootstrap server, its store, and what fills it. */
export class House {
  readonly #town: Town
  readonly #folder = newFolder('house')
  #store: SqliteStore | undefined
  #producer: BootstrapProducer | undefined
  #reader: StoreReader | undefined
  #server: BootstrapServer | undefined
  #port = 0

  constructor(town: Town) {
    this.#town = town
  }

  get port(): number {
    return this.#port
  }

  /** Whether it answers. */
  get isOpen(): boolean {
    return this.#server !== undefined
  }

  async start(): Promise<this> {
    const uri = `relay://127.0.0.1:${this.#town.port}`
    const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'town', sources: TABLES })
    this.#store = new SqliteStore({ path: join(this.#folder, 'bootstrap.db') })
    const { reader: snapshots } = this.#town
    const options = { physicalSourceConfig, store: this.#store, snapshots, batchMs: 1 }
    this.#producer = new BootstrapProducer(options, townContext(this.#folder))
    await this.#producer.start()
    this.#reader = await this.#store.openReader()
    await until('the tables are served', async () => (await this.#states()).every(({ status }) => status === 'ACTIVE'))
    await this.open()
    return this
  }

  async #states(): Promise<Awaited<ReturnType<StoreReader['states']>>> {
    return (await this.#reader?.states(SOURCES)) ?? []
  }

  async reached(scn: bigint): Promise<void> {
    await until(`the store at SCN ${scn}`, async () =>
      (await this.#states()).every(({ stream }) => stream.appliedScn >= scn),
    )
  }

  async open(): Promise<void> {
    if (this.#store === undefined || this.#server !== undefined) return
    const host = '127.0.0.1'
    const guard = new HttpGuard({ host, hosts: [], peers: [], token: undefined, isInsecure: false }, testLog('house'))
    const options = { store: this.#store, host, port: this.#port, guard, log: testLog('house'), behindMs: 50 }
    this.#server = new BootstrapServer(options)
    this.#port = await this.#server.start()
  }

  /** Nobody answers any more; the store is filled all the same. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.stop()
  }

  async stop(): Promise<void> {
    await this.close()
    await this.#producer?.stop()
    await this.#reader?.close()
    await this.#store?.close()
    removeFolder(this.#folder)
  }
}
