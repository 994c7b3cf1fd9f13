import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 10

/** Waits for a condition and fails with its words when it does not come true in time. */
export async function untilTrue(condition: () => boolean, deadlineMs: number, what: string): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${deadlineMs} ms were not enough until ${what}`)
    await delay(LOOK_EVERY_MS)
  }
}
