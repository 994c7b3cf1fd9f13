import { AesopError } from './aesop-error.ts'

/**
 * Puts a name into the remedy of an error where it leaves room for it: `--source <name>` becomes `--source people`. Whoever
 * knows the name calls it before somebody reads the remedy. What is no error of ours stays what it is.
 * @returns the error itself
 */
export function fillRemedy<E>(error: E, room: '<name>' | '<id>', name: string): E {
  if (!(error instanceof AesopError) || !error.remedy.includes(room)) return error
  return Object.assign(error, { remedy: error.remedy.replaceAll(room, shellWord(name)) })
}

/** A word as a shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w.:@%+=/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
