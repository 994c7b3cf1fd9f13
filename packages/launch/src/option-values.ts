import { messageOf } from '@aesop/kernel'
import { type AdminAddress, parseAdminAddress } from '@aesop/runtime'
import { UsageError } from './errors.ts'

/** The pairs of `--set key=value`. @throws UsageError */
export function settings(pairs: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    // What stands there may be a secret, so it is not repeated.
    if (equals < 1)
      throw new UsageError(`--set needs key=value, got ${equals < 0 ? 'no "="' : 'no key before the "="'}`)
    found[pair.slice(0, equals)] = pair.slice(equals + 1)
  }
  return found
}

/** The value, when it is one of the allowed ones. @throws UsageError */
export function oneOf<T extends string>(
  value: string | undefined,
  option: string,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined
  const found = allowed.find((each) => each === value)
  if (found === undefined) throw new UsageError(`${option} must be one of ${allowed.join(', ')}, got "${value}"`)
  return found
}

/** `[host:]port` or `off`. @throws UsageError */
export function adminAddress(text: string): AdminAddress | 'off' {
  try {
    return parseAdminAddress(text)
  } catch (error) {
    throw new UsageError(`--admin: ${messageOf(error)}`)
  }
}

/** `500ms`, `30s`, `2m`; a bare number counts seconds. @throws UsageError */
export function durationMs(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text)
  if (match === null) throw new UsageError(`${option} must be a duration such as 30s, got "${text}"`)
  const unit = match[2] === 'ms' ? 1 : match[2] === 'm' ? 60_000 : 1000
  const ms = Number(match[1]) * unit
  if (ms < 1 || ms > 2 ** 31 - 1) throw new UsageError(`${option} must be between 1 ms and 24 days, got "${text}"`)
  return ms
}

/** The one argument of a command. @throws UsageError */
export function onlyOne(args: readonly string[], command: string, what: string): string {
  const [only, ...others] = args
  if (only === undefined) throw new UsageError(`${command} needs ${what}`)
  if (others.length > 0) throw new UsageError(`${command} takes one argument, got ${args.length}: ${args.join(' ')}`)
  return only
}

/** @throws UsageError without one */
export function atLeastOne(paths: readonly string[], command: string): readonly string[] {
  if (paths.length === 0) throw new UsageError(`${command} needs at least one descriptor`)
  return paths
}
