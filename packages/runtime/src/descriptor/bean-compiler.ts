import { type BeanClass, type ComponentCatalogue, type PropertySchema } from '../component.ts'
import {
  BeanDuplicateError,
  type DescriptorError,
  PropertyMissingError,
  PropertyTypeError,
  PropertyUnknownError,
} from '../errors.ts'
import { type BeanRecipe, type Recipe, type TopLevelRecipe } from '../wiring/recipe.ts'
import { ClassResolver } from './class-resolver.ts'
import { ConstantLookup } from './constant-lookup.ts'
import {
  type BeanValue,
  type ConstantValue,
  type Descriptor,
  type Entry,
  type KeyedMapValue,
  type MapValue,
  type ReferenceValue,
  type ScalarValue,
  type Value,
} from './definition.ts'
import { type Finding, type ProblemList } from './descriptor-error.ts'
import { type Links } from './linker.ts'
import { type ModuleClass, type ModuleClassUse } from './module-class.ts'
import { convertScalar } from './scalar-conversion.ts'
import { ANYTHING, asSchema, methodsOf, propertySchema } from './schema-words.ts'
import { escapePointer, type SchemaFault, validate } from './schema-validator.ts'
import { type SourceRange } from './source-file.ts'

/** The recipe of a value, and the value as the schema sees it; undefined where only the run time knows. */
interface Compiled {
  readonly recipe: Recipe
  readonly plain: unknown
}

/** The properties of one bean while they are compiled: where each pointer stands, and which are made at run time. */
interface Scope {
  readonly bean: string
  readonly className: string
  readonly places: Map<string, { value?: Value; keyAt?: SourceRange; at: SourceRange; path: string }>
  readonly dynamic: Set<string>
}

export interface CompileOptions {
  readonly catalogue: ComponentCatalogue
  readonly problems: ProblemList
  /** The user's classes that are loaded, by `moduleClassKey`. */
  readonly moduleClasses: ReadonlyMap<string, ModuleClass>
}

/** What a descriptor becomes: recipes in the order in which they can be made, and the user's classes that it names. */
export interface CompiledDescriptor {
  readonly beans: readonly TopLevelRecipe[]
  readonly moduleClasses: readonly ModuleClassUse[]
  /** Loads the modules of the offered classes that it names. */
  readonly offeredLoads: ReadonlySet<() => Promise<BeanClass>>
}

/** Checks every definition against the schema of its class and turns it into a recipe. */
export function compileDescriptor(descriptor: Descriptor, links: Links, options: CompileOptions): CompiledDescriptor {
  const compiler = new BeanCompiler(options)
  const beans: TopLevelRecipe[] = []
  for (const id of links.order) {
    const definition = descriptor.definitions.get(id)
    if (definition === undefined) continue
    const dependencies = new Set((links.edges.get(id) ?? []).map((edge) => edge.to))
    beans.push({
      id,
      recipe: compiler.compileTop(id, definition.value),
      dependencies: [...dependencies],
      at: definition.idAt,
    })
  }
  return { beans, moduleClasses: compiler.moduleUses, offeredLoads: compiler.offeredLoads }
}

class BeanCompiler {
  readonly #options: CompileOptions
  readonly #classes: ClassResolver
  readonly #constants: ConstantLookup

  constructor(options: CompileOptions) {
    this.#options = options
    this.#classes = new ClassResolver(options)
    this.#constants = new ConstantLookup(options.catalogue.constants ?? {}, options.problems)
  }

  get offeredLoads(): ReadonlySet<() => Promise<BeanClass>> {
    return this.#classes.offeredLoads
  }

  get moduleUses(): readonly ModuleClassUse[] {
    return this.#classes.moduleUses
  }

  compileTop(id: string, value: Value): Recipe {
    const scope: Scope = { bean: id, className: '', places: new Map(), dynamic: new Set() }
    return this.#compile(value, ANYTHING, '', scope).recipe
  }

