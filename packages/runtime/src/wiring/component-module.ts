import type {
  AesopModule,
  BeanClass,
  ComponentCatalogue,
  ComponentDefinition,
  ConstantSet,
  ContainerDefinition,
} from '../component.ts'
import type { NamedPlace } from '../descriptor/definition.ts'
import { DescriptorError as DescriptorProblem, type ProblemList } from '../descriptor/descriptor-error.ts'
import type { SourceRange } from '../descriptor/source-file.ts'
import { classSchemaOf } from '../descriptor/standard-schema.ts'
import { ModuleClashError, ModuleInvalidError, ModuleSchemaMissingError } from '../errors.ts'
import { asClass, exportOf, loadModule } from './module-loader.ts'

/** A module of components, loaded, with the place that names it. */
export interface LoadedModule {
  readonly module: AesopModule
  readonly components: Readonly<Record<string, ComponentDefinition>>
  readonly at: SourceRange
}

/** Loads what `modules:` names, all at once. A module that can't be used is reported and left out. */
export async function loadComponentModules(
  named: readonly NamedPlace[],
  folderOf: (at: SourceRange) => string,
  problems: ProblemList,
): Promise<LoadedModule[]> {
  const loaded = await Promise.all(
    named.map(async ({ text, at }) => {
      const exports = await loadModule({ module: text, folder: folderOf(at), at })
      if (exports instanceof DescriptorProblem) return exports
      return readModule(text, exportOf(exports, 'aesopModule'), at, problems)
    }),
  )
  for (const each of loaded) if (each instanceof DescriptorProblem) problems.add(each)
  return loaded.filter((each): each is LoadedModule => !(each instanceof DescriptorProblem))
}

function readModule(
  text: string,
  found: unknown,
  at: SourceRange,
  problems: ProblemList,
): LoadedModule | ModuleInvalidError {
  const fault = faultOf(found)
  if (fault !== undefined) return new ModuleInvalidError(`module "${text}" ${fault}`, { at })
  const module = found as AesopModule
  const unchecked: string[] = []
  const components: Record<string, ComponentDefinition> = {}
  for (const [name, component] of Object.entries(module.components)) {
    const definition = definitionOf(component, unchecked, name)
    if (definition === undefined) return new ModuleInvalidError(`component "${name}" of "${text}" is no class`, { at })
    components[name] = definition
  }
  if (unchecked.length > 0) {
    const message = `classes of module "${module.name}" tell no schema: ${unchecked.join(', ')}`
    problems.add(new ModuleSchemaMissingError(message, { at, severity: 'note' }))
  }
  return { module, components, at }
}

function faultOf(found: unknown): string | undefined {
  if (typeof found !== 'object' || found === null) return 'exports no aesopModule'
  const { name, components, dependsOn, extension } = found as Record<string, unknown>
  if (typeof name !== 'string' || name === '') return 'exports an aesopModule without a name'
  if (typeof components !== 'object' || components === null) return 'exports an aesopModule without components'
  if (dependsOn !== undefined && !Array.isArray(dependsOn)) return 'has a dependsOn that is no list'
  return extension !== undefined && typeof extension !== 'object' ? 'has an extension that is no object' : undefined
}

function definitionOf(component: unknown, unchecked: string[], name: string): ComponentDefinition | undefined {
  if (typeof component === 'object' && component !== null && 'load' in component) {
    const { schema } = component as Partial<ComponentDefinition>
    return { ...(component as ComponentDefinition), schema: schema ?? {} }
  }
  const make = typeof component === 'function' ? asClass(component) : undefined
  if (make === undefined) return undefined
  const { schema, standard } = classSchemaOf(component)
  if (schema === undefined && standard === undefined) unchecked.push(name)
  return {
    description: '',
    schema: schema ?? {},
    load: (): Promise<BeanClass> => Promise.resolve(make),
    ...(standard === undefined ? {} : { standard }),
  }
}

/** The container with what the modules add to it. A short name that is taken already is an error. */
export function withModules(
  container: ContainerDefinition,
  modules: readonly LoadedModule[],
  problems: ProblemList,
): ContainerDefinition {
  if (modules.length === 0) return container
  const components: Record<string, ComponentDefinition> = { ...container.catalogue.components }
  const constants: Record<string, ConstantSet> = { ...container.catalogue.constants }
  const owners = new Map<string, string>()
  for (const { module, components: added, at } of modules) {
    const add = <T>(target: Record<string, T>, name: string, value: T): void => {
      if (Object.hasOwn(target, name)) {
        const owner = owners.get(name) ?? `container "${container.name}"`
        const message = `module "${module.name}" offers "${name}", which ${owner} offers already`
        problems.add(new ModuleClashError(message, { at }))
      } else target[name] = value
      owners.set(name, `module "${module.name}"`)
    }
    for (const [name, value] of Object.entries(added)) add(components, name, value)
    for (const [name, value] of Object.entries(module.constants ?? {})) add(constants, name, value)
  }
  const catalogue: ComponentCatalogue = { components, constants }
  const roots = [...container.roots, ...modules.flatMap(({ module }) => module.roots ?? [])]
  return { ...container, catalogue, roots }
}

/** Each module once, though several descriptors may name it; two different ones of the same name are an error. */
export function distinctModules(modules: readonly LoadedModule[], problems: ProblemList): LoadedModule[] {
  const byName = new Map<string, LoadedModule>()
  for (const each of modules) {
    const before = byName.get(each.module.name)
    if (before === undefined) byName.set(each.module.name, each)
    else if (before.module !== each.module)
      problems.add(new ModuleClashError(`there are two modules named "${each.module.name}"`, { at: each.at }))
  }
  return [...byName.values()]
}
