import { describe, expect, it } from 'vitest'
import { seedOf } from '../support/seed.ts'
import { extent } from '../support/extent.ts'
import { runFaultSchedule } from '../support/fault-schedule.ts'
import { MARIADB, MYSQL } from '../support/server-history.ts'

/* Half a minute of random faults; `test/soak/random-schedules.test.ts` has hours of them. AESOP_TEST_SEED repeats one. */
const FOR_MS = 25_000

describe('nothing is missing, out of order or wrong after a random schedule of faults', () => {
  it.each(extent([{ kind: MARIADB, seed: seedOf(20_261_128) }], [{ kind: MYSQL, seed: seedOf(20_261_129) }]))(
    'on $kind.name, seed $seed',
    async ({ kind, seed }) => {
      const { faults, transactions, windows } = await runFaultSchedule(kind, seed, FOR_MS)
      expect(windows).toBe(transactions)
      expect(transactions).toBeGreaterThan(200)
      expect(new Set(faults).size).toBeGreaterThan(5)
    },
  )
})
