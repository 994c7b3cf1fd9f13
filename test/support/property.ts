import fc from 'fast-check'
import { seedOf, withSeed } from './seed.ts'

export interface PropertyOptions {
  /** The seed of every run but the soak, see `seedOf`. */
  readonly seed: number
  readonly numRuns: number
  /** How often the runs came to what the property is about, by a name for each: the property counts. */
  readonly reached: Readonly<Record<string, number>>
  /** How often each of them has to be reached, at least: a property that reaches nothing proves nothing. */
  readonly atLeast: number
  /** Where time decides over what is reached, and not the seed alone: so many further runs at most, until all is. Default none. */
  readonly furtherRunsMax?: number
}

/** Holds a property against `numRuns` draws; fails with the seed where it does not hold, or where it did not reach its subject. */
export function assertProperty<Ts>(property: fc.IProperty<Ts>, options: PropertyOptions): void {
  const seed = seedOf(options.seed)
  try {
    fc.assert(property, { seed, numRuns: options.numRuns })
    assertReached(options)
  } catch (error) {
    throw withSeed(seed, error)
  }
}

/** The same for a property that answers with a promise. */
export async function assertAsyncProperty<Ts>(
  property: fc.IAsyncProperty<Ts>,
  options: PropertyOptions,
): Promise<void> {
  const seed = seedOf(options.seed)
  try {
    await fc.assert(property, { seed, numRuns: options.numRuns })
    for (let further = 1; further <= (options.furtherRunsMax ?? 0) && seldomOf(options).length > 0; further++)
      await fc.assert(property, { seed: seed + further, numRuns: 1 })
    assertReached(options)
  } catch (error) {
    throw withSeed(seed, error)
  }
}

/** Fails when one of the places was seldom reached, or when none is named. */
export function assertReached({ reached, atLeast }: Reach): void {
  const seldom = seldomOf({ reached, atLeast })
  const isCounted = Object.keys(reached).length > 0
  if (isCounted && seldom.length === 0) return
  const what = isCounted ? `${seldom.join(', ')} of ${JSON.stringify(reached)}` : 'nothing is counted'
  throw new Error(`reached less than ${atLeast} times: ${what}`)
}

type Reach = Pick<PropertyOptions, 'reached' | 'atLeast'>

function seldomOf({ reached, atLeast }: Reach): readonly string[] {
  return Object.entries(reached).flatMap(([place, times]) => (times < atLeast ? [place] : []))
}
