/** Databus' back-off: `next = min(maxSleepMs, sleepIncFactor * current + sleepIncDeltaMs)`, at least one more than before. */
export interface BackoffConfig {
  /** Sleep before the first retry. */
  readonly initSleepMs: number
  readonly sleepIncFactor: number
  readonly sleepIncDeltaMs: number
  readonly maxSleepMs: number
  /** Retries before giving up; `Infinity` is spelled out by who wants it. */
  readonly maxRetryNum: number
}

/**
 * The delay in milliseconds before retry number `attempt` (the first is 0). `random` in [0, 1) spreads it over
 * 75–100 % of the formula's value, so that many clients do not come back at the same moment.
 */
export function backoffMs(config: BackoffConfig, attempt: number, random: number): number {
  let sleepMs = Math.min(config.initSleepMs, config.maxSleepMs)
  for (let i = 0; i < attempt && sleepMs < config.maxSleepMs; i++) {
    const grown = Math.max(sleepMs + 1, sleepMs * config.sleepIncFactor + config.sleepIncDeltaMs)
    sleepMs = Math.min(config.maxSleepMs, grown)
  }
  return sleepMs * (1 - random / 4)
}
