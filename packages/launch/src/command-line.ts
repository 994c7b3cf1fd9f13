import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '@aesop/kernel'
import { type AdminAddress, type LogLevel, suggestion } from '@aesop/runtime'
import { UsageError } from './errors.ts'
import { adminAddress, durationMs, oneOf, settings } from './option-values.ts'

/** Options that every command understands. */
export interface CommonOptions {
  readonly set: Readonly<Record<string, string>>
  readonly profiles: readonly string[]
  /** Properties files, as written. */
  readonly properties: readonly string[]
  readonly projectsRoot?: string
  /** Warnings are errors. */
  readonly strict: boolean
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

export const GRAPH_FORMATS = ['mermaid', 'dot', 'json'] as const
export const SHELLS = ['bash', 'zsh'] as const

export const STATE_VERBS = ['show', 'locate', 'set', 'reset', 'pass', 'release'] as const

/** `state <verb> <bootstrap.yaml>`: stored places of sources and registrations. */
export interface StateCommand {
  readonly name: 'state'
  readonly verb: (typeof STATE_VERBS)[number]
  readonly path: string
  readonly source?: string
  readonly registration?: string
  /** Of `--to` (set), `--at` (locate, pass) or `--table` (release). */
  readonly to?: string
  readonly reason: string
  /** Make the change; without it, it is only shown. */
  readonly yes: boolean
  readonly options: CommonOptions
}

/** What the command line asks for. */
export type Command =
  | { readonly name: 'run'; readonly path: string; readonly options: CommonOptions }
  | { readonly name: 'check' | 'print'; readonly paths: readonly string[]; readonly options: CommonOptions }
  | {
      readonly name: 'graph'
      readonly paths: readonly string[]
      readonly format: (typeof GRAPH_FORMATS)[number]
      readonly options: CommonOptions
    }
  | { readonly name: 'schema'; readonly container?: string; readonly options: CommonOptions }
  | { readonly name: 'convert'; readonly path: string; readonly options: CommonOptions }
  | { readonly name: 'completion'; readonly shell: (typeof SHELLS)[number] }
  | { readonly name: 'explain'; readonly code: string; readonly options: CommonOptions }
  | StateCommand
  | { readonly name: 'help' | 'short-help' | 'version' }

/** Every option, as `parseArgs` wants them; completion offers them too. */
export const OPTIONS = {
  set: { type: 'string', short: 's', multiple: true },
  properties: { type: 'string', short: 'p', multiple: true },
  profile: { type: 'string', short: 'P', multiple: true },
  'projects-root': { type: 'string' },
  strict: { type: 'boolean' },
  'dry-run': { type: 'boolean', short: 'n' },
  format: { type: 'string' },
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
  source: { type: 'string' },
  registration: { type: 'string' },
  to: { type: 'string' },
  at: { type: 'string' },
  table: { type: 'string' },
  reason: { type: 'string' },
  yes: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

const LEVELS = ['error', 'warn', 'info', 'debug'] as const
const FORMATS = ['text', 'json'] as const
/** Commands of the plan that this version does not have: a clear word instead of "file not found". */
const LATER_COMMANDS = ['checkpoint', 'dead-letter', 'cluster']
/** The commands that there are, for completion. */
export const COMMANDS = [
  'run',
  'check',
  'print',
  'graph',
  'schema',
  'convert',
  'explain',
  'completion',
  'state',
] as const

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
  if (first !== 'state') refuseStateOptions(values)
  if (first === undefined) throw new UsageError('no bootstrap descriptor was named')
  return commandOf(first, rest, values, options)
}

function commandOf(first: string, rest: readonly string[], values: Values, options: CommonOptions): Command {
  switch (first) {
    case 'check':
    case 'print':
      return { name: first, paths: atLeastOne(rest, first), options }
    case 'graph': {
      const format = oneOf(values.format, '--format', GRAPH_FORMATS) ?? (options.json ? 'json' : 'mermaid')
      return { name: 'graph', paths: atLeastOne(rest, first), format, options }
    }
    case 'schema': {
      if (rest.length === 0) return { name: 'schema', options }
      return { name: 'schema', container: onlyOne(rest, 'schema', 'the name of a container'), options }
    }
    case 'convert':
      return { name: 'convert', path: onlyOne(rest, 'convert', 'a Spring XML file'), options }
    case 'completion': {
      const shell = oneOf(onlyOne(rest, 'completion', 'bash or zsh'), 'completion', SHELLS)
      return { name: 'completion', shell: shell ?? 'bash' }
    }
    case 'state':
      return stateCommand(rest, values, options)
    case 'explain':
      return { name: 'explain', code: onlyOne(rest, 'explain', 'an error code'), options }
    default: {
      if (LATER_COMMANDS.includes(first)) throw new UsageError(`the command "${first}" is not available yet`)
      const path = onlyOne(first === 'run' ? rest : [first, ...rest], 'run', 'a bootstrap descriptor')
      return values['dry-run'] === true ? { name: 'check', paths: [path], options } : { name: 'run', path, options }
    }
  }
}

const STATE_OPTIONS = ['source', 'registration', 'to', 'at', 'table', 'reason', 'yes'] as const

function refuseStateOptions(values: Values): void {
  const given = STATE_OPTIONS.find((name) => values[name] !== undefined)
  if (given !== undefined) throw new UsageError(`--${given} belongs to the command state`)
}

function stateCommand([verb, ...rest]: readonly string[], values: Values, options: CommonOptions): StateCommand {
  const known = oneOf(verb, 'the word after state', STATE_VERBS)
  if (known === undefined) throw new UsageError(`state needs one of ${STATE_VERBS.join(', ')}`)
  if (options.fresh) throw new UsageError('--fresh clears the state at a start; here, state reset forgets one place')
  const path = onlyOne(rest, `state ${known}`, 'a bootstrap descriptor')
  const { source, registration, reason = '', yes = false } = values
  return {
    name: 'state',
    verb: known,
    path,
    ...(source === undefined ? {} : { source }),
    ...(registration === undefined ? {} : { registration }),
    ...placeOption(known, values),
    reason,
    yes,
    options,
  }
}

/** Which option says what a verb is about; the others take none. */
const PLACE_OPTIONS = {
  set: 'to',
  locate: 'at',
  pass: 'at',
  release: 'table',
  show: undefined,
  reset: undefined,
} as const

/** `--to` says where a place goes, `--at` which one is meant, `--table` whose rows; each verb takes one of them, or none. */
function placeOption(verb: StateCommand['verb'], { to, at, table }: Values): { to?: string } {
  const wanted = PLACE_OPTIONS[verb]
  const given = { to, at, table }
  for (const name of ['to', 'at', 'table'] as const) {
    if (name !== wanted && given[name] !== undefined) throw new UsageError(`state ${verb} takes no --${name}`)
  }
  if (wanted === undefined) return {}
  const value = given[wanted]
  const what = wanted === 'table' ? 'logical source' : 'place'
  if (value === undefined || value === '') throw new UsageError(`state ${verb} needs --${wanted} <${what}>`)
  return { to: value }
}

function atLeastOne(paths: readonly string[], command: string): readonly string[] {
  if (paths.length === 0) throw new UsageError(`${command} needs at least one descriptor`)
  return paths
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
    profiles: (values.profile ?? []).flatMap((names) => names.split(',').filter((name) => name !== '')),
    properties: values.properties ?? [],
    strict: values.strict === true,
    ...(values['projects-root'] === undefined ? {} : { projectsRoot: resolve(values['projects-root']) }),
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

function onlyOne(files: readonly string[], command: string, what: string): string {
  const [only, ...others] = files
  if (only === undefined) throw new UsageError(`${command} needs ${what}`)
  if (others.length > 0) throw new UsageError(`${command} takes one argument, got ${files.length}: ${files.join(' ')}`)
  return only
}
