import { parseArgs } from 'node:util'
import { messageOf } from '@aesop/kernel'
import { type AdminAddress, type LogLevel, parseAdminAddress, suggestion } from '@aesop/runtime'
import { UsageError } from './errors.ts'

/** Options that every command understands. */
export interface CommonOptions {
  readonly set: Readonly<Record<string, string>>
  readonly fresh: boolean
  readonly json: boolean
  readonly color: boolean
  readonly verbose: boolean
  readonly quiet: boolean
  readonly logLevel: LogLevel
  readonly logFormat: 'text' | 'json'
  readonly startTimeoutMs?: number
  readonly stopTimeoutMs?: number
  readonly drainDelayMs?: number
  /** Where the admin server listens; undefined: as the nature of the launch says. */
  readonly admin?: AdminAddress | 'off'
  /** Reloads containers whose descriptors change. */
  readonly watch: boolean
}

/** What the command line asks for. */
export type Command =
  | { readonly name: 'run'; readonly path: string; readonly options: CommonOptions }
  | { readonly name: 'check'; readonly paths: readonly string[]; readonly options: CommonOptions }
  | { readonly name: 'explain'; readonly code: string; readonly options: CommonOptions }
  | { readonly name: 'help' | 'short-help' | 'version' }

const OPTIONS = {
  set: { type: 'string', short: 's', multiple: true },
  fresh: { type: 'boolean' },
  json: { type: 'boolean' },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  verbose: { type: 'boolean', short: 'v' },
  quiet: { type: 'boolean', short: 'q' },
  'log-level': { type: 'string' },
  'log-format': { type: 'string' },
  'start-timeout': { type: 'string' },
  'shutdown-timeout': { type: 'string' },
  'drain-delay': { type: 'string' },
  admin: { type: 'string' },
  watch: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

const LEVELS = ['error', 'warn', 'info', 'debug'] as const
const FORMATS = ['text', 'json'] as const
/** Commands of the plan that this version does not have: a clear word instead of "file not found". */
const LATER_COMMANDS = ['print', 'graph', 'schema', 'convert', 'checkpoint', 'dead-letter', 'cluster']

/** Where colours may be used, as far as the environment says. */
export interface Terminal {
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Understands the arguments after the name of the program. @throws UsageError */
export function parseCommandLine(args: readonly string[], terminal: Terminal): Command {
  if (args.length === 0) return { name: 'short-help' }
  const { values, positionals } = parse(args)
  if (values.help === true) return { name: 'help' }
  if (values.version === true) return { name: 'version' }
  const options = commonOptions(values, terminal)
  const [first, ...rest] = positionals
  if (first === undefined) throw new UsageError('no bootstrap descriptor was named')
  if (first === 'check') {
    if (rest.length === 0) throw new UsageError('check needs at least one descriptor')
    return { name: 'check', paths: rest, options }
  }
  if (first === 'explain') return { name: 'explain', code: onlyOne(rest, 'explain', 'an error code'), options }
  if (LATER_COMMANDS.includes(first)) throw new UsageError(`the command "${first}" is not available yet`)
  const files = first === 'run' ? rest : positionals
  return { name: 'run', path: onlyOne(files, 'run', 'a bootstrap descriptor'), options }
}

function parse(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    const unknown = /'(-{1,2}[\w-]+)/.exec(messageOf(error))?.[1]
    const known = Object.keys(OPTIONS).map((name) => `--${name}`)
    if (unknown !== undefined && !known.includes(unknown) && unknown.startsWith('--')) {
      const hint = suggestion(unknown, known)
      throw new UsageError(`there is no option ${unknown}`, hint?.startsWith('did') === true ? hint : undefined)
    }
    throw new UsageError(messageOf(error))
  }
}

type Values = ReturnType<typeof parse>['values']

function commonOptions(values: Values, { isTerminal, env }: Terminal): CommonOptions {
  const quiet = values.quiet === true
  const verbose = values.verbose === true
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0'
  const allowed = values['no-color'] !== true && (env['NO_COLOR'] ?? '') === ''
  const startTimeout = values['start-timeout']
  const stopTimeout = values['shutdown-timeout']
  const drainDelay = values['drain-delay']
  return {
    set: settings(values.set ?? []),
    fresh: values.fresh === true,
    json: values.json === true,
    color: allowed && (isTerminal || forced || values.color === true),
    verbose,
    quiet,
    logLevel: oneOf(values['log-level'], '--log-level', LEVELS) ?? (verbose ? 'debug' : quiet ? 'warn' : 'info'),
    logFormat: oneOf(values['log-format'], '--log-format', FORMATS) ?? 'text',
    watch: values.watch === true,
    ...(values.admin === undefined ? {} : { admin: adminAddress(values.admin) }),
    ...(drainDelay === undefined || drainDelay === '0'
      ? {}
      : { drainDelayMs: durationMs(drainDelay, '--drain-delay') }),
    ...(startTimeout === undefined ? {} : { startTimeoutMs: durationMs(startTimeout, '--start-timeout') }),
    ...(stopTimeout === undefined ? {} : { stopTimeoutMs: durationMs(stopTimeout, '--shutdown-timeout') }),
  }
}

function settings(pairs: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) throw new UsageError(`--set needs key=value, got "${pair}"`)
    found[pair.slice(0, equals)] = pair.slice(equals + 1)
  }
  return found
}

function oneOf<T extends string>(value: string | undefined, option: string, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = allowed.find((each) => each === value)
  if (found === undefined) throw new UsageError(`${option} must be one of ${allowed.join(', ')}, got "${value}"`)
  return found
}

function adminAddress(text: string): AdminAddress | 'off' {
  try {
    return parseAdminAddress(text)
  } catch (error) {
    throw new UsageError(`--admin: ${messageOf(error)}`)
  }
}

/** `500ms`, `30s`, `2m`; a bare number counts seconds. */
function durationMs(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text)
  if (match === null) throw new UsageError(`${option} must be a duration such as 30s, got "${text}"`)
  const unit = match[2] === 'ms' ? 1 : match[2] === 'm' ? 60_000 : 1000
  const ms = Number(match[1]) * unit
  if (ms < 1 || ms > 2 ** 31 - 1) throw new UsageError(`${option} must be between 1 ms and 24 days, got "${text}"`)
  return ms
}

function onlyOne(files: readonly string[], command: string, what: string): string {
  const [only, ...others] = files
  if (only === undefined) throw new UsageError(`${command} needs ${what}`)
  if (others.length > 0) throw new UsageError(`${command} takes one argument, got ${files.length}: ${files.join(' ')}`)
  return only
}
