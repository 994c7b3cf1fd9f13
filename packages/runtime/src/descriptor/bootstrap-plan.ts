import { dirname, isAbsolute, resolve } from 'node:path'
import {
  type ComponentCatalogue,
  type ComponentDefinition,
  type ContainerDefinition,
  type PropertySchema,
} from '../component.ts'
import { BootstrapInvalidError, ContainerUnavailableError, ContainerUnknownError } from '../errors.ts'
import { type AdminAccess } from '../admin/admin-access.ts'
import { ADMIN, adminAccessOf } from './admin-property.ts'
import { compileDescriptor } from './bean-compiler.ts'
import { resolveClassName, simpleName } from './class-name.ts'
import { type BeanValue, type Descriptor, type NamedPlace, type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type Disclosure } from './disclosure.ts'
import { linkDescriptor } from './linker.ts'
import { type OwnContainers } from './own-containers.ts'
import { suggestion } from './suggestion.ts'
import { type SourceRange } from './source-file.ts'

export type RuntimeNature = 'server' | 'standalone' | 'test'

/** One component container that the bootstrap descriptor asks for. */
export interface PlannedContainer {
  /** Unique in the process: `relay`, a second one of the same kind `relay-2`. */
  readonly name: string
  readonly definition: ContainerDefinition
  readonly config?: string
  readonly onFailure: 'abort' | 'continue'
  readonly at: SourceRange
}

/** What a bootstrap descriptor says. */
export interface BootstrapPlan {
  readonly applicationName: string
  readonly nature: RuntimeNature
  readonly projectsRoot: string
  readonly stateDirectory: string
  readonly containers: readonly PlannedContainer[]
  /** Who may ask the admin server. */
  readonly admin: AdminAccess
}

const CONFIG_PATH = '$RUNTIME_CONFIG_PATH'
const NATURES = ['server', 'standalone', 'test', 'SERVER', 'STANDALONE', 'TEST']
const CONTAINERS: PropertySchema = { type: 'array', minItems: 1, items: { 'x-any': true } }

/** The classes of a bootstrap descriptor are never made: the plan is read from the definitions. */
function planOnly(description: string, properties: Readonly<Record<string, PropertySchema>>): ComponentDefinition {
  return {
    description,
    schema: { type: 'object', additionalProperties: false, properties },
    load: () => Promise.reject(new Error('classes of a bootstrap descriptor are not made')),
  }
}

/** The properties that every component container takes in a bootstrap descriptor. */
export const CONTAINER_PROPERTIES: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    config: { type: 'string', description: 'Path of its descriptor, from the folder of the bootstrap descriptor.' },
    onFailure: { enum: ['abort', 'continue'], description: 'Whether the others go on when this one fails to start.' },
  },
}

/** The classes that a bootstrap descriptor may name. */
export function bootstrapCatalogue(containers: readonly ContainerDefinition[]): ComponentCatalogue {
  const container = (definition: ContainerDefinition): ComponentDefinition => ({
    ...planOnly(`The ${definition.name} component container.`, {}),
    schema: CONTAINER_PROPERTIES,
  })
  return {
    components: {
      BootstrapInfo: planOnly('What to launch.', {
        projectsRoot: { type: 'string' },
        applicationName: { type: 'string' },
        runtimeNature: { enum: NATURES },
        stateDirectory: { type: 'string' },
        admin: ADMIN,
        container: { 'x-bean': 'RuntimeContainer' },
        componentContainers: CONTAINERS,
      }),
      RuntimeContainer: planOnly('Holds the component containers.', { componentContainers: CONTAINERS }),
      ...Object.fromEntries(containers.map((each) => [each.className, container(each)])),
    },
  }
}

/** Checks a bootstrap descriptor and reads what it asks for; undefined after a problem that leaves nothing to launch. */
export function planBootstrap(
  descriptor: Descriptor,
  standard: readonly ContainerDefinition[],
  problems: ProblemList,
  disclosure: Disclosure,
  own: OwnContainers = { definitions: [], moduleClasses: new Map() },
): BootstrapPlan | undefined {
  const offered = [...standard, ...own.definitions]
  const links = linkDescriptor(descriptor, problems)
  const catalogue = bootstrapCatalogue(standard)
  compileDescriptor(descriptor, links, { catalogue, problems, moduleClasses: own.moduleClasses, disclosure })
  const info = findInfo(descriptor, problems)
  if (info === undefined) return undefined
  const folder = dirname(descriptor.file.path)
  const projectsRoot = projectsRootOf(textOf(info, 'projectsRoot'), folder)
  const state = textOf(info, 'stateDirectory') ?? '.aesop'
  return {
    applicationName: textOf(info, 'applicationName') ?? 'aesop',
    nature: (textOf(info, 'runtimeNature') ?? 'server').toLowerCase() as RuntimeNature,
    projectsRoot,
    stateDirectory: isAbsolute(state) ? state : resolve(projectsRoot, state),
    containers: planContainers(info, descriptor, offered, problems),
    admin: adminAccessOf(propertyOf(info, 'admin')),
  }
}

