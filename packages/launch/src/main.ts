import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { AesopError } from '@aesop/kernel'
import {
  type CommandDefinition,
  type ContainerDefinition,
  type Contribution,
  EXIT_CODES,
  formatError,
  SecretMask,
  StateDirectoryHeldError,
  StateLockError,
} from '@aesop/runtime'
import { parseCommandLine } from './command-line.ts'
import { commandsOf, containersOf, ownContribution, refuseMeetingNames } from './contributions.ts'
import { UsageError } from './errors.ts'
import { commandHelpText, helpText, SHORT_HELP } from './help.ts'

export interface MainOptions {
  /** The component containers that descriptors may name; default the five standard ones. */
  readonly containers?: readonly ContainerDefinition[]
  /** What other packages add. */
  readonly contributions?: readonly Contribution[]
  /** Ends the remembering of signals by whoever loaded this command, and gives the one that came. */
  readonly takeOverSignals?: () => 'SIGINT' | 'SIGTERM' | undefined
}

/** The `aesop-launch` command: does what the arguments say and ends the process with the code that tells the truth. */
export async function main(args: readonly string[], options: MainOptions = {}): Promise<void> {
  // Whoever read this output has gone, or its disk is full: that is no reason to end what runs.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const code = await runCommand(args, options)
  process.exitCode = code
  // Output may still be on its way into a pipe; only then does the process end, whatever handles are left open.
  process.stdout.write('', () => {
    process.stderr.write('', () => {
      process.exit(code)
    })
  })
}

async function runCommand(args: readonly string[], options: MainOptions): Promise<number> {
  try {
    return await execute(args, options)
  } catch (error) {
    const report = { mask: new SecretMask(), verbose: args.includes('-v') || args.includes('--verbose') }
    process.stderr.write(`${formatError(error, report)}\n`)
    if (error instanceof UsageError) return EXIT_CODES.usage
    if (error instanceof StateDirectoryHeldError || error instanceof StateLockError) return EXIT_CODES.startFailed
    return error instanceof AesopError ? EXIT_CODES.descriptors : EXIT_CODES.died
  }
}

async function execute(args: readonly string[], { takeOverSignals, ...options }: MainOptions): Promise<number> {
  const contributions = await contributionsOf(options)
  refuseMeetingNames(contributions)
  const commands = commandsOf(contributions)
  const containers = containersOf(contributions)
  const line = parseCommandLine(args, { isTerminal: process.stderr.isTTY, env: process.env }, commands, containers)
  if (typeof line === 'string' || 'helpOf' in line || line.command.endsBySignal !== false) {
    const early = takeOverSignals?.()
    if (early !== undefined) return EXIT_CODES.forced + constants.signals[early]
  }
  if (typeof line === 'string') return showText(line, commands, containers)
  if ('helpOf' in line) {
    process.stdout.write(commandHelpText(line.helpOf, line.verb))
    return 0
  }
  const { command, ...rest } = line
  const action = await command.load()
  return action({ ...rest, contributions, containers, takeOverSignals })
}

function showText(
  text: 'help' | 'short-help' | 'version',
  commands: readonly CommandDefinition[],
  containers: readonly ContainerDefinition[],
): number {
  if (text === 'short-help') process.stderr.write(SHORT_HELP)
  else process.stdout.write(text === 'help' ? helpText(commands, containers) : `${version()}\n`)
  return text === 'short-help' ? EXIT_CODES.usage : 0
}

async function contributionsOf({ containers, contributions }: MainOptions): Promise<readonly Contribution[]> {
  const standard =
    containers === undefined
      ? (await import('./standard-contributions.ts')).standardContributions
      : [{ name: 'the options of main', containers }]
  return [ownContribution, ...standard, ...(contributions ?? [])]
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return text
}
