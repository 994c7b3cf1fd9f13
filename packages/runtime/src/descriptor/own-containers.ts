import { dirname } from 'node:path'
import { messageOf } from '@aesop/kernel'
import { type ContainerDefinition, type PropertySchema } from '../component.ts'
import { BootstrapInvalidError } from '../errors.ts'
import { loadModuleClass } from '../wiring/module-loader.ts'
import { resolveClassName } from './class-name.ts'
import { type NamedPlace } from './definition.ts'
import { DescriptorError, type ProblemList } from './descriptor-error.ts'
import { type ModuleClass, moduleClassKey, type ModuleClassUse } from './module-class.ts'

/** Component containers of the user's own, and their classes as the bootstrap descriptor names them. */
export interface OwnContainers {
  readonly definitions: readonly ContainerDefinition[]
  readonly moduleClasses: ReadonlyMap<string, ModuleClass>
}

/**
 * Loads and makes the component containers that are named as `./reports.ts#ReportsContainer`: they must be known before
 * the descriptors that belong to them can be looked for.
 */
export async function loadOwnContainers(
  places: readonly NamedPlace[],
  properties: PropertySchema,
  problems: ProblemList,
): Promise<OwnContainers> {
  const definitions: ContainerDefinition[] = []
  const moduleClasses = new Map<string, ModuleClass>()
  for (const place of places) {
    const use = useOf(place)
    if (use === undefined || moduleClasses.has(moduleClassKey(use))) continue
    const found = await loadModuleClass(use)
    if (found instanceof DescriptorError) {
      problems.add(found)
      continue
    }
    moduleClasses.set(moduleClassKey(use), { make: found.make, schema: properties })
    const definition = definitionOf(place, found, problems)
    if (definition !== undefined) definitions.push(definition)
  }
  return { definitions, moduleClasses }
}

function useOf({ text, at }: NamedPlace): ModuleClassUse | undefined {
  const target = resolveClassName(text, {})
  if (target.kind !== 'module') return undefined
  const { module, exportName } = target
  return { module, exportName, folder: dirname(at.file.path), at, bean: '', path: 'componentContainers' }
}

function definitionOf(place: NamedPlace, found: ModuleClass, problems: ProblemList): ContainerDefinition | undefined {
  const { text, at } = place
  try {
    const made = Reflect.construct(found.make, []) as Partial<ContainerDefinition>
    return checked(made, text)
  } catch (cause) {
    const reason = messageOf(cause)
    problems.add(new BootstrapInvalidError(`"${text}" is no component container: ${reason}`, { at, cause }))
    return undefined
  }
}

/** What a container says of itself, under the name that the descriptor gives it. */
function checked(made: Partial<ContainerDefinition>, className: string): ContainerDefinition {
  const { name, descriptorName, catalogue, roots = [], unavailable } = made
  if (typeof name !== 'string' || name === '') throw new Error('it has no name')
  if (typeof descriptorName !== 'string') throw new Error('it has no descriptorName')
  if (typeof catalogue?.components !== 'object') throw new Error('it has no catalogue of components')
  return { name, className, descriptorName, catalogue, roots, ...(unavailable === undefined ? {} : { unavailable }) }
}
