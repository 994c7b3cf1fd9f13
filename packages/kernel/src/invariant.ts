/** A fault of ours, not of the user's: no retry loop may catch it and go on. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** States what must hold whatever the input was. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${message}`)
}
