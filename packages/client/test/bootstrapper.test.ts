import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { type EventView } from '@aesop/event'
import { HttpGuard, silentLogger } from '@aesop/kernel'
import { type BootstrapStore, SqliteStore, type StoreReader, type StoreWriter } from '@aesop/bootstrap-store'
import { BootstrapServer } from '@aesop/bootstrap-server'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, schemaChangeOf } from '../../../test/support/stored-events.ts'
import { type BootstrapConfig, bootstrapFrom, newBootstrap } from '../src/bootstrap/bootstrap-state.ts'
import { type BootstrapEnd, Bootstrapper, type ReceiverFault } from '../src/bootstrap/bootstrapper.ts'

/*
 * A bootstrap against real servers over real stores: whatever is written, purged, emptied and broken while it runs, wherever it is
 * killed, the consumer has the tables as they were at the SCN with which it ends.
 */
const SOURCES = ['shop.a', 'shop.b']
const KEYS = 6
const FAR = 100
const SPACE = 'space-1'
const reached = {
  finished: 0,
  resumed: 0,
  anew: 0,
  forgot: 0,
  logsOnly: 0,
  bothLogs: 0,
  tooYoung: 0,
  rolledBack: 0,
  truncated: 0,
}

type Table = ReadonlyMap<number, string>
interface Window {
  readonly scn: bigint
  readonly events: readonly (readonly Buffer[])[]
}

/** A key says of which source it is: the event has the id of none. */
class Database {
  readonly #states: { readonly scn: bigint; readonly tables: Table }[] = [{ scn: 0n, tables: new Map() }]
  readonly windows: Window[] = []

  get scn(): bigint {
    return this.windows.at(-1)?.scn ?? 0n
  }

  at(scn: bigint): Table {
    return this.#states.findLast((state) => state.scn <= scn)?.tables ?? new Map<number, string>()
  }

  change(draw: SeededDraw): void {
    const scn = this.scn + 1n + BigInt(draw.below(3))
    const tables = new Map(this.at(this.scn))
    const events: Buffer[][] = SOURCES.map(() => [])
    for (let at = 0, all = 1 + draw.below(4); at < all; at++) {
      const source = draw.below(SOURCES.length)
      const key = source * FAR + draw.below(KEYS)
      if (draw.below(40) === 0) {
        for (const other of [...tables.keys()]) if (Math.floor(other / FAR) === source) tables.delete(other)
        events[source]?.push(schemaChangeOf(scn, SOURCES[source] ?? '', 'TRUNCATE'))
      } else if (tables.has(key) && draw.below(3) === 0) {
        tables.delete(key)
        events[source]?.push(eventOf({ scn, key: BigInt(key) }))
      } else {
        tables.set(key, `${scn}.${at}`)
        events[source]?.push(eventOf({ scn, key: BigInt(key), value: `${scn}.${at}` }))
      }
    }
    this.#states.push({ scn, tables })
    this.windows.push({ scn, events })
  }
}

/** One bootstrap server with a store of its own, which may be behind the database, and fail. */
class House {
  isBroken = false
  readonly #database: Database
  readonly #folder = mkdtempSync(join(tmpdir(), 'aesop-bootstrap-'))
  readonly #store = new SqliteStore({ path: join(this.#folder, 'bootstrap.db'), logBytes: 150 })
  #writer: StoreWriter | undefined
  readonly #server: BootstrapServer
  #written = 0n
  #turn: Promise<unknown> = Promise.resolve()

