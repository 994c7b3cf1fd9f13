import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeFolder } from './test-folder.ts'

/** The environment variable that names it, for the processes of the tests. */
const VARIABLE = 'AESOP_TEST_RUN_FOLDER'

/** The folder of one run of tests, which is removed at its end, however the processes of the tests end; undefined outside of one. */
export function runFolder(): string | undefined {
  return process.env[VARIABLE]
}

/**
 * Gives a run its folder.
 * @returns what searches it for markers and removes it; undefined: the run has one already
 */
export default function provideRunFolder(): (() => void) | undefined {
  if (runFolder() !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'aesop-run-'))
  // Database servers, which run as another user, read what tests put below: who knows a name may pass.
  chmodSync(folder, 0o711)
  process.env[VARIABLE] = folder
  return () => {
    try {
      removeFolder(folder)
    } catch (leak) {
      // A run whose tests have all passed would end well in spite of it.
      process.exitCode = 1
      throw leak
    }
  }
}
