import { constants, readFileSync } from 'node:fs'
import { systemCodeOf } from './aesop-error.ts'
import { withPrivateFile } from './private-path.ts'

/**
 * The text of a file of the state; undefined when there is none. Whatever else keeps it from being read is thrown: a file that
 * this user may not see, or that there is no descriptor for, is not one that is missing; a symbolic link is not followed.
 */
export function readIfThere(path: string): string | undefined {
  try {
    return withPrivateFile(path, constants.O_RDONLY, (file) => readFileSync(file, 'utf8'))
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