  constructor(database: Database) {
    this.#database = database
    const host = '127.0.0.1'
    const guard = new HttpGuard({ host, hosts: [], peers: [], token: undefined, isInsecure: false }, silentLogger)
    this.#server = new BootstrapServer({
      store: this.#faulty(),
      host,
      port: 0,
      guard,
      log: silentLogger,
      behindMs: 1,
      readers: 1,
    })
  }

  get address(): string {
    return this.#server.address
  }
  get port(): number {
    return Number(this.address.split(':')[1])
  }

  async start(): Promise<void> {
    const writer = await this.#store.openWriter()
    this.#writer = writer
    await writer.declare({ name: 'shop', sources: SOURCES, schemaChangeId: SCHEMA_CHANGE_ID })
    for (const source of SOURCES) await writer.activate(source)
    await this.#server.start()
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await this.#store.close()
    rmSync(this.#folder, { recursive: true })
  }

  write(windows: number): Promise<void> {
    return this.#inTurn(async () => {
      const batch = this.#database.windows.filter(({ scn }) => scn > this.#written).slice(0, windows)
      const last = batch.at(-1)
      if (last === undefined) return
      const pieces = SOURCES.map((name, source) =>
        pieceOf(
          name,
          batch.flatMap(({ events }) => events[source] ?? []),
        ),
      )
      const some = pieces.filter(({ rows }) => rows > 0)
      await this.#writer?.writeWindows('shop', { scnSpace: SPACE, pieces: some, endScn: last.scn })
      this.#written = last.scn
    })
  }

  apply(bytes: number): Promise<unknown> {
    return this.#inTurn(async () => this.#writer?.apply('shop', bytes))
  }

  purge(): Promise<unknown> {
    return this.#inTurn(async () => {
      await this.#writer?.purgeLog('shop', { maxLogs: 1 })
      const stream = await this.#writer?.apply('shop', 1)
      const applied = stream?.appliedScn ?? -1n
      if (applied > 0n) for (const source of SOURCES) await this.#writer?.purgeTombstones(source, applied, 0n, 1000)
    })
  }

  /** What is asked for while the world stands still comes in the order of the seed. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  #faulty(): BootstrapStore {
    const ask = <T>(question: () => Promise<T>): Promise<T> =>
      this.isBroken ? Promise.reject(new Error('the disk is gone')) : question()
    const store = this.#store
    return {
      name: store.name,
      openWriter: () => store.openWriter(),
      openReader: async () => {
        const reader = await store.openReader()
        const answers: StoreReader = {
          states: (sources) => ask(() => reader.states(sources)),
          snapshot: (question) => ask(() => reader.snapshot(question)),
          log: (question) => ask(() => reader.log(question)),
          event: (source, key) => ask(() => reader.event(source, key)),
          compare: (question) => ask(() => reader.compare(question)),
          liveRows: (question) => ask(() => reader.liveRows(question)),
          close: () => reader.close(),
        }
        return answers
      },
      close: () => store.close(),
    }
  }
}

class Kill extends Error {}
class Failure extends Error {}

/** A consumer whose process may die between any two steps; what it has and its checkpoint outlive it. */
class Consumer {
  picture = new Map<number, string>()
  stored: string | undefined
  sinceScn = 0n
  readonly #draw: SeededDraw
  readonly #world: () => Promise<void>
  readonly #fault: () => void
  #death = new AbortController()
  #mayDie = true

  constructor(draw: SeededDraw, world: () => Promise<void>, fault: () => void) {
    this.#draw = draw
    this.#world = world
    this.#fault = fault
  }

  /** Runs to the end, or to a death. */
  async run(houses: readonly House[], mayDie: boolean): Promise<BootstrapEnd | undefined> {
    this.#mayDie = mayDie
    this.#death = new AbortController()
    const config: BootstrapConfig = {
      sources: SOURCES,
      servers: houses.map(({ address }) => address),
      retries: { initSleepMs: 0, sleepIncFactor: 1, sleepIncDeltaMs: 0, maxSleepMs: 1, maxRetryNum: -1 },
      retriesBeforeRestart: 2,
      onTooYoung: 'complete',
      batchBytes: 1800 + this.#draw.below(600),
    }
    const place = this.#storedPlace()
    if (place !== undefined && place.startScn >= 0n) reached.resumed++
    const state = place === undefined ? newBootstrap(this.sinceScn, SPACE, config) : bootstrapFrom(place, config)
    const bootstrapper = new Bootstrapper(state, {
      registration: 'test',
      config,
      servers: houses.map(({ port }) => ({ host: '127.0.0.1', port })),
      receiver: {
        begin: (at, isComplete) => this.#begin(at, isComplete),
        take: (view) => this.#take(view),
        batchEnds: (at) => this.#batchEnds(at),
        failed: (error) => this.#failed(error),
        brokeOff: () => this.#storedPlace(),
      },
      filters: new Map(),
      eventBytesMax: 1 << 20,
      log: { ...silentLogger, warn: this.#fault },
      random: () => this.#draw.below(1000) / 1000,
    })
    try {
      const end = await bootstrapper.run(this.#death.signal)
      if (end.kind === 'finished') {
        this.sinceScn = end.scn
        this.stored = undefined
      }
      return end
    } catch (error) {
      if (error instanceof Kill) return undefined
      throw error
    }
  }

  #storedPlace(): BootstrapPlace | undefined {
    return this.stored === undefined ? undefined : bootstrapPlaceOf(Checkpoint.parse(this.stored))
  }

  async #begin(place: BootstrapPlace, isComplete: boolean): Promise<void> {
    if (this.#storedPlace()?.startScn !== undefined && place.startScn < 0n) reached.anew++
    if (place.sinceScn === 0n && this.sinceScn > 0n) reached.tooYoung++
    this.stored = bootstrapCheckpoint(place).format()
    await this.#lives()
    if (!isComplete) return
    reached.forgot++
    this.picture.clear()
  }

  #take(view: EventView): Promise<void> | undefined {
    const { sourceId, opcode, value, key } = view
    if (this.#draw.below(60) === 0) throw new Failure()
    if (sourceId === SCHEMA_CHANGE_ID) {
      reached.truncated++
      const source = SOURCES.indexOf(String(key))
      for (const other of [...this.picture.keys()]) if (Math.floor(other / FAR) === source) this.picture.delete(other)
    } else if (opcode === 'DELETE') this.picture.delete(Number(key))
    else this.picture.set(Number(key), value.toString())
    return this.#draw.below(4) === 0 ? this.#lives() : undefined
  }

  async #batchEnds(place: BootstrapPlace): Promise<void> {
    await this.#lives()
    if (place.phase === 'catchup' && place.startScn === place.sinceScn) reached.logsOnly++
    if (place.phase === 'catchup' && place.catchupIndex < place.snapshotIndex) reached.bothLogs++
    this.stored = bootstrapCheckpoint(place).format()
    await this.#lives()
  }

