import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { type Logger, removeLeftOverFiles } from '@aesop/kernel'
// Type-only imports are spelled `import type` here: what they name is heavy and is loaded when it is needed.
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
import { tracerOfProcess } from './telemetry/open-telemetry.ts'
import { SecretMask } from './log/secret-mask.ts'
import { LOCK_FOLDER, StateLock } from './state/state-lock.ts'

/** How a preparation becomes an application. */
export interface CreationOptions extends ApplicationOptions {
  /** Clears the state directory before anything is made. */
  readonly fresh?: boolean
  /** Replaces the nature of the bootstrap descriptor. */
  readonly nature?: RuntimeNature | undefined
  /** Beans and classes in the place of those of the descriptors. */
  readonly overrides?: Overrides | undefined
  /** False: builds beans beside a process that may hold the state directory; nothing may be started or saved then. */
  readonly locksState?: boolean
}

export interface LaunchOptions extends CreationOptions, PreparationOptions {
  readonly loggerOf?: (container: string, bean: string) => Logger
  /** `[host:]port` of the admin server; default `off`, because nobody expects a library to open a port. */
  readonly admin?: string
}

/**
 * Reads a bootstrap descriptor, builds what it asks for and starts it. `await using` stops it at the end of the block.
 * @throws DescriptorsInvalidError with all problems, before anything is started
 * @throws StateDirectoryHeldError, StateLockError, before anything is touched
 * @throws BuildFailedError or StartFailedError after everything that was started has been stopped again
 */
export async function launch(path: string, options: LaunchOptions): Promise<Application> {
  const admin = parseAdminAddress(options.admin ?? 'off')
  // One mask for all preparations: who shows something after a reload must know the secrets of before, and the new ones.
  const mask = options.mask ?? new SecretMask()
  const prepareAgain = (): Promise<Preparation> => prepareLaunch(resolve(path), { ...options, mask })
  const preparation = await prepareAgain()
  const application = await createApplication(preparation, { prepareAgain, ...options })
  if (admin !== 'off') await openAdminOf(application, { ...admin, isPortFixed: true, mask })
  await application.start()
  return application
}

async function openAdminOf(application: Application, options: AdminOptions): Promise<void> {
  try {
    await serveAdmin(application, options)
  } catch (error) {
    await application.stop()
    throw error
  }
}

/** The application of a preparation without errors, not started yet; it holds its state directory until it has ended. */
export async function createApplication(preparation: Preparation, options: CreationOptions): Promise<Application> {
  const errors = preparation.problems.filter((problem) => problem.severity === 'error')
  if (preparation.launch === undefined || errors.length > 0) throw new DescriptorsInvalidError(preparation.problems)
  const { projectsRoot, stateDirectory } = preparation.launch
  const plan = await adapt(preparation.launch, options)
  const holdsProject = containsProject(stateDirectory, projectsRoot)
  if (options.fresh === true && holdsProject) throw new DescriptorsInvalidError([freshRefused(stateDirectory)])
  const { Application } = await import('./lifecycle/application.ts')
  const tracer = options.tracer ?? (await tracerOfProcess())
  const application = new Application(plan, { ...options, tracer, prepareAgain: adaptAgain(options) })
  if (options.locksState === false) return application
  const lock = await StateLock.take(stateDirectory, plan.applicationName)
  application.closeAtEnd(() => lock.release())
  if (options.fresh === true) clearState(stateDirectory)
  if (!holdsProject) removeLeftOverFiles(stateDirectory)
  return application
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

/** Whether the project itself stands below the folder of the state. */
function containsProject(stateDirectory: string, projectsRoot: string): boolean {
  const isAbove = `${projectsRoot}${sep}`.startsWith(`${stateDirectory.replace(/[/\\]$/, '')}${sep}`)
  return isAbove || dirname(stateDirectory) === stateDirectory
}

function freshRefused(stateDirectory: string): BootstrapInvalidError {
  const message = `--fresh would remove ${stateDirectory}, which holds the project itself`
  return new BootstrapInvalidError(message, { hint: 'give stateDirectory a folder of its own' })
}

/** Removes the state of the application; the lock stays, because this process holds it. */
function clearState(stateDirectory: string): void {
  for (const name of existsSync(stateDirectory) ? readdirSync(stateDirectory) : []) {
    if (name !== LOCK_FOLDER) rmSync(join(stateDirectory, name), { recursive: true, force: true })
  }
}

/** Opens the log of the process; the logging library is loaded only now. */
export async function openProcessLog(options: LogOptions): Promise<ProcessLog> {
  const { openLog } = await import('./log/winston-log.ts')
  return openLog(options)
}
