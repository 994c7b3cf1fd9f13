import { nearestName } from '@aesop/kernel'

/** `did you mean "x"?`, else the list of what is possible when it is short, else undefined. */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates]
  const nearest = nearestName(word, names)
  if (nearest !== undefined) return `did you mean "${nearest}"?`
  if (names.length === 0 || names.length > 24) return undefined
  return `possible here: ${names.join(', ')}`
}
