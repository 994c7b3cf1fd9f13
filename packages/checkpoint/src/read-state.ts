import { readIfThere } from '@aesop/kernel'

import { StateUnopenableError } from './errors.ts'

/** The text of a file of the state; undefined when there is none. @throws StateUnopenableError */
export function readState(path: string): string | undefined {
  try {
    return readIfThere(path)
  } catch (error) {
    throw new StateUnopenableError(path, error)
  }
}