/** How the component containers of a bootstrap descriptor are named, and where. */
export function containerNames(descriptor: Descriptor): readonly NamedPlace[] {
  const [info] = beansOfClass(descriptor, 'BootstrapInfo')
  const list = info === undefined ? undefined : containerList(info, descriptor)
  if (list?.kind !== 'list') return []
  return list.items.flatMap((item) => {
    const value = follow(item, descriptor)
    if (value.kind === 'bean') return [value.class]
    return value.kind === 'scalar' ? [{ text: String(value.value), at: value.at }] : []
  })
}

function containerList(info: BeanValue, descriptor: Descriptor): Value | undefined {
  return propertyOf(info, 'componentContainers') ?? listOfContainer(propertyOf(info, 'container'), descriptor)
}

/** Whether a descriptor is a bootstrap descriptor: it has a bean of class BootstrapInfo. */
export function isBootstrap(descriptor: Descriptor): boolean {
  return beansOfClass(descriptor, 'BootstrapInfo').length > 0
}

function beansOfClass(descriptor: Descriptor, className: string): BeanValue[] {
  return [...descriptor.definitions.values()].flatMap(({ value }) =>
    value.kind === 'bean' && value.class.text === className ? [value] : [],
  )
}

function findInfo(descriptor: Descriptor, problems: ProblemList): BeanValue | undefined {
  const [info, second] = beansOfClass(descriptor, 'BootstrapInfo')
  const start = { file: descriptor.file, start: 0, end: 1 }
  if (second !== undefined) {
    problems.add(
      new BootstrapInvalidError('there are two beans of class BootstrapInfo', {
        at: second.class.at,
        path: second.path,
      }),
    )
  }
  if (info === undefined && !problems.hasErrors) {
    problems.add(new BootstrapInvalidError('there is no bean of class BootstrapInfo', { at: start }))
  }
  return info
}

function projectsRootOf(written: string | undefined, folder: string): string {
  if (written === undefined) return folder
  if (written.startsWith(CONFIG_PATH)) return resolve(folder + written.slice(CONFIG_PATH.length))
  return resolve(folder, written)
}

function planContainers(
  info: BeanValue,
  descriptor: Descriptor,
  offered: readonly ContainerDefinition[],
  problems: ProblemList,
): PlannedContainer[] {
  const list = containerList(info, descriptor)
  if (list?.kind !== 'list') {
    if (!problems.hasErrors) {
      problems.add(new BootstrapInvalidError('componentContainers is missing', { at: info.class.at, path: info.path }))
    }
    return []
  }
  const planned: PlannedContainer[] = []
  for (const item of list.items) {
    const one = planContainer(follow(item, descriptor), item, offered, problems)
    if (one === undefined) continue
    const same = planned.filter((each) => each.definition.name === one.definition.name).length
    planned.push(same === 0 ? one : { ...one, name: `${one.name}-${same + 1}` })
  }
  return planned
}

function listOfContainer(container: Value | undefined, descriptor: Descriptor): Value | undefined {
  const value = container === undefined ? undefined : follow(container, descriptor)
  if (value?.kind === 'bean') return propertyOf(value, 'componentContainers')
  return value?.kind === 'map' ? value.entries.find((entry) => entry.key === 'componentContainers')?.value : undefined
}

function planContainer(
  value: Value,
  written: Value,
  offered: readonly ContainerDefinition[],
  problems: ProblemList,
): PlannedContainer | undefined {
  const name = value.kind === 'scalar' ? String(value.value) : value.kind === 'bean' ? value.class.text : ''
  const simple = simpleName(name)
  const definition = offered.find((each) => [simple, name].includes(each.className) || each.name === simple)
  const at = value.kind === 'bean' ? value.class.at : written.at
  if (definition === undefined) {
    // An unknown class, or a module that could not be loaded, has been reported.
    if (value.kind === 'bean' || resolveClassName(name, {}).kind === 'module') return undefined
    const names = offered.map((each) => each.name)
    const hint = suggestion(name, names)
    problems.add(
      new ContainerUnknownError(`there is no component container "${name}"`, { at, path: written.path, hint }),
    )
    return undefined
  }
  if (definition.unavailable !== undefined) {
    const message = `component container "${definition.name}" can't be launched: ${definition.unavailable}`
    problems.add(new ContainerUnavailableError(message, { at, path: written.path }))
  }
  const config = value.kind === 'bean' ? textOf(value, 'config') : undefined
  const onFailure = value.kind === 'bean' && textOf(value, 'onFailure') === 'continue' ? 'continue' : 'abort'
  return { name: definition.name, definition, onFailure, at, ...(config === undefined ? {} : { config }) }
}

function follow(value: Value, descriptor: Descriptor): Value {
  if (value.kind !== 'reference') return value
  return descriptor.definitions.get(value.id)?.value ?? value
}

function propertyOf(bean: BeanValue, key: string): Value | undefined {
  return bean.properties.find((entry) => entry.key === key)?.value
}

function textOf(bean: BeanValue, key: string): string | undefined {
  const value = propertyOf(bean, key)
  return value?.kind === 'scalar' && value.value !== null ? String(value.value) : undefined
}
