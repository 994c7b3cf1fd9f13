/** Waits for a condition; fails with its name when it does not come true in time. */
export async function until(name: string, holds: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
