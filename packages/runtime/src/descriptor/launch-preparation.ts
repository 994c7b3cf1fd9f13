import { delimiter, dirname, isAbsolute, relative, resolve } from 'node:path'
import { type ComponentCatalogue, type ContainerDefinition } from '../component.ts'
import { type DescriptorError, DescriptorNotFoundError } from '../errors.ts'
import { distinctModules, loadComponentModules, type LoadedModule, withModules } from '../wiring/component-module.ts'
import { compileExtensions, extensionContainer } from '../wiring/extension-container.ts'
import { loadModuleClass } from '../wiring/module-loader.ts'
import { SecretMask } from '../log/secret-mask.ts'
import { compileDescriptor, type CompiledDescriptor } from './bean-compiler.ts'
import {
  CONTAINER_PROPERTIES,
  containerNames,
  isBootstrap,
  planBootstrap,
  type BootstrapPlan,
  type PlannedContainer,
} from './bootstrap-plan.ts'
import { resolveClassName } from './class-name.ts'
import { ContainerOptions } from './container-options.ts'
import { type Descriptor } from './definition.ts'
import { DescriptorError as DescriptorProblem, ProblemList } from './descriptor-error.ts'
import { Disclosure } from './disclosure.ts'
import { readDescriptor } from './descriptor-reader.ts'
import { type Links, linkDescriptor, warnOfUnused } from './linker.ts'
import { locateDescriptors } from './locate.ts'
import { loadOwnContainers } from './own-containers.ts'
import { type ModuleClass, moduleClassKey, type ModuleClassUse } from './module-class.ts'
import { PropertyLookup } from './property-lookup.ts'
import {
  type Preparation,
  type PreparationOptions,
  type PreparedContainer,
  type PreparedLaunch,
  type ReadDescriptor,
} from './preparation.ts'
import { ActiveProfiles } from './profile-condition.ts'
import { type PropertiesFile, readPropertiesFiles } from './properties-file.ts'
import { standardProviders } from './secret-provider.ts'
import { overrideProperty } from './setting-override.ts'
import { checkStores } from './store-places.ts'
import { reportSecretSettings, reportUnused } from './unused-settings.ts'

export type {
  Preparation,
  PreparationOptions,
  PreparedContainer,
  PreparedLaunch,
  ReadDescriptor,
} from './preparation.ts'

/** A descriptor of a container on its way from text to recipes. */
interface Draft {
  readonly descriptor: Descriptor
  readonly links: Links
  readonly catalogue: ComponentCatalogue
  readonly moduleUses: readonly ModuleClassUse[]
  readonly disclosure: Disclosure
  compiled: CompiledDescriptor
}

/** A descriptor of a container that was read and not looked at yet. */
interface Pending {
  readonly container: PlannedContainer
  readonly descriptor: Descriptor
}

/**
 * Reads a descriptor and everything that belongs to it, checks all of it, and loads the user's classes when nothing
 * was found wrong before. Modules of components are loaded before, because descriptors can't be checked without them.
 * All problems are collected. Nothing is made or started.
 */
export async function prepareLaunch(path: string, options: PreparationOptions): Promise<Preparation> {
  return new LaunchPreparation(path, options).prepare()
}

/** What servers and clients take from the environment by themselves. */
const TOKENS = ['AESOP_ADMIN_TOKEN', 'AESOP_RELAY_TOKEN']

class LaunchPreparation {
  readonly #path: string
  readonly #options: PreparationOptions
  readonly #mask: SecretMask
  readonly #lookup: PropertyLookup
  readonly #profiles: ActiveProfiles
  readonly #propertiesFiles: readonly PropertiesFile[]
  readonly #problems = new ProblemList()
  readonly #containerOptions: ContainerOptions
  readonly #drafts = new Map<PlannedContainer, Draft[]>()
  readonly #files = new Set<string>()
  readonly #modules: LoadedModule[] = []
  #bootstrapModules: readonly LoadedModule[] = []
  readonly #descriptors: ReadDescriptor[] = []

