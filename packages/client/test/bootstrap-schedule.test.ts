import { bootstrapPlaceOf, type Checkpoint, type CheckpointStore } from '@aesop/checkpoint'
import { type EventConsumer, type Result } from '@aesop/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { until } from '../../../test/support/until.ts'
import { FAR, House, Town } from './support/bootstrap-town.ts'
import { PictureKeeper } from './support/picture-keeper.ts'
import { TownClient } from './support/town-client.ts'

/*
 * Registrations of a real client, which bootstrap from real servers over real stores that follow a real relay: new ones, those that fell
 * off, killed wherever they are, while the tables change, servers go, and stores are replaced. Their picture is the tables in the end.
 */
const KEYS = 8
const ROUNDS = 4
/** The world of a process comes to rest after so many callbacks, so that it can come to an end. */
const MEANWHILE_MAX = 60
const reached = {
  killedBeforeItsSnapshot: 0,
  killedInASnapshot: 0,
  killedInALog: 0,
  killedAtItsEnd: 0,
  killedInTheStream: 0,
  wentOn: 0,
  beganAnew: 0,
  fellOff: 0,
  tooYoung: 0,
  finished: 0,
}

/** What outlives a process: what the consumer has, and the checkpoint. */
class Life {
  readonly keeper = new PictureKeeper()
  stored: Checkpoint | undefined
  hasDiedAtItsEnd = false
}

/** One process of it, which may die at any callback, and before or after any save. */
class Process implements CheckpointStore {
  isDead = false
  mayDie: boolean
  readonly #life: Life
  readonly #draw: SeededDraw
  readonly #world: () => void

  constructor(life: Life, draw: SeededDraw, world: () => void, mayDie: boolean) {
    this.#life = life
    this.#draw = draw
    this.#world = world
    this.mayDie = mayDie
  }

