import { inspect } from 'node:util'
import { type Logger } from '@aesop/kernel'
import { assertNoLeak } from './markers.ts'
import { testLog } from './test-log.ts'

type Line = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Ends the run of tests with the leak, whatever the code under test does with errors. */
function failTheRun(leak: Error): void {
  void Promise.reject(leak)
}

/**
 * A logger whose lines are searched for markers, whole: texts, fields, errors with their causes; shown as `testLog` does.
 * @param who writes the lines
 * @param note gets warnings and errors
 */
export function searchedLog(who: string, note?: Line, onLeak: (leak: Error) => void = failTheRun): Logger {
  const search: Line = (message, fields) => {
    try {
      assertNoLeak(`a line of ${who}`, `${message} ${fields === undefined ? '' : wholeText(fields)}`)
    } catch (leak) {
      onLeak(leak as Error)
    }
  }
  const searchAndNote: Line = (message, fields) => {
    search(message, fields)
    note?.(message, fields)
  }
  return testLog(who, (level, message, fields) => {
    if (level === 'warn' || level === 'error') searchAndNote(message, fields)
    else search(message, fields)
  })
}

/** Gives the error on when it holds no marker, and else what it holds. */
export function searchedError(who: string, error: unknown): unknown {
  try {
    assertNoLeak(`an error of ${who}`, wholeText(error))
    return error
  } catch (leak) {
    return leak
  }
}

/** A failure that a bean has reported, searched. */
export function searchFailure(who: string, error: Error): void {
  const searched = searchedError(who, error)
  if (searched !== error) failTheRun(searched as Error)
}

function wholeText(value: unknown): string {
  return inspect(value, { depth: 8, maxStringLength: Infinity, breakLength: Infinity, compact: true })
}
