import { type WindowReader } from './window-reader.ts'

/**
 * Reads windows again that their holder no longer has, from where they came. They are the same, byte for byte and under the same
 * SCNs; windows without rows may differ. SPEC.md has what its readers answer.
 */
export interface LateReading {
  /**
   * A reader of the windows after `scn`, which is sent to its place by `seek`, at or behind that SCN. Answers at once: what has
   * to be looked up is waited for by `seek` and `next`.
   */
  readFrom(scn: bigint): WindowReader
  /** Calls the listener when a reader that had nothing to read may have something now; it must not throw. @returns how to end it */
  subscribe(listener: () => void): () => void
}
