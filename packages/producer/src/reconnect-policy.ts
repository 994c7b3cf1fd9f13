import { AesopError, type BackoffConfig } from '@aesop/kernel'

/** How a source comes back to its database: at once, then ever more slowly, and for ever. */
export const RECONNECT: BackoffConfig = {
  initSleepMs: 100,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 30_000,
  maxRetryNum: Infinity,
}

/** Whether trying again can't help. Errors that have no name are faults of ours: another try would only hide them. */
export function isFinal(error: unknown): boolean {
  return !(error instanceof AesopError) || !error.canRetry
}
