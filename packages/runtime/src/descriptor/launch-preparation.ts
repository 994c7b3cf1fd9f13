import { dirname } from 'node:path'
import { type ComponentCatalogue, type ContainerDefinition } from '../component.ts'
import { type DescriptorError, DescriptorNotFoundError, SettingUnusedError } from '../errors.ts'
import { loadModuleClass } from '../wiring/module-loader.ts'
import { SecretMask } from '../log/secret-mask.ts'
import { compileDescriptor, type CompiledDescriptor } from './bean-compiler.ts'
import {
  isBootstrap,
  planBootstrap,
  type BootstrapPlan,
  type PlannedContainer,
  type RuntimeNature,
} from './bootstrap-plan.ts'
import { type Descriptor } from './definition.ts'
import { DescriptorError as DescriptorProblem, ProblemList } from './descriptor-error.ts'
import { readDescriptor } from './descriptor-reader.ts'
import { type Links, linkDescriptor, warnOfUnused } from './linker.ts'
import { locateDescriptors } from './locate.ts'
import { type ModuleClass, moduleClassKey, type ModuleClassUse } from './module-class.ts'
import { suggestion } from './suggestion.ts'
import { PropertyLookup } from './placeholder.ts'

/** One component container with its checked descriptors. */
export interface PreparedContainer {
  readonly name: string
  readonly definition: ContainerDefinition
  readonly onFailure: 'abort' | 'continue'
  readonly paths: readonly string[]
  readonly descriptors: readonly CompiledDescriptor[]
}

/** Everything that a launch needs to know; nothing has been made yet. */
export interface PreparedLaunch {
  readonly applicationName: string
  readonly nature: RuntimeNature
  readonly projectsRoot: string
  readonly stateDirectory: string
  readonly containers: readonly PreparedContainer[]
}

export interface PreparationOptions {
  readonly containers: readonly ContainerDefinition[]
  /** Values of `--set`. */
  readonly set?: Readonly<Record<string, string>> | undefined
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly mask?: SecretMask | undefined
  /** Loads what a launch needs before the user's modules: later it would go through the loader of TypeScript. */
  readonly preload?: boolean | undefined
}

/** The outcome of reading and checking descriptors: `launch` only for a bootstrap descriptor without errors. */
export interface Preparation {
  readonly launch?: PreparedLaunch
  readonly problems: readonly DescriptorError[]
  readonly fileCount: number
  readonly mask: SecretMask
}

/** A descriptor of a container on its way from text to recipes. */
interface Draft {
  readonly descriptor: Descriptor
  readonly links: Links
  readonly catalogue: ComponentCatalogue
  readonly moduleUses: readonly ModuleClassUse[]
  compiled: CompiledDescriptor
}

/**
 * Reads a descriptor and everything that belongs to it, checks all of it, and loads the user's modules when nothing
 * was found wrong before. All problems are collected. Nothing is made or started.
 */
export async function prepareLaunch(path: string, options: PreparationOptions): Promise<Preparation> {
  return new LaunchPreparation(options).prepare(path)
}

class LaunchPreparation {
  readonly #options: PreparationOptions
  readonly #mask: SecretMask
  readonly #lookup: PropertyLookup
  readonly #problems = new ProblemList()
  readonly #drafts = new Map<PlannedContainer, Draft[]>()
  readonly #files = new Set<string>()

