import { AesopError, type BackoffConfig } from '@aesop/kernel'

/** How a source comes back to its server: at once, then ever more slowly, and for ever. */
export const RECONNECT: BackoffConfig = {
  initSleepMs: 100,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 30_000,
  maxRetryNum: Infinity,
}

/** How often an event is read again whose checksum is wrong: a network damages it once, a disk each time. */
export const DAMAGED_READS_MAX = 3

/** Whether trying again can't help. Errors that have no name are faults of ours: another try would only hide them. */
export function isFinal(error: unknown): boolean {
  return !(error instanceof AesopError) || !error.canRetry
}
