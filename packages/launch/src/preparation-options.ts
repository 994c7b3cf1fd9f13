import { type CommonOptions, type PreparationOptions } from '@aesop/runtime'

/** The part of the command line that says how descriptors are read. */
export function preparationOptions(options: CommonOptions): Omit<PreparationOptions, 'containers'> {
  const { set, containerOptions, profiles, properties, projectsRoot, strict } = options
  return { set, containerOptions, isSetByArguments: true, profiles, properties, projectsRoot, strict }
}
