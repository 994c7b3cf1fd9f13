import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { AesopError } from '@aesop/kernel'
import {
  type ContainerDefinition,
  EXIT_CODES,
  formatError,
  SecretMask,
  StateDirectoryHeldError,
  StateLockError,
} from '@aesop/runtime'
import { type Command, parseCommandLine } from './command-line.ts'
import { UsageError } from './errors.ts'
import { HELP, SHORT_HELP } from './help.ts'

export interface MainOptions {
  /** The component containers that descriptors may name; default the five standard ones. */
  readonly containers?: readonly ContainerDefinition[]
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
    const command = parseCommandLine(args, { isTerminal: process.stderr.isTTY, env: process.env })
    return await execute(command, options)
  } catch (error) {
    const report = { mask: new SecretMask(), verbose: args.includes('-v') || args.includes('--verbose') }
    process.stderr.write(`${formatError(error, report)}\n`)
    if (error instanceof UsageError) return EXIT_CODES.usage
    if (error instanceof StateDirectoryHeldError || error instanceof StateLockError) return EXIT_CODES.startFailed
    return error instanceof AesopError ? EXIT_CODES.descriptors : EXIT_CODES.died
  }
}

async function execute(command: Command, options: MainOptions): Promise<number> {
  if (command.name !== 'run') {
    const early = options.takeOverSignals?.()
    if (early !== undefined) return EXIT_CODES.forced + constants.signals[early]
  }
  switch (command.name) {
    case 'short-help':
      process.stderr.write(SHORT_HELP)
      return EXIT_CODES.usage
    case 'help':
      process.stdout.write(HELP)
      return 0
    case 'version':
      process.stdout.write(`${version()}\n`)
      return 0
    case 'explain': {
      const { explain } = await import('./explain-command.ts')
      return explain(command.code, command.options)
    }
    case 'completion': {
      const { completion } = await import('./completion-command.ts')
      return completion(command.shell)
    }
    case 'convert': {
      const { convert } = await import('./convert-command.ts')
      return convert(command.path, command.options, await containersOf(options))
    }
    case 'schema': {
      const { schema } = await import('./schema-command.ts')
      return schema(command.container, await containersOf(options))
    }
    case 'print': {
      const { print } = await import('./print-command.ts')
      return print(command.paths, command.options, await containersOf(options))
    }
    case 'graph': {
      const { graph } = await import('./graph-command.ts')
      return graph(command.paths, command.format, command.options, await containersOf(options))
    }
    case 'state': {
      const { state } = await import('./state-command.ts')
      return state(command, await containersOf(options))
    }
    case 'check': {
      const { check } = await import('./check-command.ts')
      return check(command.paths, command.options, await containersOf(options))
    }
    case 'run': {
      const { run } = await import('./run-command.ts')
      return run(command.path, command.options, options, () => containersOf(options))
    }
  }
}

async function containersOf(options: MainOptions): Promise<readonly ContainerDefinition[]> {
  return options.containers ?? (await import('./standard-containers.ts')).standardContainers
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return text
}
