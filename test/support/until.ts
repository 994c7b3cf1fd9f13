import { shown, testimony } from './witness.ts'

/**
 * Waits for a condition. Where it does not come true in time, the failure has its name, what `seen` says then, and what
 * everything that runs says of itself: consumers, health, pullers, the last lines of logs (`witness`).
 * @param seen the value that the condition looks at
 */
export async function until(
  name: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
  seen?: () => unknown,
): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(vain(`not within ${deadlineMs} ms: ${name}`, holds, seen))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function vain(what: string, holds: () => unknown, seen: (() => unknown) | undefined): string {
  const last = seen === undefined ? '' : `\nseen at the end: ${shown(seen())}`
  return `${what}\nwaited for: ${holds.toString()}${last}${testimony()}`
}
