import { ParentInvalidError } from '../errors.ts'
import { nearestName } from '@aesop/kernel'
import { type BeanValue, type Definition, type Entry, type NamedPlace, type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type Edge, orderBeans } from './reference-graph.ts'

/** What the definitions of a descriptor are after inheritance. */
export interface Inherited {
  readonly concrete: ReadonlyMap<string, Definition>
  readonly abstract: ReadonlyMap<string, Definition>
  readonly parents: ReadonlySet<string>
}

/**
 * Merges every parent into its children. The child wins per property; `merge` joins lists (the parent's elements
 * first) and maps. `dependsOn` and `abstract` are never inherited; everything else is, unless the child says it.
 * @param inactive conditions of beans that another profile has, for messages.
 */
export function inheritAll(
  definitions: ReadonlyMap<string, Definition>,
  inactive: ReadonlyMap<string, string>,
  problems: ProblemList,
): Inherited {
  const edges = new Map<string, Edge[]>()
  for (const [id, { value }] of definitions) {
    const found: Edge[] = []
    collectParents(id, value, found)
    if (found.length > 0) edges.set(id, found)
  }
  const parents = new Set([...edges.values()].flatMap((list) => list.map((edge) => edge.to)))
  const done = new Map(definitions)
  if (edges.size > 0) new Inheritance(done, inactive, problems).run(definitions.keys(), edges)
  const isAbstract = ({ value }: Definition): boolean => value.kind === 'bean' && value.isAbstract === true
  const abstract = new Map([...done].filter(([, each]) => isAbstract(each)))
  if (abstract.size === 0) return { concrete: done, abstract, parents }
  return { concrete: new Map([...done].filter(([, each]) => !isAbstract(each))), abstract, parents }
}

function collectParents(id: string, value: Value, found: Edge[]): void {
  if (value.kind === 'list') for (const item of value.items) collectParents(id, item, found)
  else if (value.kind === 'map' || value.kind === 'keyed-map')
    for (const entry of value.entries) collectParents(id, entry.value, found)
  else if (value.kind === 'bean') {
    if (value.parent !== undefined)
      found.push({ from: id, to: value.parent.text, at: value.parent.at, path: `${value.path}.parent` })
    for (const arg of value.args ?? []) collectParents(id, arg, found)
    for (const entry of value.properties) collectParents(id, entry.value, found)
  }
}

class Inheritance {
  readonly #done: Map<string, Definition>
  readonly #inactive: ReadonlyMap<string, string>
  readonly #problems: ProblemList
  readonly #circular = new Set<NamedPlace['at']>()

  constructor(done: Map<string, Definition>, inactive: ReadonlyMap<string, string>, problems: ProblemList) {
    this.#done = done
    this.#inactive = inactive
    this.#problems = problems
  }

  /** Parents first, without recursion from definition to definition: chains of any length work. */
  run(ids: Iterable<string>, edges: ReadonlyMap<string, readonly Edge[]>): void {
    const all = new Map([...ids].map((id) => [id, edges.get(id) ?? []]))
    const { order, cycles } = orderBeans(all.keys(), all)
    for (const cycle of cycles) this.#reportCycle(cycle)
    for (const id of order) {
      const definition = this.#done.get(id)
      if (definition !== undefined && edges.has(id))
        this.#done.set(id, { ...definition, value: this.#resolve(definition.value, id) })
    }
  }

