import { inspect } from 'node:util'

/** Enough for a relay, a client and what stands between them. */
const WITNESSES_MAX = 12
const LINES_MAX = 25

type Tell = () => unknown

interface Witness {
  readonly name: string
  readonly tell: Tell
}

/** What runs now and can say how it is: asked when a wait ends in vain. */
let witnesses: Witness[] = []

/** From now on `tell` is asked by whoever waited in vain, until the test has ended that this was said in. */
export function witness(name: string, tell: Tell): void {
  witnesses = [...witnesses, { name, tell }].slice(-WITNESSES_MAX)
}

/** What stands before a test. @returns forgets everything that was said since */
export function rememberWitnesses(): () => void {
  const before = witnesses
  return () => {
    witnesses = before
  }
}

/** What all of them say, as a person reads it. */
export function testimony(): string {
  return witnesses.map(({ name, tell }) => `\n── ${name}\n${said(tell)}`).join('')
}

function said(tell: Tell): string {
  try {
    const told = tell()
    return typeof told === 'string' ? told : shown(told)
  } catch (error) {
    return `could not say: ${String(error)}`
  }
}

/** Any value; of its lists the last entries, for what came last tells most. */
export function shown(value: unknown): string {
  return inspect(shortened(value), { depth: 6, maxArrayLength: 50, maxStringLength: 500, breakLength: 140 })
}

function shortened(value: unknown): unknown {
  if (isLong(value)) return [`(${value.length - LINES_MAX} before)`, ...value.slice(-LINES_MAX)]
  if (typeof value !== 'object' || value === null || !Object.values(value).some(isLong)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, isLong(each) ? shortened(each) : each]))
}

function isLong(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > LINES_MAX
}

/** The last lines of what was written. */
export function lastLines(lines: readonly string[]): string {
  return lines.length === 0 ? '(no line)' : lines.slice(-LINES_MAX).join('\n')
}
