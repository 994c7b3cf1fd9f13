import { rmSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
// Type-only imports are spelled `import type` here: what they name is heavy and is loaded when it is needed.
import type { Logger } from '@aesop/kernel'
import type { ContainerDefinition } from './component.ts'
import { prepareLaunch, type Preparation } from './descriptor/launch-preparation.ts'
import { BootstrapInvalidError, DescriptorsInvalidError } from './errors.ts'
import type { Application, ApplicationOptions } from './lifecycle/application.ts'
import type { SecretMask } from './log/secret-mask.ts'
import type { LogOptions, ProcessLog } from './log/winston-log.ts'

export interface LaunchOptions extends ApplicationOptions {
  /** The component containers that the bootstrap descriptor may name. */
  readonly containers: readonly ContainerDefinition[]
  /** Values of placeholders; they win over everything. */
  readonly set?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Clears the state directory before anything is made. */
  readonly fresh?: boolean
  readonly mask?: SecretMask
  readonly loggerOf?: (container: string, bean: string) => Logger
}

/**
 * Reads a bootstrap descriptor, builds what it asks for and starts it.
 * @throws DescriptorsInvalidError with all problems, before anything is started
 * @throws BuildFailedError or StartFailedError after everything that was started has been stopped again
 */
export async function launch(path: string, options: LaunchOptions): Promise<Application> {
  const application = await createApplication(await prepareLaunch(resolve(path), options), options)
  await application.start()
  return application
}

/** The application of a preparation without errors, not started yet. */
export async function createApplication(
  preparation: Preparation,
  options: ApplicationOptions & { readonly fresh?: boolean },
): Promise<Application> {
  const errors = preparation.problems.filter((problem) => problem.severity === 'error')
  if (preparation.launch === undefined || errors.length > 0) throw new DescriptorsInvalidError(preparation.problems)
  const { projectsRoot, stateDirectory } = preparation.launch
  if (options.fresh === true) clearState(stateDirectory, projectsRoot)
  const { Application } = await import('./lifecycle/application.ts')
  return new Application(preparation.launch, options)
}

/** Removes the state of the application; never a folder that holds the project itself. */
function clearState(stateDirectory: string, projectsRoot: string): void {
  const holdsProject = `${projectsRoot}${sep}`.startsWith(`${stateDirectory.replace(/[/\\]$/, '')}${sep}`)
  if (holdsProject || dirname(stateDirectory) === stateDirectory) {
    const message = `--fresh would remove ${stateDirectory}, which holds the project itself`
    throw new DescriptorsInvalidError([
      new BootstrapInvalidError(message, { hint: 'give stateDirectory a folder of its own' }),
    ])
  }
  rmSync(stateDirectory, { recursive: true, force: true })
}

/** Opens the log of the process; the logging library is loaded only now. */
export async function openProcessLog(options: LogOptions): Promise<ProcessLog> {
  const { openLog } = await import('./log/winston-log.ts')
  return openLog(options)
}
