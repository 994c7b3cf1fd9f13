/** How long an operation is waited for; both may be left out, because a connection that does not answer is ended. */
export interface Wait {
  readonly signal?: AbortSignal
  readonly deadlineMs?: number
}

/** Calls `giveUp` once, with why, when the time is over or the signal aborts. @returns what ends the waiting */
export function waitFor({ signal, deadlineMs }: Wait, giveUp: (reason: unknown) => void): () => void {
  const aborted = (): void => {
    giveUp(signal?.reason)
  }
  signal?.addEventListener('abort', aborted, { once: true })
  const timer =
    deadlineMs === undefined
      ? undefined
      : setTimeout(() => {
          giveUp(new Error(`not within ${deadlineMs} ms`))
        }, deadlineMs)
  return () => {
    signal?.removeEventListener('abort', aborted)
    clearTimeout(timer)
  }
}
