import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '@aesop/kernel'
import { type CommandDefinition, type CommonOptions, type ContainerDefinition, suggestion } from '@aesop/runtime'
import { UsageError } from './errors.ts'
import { adminAddress, durationMs, oneOf, settings } from './option-values.ts'

/** What the command line asks for: a command with its arguments, or a text. */
export type CommandLine =
  | {
      readonly command: CommandDefinition
      readonly args: readonly string[]
      readonly values: Readonly<Record<string, string | boolean | undefined>>
      readonly options: CommonOptions
    }
  | { readonly helpOf: CommandDefinition; readonly verb: string | undefined }
  | 'help'
  | 'short-help'
  | 'version'

/** Options that every command understands, as `parseArgs` wants them. */
export const COMMON_OPTIONS = {
  set: { type: 'string', short: 's', multiple: true },
  properties: { type: 'string', short: 'p', multiple: true },
  profile: { type: 'string', short: 'P', multiple: true },
  'projects-root': { type: 'string' },
  strict: { type: 'boolean' },
  'dry-run': { type: 'boolean', short: 'n' },
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

export const LEVELS = ['error', 'warn', 'info', 'debug'] as const
export const FORMATS = ['text', 'json'] as const
/** Commands of the plan that this version does not have: a clear word instead of "file not found". */
const LATER_COMMANDS = ['checkpoint', 'dead-letter', 'cluster']

/** Where colours may be used, as far as the environment says. */
export interface Terminal {
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Understands the arguments after the name of the program. A first word that is no command is the descriptor of `run`.
 * @throws UsageError
 */
export function parseCommandLine(
  args: readonly string[],
  terminal: Terminal,
  commands: readonly CommandDefinition[],
  containers: readonly ContainerDefinition[] = [],
): CommandLine {
  if (args.length === 0) return 'short-help'
  const ofContainers = containers.flatMap(({ options = {} }) => Object.keys(options))
  const { values, positionals } = parse(args, commands, ofContainers)
  if (values['help'] === true) return helpOf(positionals, commands)
  if (values['version'] === true) return 'version'
  const common = values as CommonValues
  const { command, rest } = commandOf(positionals, commands, common['dry-run'] === true)
  const containerOptions = containerValues(values, ofContainers, command)
  const options = { ...commonOptions(common, terminal), containerOptions }
  return { command, args: rest, values: ownValues(values, command, commands), options }
}

/** Of a command that is named, else of all. */
function helpOf([first, verb]: readonly string[], commands: readonly CommandDefinition[]): CommandLine {
  const named = commands.find(({ name, usage }) => name === first && usage.length > 0)
  return named === undefined ? 'help' : { helpOf: named, verb }
}

function commandOf(
  positionals: readonly string[],
  commands: readonly CommandDefinition[],
  isDryRun: boolean,
): { command: CommandDefinition; rest: readonly string[] } {
  const [first, ...rest] = positionals
  if (first === undefined) throw new UsageError('no bootstrap descriptor was named')
  if (LATER_COMMANDS.includes(first)) throw new UsageError(`the command "${first}" is not available yet`)
  const named = commands.find(({ name }) => name === first)
  const runs = named === undefined || named.name === 'run'
  const command = runs ? commands.find(({ name }) => name === (isDryRun ? 'check' : 'run')) : named
  if (command === undefined) throw new UsageError(`there is no command "${first}"`)
  return { command, rest: named === undefined ? positionals : rest }
}

/** The values of the command's own options. @throws UsageError for an option of another command, or another value */
function ownValues(
  values: Values,
  command: CommandDefinition,
  commands: readonly CommandDefinition[],
): Readonly<Record<string, string | boolean | undefined>> {
  const own: Record<string, string | boolean | undefined> = {}
  for (const { name, options = {} } of commands) {
    for (const option of Object.keys(options)) {
      const value = values[option]
      if (value === undefined || Array.isArray(value) || command.options?.[option] !== undefined) continue
      throw new UsageError(`--${option} belongs to the command ${name}`)
    }
  }
  for (const [option, { words }] of Object.entries(command.options ?? {})) {
    const value = values[option]
    if (Array.isArray(value)) continue
    own[option] = typeof value === 'string' && words !== undefined ? oneOf(value, `--${option}`, words) : value
  }
  return own
}

/** The values of options that containers bring. @throws UsageError where the command takes none */
function containerValues(
  values: Values,
  names: readonly string[],
  { name: command, takesContainerOptions = false }: CommandDefinition,
): Readonly<Record<string, string>> {
  const given: Record<string, string> = {}
  for (const name of names) {
    const value = values[name]
    if (typeof value !== 'string') continue
    if (!takesContainerOptions) throw new UsageError(`${command} takes no --${name}: it is of launches`)
    given[name] = value
  }
  return given
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

function parse(
  args: readonly string[],
  commands: readonly CommandDefinition[],
  ofContainers: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  const own = commands.flatMap(({ options = {} }) =>
    Object.entries(options).map(([name, { type }]) => [name, { type }]),
  )
  const texts = ofContainers.map((name) => [name, { type: 'string' }])
  const brought = Object.fromEntries([...own, ...texts]) as Record<string, { type: 'string' | 'boolean' }>
  const options = { ...brought, ...COMMON_OPTIONS }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const unknown = /'(-{1,2}[\w-]+)/.exec(messageOf(error))?.[1]
    const known = Object.keys(options).map((name) => `--${name}`)
    if (unknown !== undefined && !known.includes(unknown) && unknown.startsWith('--')) {
      const hint = suggestion(unknown, known)
      throw new UsageError(`there is no option ${unknown}`, hint?.startsWith('did') === true ? hint : undefined)
    }
    throw new UsageError(messageOf(error))
  }
}

type CommonValues = ReturnType<typeof parseArgs<{ options: typeof COMMON_OPTIONS }>>['values']

function commonOptions(values: CommonValues, { isTerminal, env }: Terminal): Omit<CommonOptions, 'containerOptions'> {
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
