import { type BeanClass } from '../component.ts'
import { type SourceRange } from './source-file.ts'
import { type ClassSchema } from './standard-schema.ts'

/** A class of the user's, as a descriptor names it. */
export interface ModuleClassUse {
  readonly module: string
  readonly exportName: string
  /** The folder that a relative module counts from: the descriptor's. */
  readonly folder: string
  readonly at: SourceRange
  readonly bean: string
  readonly path: string
}

/** The export of a user's module after it was loaded. */
export interface ModuleClass extends ClassSchema {
  readonly make: BeanClass
}

/** One key per class, for the table of loaded classes. */
export function moduleClassKey(use: Pick<ModuleClassUse, 'module' | 'exportName' | 'folder'>): string {
  return `${use.folder}\n${use.module}#${use.exportName}`
}

/**
 * The methods that a class surely lacks. A method may also be a field that the constructor sets, so a name that
 * occurs in the text of the class, or a factory of something else, is given the benefit of the doubt; whoever makes
 * the bean looks again.
 */
export function missingMethods(make: BeanClass, methods: readonly string[]): string[] {
  const prototype: unknown = make.prototype
  if (typeof prototype !== 'object' || prototype === null || 'createInstance' in prototype) return []
  const sources: string[] = []
  for (let each: unknown = make; typeof each === 'function'; each = Object.getPrototypeOf(each)) {
    sources.push(Function.prototype.toString.call(each))
  }
  return methods.filter((method) => !(method in prototype) && !sources.some((source) => source.includes(method)))
}

/** The methods that an object has, for messages. */
export function methodNames(prototype: unknown): string[] {
  if (typeof prototype !== 'object' || prototype === null) return []
  return Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
}
