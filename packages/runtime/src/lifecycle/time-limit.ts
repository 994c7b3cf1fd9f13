import { LaunchStoppedError, StepTimedOutError } from '../errors.ts'

/** How long a start may go on after the launch was asked to stop: most come to an end, the rest are given up. */
const GRACE_MS = 2000

/**
 * Runs a step that may take `limitMs` at most. When the time is over the signal aborts and the promise rejects with
 * StepTimedOutError; a later failure of the step is then nobody's business.
 * @param stopRequest when it aborts, the step has two more seconds, then the promise rejects with LaunchStoppedError.
 */
export async function withTimeLimit(
  step: string,
  limitMs: number,
  run: (signal: AbortSignal) => unknown,
  stopRequest?: AbortSignal,
): Promise<void> {
  const abort = new AbortController()
  const timers: NodeJS.Timeout[] = []
  let onStop: () => void = () => undefined
  const late = new Promise<never>((_resolve, reject) => {
    // An error is made when it is needed: its stack costs more than the rest of a short step.
    const giveUpAfter = (ms: number, makeError: () => Error): void => {
      const giveUp = (): void => {
        reject(makeError())
        abort.abort()
      }
      timers.push(setTimeout(giveUp, ms))
    }
    giveUpAfter(limitMs, () => new StepTimedOutError(step, limitMs))
    onStop = () => {
      giveUpAfter(GRACE_MS, () => new LaunchStoppedError())
    }
  })
  stopRequest?.addEventListener('abort', onStop, { once: true })
  try {
    await Promise.race([Promise.resolve().then(() => run(abort.signal)), late])
  } finally {
    stopRequest?.removeEventListener('abort', onStop)
    for (const timer of timers) clearTimeout(timer)
  }
}
