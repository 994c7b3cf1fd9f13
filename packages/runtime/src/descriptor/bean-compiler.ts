import { type BeanClass, type ComponentCatalogue, type PropertySchema } from '../component.ts'
import { type DescriptorError, PropertyTypeError } from '../errors.ts'
import { type BeanRecipe, type Recipe, type TopLevelRecipe } from '../wiring/recipe.ts'
import { BeanScope } from './bean-scope.ts'
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
import { type Disclosure } from './disclosure.ts'
import { DistinctValues } from './distinct-values.ts'
import { flattenEntries } from './flat-entries.ts'
import { type Links } from './linker.ts'
import { type ModuleClass, type ModuleClassUse } from './module-class.ts'
import { convertScalar } from './scalar-conversion.ts'
import { ANYTHING, asSchema, leadsItsValue, methodsOf, propertySchemaBeside } from './schema-words.ts'
import { escapePointer } from './schema-validator.ts'
import { type SourceRange } from './source-file.ts'

/** The recipe of a value, and the value as the schema sees it; undefined where only the run time knows. */
interface Compiled {
  readonly recipe: Recipe
  readonly plain: unknown
}

export interface CompileOptions {
  readonly catalogue: ComponentCatalogue
  readonly problems: ProblemList
  /** The user's classes that are loaded, by `moduleClassKey`. */
  readonly moduleClasses: ReadonlyMap<string, ModuleClass>
  /** Learns from the schemas what may be shown. */
  readonly disclosure: Disclosure
}

/** What a descriptor becomes: recipes in the order in which they can be made, and the user's classes that it names. */
export interface CompiledDescriptor {
  readonly beans: readonly TopLevelRecipe[]
  readonly moduleClasses: readonly ModuleClassUse[]
  /** Ids of beans that another bean starts and stops. */
  readonly led: ReadonlySet<string>
  /** Loads the modules of the offered classes that it names, and what their beans will load by themselves. */
  readonly offeredLoads: ReadonlySet<() => Promise<unknown>>
}

/** Checks every definition against the schema of its class and turns it into a recipe. */
export function compileDescriptor(descriptor: Descriptor, links: Links, options: CompileOptions): CompiledDescriptor {
  const compiler = new BeanCompiler(options, new DistinctValues({ ...options, definitions: descriptor.definitions }))
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
  const led = new Set([...compiler.led].map((id) => aliased(id, descriptor)))
  return { beans, moduleClasses: compiler.moduleUses, led, offeredLoads: compiler.offeredLoads }
}

/** The bean that an id stands for, where it is another name of one. */
function aliased(id: string, descriptor: Descriptor, seen = new Set<string>()): string {
  const value = descriptor.definitions.get(id)?.value
  if (value?.kind !== 'reference' || value.access !== undefined || seen.has(id)) return id
  return aliased(value.id, descriptor, seen.add(id))
}

class BeanCompiler {
  readonly #options: CompileOptions
  readonly #classes: ClassResolver
  readonly led = new Set<string>()
  readonly #constants: ConstantLookup
  readonly #distinct: DistinctValues

  constructor(options: CompileOptions, distinct: DistinctValues) {
    this.#options = options
    this.#distinct = distinct
    this.#classes = new ClassResolver(options)
    this.#constants = new ConstantLookup(options.catalogue.constants ?? {}, options.problems)
  }

  get offeredLoads(): ReadonlySet<() => Promise<unknown>> {
    return this.#classes.offeredLoads
  }

  get moduleUses(): readonly ModuleClassUse[] {
    return this.#classes.moduleUses
  }

  compileTop(id: string, value: Value): Recipe {
    const scope = this.#scopeOf(id, '')
    return this.#compile(value, ANYTHING, '', scope).recipe
  }