  #reportCycle(cycle: readonly Edge[]): void {
    const last = cycle[cycle.length - 1]
    if (last === undefined) return
    this.#circular.add(last.at)
    const message = `parents form a circle: ${[...cycle.map((edge) => edge.from), last.to].join(' -> ')}`
    this.#problems.add(new ParentInvalidError(message, { at: last.at, bean: last.from, path: last.path }))
  }

  #resolve(value: Value, bean: string): Value {
    switch (value.kind) {
      case 'list':
        return { ...value, items: value.items.map((item) => this.#resolve(item, bean)) }
      case 'map':
      case 'keyed-map':
        return { ...value, entries: this.#resolveEntries(value.entries, bean) }
      case 'bean': {
        const own: BeanValue = {
          ...value,
          properties: this.#resolveEntries(value.properties, bean),
          ...(value.args === undefined ? {} : { args: value.args.map((arg) => this.#resolve(arg, bean)) }),
        }
        return own.parent === undefined ? own : this.#merge(own, own.parent, bean)
      }
      default:
        return value
    }
  }

  #resolveEntries(entries: readonly Entry[], bean: string): Entry[] {
    return entries.map((entry) => ({ ...entry, value: this.#resolve(entry.value, bean) }))
  }

  #merge(child: BeanValue, named: NamedPlace, bean: string): BeanValue {
    const parent = this.#parentOf(child, named, bean)
    if (parent === undefined) return child
    if (child.class.text === '' && parent.class.text === '' && child.isAbstract !== true)
      this.#add(`neither "${bean}" nor its parent "${named.text}" has a class`, {
        at: named.at,
        bean,
        path: child.path,
      })
    const { factory, init, destroy, args } = { ...pick(parent), ...pick(child) }
    return {
      ...child,
      class: child.class.text === '' ? parent.class : child.class,
      properties: this.#mergeProperties(child, rebase(parent, parent.path, child.path), bean),
      hasProperties: child.hasProperties || parent.hasProperties,
      ...(args === undefined ? {} : { args: args.map((arg) => rebase(arg, parent.path, child.path)) }),
      ...(factory === undefined ? {} : { factory }),
      ...(init === undefined ? {} : { init }),
      ...(destroy === undefined ? {} : { destroy }),
    }
  }

  #parentOf(child: BeanValue, { text, at }: NamedPlace, bean: string): BeanValue | undefined {
    if (this.#circular.has(at)) return undefined
    const found = this.#done.get(text)?.value
    if (found?.kind === 'bean') return found
    const finding = { at, bean, path: `${child.path}.parent` }
    const condition = this.#inactive.get(text)
    if (found !== undefined) this.#add(`parent "${text}" is no bean with a class`, finding)
    else if (condition !== undefined) this.#add(`parent "${text}" is there only when ${condition}`, finding)
    else
      this.#add(`parent "${text}" is not defined`, {
        ...finding,
        hint: this.#nearest(text),
      })
    return undefined
  }

  #nearest(text: string): string | undefined {
    const nearest = this.#problems.affordsHint(this.#done.size) ? nearestName(text, this.#done.keys()) : undefined
    return nearest === undefined ? undefined : `did you mean "${nearest}"?`
  }

  #mergeProperties(child: BeanValue, parent: BeanValue, bean: string): Entry[] {
    const own = new Map(child.properties.map((entry) => [entry.key, entry]))
    for (const { text, at } of child.merge ?? [])
      if (!own.has(text))
        this.#add(`"merge" names "${text}", which is not among the properties`, { at, bean, path: child.path })
    const merged = parent.properties.map((before) => {
      const after = own.get(before.key)
      own.delete(before.key)
      if (after === undefined) return before
      const joins = child.merge?.some(({ text }) => text === before.key) === true
      return joins ? { ...after, value: this.#join(before.value, after, bean) } : after
    })
    return [...merged, ...own.values()]
  }

  #join(before: Value, { value: after, keyAt }: Entry, bean: string): Value {
    if (before.kind === 'list' && after.kind === 'list') return { ...after, items: [...before.items, ...after.items] }
    const areMaps = before.kind === after.kind && (before.kind === 'map' || before.kind === 'keyed-map')
    if (areMaps && (after.kind === 'map' || after.kind === 'keyed-map')) {
      const own = new Set(after.entries.map((entry) => entry.key))
      const kept = before.entries.filter((entry) => !own.has(entry.key))
      return { ...after, entries: [...kept, ...after.entries] }
    }
    const message = `"merge" joins two lists or two maps; here a ${before.kind} meets a ${after.kind}`
    this.#add(message, { at: keyAt, bean, path: after.path })
    return after
  }

  #add(message: string, finding: ConstructorParameters<typeof ParentInvalidError>[1]): void {
    this.#problems.add(new ParentInvalidError(message, finding))
  }
}

function pick({ factory, init, destroy, args }: BeanValue): Partial<BeanValue> {
  return {
    ...(factory === undefined ? {} : { factory }),
    ...(init === undefined ? {} : { init }),
    ...(destroy === undefined ? {} : { destroy }),
    ...(args === undefined ? {} : { args }),
  }
}

/** The value with paths that begin at the child: what a parent gives away becomes the child's own. */
function rebase<T extends Value>(value: T, from: string, to: string): T {
  const path = value.path.startsWith(from) ? to + value.path.slice(from.length) : value.path
  const entries = (list: readonly Entry[]): Entry[] =>
    list.map((entry) => ({ ...entry, value: rebase(entry.value, from, to) }))
  switch (value.kind) {
    case 'list':
      return { ...value, path, items: value.items.map((item) => rebase(item, from, to)) }
    case 'map':
    case 'keyed-map':
      return { ...value, path, entries: entries(value.entries) }
    case 'bean': {
      const args = value.args?.map((arg) => rebase(arg, from, to))
      return { ...value, path, properties: entries(value.properties), ...(args === undefined ? {} : { args }) }
    }
    default:
      return { ...value, path }
  }
}
