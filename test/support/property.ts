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
    assertReached(options)
  } catch (error) {
    throw withSeed(seed, error)
  }
}

/** Fails when one of the places was seldom reached, or when none is named. */
export function assertReached({ reached, atLeast }: Pick<PropertyOptions, 'reached' | 'atLeast'>): void {
  const places = Object.entries(reached)
  const seldom = places.filter(([, times]) => times < atLeast).map(([place]) => place)
  if (places.length > 0 && seldom.length === 0) return
  const what = places.length === 0 ? 'nothing is counted' : `${seldom.join(', ')} of ${JSON.stringify(reached)}`
  throw new Error(`reached less than ${atLeast} times: ${what}`)
}
