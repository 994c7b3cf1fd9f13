/** What the readers of `drain-worker.ts` drain, and how often. */
export interface DrainJob {
  readonly port: number
  /** Path and query of each request. */
  readonly path: string
  readonly readers: number
  /** Answers that one reader drains before anything is measured. */
  readonly warmRounds: number
  /** Answers that each reader drains one after the other, over one connection. */
  readonly rounds: number
  /** Bytes of each answer, at least. */
  readonly answerBytes: number
}

export interface DrainReport {
  /** Of all measured answers, without their frames. */
  readonly bytes: number
  /** From the first measured request to the last byte. */
  readonly seconds: number
  /** What the readers took of a processor. */
  readonly cpuSeconds: number
}

/** The line that says that the measured part begins. */
export const WARM = 'warm'
