import { type Metric } from '@aesop/kernel'
import { type CommonOptions } from './common-options.ts'
import { type ContainerDefinition } from './component.ts'
import { type Application } from './lifecycle/application.ts'

/**
 * What a package adds to the launcher. All of it is data: what it takes to do something is imported by `load`, when it is asked
 * for. Names are unique in a launcher.
 */
export interface Contribution {
  /** The package's name, for messages. */
  readonly name: string
  /** Component containers that bootstrap descriptors may name; each brings the bean classes of its descriptors. */
  readonly containers?: readonly ContainerDefinition[]
  /** First words of the command line. */
  readonly commands?: readonly CommandDefinition[]
  /** Pages of the admin server that only show something. */
  readonly pages?: readonly PageDefinition[]
  /** Numbers of the process as a whole, asked for at each scrape; beans tell their own by `metrics()`. */
  readonly metrics?: () => readonly Metric[]
}

/** A command: `aesop-launch <name> …`. */
export interface CommandDefinition {
  readonly name: string
  /** One entry per line of the help: what follows the program's name, and what it does. */
  readonly usage: readonly (readonly [args: string, summary: string])[]
  /** Options that it alone understands, by their long name; with another command they are refused. */
  readonly options?: Readonly<Record<string, CommandOption>>
  /** What completion offers behind its name; left out: files. */
  readonly words?: readonly string[]
  /** Whether it takes the options of containers, because it is about a launch as it would run. */
  readonly takesContainerOptions?: boolean
  /** Left out: true, and a signal that came before ends it. False: it takes signals over by itself. */
  readonly endsBySignal?: boolean
  readonly load: () => Promise<CommandAction>
}

export interface CommandOption {
  readonly type: 'string' | 'boolean'
  /** How its value stands in the help: `<place>`. */
  readonly value?: string
  readonly summary: string
  /** The values that it may have: others are refused, and completion offers them. */
  readonly words?: readonly string[]
}

/** Does what the command line says; gives the exit code. What it throws is shown; an AesopError ends with 3 unless it has a code of its own. */
export type CommandAction = (invocation: Invocation) => number | Promise<number>

/** A command line that was understood. */
export interface Invocation {
  /** What stands behind the name of the command and is no option. */
  readonly args: readonly string[]
  /** The given ones of its own options. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly options: CommonOptions
  readonly contributions: readonly Contribution[]
  readonly containers: readonly ContainerDefinition[]
  /** Ends the remembering of signals by whoever loaded the launcher, and gives the one that came. */
  readonly takeOverSignals?: (() => 'SIGINT' | 'SIGTERM' | undefined) | undefined
}

/** A page of the admin server below `/admin/`: what its function gives is served as JSON, without secrets. */
export interface PageDefinition {
  readonly path: `/admin/${string}`
  readonly load: () => Promise<(application: Application, query: Readonly<Record<string, unknown>>) => unknown>
}
