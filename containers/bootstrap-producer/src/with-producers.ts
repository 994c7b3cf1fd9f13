import { resolve } from 'node:path'
import type { BootstrapProducers } from '@aesop/bootstrap-producer'
import {
  createApplication,
  EXIT_CODES,
  formatError,
  formatProblem,
  type Invocation,
  prepareLaunch,
} from '@aesop/runtime'
import { producersOf } from './bootstrap-page.ts'
import { NoBootstrapProducerError } from './errors.ts'

/** The producers of a descriptor: its beans are made, because they know where their store and their relays are, and nothing is started. */
export async function withProducers(
  { options, containers }: Invocation,
  path: string,
  use: (producers: readonly BootstrapProducers[]) => Promise<number>,
): Promise<number> {
  const { set, profiles, properties, projectsRoot, strict } = options
  const how = { set, isSetByArguments: true, profiles, properties, projectsRoot, strict, containers }
  const preparation = await prepareLaunch(resolve(path), how)
  const report = { mask: preparation.mask, color: options.color, verbose: options.verbose }
  for (const problem of preparation.problems) process.stderr.write(`${formatProblem(problem, report)}\n\n`)
  if (preparation.launch === undefined) return EXIT_CODES.descriptors
  const application = await createApplication(preparation, { locksState: false })
  try {
    for (const error of await application.buildAll()) process.stderr.write(`${formatError(error, report)}\n`)
    const producers = producersOf(application).map(({ instance }) => instance)
    if (producers.length === 0) throw new NoBootstrapProducerError(path)
    return await use(producers)
  } finally {
    await application.stop()
  }
}