  #compile(value: Value, schema: PropertySchema, pointer: string, scope: Scope): Compiled {
    scope.places.set(pointer, { ...scope.places.get(pointer), value, at: value.at, path: value.path })
    switch (value.kind) {
      case 'reference':
        return this.#dynamic(pointer, scope, compileReference(value, methodsOf(schema)))
      case 'bean':
        return this.#dynamic(pointer, scope, this.#compileBean(value, methodsOf(schema), scope.bean))
      case 'constant':
        return this.#compileConstant(value, scope)
      case 'keyed-map':
        return this.#dynamic(pointer, scope, this.#compileKeyedMap(value, schema, scope))
      default:
        return this.#compilePlain(value, schema, pointer, scope)
    }
  }

  #compilePlain(
    value: ScalarValue | MapValue | Exclude<Value, { kind: 'bean' }>,
    schema: PropertySchema,
    pointer: string,
    scope: Scope,
  ): Compiled {
    const implied = schema['x-bean']
    if (typeof implied === 'string')
      return this.#dynamic(pointer, scope, this.#compileImplied(value, implied, schema, scope))
    if (schema['x-methods'] !== undefined) {
      this.#reportNotABean(value, `an object with ${methodsOf(schema).join(', ')}: { class: … } or { ref: … }`, scope)
      return this.#dynamic(pointer, scope, { kind: 'constant', value: null })
    }
    if (schema['x-any'] === true) scope.dynamic.add(pointer)
    switch (value.kind) {
      case 'scalar':
        return this.#compileScalar(value, schema, scope)
      case 'list': {
        const item = asSchema(schema['items'])
        const items = value.items.map((each, i) => this.#compile(each, item, `${pointer}/${i}`, scope))
        return {
          recipe: { kind: 'list', items: items.map((each) => each.recipe) },
          plain: items.map((each) => each.plain),
        }
      }
      case 'map': {
        const entries = schema['x-flat'] === true ? this.#flatten(value.entries, '', scope) : value.entries
        return this.#compileEntries(entries, schema, pointer, scope)
      }
      default:
        return { recipe: { kind: 'constant', value: null }, plain: null }
    }
  }

  #compileScalar(value: ScalarValue, schema: PropertySchema, scope: Scope): Compiled {
    const { value: converted, fault } = convertScalar(value, schema)
    if (fault !== undefined) {
      const message = `"${lastName(value.path)}" must be ${fault}, got ${String(value.value)}`
      this.#add(new PropertyTypeError(message, this.#finding(value, scope)))
    }
    return {
      recipe: { kind: 'constant', value: converted },
      plain: typeof converted === 'bigint' ? Number(converted) : converted,
    }
  }

  #compileEntries(entries: readonly Entry[], schema: PropertySchema, pointer: string, scope: Scope): Compiled {
    const recipes: [string, Recipe][] = []
    const plain: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const { key, keyAt, value } of entries) {
      const below = `${pointer}/${escapePointer(key)}`
      scope.places.set(below, { keyAt, at: value.at, path: value.path })
      const compiled = this.#compile(value, propertySchema(schema, key), below, scope)
      recipes.push([key, compiled.recipe])
      plain[key] = compiled.plain
    }
    return { recipe: { kind: 'object', entries: recipes }, plain }
  }

  /** `a: { b: 1 }` and `a.b: 1` are the same key of a props object. */
  #flatten(entries: readonly Entry[], prefix: string, scope: Scope): Entry[] {
    const flat = new Map<string, Entry>()
    for (const entry of entries) {
      const key = prefix + entry.key
      const nested =
        entry.value.kind === 'map' ? this.#flatten(entry.value.entries, `${key}.`, scope) : [{ ...entry, key }]
      for (const each of nested) {
        if (!flat.has(each.key)) flat.set(each.key, each)
        else
          this.#add(
            new BeanDuplicateError(`key "${each.key}" is defined twice`, {
              at: each.keyAt,
              bean: scope.bean,
              path: each.value.path,
            }),
          )
      }
    }
    return [...flat.values()]
  }

  #compileConstant(value: ConstantValue, scope: Scope): Compiled {
    const found = this.#constants.find(value.text, { at: value.at, bean: scope.bean, path: value.path })
    return { recipe: { kind: 'constant', value: found }, plain: typeof found === 'bigint' ? Number(found) : found }
  }

  #compileKeyedMap(value: KeyedMapValue, schema: PropertySchema, scope: Scope): Recipe {
    const item = asSchema(schema['additionalProperties'])
    const entries: [string | number | bigint, Recipe][] = []
    const known = this.#constants.checkKeys(value.keys, { bean: scope.bean, path: value.path })
    for (const entry of value.entries) {
      const key = known ? this.#constants.convertKey(entry, value.keys, scope.bean) : entry.key
      const recipe = this.#compile(entry.value, item, `/${escapePointer(entry.value.path)}`, scope).recipe
      if (key !== undefined) entries.push([key, recipe])
    }
    return { kind: 'map', entries }
  }

  /** A plain map is the properties of the implied class, a scalar its one required property. */
  #compileImplied(value: Value, className: string, schema: PropertySchema, scope: Scope): Recipe {
    const methods = methodsOf(schema)
    const named = { text: className, at: value.at }
    const bean = (properties: readonly Entry[]): BeanValue => ({
      kind: 'bean',
      class: named,
      properties,
      hasProperties: true,
      dependsOn: [],
      at: value.at,
      path: value.path,
    })
    if (value.kind === 'map') return this.#compileBean(bean(value.entries), methods, scope.bean)
    const required = this.#options.catalogue.components[className]?.schema['required']
    const [only, ...others] = Array.isArray(required) ? (required as string[]) : []
    if (value.kind === 'scalar' && value.value !== null && only !== undefined && others.length === 0) {
      return this.#compileBean(bean([{ key: only, keyAt: value.at, value }]), methods, scope.bean)
    }
    this.#reportNotABean(value, `the properties of ${className}, or { ref: … }`, scope)
    return { kind: 'constant', value: null }
  }

  #reportNotABean(value: Value, expected: string, scope: Scope): void {
    const got =
      value.kind === 'scalar' ? (value.value === null ? 'nothing' : `"${String(value.value)}"`) : `a ${value.kind}`
    const message = `"${lastName(value.path)}" must be ${expected}, got ${got}`
    this.#add(new PropertyTypeError(message, this.#finding(value, scope)))
  }

  #compileBean(value: BeanValue, methods: readonly string[], bean: string): Recipe {
    const target = this.#classes.resolve(value, methods, bean)
    const scope: Scope = { bean, className: value.class.text, places: new Map(), dynamic: new Set() }
    scope.places.set('', { at: value.class.at, path: value.path })
    const schema = target?.schema ?? ANYTHING
    const args = value.args?.map(
      (arg, i) =>
        this.#compile(arg, ANYTHING, `/args/${i}`, { ...scope, places: new Map(), dynamic: new Set() }).recipe,
    )
    const options = this.#compileEntries(value.properties, schema, '', scope)
    if (target !== undefined && target.schema !== undefined && (args === undefined || value.hasProperties)) {
      this.#validate(target.schema, options.plain, scope)
    }
    const recipe: BeanRecipe = {
      kind: 'bean',
      id: value.path.replaceAll('.properties.', '.'),
      className: value.class.text,
      load: target?.load ?? unloadable,
      ...(args === undefined ? {} : { args }),
      ...(args !== undefined && !value.hasProperties ? {} : { options: options.recipe }),
      ...(value.init === undefined ? {} : { init: value.init.text }),
      ...(value.destroy === undefined ? {} : { destroy: value.destroy.text }),
      at: value.at,
      methods,
    }
    return recipe
  }

  #validate(schema: PropertySchema, plain: unknown, scope: Scope): void {
    const isDynamic = (pointer: string): boolean => ancestors(pointer).some((each) => scope.dynamic.has(each))
    const hasDynamicBelow = (pointer: string): boolean =>
      [...scope.dynamic].some((each) => each.startsWith(`${pointer}/`))
    for (const fault of validate(schema, plain, scope.className, isDynamic, hasDynamicBelow))
      this.#reportFault(fault, scope)
  }

  #reportFault(fault: SchemaFault, scope: Scope): void {
    const place = scope.places.get(fault.kind === 'missing' ? fault.near : fault.pointer) ?? scope.places.get('')
    const at = fault.kind === 'unknown' ? (place?.keyAt ?? place?.at) : place?.at
    const note = place?.value?.kind === 'scalar' ? place.value.origin : undefined
    const finding = { at, bean: scope.bean, path: place?.path, hint: fault.hint, note }
    if (fault.kind === 'unknown') this.#add(new PropertyUnknownError(fault.message, finding))
    else if (fault.kind === 'missing') this.#add(new PropertyMissingError(fault.message, finding))
    else this.#add(new PropertyTypeError(fault.message, finding))
  }

  #dynamic(pointer: string, scope: Scope, recipe: Recipe): Compiled {
    scope.dynamic.add(pointer)
    return { recipe, plain: null }
  }

  #finding(value: Value, scope: Scope): Finding {
    const note = value.kind === 'scalar' ? value.origin : undefined
    return { at: value.at, bean: scope.bean, path: value.path, note }
  }

  #add(problem: DescriptorError): void {
    this.#options.problems.add(problem)
  }
}

function compileReference(value: ReferenceValue, methods: readonly string[]): Recipe {
  const access = value.access === undefined ? {} : { access: value.access }
  return { kind: 'reference', id: value.id, at: value.at, methods, ...access }
}

/** The pointer itself and everything above it. */
function ancestors(pointer: string): string[] {
  const found = [pointer]
  for (let end = pointer.lastIndexOf('/'); end >= 0; end = pointer.lastIndexOf('/', end - 1)) {
    found.push(pointer.slice(0, end))
    if (end === 0) break
  }
  return found
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function unloadable(): Promise<BeanClass> {
  return Promise.reject(new Error('the class was not resolved'))
}