  constructor(options: PreparationOptions) {
    this.#options = options
    this.#mask = options.mask ?? new SecretMask()
    this.#lookup = new PropertyLookup({
      settings: options.set ?? {},
      env: options.env ?? process.env,
      mask: this.#mask,
    })
  }

  async prepare(path: string): Promise<Preparation> {
    const descriptor = this.#read(path)
    const single = descriptor === undefined ? undefined : this.#singleContainer(descriptor)
    let plan: BootstrapPlan | undefined
    if (single !== undefined && descriptor !== undefined) this.#draft(single, descriptor)
    else if (descriptor !== undefined) plan = this.#prepareBootstrap(descriptor)
    this.#reportUnusedSettings()
    if (!this.#problems.hasErrors && this.#options.preload === true) await this.#preload()
    if (!this.#problems.hasErrors) await this.#loadModules()
    return {
      ...(plan === undefined || this.#problems.hasErrors ? {} : { launch: this.#launchOf(plan) }),
      problems: inReadingOrder(this.#problems.all),
      fileCount: this.#files.size,
      mask: this.#mask,
    }
  }

  #read(path: string, wanted = {}): Descriptor | undefined {
    const descriptor = readDescriptor(path, this.#lookup, this.#problems, wanted)
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

  #prepareBootstrap(descriptor: Descriptor): BootstrapPlan | undefined {
    const plan = planBootstrap(descriptor, this.#options.containers, this.#problems)
    for (const container of plan?.containers ?? []) {
      if (plan === undefined || container.definition.unavailable !== undefined) continue
      const { paths, searched } = locateDescriptors({
        descriptorName: container.definition.descriptorName,
        config: container.config,
        bootstrapFolder: dirname(descriptor.file.path),
        projectsRoot: plan.projectsRoot,
      })
      if (paths.length === 0) this.#reportNotFound(container, searched)
      for (const path of paths) {
        const found = this.#read(path)
        if (found !== undefined) this.#draft(container, found)
      }
    }
    return plan
  }

  #reportNotFound(container: PlannedContainer, searched: readonly string[]): void {
    const { name, definition } = container
    const message = `no descriptor for component container "${name}": ${definition.descriptorName} was looked for in ${searched.join(' and ')}`
    this.#problems.add(new DescriptorNotFoundError(message, { at: container.at }))
  }

  #draft(container: PlannedContainer, descriptor: Descriptor): void {
    const problems = this.#problems
    const { catalogue, roots } = container.definition
    const links = linkDescriptor(descriptor, problems)
    const compiled = compileDescriptor(descriptor, links, { catalogue, problems, moduleClasses: new Map() })
    const isRoot = (id: string): boolean => {
      const value = descriptor.definitions.get(id)?.value
      return value?.kind === 'bean' && roots.includes(value.class.text)
    }
    // A misspelt reference makes its target look unused: errors first.
    if (roots.length > 0 && !problems.hasErrorIn([descriptor.file, ...descriptor.imported]))
      warnOfUnused(descriptor, links, isRoot, problems)
    const draft: Draft = { descriptor, links, catalogue, compiled, moduleUses: compiled.moduleClasses }
    this.#drafts.set(container, [...(this.#drafts.get(container) ?? []), draft])
  }

  #reportUnusedSettings(): void {
    for (const key of this.#lookup.unusedSettings()) {
      const hint = suggestion(key, this.#lookup.askedKeys)
      this.#problems.add(new SettingUnusedError(`no descriptor uses \${${key}}, which --set gives a value`, { hint }))
    }
  }

  /** Who makes a bean loads its class again and reports what fails. */
  async #preload(): Promise<void> {
    const loads = [...this.#drafts.values()].flat().flatMap((draft) => [...draft.compiled.offeredLoads])
    await Promise.allSettled([import('../lifecycle/application.ts'), ...loads.map((load) => load())])
  }

  /** The user's classes tell their schemas only now, so descriptors that name some are compiled again. */
  async #loadModules(): Promise<void> {
    const drafts = [...this.#drafts.values()].flat().filter((draft) => draft.moduleUses.length > 0)
    const uses = new Map(drafts.flatMap((draft) => draft.moduleUses.map((use) => [moduleClassKey(use), use])))
    const loaded = await Promise.all([...uses].map(async ([key, use]) => [key, await loadModuleClass(use)] as const))
    const moduleClasses = new Map<string, ModuleClass>()
    for (const [key, found] of loaded) {
      if (found instanceof DescriptorProblem) this.#problems.add(found)
      else moduleClasses.set(key, found)
    }
    for (const draft of drafts) {
      const { descriptor, links, catalogue } = draft
      draft.compiled = compileDescriptor(descriptor, links, { catalogue, problems: this.#problems, moduleClasses })
    }
  }

  #launchOf(plan: BootstrapPlan): PreparedLaunch {
    const containers = plan.containers.map((container) => {
      const drafts = this.#drafts.get(container) ?? []
      return {
        name: container.name,
        definition: container.definition,
        onFailure: container.onFailure,
        paths: drafts.map((draft) => draft.descriptor.file.path),
        descriptors: drafts.map((draft) => draft.compiled),
      }
    })
    const { applicationName, nature, projectsRoot, stateDirectory } = plan
    return { applicationName, nature, projectsRoot, stateDirectory, containers }
  }
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
