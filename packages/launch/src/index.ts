import { type Application, launch as launchWith, type LaunchOptions as RuntimeOptions } from '@aesop/runtime'
import { containersOf } from './contributions.ts'

export { errorCatalogue } from './error-catalogue.ts'
export { launchErrors, UsageError } from './errors.ts'
export { main, type MainOptions } from './main.ts'
export { type Application } from '@aesop/runtime'

/** The options of a launch; `containers` defaults to the five standard ones. */
export type LaunchOptions = Omit<RuntimeOptions, 'containers'> & Partial<Pick<RuntimeOptions, 'containers'>>

/** Launches a bootstrap descriptor inside this process and returns a handle to look at it and to stop it. */
export async function launch(path: string, options: LaunchOptions = {}): Promise<Application> {
  const containers =
    options.containers ?? containersOf((await import('./standard-contributions.ts')).standardContributions)
  return launchWith(path, { ...options, containers })
}
