import { type ComponentCatalogue, type PropertySchema } from '../component.ts'
import { ValueDoubleError } from '../errors.ts'
import { type Definition, type ListValue, type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { asSchema, propertySchema } from './schema-words.ts'
import { positionOf, type SourceRange } from './source-file.ts'

export interface DistinctOptions {
  readonly definitions: ReadonlyMap<string, Definition>
  readonly catalogue: ComponentCatalogue
  readonly problems: ProblemList
}

/** A value in a descriptor with the schema that it has there. */
interface Seen {
  readonly value: Value
  readonly schema: PropertySchema
}

interface Found {
  readonly text: string
  readonly at: SourceRange
  readonly path: string
  readonly isDefault: boolean
}

/**
 * Holds lists to their `x-distinct`: of each path the items have values that differ. A path goes through beans, references and, item by
 * item, through lists. What is left out counts as the default of its schema.
 */
export class DistinctValues {
  readonly #options: DistinctOptions

  constructor(options: DistinctOptions) {
    this.#options = options
  }

  check(list: ListValue, schema: PropertySchema, bean: string): void {
    const item = asSchema(schema['items'])
    for (const path of distinctPathsOf(schema)) {
      const first = new Map<string, Found>()
      const all = list.items.flatMap((value) => this.#find({ value, schema: item }, path.split('.')))
      for (const found of all) {
        const other = first.get(found.text)
        if (other === undefined) first.set(found.text, found)
        else this.#report(found, other, path, bean)
      }
    }
  }

  #find(seen: Seen, path: readonly string[]): Found[] {
    const value = this.#resolved(seen.value)
    const [key, ...rest] = path
    if (value === undefined) return []
    if (value.kind === 'list') {
      const schema = asSchema(seen.schema['items'])
      return value.items.flatMap((item) => this.#find({ value: item, schema }, path))
    }
    if (key === undefined) return value.kind === 'scalar' && value.value !== null ? [foundOf(value, seen.value)] : []
    if (value.kind !== 'bean' && value.kind !== 'map') return []
    const schema = propertySchema(this.#classSchema(value, seen.schema), key)
    const entries = value.kind === 'bean' ? value.properties : value.entries
    const entry = entries.find((each) => each.key === key)
    if (entry !== undefined) return this.#find({ value: entry.value, schema }, rest)
    const byDefault = schema['default']
    if (rest.length > 0 || (typeof byDefault !== 'number' && typeof byDefault !== 'string')) return []
    return [{ text: String(byDefault), at: seen.value.at, path: seen.value.path, isDefault: true }]
  }

  /** The bean, map or value that stands behind names; undefined: only the run time knows. */
  #resolved(value: Value, names = new Set<string>()): Value | undefined {
    if (value.kind !== 'reference') return value
    const { id, access } = value
    const target = this.#options.definitions.get(id)?.value
    if (target === undefined || access !== undefined || names.has(id)) return undefined
    return this.#resolved(target, names.add(id))
  }

  #classSchema(value: Value, schema: PropertySchema): PropertySchema {
    const named = value.kind === 'bean' ? value.class.text : schema['x-bean']
    const { components } = this.#options.catalogue
    return typeof named === 'string' && Object.hasOwn(components, named) ? (components[named]?.schema ?? {}) : schema
  }

  #report({ text, at, path, isDefault }: Found, other: Found, name: string, bean: string): void {
    const place = `${other.at.file.path}:${positionOf(other.at).line}`
    const byDefault = isDefault ? ' (its default)' : ''
    const message = `"${name}" is ${text}${byDefault} here, and at ${place}; each needs one of its own`
    this.#options.problems.add(new ValueDoubleError(message, { at, bean, path }))
  }
}

function distinctPathsOf(schema: PropertySchema): readonly string[] {
  const paths = schema['x-distinct']
  return Array.isArray(paths) ? (paths as string[]) : []
}

/** Where it is named, the value stands: a reference to it says little. */
function foundOf(value: Value, named: Value): Found {
  const text = value.kind === 'scalar' ? String(value.value) : ''
  return { text, at: named.at, path: named.path, isDefault: false }
}
