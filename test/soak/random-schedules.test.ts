import { describe, expect, it } from 'vitest'
import { seedOf } from '../support/seed.ts'
import { runFaultSchedule } from '../support/fault-schedule.ts'
import { MARIADB, MYSQL } from '../support/server-history.ts'

/* Random seeds, for AESOP_SOAK_MINUTES (50); each schedule prints its seed, which AESOP_TEST_SEED repeats. */
const MINUTES = Number(process.env['AESOP_SOAK_MINUTES'] ?? 50)
const FOR_MS = 60_000

describe('nothing is missing, out of order or wrong after many random schedules of faults', () => {
  it(`for ${MINUTES} minutes`, async () => {
    const endMs = performance.now() + MINUTES * 60_000
    for (let n = 0; performance.now() < endMs; n++) {
      const seed = seedOf(n)
      const kind = n % 2 === 0 ? MARIADB : MYSQL
      process.stderr.write(`${kind.name}, seed ${seed}\n`)
      const { transactions, windows, faults } = await runFaultSchedule(kind, seed, FOR_MS)
      process.stderr.write(`  ${transactions} transactions, ${faults.length} faults: ${faults.join(' ')}\n`)
      expect(windows).toBe(transactions)
    }
  })
})
