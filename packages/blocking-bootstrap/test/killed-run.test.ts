import { ConsumerCallbackResult } from '@aesop/client'
import { expect, test } from 'vitest'
import { assertReached } from '../../../test/support/property.ts'
import { sayingSeed, seedOf } from '../../../test/support/seed.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { until } from '../../../test/support/until.ts'
import { KeptRun, Outside } from './kept-run.ts'
import { ITEM, LoggedShop, ORDER } from './logged-shop.ts'

const SCHEDULES = 25
const LIVES_MAX = 12
const KEYS = 40

/** How often the schedules came to what they are about. */
const reached = {
  killedBeforeRows: 0,
  killedAfterRows: 0,
  killedBeforePlace: 0,
  killedAfterPlace: 0,
  killedInRows: 0,
  killedBehindRows: 0,
  consumersFailed: 0,
  truncated: 0,
  keyless: 0,
  changedWhileRead: 0,
}

/** Somebody who changes the shop whenever a life comes to something, until it is enough. */
class Writer {
  readonly #shop: LoggedShop
  readonly #draw: SeededDraw
  left = 120

  constructor(shop: LoggedShop, draw: SeededDraw) {
    this.#shop = shop
    this.#draw = draw
  }

  some(): void {
    for (let times = this.#draw.below(3); times > 0 && this.left > 0; times--) this.one()
  }

  one(): void {
    this.left--
    if (this.#draw.below(40) === 0) {
      reached.truncated++
      this.#shop.truncate(ITEM.name)
      return
    }
    const count = 1 + this.#draw.below(3)
    this.#shop.change(
      ...Array.from({ length: count }, () => ({
        table: this.#draw.of([ITEM.name, ITEM.name, ORDER.name]) as 'shop.item',
        key: this.#draw.below(KEYS),
        isGone: this.#draw.below(4) === 0,
      })),
    )
  }
}

/** One life after the other, each killed where the draw says, until one comes to the end. */
async function livesOf(shop: LoggedShop, draw: SeededDraw): Promise<void> {
  const outside = new Outside()
  const writer = new Writer(shop, draw)
  // So far that most of it comes behind the rows, in every other schedule.
  const goal = draw.below(2) === 0 ? 'now' : String(shop.scn + 10n * BigInt(writer.left))
  for (let life = 1; ; life++) {
    const isLast = life === LIVES_MAX
    const run = new KeptRun(shop, outside, {
      until: goal,
      partitions: 1 + draw.below(4),
      rowsMax: 3 + draw.below(10),
      bytesMax: 500 + draw.below(20_000),
      saveIntervalMs: 0,
    })
    troubles(run, shop, writer, draw, isLast)
    await run.run.start()
    await until(
      'the life is over',
      () => {
        if (run.failures[0] !== undefined) throw run.failures[0]
        if (goal !== 'now' && writer.left > 0) writer.one()
        return run.finished || !run.isAlive
      },
      6000,
      () => ({
        ...run.run.describe(),
        goal,
        left: writer.left,
        health: run.run.health(),
        told: run.told.slice(-6),
        scn: shop.scn,
      }),
    )
    expect(run.faults).toEqual([])
    if (run.isAlive) {
      await theEnd(run, shop, outside, writer)
      return
    }
    await run.end()
  }
}

/** Kills before or after some write of progress, fails consumers, and writes meanwhile. */
function troubles(run: KeptRun, shop: LoggedShop, writer: Writer, draw: SeededDraw, isLast: boolean): void {
  let saves = isLast ? Infinity : draw.below(draw.below(2) === 0 ? 8 : 60)
  run.onSave = (what, when) => {
    writer.some()
    if (saves-- > 0) return
    run.kill()
    const at = `${when === 'before' ? 'killedBefore' : 'killedAfter'}${what === 'rows' ? 'Rows' : 'Place'}` as const
    reached[at]++
    const hasEnded = run.told.some(([name]) => name === 'onStopBootstrap')
    reached[hasEnded ? 'killedBehindRows' : 'killedInRows']++
  }
  run.onEvent = () => {
    if (draw.below(60) !== 0) return draw.below(5) === 0 ? Promise.resolve() : undefined
    reached.consumersFailed++
    return draw.below(2) === 0 ? ConsumerCallbackResult.ERROR : Promise.reject(new Error('no room'))
  }
  const skipped = new Set<number>()
  run.onCheckpoint = (_scn, partition) => {
    // Never twice in a row: who is asked once more at the end agrees.
    if (skipped.delete(partition) || draw.below(10) !== 0) return undefined
    skipped.add(partition)
    return ConsumerCallbackResult.SKIP_CHECKPOINT
  }
  shop.meanwhile = () => {
    if (writer.left > 0) reached.changedWhileRead++
    writer.some()
  }
}

/** What was changed behind the takeover is not in the picture: an online client would bring it. */
async function theEnd(run: KeptRun, shop: LoggedShop, outside: Outside, writer: Writer): Promise<void> {
  run.onSave = () => undefined
  await run.end()
  writer.left = 0
  shop.meanwhile = () => undefined
  const online = new KeptRun(shop, outside, { until: String(shop.scn), partitions: 2 })
  await online.run.start()
  await until('an online client has the rest', () => online.finished)
  expect(online.told.filter(([name]) => name === 'row')).toEqual([])
  expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
  await online.end()
}

test('whatever is killed between any two writes of progress, the destination is the source at the end', async () => {
  const first = seedOf(4711)
  for (let schedule = 0; schedule < SCHEDULES; schedule++) {
    const seed = (first + schedule) % 2 ** 31
    await sayingSeed(seed, async () => {
      const draw = new SeededDraw(seed)
      const shop = new LoggedShop()
      shop.chunkRows = 2 + draw.below(6)
      shop.isKeyless = draw.below(4) === 0
      if (shop.isKeyless) reached.keyless++
      for (let key = 0; key < KEYS; key++) if (draw.below(2) === 0) shop.hasHad(draw.of([ITEM.name, ORDER.name]), key)
      await livesOf(shop, draw)
    })
  }
  assertReached({ reached, atLeast: 3 })
}, 60_000)
