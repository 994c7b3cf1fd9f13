import { type Logger } from '@aesop/kernel'
import { type SeedingProgress } from './seeding-progress.ts'

interface Standstill {
  readonly rows: number
  readonly sinceMs: number
  readonly isTold: boolean
}

/** Longer than a relay waits for its stream to come to what a chunk saw, where that stands still; a store answers in less. */
export const STALL_MS = 45_000

/** Says once of what stands still without a fault what it waits for: an answer that never comes is no error. */
export class StallWatch {
  readonly #log: Logger
  readonly #stallMs: number
  #isStoreSilent = false
  readonly #bySource = new Map<string, Standstill>()

  constructor(log: Logger, stallMs = STALL_MS) {
    this.#log = log
    this.#stallMs = stallMs
  }

  /** To be called again and again. */
  look(seedings: readonly SeedingProgress[], nowMs: number): void {
    for (const seeding of seedings) {
      if (seeding.state !== 'seeding' || seeding.fault !== undefined) this.#bySource.delete(seeding.source)
      else this.#look(seeding, nowMs)
    }
  }

  /** To be called again and again. @param silentMs for how long a question to the store has had no answer */
  lookAtStore(silentMs: number): void {
    const isSilent = silentMs >= this.#stallMs
    if (isSilent && !this.#isStoreSilent) this.#log.warn(silenceOf(silentMs))
    else if (!isSilent && this.#isStoreSilent) this.#log.info('the store answers again')
    this.#isStoreSilent = isSilent
  }

  #look({ source, rows, waitsFor }: SeedingProgress, nowMs: number): void {
    const before = this.#bySource.get(source)
    if (before?.rows !== rows) {
      if (before?.isTold === true) this.#log.info(`the seeding of ${source} goes on`)
      this.#bySource.set(source, { rows, sinceMs: nowMs, isTold: false })
      return
    }
    if (before.isTold || nowMs - before.sinceMs < this.#stallMs) return
    const what = waitsFor ?? 'an answer of the relay or of the store'
    this.#log.warn(`the seeding of ${source} stands still at ${rows} rows: it waits for ${what}`)
    this.#bySource.set(source, { ...before, isTold: true })
  }
}

/** What is said of a store that has not answered for so long. */
export function silenceOf(silentMs: number): string {
  return `the store has not answered for ${Math.floor(silentMs / 1000)} s: tables stand still until it does`
}
