import { type PreparationOptions } from '@aesop/runtime'
import { type CommonOptions } from './command-line.ts'

/** The part of the command line that says how descriptors are read. */
export function preparationOptions(options: CommonOptions): Omit<PreparationOptions, 'containers'> {
  const { set, profiles, properties, projectsRoot, strict } = options
  return { set, isSetByArguments: true, profiles, properties, projectsRoot, strict }
}
