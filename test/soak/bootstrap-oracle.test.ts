import { describe, it } from 'vitest'
import { OracleSchedule, oracleServer } from '../support/oracle-schedule.ts'
import { sayingSeed, seedOf } from '../support/seed.ts'

/* Random seeds, for AESOP_SOAK_MINUTES (50); each schedule prints its seed, which AESOP_TEST_SEED repeats. */
const MINUTES = Number(process.env['AESOP_SOAK_MINUTES'] ?? 50)
const STEPS = 25

describe('consumers that bootstrap have the tables, whatever is killed', () => {
  it.each([
    ['plain', 'and whatever happens to the tables', MINUTES],
    ['rewriting', 'once they are seeded again, where statements have rewritten their rows', MINUTES / 2],
  ] as const)('%s: %s, for %d minutes', async (changes, _what, minutes) => {
    const endMs = performance.now() + minutes * 60_000
    for (let n = 0; performance.now() < endMs; n++) {
      const seed = seedOf(n)
      const server = await oracleServer(seed)
      try {
        process.stderr.write(`${server.name}, ${changes}, seed ${seed}\n`)
        const schedule = new OracleSchedule(server, seed, changes)
        await sayingSeed(seed, () => schedule.run(STEPS))
        process.stderr.write(`  ${schedule.done.length} steps: ${schedule.reached}\n`)
      } finally {
        await server.server.destroy()
      }
    }
  })
})
