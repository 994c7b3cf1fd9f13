import { InvariantError } from '@aesop/kernel'

/** In the place of a default for what an index always finds: `list[i] ?? missing('the label')`. @throws InvariantError */
export function missing(what: string): never {
  throw new InvariantError(`invariant broken: ${what} is missing`)
}
