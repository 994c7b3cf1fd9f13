import { readFileSync } from 'node:fs'
import { systemCodeOf } from './aesop-error.ts'

/**
 * The text of a file; undefined when there is none. Whatever else keeps it from being read is thrown: a file that this user may
 * not see, or that there is no descriptor for, is not one that is missing.
 */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