  constructor(path: string, options: PreparationOptions) {
    this.#path = path
    this.#options = options
    this.#mask = options.mask ?? new SecretMask()
    this.#containerOptions = new ContainerOptions(options.containerOptions ?? {}, this.#problems)
    const env = options.env ?? process.env
    for (const name of TOKENS) if (env[name] !== undefined) this.#mask.learn(env[name], `\${${name}}`)
    this.#profiles = new ActiveProfiles([...listOf(env['AESOP_PROFILE'], ','), ...(options.profiles ?? [])])
    const named = [...listOf(env['AESOP_PROPERTIES'], delimiter), ...(options.properties ?? [])]
    const filesOptions = { folder: dirname(path), named: named.map((each) => resolve(each)), profiles: this.#profiles }
    this.#propertiesFiles = readPropertiesFiles(filesOptions, this.#problems)
    const layers = this.#propertiesFiles.map((file) => file.values)
    const providers = { ...standardProviders(env, resolve(dirname(path))), ...options.providers }
    this.#lookup = new PropertyLookup({ settings: options.set ?? {}, env, layers, providers, mask: this.#mask })
  }

  async prepare(): Promise<Preparation> {
    const descriptor = this.#read(this.#path)
    const single = descriptor === undefined ? undefined : this.#singleContainer(descriptor)
    const isBootstrap = single === undefined
    const plan = descriptor === undefined || !isBootstrap ? undefined : await this.#planOf(descriptor)
    const pending = single === undefined ? this.#readAll(plan) : []
    if (single !== undefined && descriptor !== undefined) pending.push({ container: single, descriptor })
    for (const each of pending) await this.#draft(each)
    if (plan !== undefined) checkStores([...this.#drafts.values()].flat(), plan, this.#problems)
    // The files beside a descriptor of one container may serve the others too.
    if (pending.length > 0) this.#containerOptions.reportUnused(this.#options.containers)
    reportUnused(this.#lookup, isBootstrap ? this.#propertiesFiles : [], this.#profiles, this.#problems)
    if (this.#options.isSetByArguments === true) reportSecretSettings(this.#lookup, this.#descriptors, this.#problems)
    const extensions = compileExtensions(distinctModules(this.#modules, this.#problems), this.#problems)
    if (!this.#problems.hasErrors && this.#options.preload === true) await this.#preload(plan)
    if (!this.#problems.hasErrors) await this.#loadModuleClasses()
    return this.#outcome(plan, extensions)
  }

  #outcome(plan: BootstrapPlan | undefined, extensions: CompiledDescriptor | undefined): Preparation {
    const all = inReadingOrder(this.#problems.all)
    const isFault = ({ severity }: DescriptorError): boolean => severity !== 'note'
    if (this.#options.strict === true) for (const problem of all.filter(isFault)) problem.becomeError()
    return {
      ...(plan === undefined || this.#problems.hasErrors ? {} : { launch: this.#launchOf(plan, extensions) }),
      problems: all.filter(isFault),
      notes: all.filter((problem) => !isFault(problem)),
      descriptors: this.#descriptors,
      fileCount: this.#files.size,
      mask: this.#mask,
    }
  }

  #read(path: string, wanted = {}): Descriptor | undefined {
    const descriptor = readDescriptor(path, this.#lookup, this.#problems, this.#profiles, wanted)
    this.#files.add(path)
    for (const file of descriptor?.imported ?? []) this.#files.add(file.path)
    return descriptor
  }

  /** A component descriptor that is checked alone: its name tells the container, else it may use every class. */
  #singleContainer(descriptor: Descriptor): PlannedContainer | undefined {
    const { path } = descriptor.file
    const byName = this.#options.containers.find((each) => path.endsWith(`/${each.descriptorName}`))
    if (isBootstrap(descriptor) || (byName === undefined && /(^|\/)bootstrap\.ya?ml$/.test(path))) return undefined
    const definition = byName ?? everyClass(this.#options.containers)
    return { name: definition.name, definition, onFailure: 'abort', at: { file: descriptor.file, start: 0, end: 1 } }
  }

  async #planOf(read: Descriptor): Promise<BootstrapPlan | undefined> {
    const descriptor = this.#overridden(read)
    this.#bootstrapModules = await this.#loadModules(descriptor)
    this.#modules.push(...this.#bootstrapModules)
    const own = await loadOwnContainers(containerNames(descriptor), CONTAINER_PROPERTIES, this.#problems)
    const disclosure = this.#newDisclosure()
    const plan = planBootstrap(descriptor, this.#options.containers, this.#problems, disclosure, own)
    const links = linkDescriptor(descriptor, new ProblemList())
    this.#descriptors.push({ container: 'bootstrap', descriptor, links, disclosure })
    const { projectsRoot } = this.#options
    return plan === undefined || projectsRoot === undefined ? plan : moveRoot(plan, projectsRoot)
  }

  #newDisclosure(): Disclosure {
    return new Disclosure(this.#mask, (name) => this.#lookup.provider(name) !== undefined)
  }

  #readAll(plan: BootstrapPlan | undefined): Pending[] {
    const pending: Pending[] = []
    for (const container of plan?.containers ?? []) {
      if (plan === undefined || container.definition.unavailable !== undefined) continue
      const { paths, searched, remark } = locateDescriptors({
        descriptorName: container.definition.descriptorName,
        config: container.config,
        bootstrapFolder: dirname(this.#path),
        projectsRoot: plan.projectsRoot,
      })
      if (paths.length === 0) this.#reportNotFound(container, searched, remark)
      for (const path of paths) {
        const descriptor = this.#read(path)
        if (descriptor !== undefined) pending.push({ container, descriptor })
      }
    }
    return pending
  }

  /** The descriptor with the values that `--set bean.property=…` gives. */
  #overridden(descriptor: Descriptor): Descriptor {
    const definitions = new Map(descriptor.definitions)
    for (const key of this.#lookup.openSettings()) {
      const text = this.#lookup.settings[key] ?? ''
      const changed = overrideProperty(definitions, key, text, this.#problems)
      if (changed === undefined) continue
      definitions.set(changed.id, changed)
      this.#lookup.markTaken(key)
    }
    return { ...descriptor, definitions }
  }

  async #loadModules(descriptor: Descriptor): Promise<LoadedModule[]> {
    if (descriptor.modules.length === 0) return []
    return loadComponentModules(descriptor.modules, ({ file }) => dirname(file.path), this.#problems)
  }

  #reportNotFound(container: PlannedContainer, searched: readonly string[], remark: string | undefined): void {
    const { name, definition } = container
    const message = `no descriptor for component container "${name}": ${definition.descriptorName} was looked for in ${searched.join(' and ')}${remark === undefined ? '' : `; ${remark}`}`
    this.#problems.add(new DescriptorNotFoundError(message, { at: container.at }))
  }

  async #draft({ container, descriptor: read }: Pending): Promise<void> {
    const problems = this.#problems
    const descriptor = this.#containerOptions.applied(this.#overridden(read), container.definition)
    const own = await this.#loadModules(descriptor)
    this.#modules.push(...own)
    const modules = distinctModules([...this.#bootstrapModules, ...own], new ProblemList())
    const { catalogue, roots } = withModules(container.definition, modules, problems)
    const links = linkDescriptor(descriptor, problems)
    const disclosure = this.#newDisclosure()
    this.#descriptors.push({ container: container.name, descriptor, links, disclosure })
    const compiled = compileDescriptor(descriptor, links, { catalogue, problems, moduleClasses: new Map(), disclosure })
    const isRoot = (id: string): boolean => {
      const value = descriptor.definitions.get(id)?.value
      if (value?.kind !== 'bean') return false
      // A class of the user's own may have a life of its own: it listens to platform events, or serves something.
      return roots.includes(value.class.text) || resolveClassName(value.class.text, {}).kind === 'module'
    }
    // A misspelt reference makes its target look unused: errors first.
    if (roots.length > 0 && !problems.hasErrorIn([descriptor.file, ...descriptor.imported]))
      warnOfUnused(descriptor, links, isRoot, problems)
    const draft: Draft = { descriptor, links, catalogue, compiled, moduleUses: compiled.moduleClasses, disclosure }
    this.#drafts.set(container, [...(this.#drafts.get(container) ?? []), draft])
  }

  /** Who makes a bean loads its class again and reports what fails. */
  async #preload(plan: BootstrapPlan | undefined): Promise<void> {
    const loads = [...this.#drafts.values()].flat().flatMap((draft) => [...draft.compiled.offeredLoads])
    const own: Promise<unknown>[] = [import('../lifecycle/application.ts'), import('../log/winston-log.ts')]
    if (plan?.nature === 'server') own.push(import('../admin/admin-server.ts'))
    await Promise.allSettled([...own, ...loads.map((load) => load())])
  }

  /** The user's classes tell their schemas only now, so descriptors that name some are compiled again. */
  async #loadModuleClasses(): Promise<void> {
    const drafts = [...this.#drafts.values()].flat().filter((draft) => draft.moduleUses.length > 0)
    const uses = new Map(drafts.flatMap((draft) => draft.moduleUses.map((use) => [moduleClassKey(use), use])))
    const loaded = await Promise.all([...uses].map(async ([key, use]) => [key, await loadModuleClass(use)] as const))
    const moduleClasses = new Map<string, ModuleClass>()
    for (const [key, found] of loaded) {
      if (found instanceof DescriptorProblem) this.#problems.add(found)
      else moduleClasses.set(key, found)
    }
    for (const draft of drafts) {
      const { descriptor, links, catalogue, disclosure } = draft
      const options = { catalogue, problems: this.#problems, moduleClasses, disclosure }
      draft.compiled = compileDescriptor(descriptor, links, options)
    }
  }

  #launchOf(plan: BootstrapPlan, extensions: CompiledDescriptor | undefined): PreparedLaunch {
    const containers = plan.containers.map((container): PreparedContainer => {
      const drafts = this.#drafts.get(container) ?? []
      return {
        name: container.name,
        definition: container.definition,
        onFailure: container.onFailure,
        paths: drafts.map((draft) => draft.descriptor.file.path),
        descriptors: drafts.map((draft) => draft.compiled),
        read: this.#descriptors.filter((each) => each.container === container.name),
      }
    })
    const { applicationName, nature, projectsRoot, stateDirectory, admin } = plan
    if (extensions !== undefined) containers.unshift(extensionsFirst(extensions))
    return { applicationName, nature, projectsRoot, stateDirectory, admin, containers }
  }
}

function extensionsFirst(extensions: CompiledDescriptor): PreparedContainer {
  const { name } = extensionContainer
  return { name, definition: extensionContainer, onFailure: 'abort', paths: [], descriptors: [extensions], read: [] }
}

/** The plan with another projects root; the state directory moves along when it lies below. */
function moveRoot(plan: BootstrapPlan, projectsRoot: string): BootstrapPlan {
  const below = relative(plan.projectsRoot, plan.stateDirectory)
  const isBelow = !below.startsWith('..') && !isAbsolute(below)
  return { ...plan, projectsRoot, stateDirectory: isBelow ? resolve(projectsRoot, below) : plan.stateDirectory }
}

function listOf(text: string | undefined, separator: string): string[] {
  return (text ?? '')
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** By file, in the order in which the files came up, and by place; problems without a place come last. */
function inReadingOrder(problems: readonly DescriptorError[]): DescriptorError[] {
  const files = [...new Set(problems.flatMap(({ finding }) => (finding.at === undefined ? [] : [finding.at.file])))]
  const rank = ({ finding }: DescriptorError): number =>
    finding.at === undefined ? files.length : files.indexOf(finding.at.file)
  const start = ({ finding }: DescriptorError): number => finding.at?.start ?? 0
  return [...problems].sort((a, b) => rank(a) - rank(b) || start(a) - start(b))
}

function everyClass(containers: readonly ContainerDefinition[]): ContainerDefinition {
  const all = containers.map((each) => each.catalogue)
  return {
    name: 'any',
    className: '',
    descriptorName: '',
    catalogue: {
      components: Object.assign({}, ...all.map((each) => each.components)) as ComponentCatalogue['components'],
      constants: Object.assign({}, ...all.map((each) => each.constants ?? {})) as NonNullable<
        ComponentCatalogue['constants']
      >,
    },
    roots: containers.flatMap((each) => each.roots),
  }
}
