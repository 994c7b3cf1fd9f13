import { AesopError } from '@aesop/kernel'

/** The error of ours that `work` throws at once; any other is a failure of the test. */
export function thrownBy(work: () => unknown): AesopError {
  try {
    work()
  } catch (error) {
    if (error instanceof AesopError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
