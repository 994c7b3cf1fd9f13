import { AesopError } from '@aesop/kernel'

/** Of a relay's own error the code stands at the beginning of what it says over its port. */
const LOST = /^AESOP_SNAPSHOT_CURSOR_(LOST|INVALID)\b/

/** Whether a table can't be read on from where it was: it has to be begun anew. */
export function isReadingLost(error: unknown): boolean {
  return error instanceof AesopError && (LOST.test(error.code) || LOST.test(error.message))
}
