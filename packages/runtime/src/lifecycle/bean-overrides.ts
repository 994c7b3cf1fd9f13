import type { BeanClass } from '../component.ts'
import { suggestion } from '../descriptor/suggestion.ts'
import type { PreparedContainer, PreparedLaunch } from '../descriptor/launch-preparation.ts'
import type { BeanRecipe, Recipe, TopLevelRecipe } from '../wiring/recipe.ts'
import { OverrideUnknownError } from './operation-errors.ts'

/**
 * What a test puts in the place of a part of the descriptors: by the id of a top-level bean (`relay`, or
 * `client:relay` for that of one container) an object that becomes this bean, or by the text of a class
 * (`./consumer.ts#ConsumerFactory`) another class.
 */
export type Overrides = Readonly<Record<string, object>>

/** The launch with the overrides in place. @throws OverrideUnknownError */
export function applyOverrides(launch: PreparedLaunch, overrides: Overrides): PreparedLaunch {
  const seen = new Set<string>()
  const containers = launch.containers.map((container) => new Overriding(container, overrides, seen).apply())
  for (const key of Object.keys(overrides)) {
    if (!seen.has(key)) throw new OverrideUnknownError(key, suggestion(key, knownNames(launch)))
  }
  return { ...launch, containers }
}

class Overriding {
  readonly #container: PreparedContainer
  readonly #overrides: Overrides
  readonly #seen: Set<string>

  constructor(container: PreparedContainer, overrides: Overrides, seen: Set<string>) {
    this.#container = container
    this.#overrides = overrides
    this.#seen = seen
  }

  apply(): PreparedContainer {
    const descriptors = this.#container.descriptors.map((descriptor) => ({
      ...descriptor,
      beans: descriptor.beans.map((bean) => this.#bean(bean)),
    }))
    return { ...this.#container, descriptors }
  }

  #bean(bean: TopLevelRecipe): TopLevelRecipe {
    for (const key of [`${this.#container.name}:${bean.id}`, bean.id]) {
      const instance = this.#find(key)
      if (instance !== undefined) return { ...bean, dependencies: [], recipe: standIn(bean, instance) }
    }
    return { ...bean, recipe: this.#recipe(bean.recipe) }
  }

  #find(key: string): object | undefined {
    if (!Object.hasOwn(this.#overrides, key)) return undefined
    this.#seen.add(key)
    return this.#overrides[key]
  }

  #recipe(recipe: Recipe): Recipe {
    switch (recipe.kind) {
      case 'constant':
      case 'reference':
        return recipe
      case 'list':
        return { ...recipe, items: recipe.items.map((item) => this.#recipe(item)) }
      case 'object':
        return { ...recipe, entries: recipe.entries.map(([key, value]) => [key, this.#recipe(value)] as const) }
      case 'map':
        return { ...recipe, entries: recipe.entries.map(([key, value]) => [key, this.#recipe(value)] as const) }
      case 'bean':
        return this.#inner(recipe)
    }
  }

  #inner(recipe: BeanRecipe): BeanRecipe {
    const other = this.#find(recipe.className)
    return {
      ...recipe,
      ...(recipe.args === undefined ? {} : { args: recipe.args.map((each) => this.#recipe(each)) }),
      ...(recipe.options === undefined ? {} : { options: this.#recipe(recipe.options) }),
      ...(other === undefined ? {} : { load: () => Promise.resolve(classOf(other)) }),
    }
  }
}

/** The bean is the object itself; it takes part in the life of its container like any other. */
function standIn(bean: TopLevelRecipe, instance: object): Recipe {
  const { id, at } = bean
  const load = (): Promise<BeanClass> => Promise.resolve(returning(instance))
  return { kind: 'bean', id, className: 'override', load, args: [], at, methods: [] }
}

function classOf(other: object): BeanClass {
  return typeof other === 'function' ? (other as BeanClass) : returning(other)
}

/** A class whose only instance is this object. */
function returning(instance: object): BeanClass {
  return function make() {
    return instance
  } as unknown as BeanClass
}

function knownNames(launch: PreparedLaunch): string[] {
  const beans = launch.containers.flatMap(({ descriptors }) => descriptors.flatMap((descriptor) => descriptor.beans))
  return [...new Set(beans.flatMap((bean) => [bean.id, ...classNames(bean.recipe)]))]
}

function classNames(recipe: Recipe): string[] {
  if (recipe.kind === 'list') return recipe.items.flatMap(classNames)
  if (recipe.kind === 'object' || recipe.kind === 'map') return recipe.entries.flatMap(([, each]) => classNames(each))
  if (recipe.kind !== 'bean') return []
  const inner = [...(recipe.args ?? []), ...(recipe.options === undefined ? [] : [recipe.options])]
  return [recipe.className, ...inner.flatMap(classNames)]
}
