import { randomInt } from 'node:crypto'

const SEEDS = 2 ** 31

/**
 * The seed of a random test: `AESOP_TEST_SEED` where it is given, so that a failure can be repeated; a new one where
 * `AESOP_TEST_SEEDS` is `random`, as in the soak; otherwise the one that the test has for every run.
 */
export function seedOf(fixed: number): number {
  const given = process.env['AESOP_TEST_SEED']
  if (given !== undefined) return parseSeed(given)
  return process.env['AESOP_TEST_SEEDS'] === 'random' ? randomInt(SEEDS) : fixed
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (/^\d+$/.test(text) && seed < SEEDS) return seed
  throw new Error(`AESOP_TEST_SEED is "${text}", expected a whole number from 0 to ${SEEDS - 1}`)
}

/** The failure of a test that was drawn, with the seed in front of what it says. */
export function withSeed(seed: number, cause: unknown): Error {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new Error(`seed ${seed}, which AESOP_TEST_SEED=${seed} repeats: ${said}`, { cause })
}

/** Runs what draws from a seed; a failure says which. */
export async function sayingSeed<T>(seed: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw withSeed(seed, error)
  }
}
