import { type BeanContext } from '@aesop/kernel'
import { type BeanRecipe, type Recipe, type ReferenceRecipe } from './recipe.ts'
import { type BeanClass } from '../component.ts'
import { type SourceRange } from '../descriptor/source-file.ts'
import { issuePointer, type StandardSchema } from '../descriptor/standard-schema.ts'

/** A bean that has been made and takes part in the life of its container. */
export interface MadeBean {
  readonly id: string
  readonly instance: object
  readonly at: SourceRange
  readonly className: string
  readonly init?: string
  readonly destroy?: string
}

/** What the builder needs from the container that it builds for. */
export interface BuilderHost {
  contextOf(id: string): BeanContext
  /** Called once per bean, after its construction and after everything that it needs; runs `init`. */
  made(bean: MadeBean): Promise<void>
  /** A list of a definition became these values. */
  listMade(recipe: Recipe, values: readonly unknown[]): void
  /** Wraps what was thrown while this bean was made, unless it was wrapped already. */
  failure(id: string, at: SourceRange, cause: unknown): Error
}

/** A value whose product and factory are told apart: `id` is the product, `&id` the factory. */
export interface Product {
  readonly product: unknown
  readonly factory: unknown
}

/** Makes values out of recipes. References find their targets in `beans`. */
export class BeanBuilder {
  readonly #host: BuilderHost
  readonly #beans: ReadonlyMap<string, unknown>

  constructor(host: BuilderHost, beans: ReadonlyMap<string, unknown>) {
    this.#host = host
    this.#beans = beans
  }

  /** The value of a recipe, and the factory that made it, if one did. */
  async buildProduct(recipe: Recipe): Promise<Product> {
    if (recipe.kind === 'bean') return this.#buildBean(recipe)
    const product = await this.build(recipe)
    return { product, factory: product }
  }

  async build(recipe: Recipe): Promise<unknown> {
    switch (recipe.kind) {
      case 'constant':
        return recipe.value
      case 'list':
        return this.#buildList(recipe)
      case 'object': {
        const values = await this.#buildAll(recipe.entries.map(([, each]) => each))
        return Object.fromEntries(recipe.entries.map(([key], i) => [key, values[i]]))
      }
      case 'map': {
        const values = await this.#buildAll(recipe.entries.map(([, each]) => each))
        return new Map(recipe.entries.map(([key], i) => [key, values[i]]))
      }
      case 'reference':
        return this.#follow(recipe)
      case 'bean':
        return (await this.#buildBean(recipe)).product
    }
  }

  async #buildList(recipe: Extract<Recipe, { kind: 'list' }>): Promise<unknown[]> {
    const values = await this.#buildAll(recipe.items)
    this.#host.listMade(recipe, [...values])
    return values
  }

  /** One after the other, so that the order in which beans are made is the order in which they are written. */
  async #buildAll(recipes: readonly Recipe[]): Promise<unknown[]> {
    const values: unknown[] = []
    for (const each of recipes) values.push(await this.build(each))
    return values
  }

  async #follow(reference: ReferenceRecipe): Promise<unknown> {
    const target = this.#beans.get(reference.id)
    const { access } = reference
    if (access === undefined) {
      requireMethods(target, reference.methods, `bean "${reference.id}"`)
      return target
    }
    const member = memberOf(target, access.name)
    if (access.by === 'get') return member
    if (typeof member === 'function') return (await Reflect.apply(member, target, [])) as unknown
    throw new Error(`bean "${reference.id}" has no method ${access.name}`)
  }

  async #buildBean(recipe: BeanRecipe): Promise<Product> {
    const { id, at, className } = recipe
    const args = recipe.args === undefined ? [] : await this.#buildAll(recipe.args)
    const written = recipe.options === undefined ? [] : [await this.build(recipe.options)]
    try {
      const make = await recipe.load()
      const options = recipe.standard === undefined ? written : [await converted(recipe.standard, written[0])]
      const instance = await construct(make, recipe, [...args, ...options, this.#host.contextOf(id)])
      if (!isObject(instance)) return { product: instance, factory: instance }
      const { init, destroy } = recipe
      const hooks = { ...(init === undefined ? {} : { init }), ...(destroy === undefined ? {} : { destroy }) }
      await this.#host.made({ id, instance, at, className, ...hooks })
      const product = await produce(instance)
      requireMethods(product, recipe.methods, `"${className}"`)
      if (isObject(product) && product !== instance) await this.#host.made({ id, instance: product, at, className })
      return { product, factory: instance }
    } catch (cause) {
      throw this.#host.failure(id, at, cause)
    }
  }
}

/** A new instance, or what the static factory method returns; that may be a promise, and no object at all. */
async function construct(make: BeanClass, recipe: BeanRecipe, args: readonly unknown[]): Promise<unknown> {
  if (recipe.factory === undefined) return Reflect.construct(make, args) as object
  const method: unknown = Reflect.get(make, recipe.factory)
  if (typeof method === 'function') return (await Reflect.apply(method, make, args)) as unknown
  throw new Error(`"${recipe.className}" has no static method ${recipe.factory}`)
}

/** The options as the Standard Schema of the class wants them. */
async function converted(standard: StandardSchema, options: unknown): Promise<unknown> {
  const { issues, value } = await standard['~standard'].validate(options)
  if (issues === undefined) return value
  const faults = issues.map((issue) => `${issuePointer(issue).slice(1).replaceAll('/', '.')}: ${issue.message}`)
  throw new Error(`its properties are not valid: ${faults.join('; ')}`)
}

/** The product of a factory bean (an instance with `createInstance`), else the instance itself. */
async function produce(instance: object): Promise<unknown> {
  if (!('createInstance' in instance) || typeof instance.createInstance !== 'function') return instance
  return (await Reflect.apply(instance.createInstance, instance, [])) as unknown
}

function memberOf(target: unknown, name: string): unknown {
  if (target instanceof Map && target.has(name)) return target.get(name)
  if (isObject(target) && name in target) return (target as Record<string, unknown>)[name]
  throw new Error(`the bean has no member "${name}"`)
}

function requireMethods(value: unknown, methods: readonly string[], name: string): void {
  for (const method of methods) {
    const has = isObject(value) && method in value && typeof (value as Record<string, unknown>)[method] === 'function'
    if (!has) throw new Error(`${name} has no method ${method}`)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
