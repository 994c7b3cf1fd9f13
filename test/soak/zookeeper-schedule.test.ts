import { expect, test } from 'vitest'
import { sayingSeed, seedOf } from '../support/seed.ts'
import { runZooKeeperSchedule } from '../support/zookeeper-schedule.ts'

/* Random seeds, for a tenth of AESOP_SOAK_MINUTES (50). */
const MINUTES = Number(process.env['AESOP_SOAK_MINUTES'] ?? 50) / 10
const FOR_MS = 40_000

test('nobody is given a lock while another one may be sure of it, and every operation ends, whatever fails', async () => {
  const endMs = performance.now() + MINUTES * 60_000
  do {
    const seed = seedOf(20_261_129)
    const { faults, taken, lost } = await sayingSeed(seed, () => runZooKeeperSchedule(seed, FOR_MS))
    expect(new Set(faults).size).toBeGreaterThan(4)
    expect(taken).toBeGreaterThan(20)
    expect(lost).toBeGreaterThan(0)
  } while (performance.now() < endMs)
})