  #compile(value: Value, schema: PropertySchema, pointer: string, scope: BeanScope): Compiled {
    scope.place(pointer, { value, at: value.at, path: value.path })
    switch (value.kind) {
      case 'reference':
        if (leadsItsValue(schema)) this.led.add(value.id)
        return this.#dynamic(pointer, scope, compileReference(value, methodsOf(schema)))
      case 'bean':
        if (leadsItsValue(schema)) this.led.add(beanId(value))
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
    scope: BeanScope,
  ): Compiled {
    const implied = schema['x-bean']
    if (typeof implied === 'string')
      return this.#dynamic(pointer, scope, this.#compileImplied(value, implied, schema, scope))
    if (schema['x-methods'] !== undefined) {
      this.#reportNotABean(value, `an object with ${methodsOf(schema).join(', ')}: { class: … } or { ref: … }`, scope)
      return this.#dynamic(pointer, scope, { kind: 'constant', value: null })
    }
    if (schema['x-any'] === true) scope.markDynamic(pointer)
    switch (value.kind) {
      case 'scalar':
        return this.#compileScalar(value, schema, scope)
      case 'list': {
        this.#distinct.check(value, schema, scope.bean)
        const item = asSchema(schema['items'])
        const items = value.items.map((each, i) => this.#compile(each, item, `${pointer}/${i}`, scope))
        return {
          recipe: { kind: 'list', items: items.map((each) => each.recipe) },
          plain: items.map((each) => each.plain),
        }
      }
      case 'map': {
        const entries =
          schema['x-flat'] === true ? flattenEntries(value.entries, scope.bean, this.#options.problems) : value.entries
        return this.#compileEntries(entries, schema, pointer, scope)
      }
      default:
        return { recipe: { kind: 'constant', value: null }, plain: null }
    }
  }

  #compileScalar(value: ScalarValue, schema: PropertySchema, scope: BeanScope): Compiled {
    const { value: converted, fault } = convertScalar(value, schema)
    const { disclosure } = this.#options
    disclosure.note(value, schema, converted)
    if (fault !== undefined) {
      const message = `"${lastName(value.path)}" must be ${fault}, got ${String(disclosure.shownOf(value).value)}`
      this.#add(new PropertyTypeError(message, this.#finding(value, scope)))
    }
    const isSecret = schema['secret'] === true && converted !== null
    return {
      recipe: { kind: 'constant', value: isSecret ? disclosure.secretOf(value) : converted },
      plain: typeof converted === 'bigint' ? Number(converted) : converted,
    }
  }

  #scopeOf(bean: string, className: string): BeanScope {
    return new BeanScope(bean, className, this.#options)
  }

  #compileEntries(entries: readonly Entry[], schema: PropertySchema, pointer: string, scope: BeanScope): Compiled {
    const recipes: [string, Recipe][] = []
    const plain: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const { key, keyAt, value } of entries) {
      const below = `${pointer}/${escapePointer(key)}`
      scope.place(below, { keyAt, at: value.at, path: value.path })
      const compiled = this.#compile(value, propertySchemaBeside(schema, key, entries), below, scope)
      recipes.push([key, compiled.recipe])
      plain[key] = compiled.plain
    }
    return { recipe: { kind: 'object', entries: recipes }, plain }
  }

  #compileConstant(value: ConstantValue, scope: BeanScope): Compiled {
    const found = this.#constants.find(value.text, { at: value.at, bean: scope.bean, path: value.path })
    return { recipe: { kind: 'constant', value: found }, plain: typeof found === 'bigint' ? Number(found) : found }
  }

  #compileKeyedMap(value: KeyedMapValue, schema: PropertySchema, scope: BeanScope): Recipe {
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
  #compileImplied(value: Value, className: string, schema: PropertySchema, scope: BeanScope): Recipe {
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

  #reportNotABean(value: Value, expected: string, scope: BeanScope): void {
    const got =
      value.kind === 'scalar'
        ? value.value === null
          ? 'nothing'
          : `"${String(this.#options.disclosure.shownOf(value).value)}"`
        : `a ${value.kind}`
    const message = `"${lastName(value.path)}" must be ${expected}, got ${got}`
    this.#add(new PropertyTypeError(message, this.#finding(value, scope)))
  }

  #compileBean(value: BeanValue, methods: readonly string[], bean: string): Recipe {
    const target = this.#classes.resolve(value, methods, bean)
    const scope = this.#scopeOf(bean, value.class.text)
    scope.place('', { at: placeOfClass(value), path: value.path })
    const args = value.args?.map((arg, i) => {
      const ownScope = this.#scopeOf(bean, value.class.text)
      return this.#compile(arg, ANYTHING, `/args/${i}`, ownScope).recipe
    })
    const options = this.#compileEntries(value.properties, target?.schema ?? ANYTHING, '', scope)
    this.#classes.loadAhead(target, options.plain)
    const hasOptions = args === undefined || value.hasProperties
    if (target !== undefined && hasOptions) {
      const isSound = target.schema === undefined || scope.checkSchema(target.schema, options.plain)
      if (isSound && target.standard !== undefined) scope.checkStandard(target.standard, options.plain)
    }
    return {
      kind: 'bean',
      id: beanId(value),
      className: value.class.text,
      load: target?.load ?? unloadable,
      at: value.at,
      methods,
      ...(args === undefined ? {} : { args }),
      ...(hasOptions ? { options: options.recipe } : {}),
      ...(hasOptions && target?.standard !== undefined ? { standard: target.standard } : {}),
      ...(value.factory === undefined ? {} : { factory: value.factory.text }),
      ...(value.init === undefined ? {} : { init: value.init.text }),
      ...(value.destroy === undefined ? {} : { destroy: value.destroy.text }),
    } satisfies BeanRecipe
  }

  #dynamic(pointer: string, scope: BeanScope, recipe: Recipe): Compiled {
    scope.markDynamic(pointer)
    return { recipe, plain: null }
  }

  #finding(value: Value, scope: BeanScope): Finding {
    const note = value.kind === 'scalar' ? value.origin : undefined
    return { at: value.at, bean: scope.bean, path: value.path, note }
  }

  #add(problem: DescriptorError): void {
    this.#options.problems.add(problem)
  }
}

/** The id of a bean: that of its definition, or a path to where it stands inside of one. */
function beanId({ path }: BeanValue): string {
  return path.replaceAll('.properties.', '.')
}

function compileReference(value: ReferenceValue, methods: readonly string[]): Recipe {
  const access = value.access === undefined ? {} : { access: value.access }
  return { kind: 'reference', id: value.id, at: value.at, methods, ...access }
}

/** What is missing in a child is shown where it names its parent: the class may stand in another file. */
function placeOfClass({ class: named, parent, at }: BeanValue): SourceRange {
  const isOwn = named.at.file === at.file && at.start <= named.at.start && named.at.end <= at.end
  return isOwn ? named.at : (parent?.at ?? named.at)
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

function unloadable(): Promise<BeanClass> {
  return Promise.reject(new Error('the class was not resolved'))
}
