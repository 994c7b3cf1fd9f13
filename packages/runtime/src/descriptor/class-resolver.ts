import { dirname } from 'node:path'
import { nearestName } from '@aesop/kernel'
import { type BeanClass, type ComponentDefinition, type PropertySchema } from '../component.ts'
import { ClassUnknownError, type DescriptorError, ModuleMethodMissingError } from '../errors.ts'
import type { CompileOptions } from './bean-compiler.ts'
import { resolveClassName, simpleName } from './class-name.ts'
import { type BeanValue } from './definition.ts'
import { type Finding } from './descriptor-error.ts'
import { methodNames, missingMethods, moduleClassKey, type ModuleClassUse } from './module-class.ts'

/** What is known of a class before it is made: how to load it, and its schema if it tells one. */
export interface ResolvedClass {
  readonly schema?: PropertySchema
  readonly load: () => Promise<BeanClass>
}

/** Finds the classes that definitions name, and remembers which of them are the user's own. */
export class ClassResolver {
  readonly moduleUses: ModuleClassUse[] = []
  /** Loads the offered classes that were named. */
  readonly offeredLoads = new Set<() => Promise<BeanClass>>()
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
      return this.#resolveModule(use, text, methods)
    }
    this.#reportUnknownClass(text, { at, bean, path: value.path }, offered)
    return undefined
  }

  #resolveModule(use: ModuleClassUse, text: string, methods: readonly string[]): ResolvedClass | undefined {
    const found = this.#options.moduleClasses.get(moduleClassKey(use))
    if (found === undefined) return undefined
    for (const method of missingMethods(found.make, methods)) {
      const has = methodNames(found.make.prototype).join(', ') || 'none'
      const message = `"${text}" has no method ${method} (has: ${has})`
      this.#add(new ModuleMethodMissingError(message, { at: use.at, bean: use.bean, path: use.path }))
    }
    const load = (): Promise<BeanClass> => Promise.resolve(found.make)
    return found.schema === undefined ? { load } : { schema: found.schema, load }
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
