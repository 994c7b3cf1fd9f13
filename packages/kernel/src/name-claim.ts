/**
 * Takes a name that one bean of the process may have at a time.
 * @param kind what is named
 * @returns gives it back, twice is harmless; undefined when another bean has it
 */
export function claimName(shared: Map<string, unknown>, kind: string, name: string): (() => void) | undefined {
  const key = `name of a ${kind}: ${name}`
  if (shared.has(key)) return undefined
  const claim = {}
  shared.set(key, claim)
  return () => {
    if (shared.get(key) === claim) shared.delete(key)
  }
}
