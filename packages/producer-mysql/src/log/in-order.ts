/** Does the second thing after the first, at once where that needs no wait. */
export function inOrder(
  first: Promise<void> | undefined,
  next: () => Promise<void> | undefined,
): Promise<void> | undefined {
  return first === undefined ? next() : first.then(next)
}
