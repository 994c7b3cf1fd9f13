import { rmSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
// Type-only imports are spelled `import type` here: what they name is heavy and is loaded when it is needed.
import type { Logger } from '@aesop/kernel'
import { parseAdminAddress } from './admin/admin-address.ts'
import type { AdminOptions, AdminServer } from './admin/admin-server.ts'
import type { RuntimeNature } from './descriptor/bootstrap-plan.ts'
import {
  type Preparation,
  type PreparationOptions,
  type PreparedLaunch,
  prepareLaunch,
} from './descriptor/launch-preparation.ts'
import { BootstrapInvalidError, DescriptorsInvalidError } from './errors.ts'
import type { Application, ApplicationOptions } from './lifecycle/application.ts'
import type { Overrides } from './lifecycle/bean-overrides.ts'
import type { LogOptions, ProcessLog } from './log/winston-log.ts'

/** How a preparation becomes an application. */
export interface CreationOptions extends ApplicationOptions {
  /** Clears the state directory before anything is made. */
  readonly fresh?: boolean
  /** Replaces the nature of the bootstrap descriptor. */
  readonly nature?: RuntimeNature | undefined
  /** Beans and classes in the place of those of the descriptors. */
  readonly overrides?: Overrides | undefined
}

export interface LaunchOptions extends CreationOptions, PreparationOptions {
  readonly loggerOf?: (container: string, bean: string) => Logger
  /** `[host:]port` of the admin server; default `off`, because nobody expects a library to open a port. */
  readonly admin?: string
}

/**
 * Reads a bootstrap descriptor, builds what it asks for and starts it. `await using` stops it at the end of the block.
 * @throws DescriptorsInvalidError with all problems, before anything is started
 * @throws BuildFailedError or StartFailedError after everything that was started has been stopped again
 */
export async function launch(path: string, options: LaunchOptions): Promise<Application> {
  const admin = parseAdminAddress(options.admin ?? 'off')
  const prepareAgain = (): Promise<Preparation> => prepareLaunch(resolve(path), options)
  const preparation = await prepareAgain()
  const application = await createApplication(preparation, { prepareAgain, ...options })
  if (admin !== 'off') await serveAdmin(application, { ...admin, isPortFixed: true, mask: preparation.mask })
  await application.start()
  return application
}

/** The application of a preparation without errors, not started yet. */
export async function createApplication(preparation: Preparation, options: CreationOptions): Promise<Application> {
  const errors = preparation.problems.filter((problem) => problem.severity === 'error')
  if (preparation.launch === undefined || errors.length > 0) throw new DescriptorsInvalidError(preparation.problems)
  const { projectsRoot, stateDirectory } = preparation.launch
  const plan = await adapt(preparation.launch, options)
  if (options.fresh === true) clearState(stateDirectory, projectsRoot)
  const { Application } = await import('./lifecycle/application.ts')
  return new Application(plan, { ...options, prepareAgain: adaptAgain(options) })
}

/** Opens the admin server; it is closed when the application has ended. The HTTP libraries are loaded only now. */
export async function serveAdmin(application: Application, options: AdminOptions): Promise<AdminServer> {
  const { openAdminServer } = await import('./admin/admin-server.ts')
  return openAdminServer(application, options)
}

async function adapt(launch: PreparedLaunch, { nature, overrides }: CreationOptions): Promise<PreparedLaunch> {
  const named = nature === undefined ? launch : { ...launch, nature }
  if (overrides === undefined) return named
  const { applyOverrides } = await import('./lifecycle/bean-overrides.ts')
  return applyOverrides(named, overrides)
}

/** A reload sees the same overrides as the launch. */
function adaptAgain(options: CreationOptions): (() => Promise<Preparation>) | undefined {
  const { prepareAgain } = options
  if (prepareAgain === undefined) return undefined
  return async () => {
    const preparation = await prepareAgain()
    if (preparation.launch === undefined) return preparation
    return { ...preparation, launch: await adapt(preparation.launch, options) }
  }
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
