import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The environment variable that names it, for the processes of the tests. */
const VARIABLE = 'AESOP_TEST_RUN_FOLDER'

/** The folder of one run of tests, which is removed at its end, however the processes of the tests end; undefined outside of one. */
export function runFolder(): string | undefined {
  return process.env[VARIABLE]
}

/** Gives a run its folder. @returns what removes it; undefined: the run has one already */
export function provideRunFolder(): (() => void) | undefined {
  if (runFolder() !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'aesop-run-'))
  process.env[VARIABLE] = folder
  return () => {
    rmSync(folder, { recursive: true, force: true })
  }
}
