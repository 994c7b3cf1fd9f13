import { StepTimedOutError } from '../errors.ts'

/**
 * Runs a step that may take `limitMs` at most. When the time is over the signal aborts and the promise rejects with
 * StepTimedOutError; a later failure of the step is then nobody's business.
 */
export async function withTimeLimit(
  step: string,
  limitMs: number,
  run: (signal: AbortSignal) => unknown,
): Promise<void> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new StepTimedOutError(step, limitMs))
      abort.abort()
    }, limitMs)
  })
  try {
    await Promise.race([Promise.resolve().then(() => run(abort.signal)), late])
  } finally {
    clearTimeout(timer)
  }
}