  #failed(error: unknown): ReceiverFault | undefined {
    if (!(error instanceof Failure)) return undefined
    reached.rolledBack++
    const place = this.#storedPlace()
    return place === undefined ? { kind: 'stop', error } : { kind: 'again', place, delayMs: 0 }
  }

  /** The world goes on, and the process may die. */
  async #lives(): Promise<void> {
    await this.#world()
    if (!this.#mayDie || this.#draw.below(12) > 0) return
    this.#death.abort(new Kill())
    throw new Kill()
  }
}

const rowsOf = (table: Table): object => Object.fromEntries([...table].toSorted(([a], [b]) => a - b))

async function schedule(seed: number): Promise<void> {
  const draw = new SeededDraw(seed)
  const database = new Database()
  const houses = [new House(database), new House(database)]
  const world = async (): Promise<void> => {
    const house = houses[draw.below(houses.length)]
    const what = draw.below(20)
    if (what < 6) database.change(draw)
    else if (what < 11) await house?.write(1 + draw.below(4))
    else if (what < 16) await house?.apply(1 + draw.below(400))
    else if (what < 17) await house?.purge()
    else if (what < 18 && house !== undefined) house.isBroken = draw.below(2) === 0
  }
  /** While nothing but faults come, somebody mends what is broken, and the stores go on. */
  const mends = (): void => {
    const house = houses[draw.below(houses.length)]
    if (house === undefined || draw.below(3) > 0) return
    house.isBroken = false
    void house.write(100)
  }
  try {
    for (const house of houses) await house.start()
    for (let step = 0; step < 40; step++) await world()
    const consumer = new Consumer(draw, world, mends)
    for (let round = 0; round < 4; round++) {
      for (const house of houses) await Promise.all([house.write(100), house.apply(1 << 20)])
      for (let tries = 0; ; tries++) {
        // A store that is broken or behind for good would be waited for, for ever.
        for (const house of houses) house.isBroken = false
        if (tries > 2) for (const house of houses) await Promise.all([house.write(100), house.apply(1 << 20)])
        const end = await consumer.run(houses, tries < 12)
        if (end === undefined) continue
        if (end.kind === 'suspended') throw end.error
        reached.finished++
        expect({ scn: end.scn, rows: rowsOf(consumer.picture) }).toEqual({
          scn: end.scn,
          rows: rowsOf(database.at(end.scn)),
        })
        break
      }
      // The stream for a while, and then it falls off.
      for (let step = 0, all = draw.below(60); step < all; step++) await world()
    }
  } finally {
    for (const house of houses) await house.stop()
  }
}

describe('a bootstrap that is killed, breaks, and changes servers', () => {
  it('ends with the tables as they were', async () => {
    await assertAsyncProperty(fc.asyncProperty(fc.integer({ min: 1, max: 1 << 30 }), schedule), {
      seed: 20_261_128,
      numRuns: 8,
      reached,
      atLeast: 2,
    })
  }, 180_000)
})
