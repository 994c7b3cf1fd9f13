import { type CommonOptions, type PreparationOptions } from '@aesop/runtime'

/** The part of the command line that says how descriptors are read. */
export function preparationOptions(options: CommonOptions): Omit<PreparationOptions, 'containers'> {
  const { set, profiles, properties, projectsRoot, strict } = options
  return { set, isSetByArguments: true, profiles, properties, projectsRoot, strict }
}
