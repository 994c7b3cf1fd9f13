import type { BeanContext } from '@aesop/kernel'
import type { BeanClass, ContainerDefinition, ModuleExtension } from '../component.ts'
import type { CompiledDescriptor } from '../descriptor/bean-compiler.ts'
import type { ProblemList } from '../descriptor/descriptor-error.ts'
import { type Edge, orderBeans } from '../descriptor/reference-graph.ts'
import { suggestion } from '../descriptor/suggestion.ts'
import { ModuleInvalidError } from '../errors.ts'
import type { LoadedModule } from './component-module.ts'
import type { TopLevelRecipe } from './recipe.ts'

const NAME = 'extensions'

/** The name under which the extensions of modules live, as a container before all others. */
export const extensionContainer: ContainerDefinition = {
  name: NAME,
  className: '',
  descriptorName: '',
  catalogue: { components: {} },
  roots: [],
}

/**
 * The extensions of the modules as beans of a container that is built first and destroyed last, in the order of their
 * `dependsOn`. Undefined when no module has an extension.
 */
export function compileExtensions(
  modules: readonly LoadedModule[],
  problems: ProblemList,
): CompiledDescriptor | undefined {
  const byName = new Map(modules.map((each) => [each.module.name, each]))
  const edges = new Map(modules.map((each) => [each.module.name, edgesOf(each, byName, problems)]))
  const { order, cycles } = orderBeans(byName.keys(), edges)
  for (const cycle of cycles) {
    const names = [...cycle.map((edge) => edge.from), cycle[0]?.from ?? '']
    const message = `modules depend on each other: ${names.join(' -> ')}`
    problems.add(new ModuleInvalidError(message, { at: cycle[0]?.at }))
  }
  const hasExtension = (name: string): boolean => byName.get(name)?.module.extension !== undefined
  const beans = order.flatMap((name): TopLevelRecipe[] => {
    const found = byName.get(name)
    if (found?.module.extension === undefined) return []
    const needs = (found.module.dependsOn ?? []).filter((each) => hasExtension(each))
    return [extensionRecipe(name, found.module.extension, needs, found.at)]
  })
  return beans.length === 0 ? undefined : { beans, moduleClasses: [], led: new Set(), offeredLoads: new Set() }
}

function edgesOf({ module, at }: LoadedModule, byName: ReadonlyMap<string, unknown>, problems: ProblemList): Edge[] {
  const wanted = module.dependsOn ?? []
  for (const name of wanted) {
    if (byName.has(name)) continue
    const message = `module "${module.name}" depends on "${name}", which no descriptor names under "modules"`
    problems.add(new ModuleInvalidError(message, { at, hint: suggestion(name, byName.keys()) }))
  }
  return wanted.map((to) => ({ from: module.name, to, at, path: `modules.${module.name}` }))
}

function extensionRecipe(
  id: string,
  extension: ModuleExtension,
  dependencies: readonly string[],
  at: LoadedModule['at'],
): TopLevelRecipe {
  const make = class {
    readonly #context: BeanContext
    constructor(context: BeanContext) {
      this.#context = context
    }
    async init(): Promise<void> {
      await extension.init?.(this.#context)
    }
    async start(): Promise<void> {
      await extension.start?.()
    }
    async stop(signal: AbortSignal): Promise<void> {
      await extension.stop?.(signal)
    }
    async destroy(): Promise<void> {
      await extension.destroy?.()
    }
  }
  const load = (): Promise<BeanClass> => Promise.resolve(make as unknown as BeanClass)
  const recipe = { kind: 'bean', id, className: `extension of ${id}`, load, args: [], at, methods: [] } as const
  return { id, recipe, dependencies, at }
}
