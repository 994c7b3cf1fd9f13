import { Checkpoint } from '@aesop/checkpoint'
import { EventDecoder, type EventView } from '@aesop/event'
import { type MemoryEventProducer } from '@aesop/producer'
import { parameters } from '@aesop/wire'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { positions, SEVERAL, startSeveral } from './support/several-fixture.ts'

type Partition = (typeof SEVERAL)[number]

/** A client of several partitions: it knows what it has had of each, and asks for what follows. */
class Reader {
  readonly had = new Map<string, string[]>(SEVERAL.map(({ name }) => [name, []]))
  readonly #places = new Map<Partition, Checkpoint>()
  /** How often the next turn was of another source, and how often a window was cut. */
  readonly reached = { turns: 0, cut: 0 }

  get place(): string {
    return positions([...this.#places])
  }

  /** @returns how many events came */
  take(body: Buffer): number {
    const decoder = new EventDecoder(1 << 20)
    decoder.push(body)
    let events = 0
    let before: Partition | undefined
    for (let view = decoder.next(); view !== undefined; view = decoder.next(), events++) {
      const partition = this.#partitionOf(view)
      if (before !== undefined && before !== partition) {
        this.reached.turns++
        // A turn ends with a window.
        expect(this.#placeOf(before).isFullyConsumed).toBe(true)
      }
      before = partition
    }
    if (before !== undefined && !this.#placeOf(before).isFullyConsumed) this.reached.cut++
    return events
  }

  #partitionOf(view: EventView): Partition {
    const partition = SEVERAL.find(({ id }) => id === view.physicalPartition)
    if (partition === undefined) throw new Error(`no partition ${view.physicalPartition}`)
    const place = this.#placeOf(partition)
    const { scn, isEndOfPeriod } = view
    this.#places.set(partition, isEndOfPeriod ? place.afterEndOfPeriod(scn, 1n) : place.afterEvent(scn))
    if (!isEndOfPeriod) this.had.get(partition.name)?.push(`${scn}:${String(view.key)}`)
    return partition
  }

  #placeOf(partition: Partition): Checkpoint {
    return this.#places.get(partition) ?? Checkpoint.flexible()
  }
}

const windows = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 12 })

test('whoever goes on with checkPointMult has each window of each source once, in its order, whatever the size', async () => {
  const reached = { turns: 0, cut: 0, filtered: 0 }
  const { crm, shop, stream } = await startSeveral()
  let scn = 0n
  const fill = (producer: MemoryEventProducer, name: string, rows: readonly number[], kept: (key: number) => boolean) =>
    rows.flatMap((count) => {
      scn += 3n
      const keys = Array.from({ length: count }, (_, row) => row)
      producer.addWindow(
        keys.map((key) => ({ key, source: name })),
        scn,
      )
      return keys.filter(kept).map((key) => `${scn}:${key}`)
    })
  await assertAsyncProperty(
    fc.asyncProperty(windows, windows, fc.integer({ min: 150, max: 900 }), fc.boolean(), async (a, b, size, even) => {
      const filters = even
        ? '{"40":{"partitionType":"MOD","filters":[{"numBuckets":2,"bktRange":{"start":0,"end":1}}]}}'
        : '{}'
      const reader = new Reader()
      reader.take((await stream({ streamFromLatestScn: 'true' })).body)
      for (const had of reader.had.values()) had.length = 0
      const wanted = {
        crm: fill(crm, 'crm.people', a, () => true),
        shop: fill(shop, 'shop.orders', b, (key) => !even || key % 2 === 0),
      }
      for (;;) {
        const answer = await stream({ [parameters.checkpointMult]: reader.place, size, filters })
        expect(answer.status, String(answer.body)).toBe(200)
        if (reader.take(answer.body) === 0) break
      }
      expect(Object.fromEntries(reader.had)).toEqual(wanted)
      reached.turns += reader.reached.turns
      reached.cut += reader.reached.cut
      if (even && wanted.shop.length < b.reduce((sum, rows) => sum + rows, 0)) reached.filtered++
    }),
    { seed: 20_261_128, numRuns: 25, reached, atLeast: 5 },
  )
})
