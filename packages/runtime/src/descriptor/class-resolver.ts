import { dirname } from 'node:path'
import { nearestName } from '@aesop/kernel'
import { type BeanClass, type ComponentDefinition, type PropertySchema } from '../component.ts'
import {
  ClassUnknownError,
  type DescriptorError,
  ModuleMethodMissingError,
  ModuleSchemaMissingError,
} from '../errors.ts'
import type { CompileOptions } from './bean-compiler.ts'
import { resolveClassName, simpleName } from './class-name.ts'
import { type BeanValue, type NamedPlace } from './definition.ts'
import { type Finding } from './descriptor-error.ts'
import { methodNames, missingMethods, type ModuleClass, moduleClassKey, type ModuleClassUse } from './module-class.ts'
import { type StandardSchema } from './standard-schema.ts'

/** What is known of a class before it is made: how to load it, and its schema if it tells one. */
export interface ResolvedClass {
  readonly schema?: PropertySchema
  readonly standard?: StandardSchema
  readonly load: () => Promise<BeanClass>
  readonly loadAhead?: ComponentDefinition['loadAhead']
}

/** Finds the classes that definitions name, and remembers which of them are the user's own. */
export class ClassResolver {
  readonly moduleUses: ModuleClassUse[] = []
  /** Loads the offered classes that were named. */
  readonly offeredLoads = new Set<() => Promise<unknown>>()
  readonly #noted = new Set<string>()
  readonly #options: CompileOptions

  constructor(options: CompileOptions) {
    this.#options = options
  }

  /** Undefined after a reported problem, and for a class of the user's that is not loaded yet. */
  resolve(value: BeanValue, methods: readonly string[], bean: string): ResolvedClass | undefined {
    const { text, at } = value.class
    if (text === '') return undefined
    const offered = this.#options.catalogue.components
    const target = resolveClassName(text, offered)
    if (target.kind === 'offered') {
      this.offeredLoads.add(target.definition.load)
      return target.definition
    }
    if (target.kind === 'module') {
      const use: ModuleClassUse = {
        module: target.module,
        exportName: target.exportName,
        folder: dirname(at.file.path),
        at,
        bean,
        path: value.path,
      }
      this.moduleUses.push(use)
      return this.#resolveModule(use, text, methods, value.factory)
    }
    this.#reportUnknownClass(text, { at, bean, path: value.path }, offered)
    return undefined
  }

  /** Notes what a bean with these properties will load by itself. */
  loadAhead(target: ResolvedClass | undefined, properties: unknown): void {
    const ahead = target?.loadAhead
    if (ahead !== undefined) this.offeredLoads.add(() => ahead(properties as Readonly<Record<string, unknown>>))
  }

  #resolveModule(
    use: ModuleClassUse,
    text: string,
    methods: readonly string[],
    factory: NamedPlace | undefined,
  ): ResolvedClass | undefined {
    const found = this.#options.moduleClasses.get(moduleClassKey(use))
    if (found === undefined) return undefined
    const { at, bean, path } = use
    if (factory !== undefined) this.#checkFactory(found, factory, use)
    for (const method of factory === undefined ? missingMethods(found.make, methods) : []) {
      const has = methodNames(found.make.prototype).join(', ') || 'none'
      const message = `"${text}" has no method ${method} (has: ${has})`
      this.#add(new ModuleMethodMissingError(message, { at, bean, path }))
    }
    if (found.schema === undefined && found.standard === undefined) this.#noteNoSchema(use, text)
    const load = (): Promise<BeanClass> => Promise.resolve(found.make)
    const { schema, standard } = found
    return { load, ...(schema === undefined ? {} : { schema }), ...(standard === undefined ? {} : { standard }) }
  }

  #checkFactory({ make }: ModuleClass, { text, at }: NamedPlace, { bean, path }: ModuleClassUse): void {
    if (typeof Reflect.get(make, text) === 'function') return
    const message = `the class has no static method ${text}`
    this.#add(new ModuleMethodMissingError(message, { at, bean, path }))
  }

  /** Once per class, however often it is used. */
  #noteNoSchema(use: ModuleClassUse, text: string): void {
    const key = moduleClassKey(use)
    if (this.#noted.has(key)) return
    this.#noted.add(key)
    const message = `"${text}" tells no schema: its properties are passed as they are written`
    this.#add(new ModuleSchemaMissingError(message, { at: use.at, bean: use.bean, path: use.path, severity: 'note' }))
  }

  #reportUnknownClass(text: string, finding: Finding, offered: Readonly<Record<string, ComponentDefinition>>): void {
    const simple = simpleName(text)
    const names = Object.keys(offered)
    const nearest = nearestName(simple, names)
    const own = 'a class of your own is written ./file.ts#Export'
    const hint = nearest === undefined ? own : `did you mean "${nearest}"?`
    this.#add(new ClassUnknownError(`class "${text}" is not known here`, { ...finding, hint }))
  }

  #add(problem: DescriptorError): void {
    this.#options.problems.add(problem)
  }
}