  get consumer(): EventConsumer {
    const { keeper } = this.#life
    const lives = (call: () => Result, isEnd = false): Result => this.#lives(call, isEnd)
    return {
      onDataEvent: (event) => lives(() => keeper.onDataEvent(event)),
      onBootstrapEvent: (event) => lives(() => keeper.onBootstrapEvent(event)),
      onStartBootstrap: (signal, start) => {
        if (start.complete && this.#sinceScn > 0n) reached.tooYoung++
        return lives(() => keeper.onStartBootstrap(signal, start))
      },
      onStopBootstrap: () => lives(() => keeper.onStopBootstrap(), true),
      onCheckpoint: () => (this.#draw.below(5) === 0 ? 'SKIP_CHECKPOINT' : undefined),
      onBootstrapCheckpoint: () => (this.#draw.below(5) === 0 ? 'SKIP_CHECKPOINT' : undefined),
    }
  }

  /** What the consumer had been given when it began, before it was told to forget it. */
  #sinceScn = 0n

  load(): Checkpoint | undefined {
    const place = this.#place
    if (place !== undefined && place.startScn >= 0n) reached.wentOn++
    this.#sinceScn = place?.sinceScn ?? this.#life.stored?.windowScn ?? 0n
    return this.#life.stored
  }

  save(checkpoint: Checkpoint): Promise<void> | undefined {
    if (this.isDead || this.#dies()) return undefined
    const [before, after] = [this.#place, bootstrapPlaceOf(checkpoint)]
    if (before !== undefined && before.startScn >= 0n && after !== undefined && after.startScn < 0n) reached.beganAnew++
    if (before !== undefined && after === undefined) reached.finished++
    this.#life.stored = checkpoint
    this.#dies()
    return this.#draw.below(2) === 0 ? Promise.resolve() : undefined
  }

  clear(): void {
    this.#life.stored = undefined
  }

  get #place(): ReturnType<typeof bootstrapPlaceOf> {
    return this.#life.stored === undefined ? undefined : bootstrapPlaceOf(this.#life.stored)
  }

  #lives(call: () => Result, isEnd: boolean): Result {
    if (this.isDead || this.#dies(isEnd)) return undefined
    this.#world()
    const result = call()
    this.#dies(isEnd)
    // Every other failure is none.
    return this.#draw.below(50) === 0 ? 'ERROR' : result
  }

  #dies(isEnd = false): boolean {
    if (this.isDead) return false
    // An end is seldom reached by one that may die anywhere: each life dies there once.
    const isFirstEnd = isEnd && !this.#life.hasDiedAtItsEnd
    if (!isFirstEnd && (!this.mayDie || this.#draw.below(isEnd ? 2 : 40) > 0)) return false
    this.isDead = true
    this.#life.hasDiedAtItsEnd ||= isEnd
    const place = this.#place
    if (isEnd) reached.killedAtItsEnd++
    else if (place === undefined) reached.killedInTheStream++
    else if (place.startScn < 0n) reached.killedBeforeItsSnapshot++
    else if (place.phase === 'snapshot') reached.killedInASnapshot++
    else reached.killedInALog++
    return true
  }
}

class World {
  readonly town = new Town()
  readonly houses: House[] = []
  readonly #draw: SeededDraw
  #turn: Promise<void> = Promise.resolve()
  #left = 0

  constructor(draw: SeededDraw) {
    this.#draw = draw
  }

  async start(): Promise<this> {
    await this.town.start()
    for (let n = 0; n < 10; n++) this.change()
    this.houses.push(await new House(this.town).start(), await new House(this.town).start())
    return this
  }

  async stop(): Promise<void> {
    await this.#turn
    for (const house of this.houses) await house.stop()
    await this.town.stop()
  }

  change(): void {
    const changes = Array.from({ length: 1 + this.#draw.below(4) }, () => {
      const key = this.#draw.below(KEYS) + (this.#draw.below(2) === 0 ? FAR : 0)
      const value = this.#draw.below(3) === 0 ? undefined : `${this.town.scn}`.padEnd(300, '.')
      return [key, value] as const
    })
    this.town.change(...changes)
  }

  /** What happens while a consumer is busy. */
  readonly meanwhile = (): void => {
    if (this.#left-- <= 0) return
    const what = this.#draw.below(40)
    if (what < 4) this.change()
    if (what === 5) this.#closeOne(this.#draw.below(2))
  }

  /** One of them answers always: a bootstrap that waits for both would wait for ever. */
  #closeOne(n: number): void {
    const other = this.houses[1 - n]
    this.#turn = this.#turn.then(async () => {
      await other?.open()
      await this.houses[n]?.close()
    })
  }

  async mend(): Promise<void> {
    this.#left = MEANWHILE_MAX
    await this.#turn
    for (const house of this.houses) await house.open()
    for (const house of this.houses) await house.reached(this.town.scn)
  }

  /** New stores in the place of the old ones: they know no delete of before. */
  async replace(): Promise<void> {
    for (let n = 0; n < this.houses.length; n++) {
      await this.houses[n]?.stop()
      this.houses[n] = await new House(this.town).start()
    }
  }

  async moveOn(): Promise<void> {
    await this.mend()
    for (let n = 0; n < 5; n++) this.change()
    await this.town.moveOn(this.houses)
  }
}

/** Runs processes until one of them is up to date. */
async function live(world: World, life: Life, draw: SeededDraw): Promise<void> {
  for (let tries = 0; ; tries++) {
    await world.mend()
    const process = new Process(life, draw, world.meanwhile, tries < 8)
    const one = new TownClient({
      town: world.town,
      houses: world.houses,
      consumer: process.consumer,
      store: process,
      wishes: { startFrom: 'bootstrap', onTooYoung: 'complete' },
    })
    await one.start()
    try {
      let more = 10
      const isDone = (): boolean => {
        if (process.isDead) return true
        if (one.readScn < world.town.scn) return false
        if (more-- > 0) world.change()
        return more < 0
      }
      await until('the newest window, or a death', isDone, 20_000)
      if (!process.isDead) return
    } finally {
      process.mayDie = false
      await one.stop(AbortSignal.abort())
    }
  }
}

async function schedule(seed: number): Promise<void> {
  const draw = new SeededDraw(seed)
  const world = await new World(draw).start()
  try {
    const life = new Life()
    for (let round = 0; round < ROUNDS; round++) {
      await live(world, life, draw)
      const wanted = Object.fromEntries([...world.town.rows].toSorted(([a], [b]) => a - b))
      expect({ seed, round, rows: life.keeper.rows }).toEqual({ seed, round, rows: wanted })
      if (round === ROUNDS - 1) break
      reached.fellOff++
      await world.moveOn()
      if (round % 2 === 1) await world.replace()
    }
  } finally {
    await world.stop()
  }
}

describe('a registration that is killed wherever it is, and whose servers go', () => {
  it('ends with the tables as they are', async () => {
    await assertAsyncProperty(fc.asyncProperty(fc.integer({ min: 1, max: 1 << 30 }), schedule), {
      seed: 20_261_129,
      numRuns: 1,
      reached,
      atLeast: 1,
      furtherRunsMax: 8,
    })
  }, 240_000)
})
