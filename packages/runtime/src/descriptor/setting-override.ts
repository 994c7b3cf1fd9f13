import { SettingInvalidError } from '../errors.ts'
import { type Definition, type Entry, type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'

/**
 * `--set bean.property.path=value` gives a property of a bean another value. Returns the definition with it, or
 * undefined when the key names no bean of these. The value is text and takes the type of its property.
 * @param origin what of the command line says it
 */
export function overrideProperty(
  definitions: ReadonlyMap<string, Definition>,
  key: string,
  text: string,
  problems: ProblemList,
  origin = `--set ${key}`,
): Definition | undefined {
  const id = beanIdOf(definitions, key)
  const definition = id === undefined ? undefined : definitions.get(id)
  if (id === undefined || definition === undefined) return undefined
  const override = new Override({ key, origin, text, definition, problems })
  return { ...definition, value: override.apply(definition.value, key.slice(id.length + 1)) }
}

/** The longest id that the key begins with; ids may contain dots. */
function beanIdOf(definitions: ReadonlyMap<string, Definition>, key: string): string | undefined {
  for (let end = key.lastIndexOf('.'); end > 0; end = key.lastIndexOf('.', end - 1))
    if (definitions.has(key.slice(0, end))) return key.slice(0, end)
  return undefined
}

interface OverrideOptions {
  readonly key: string
  readonly origin: string
  readonly text: string
  readonly definition: Definition
  readonly problems: ProblemList
}

class Override {
  readonly #key: string
  readonly #origin: string
  readonly #text: string
  readonly #definition: Definition
  readonly #problems: ProblemList

  constructor({ key, origin, text, definition, problems }: OverrideOptions) {
    this.#key = key
    this.#origin = origin
    this.#text = text
    this.#definition = definition
    this.#problems = problems
  }

  apply(value: Value, rest: string): Value {
    if (rest === '')
      return this.#leaf(value.at === this.#definition.value.at ? this.#definition.idAt : value.at, value.path)
    switch (value.kind) {
      case 'bean':
        return {
          ...value,
          properties: this.#into(value.properties, rest, `${value.path}.properties`),
          hasProperties: true,
        }
      case 'map':
      case 'keyed-map':
        return { ...value, entries: this.#into(value.entries, rest, value.path) }
      case 'list':
        return this.#element(value.items, rest, value)
      default:
        return this.#refuse(value)
    }
  }

  /** The longest key that the rest begins with is gone into; when there is none, it is added, nested at its dots. */
  #into(entries: readonly Entry[], rest: string, path: string): Entry[] {
    const best = entries
      .filter(({ key }) => rest === key || rest.startsWith(`${key}.`) || rest.startsWith(`${key}[`))
      .sort((a, b) => b.key.length - a.key.length)[0]
    if (best === undefined) return [...entries, this.#newEntry(rest, path)]
    const below = rest.slice(best.key.length).replace(/^\./, '')
    return entries.map((entry) => (entry === best ? { ...entry, value: this.apply(entry.value, below) } : entry))
  }

  #newEntry(rest: string, path: string): Entry {
    const dot = rest.indexOf('.')
    const key = dot < 0 ? rest : rest.slice(0, dot)
    const below = `${path}.${key}`
    const keyAt = this.#definition.idAt
    if (dot < 0) return { key, keyAt, value: this.#leaf(keyAt, below) }
    const entries = [this.#newEntry(rest.slice(dot + 1), below)]
    return { key, keyAt, value: { kind: 'map', entries, at: keyAt, path: below } }
  }

  #element(items: readonly Value[], rest: string, list: Value): Value {
    const match = /^\[(\d+)\]\.?(.*)$/.exec(rest)
    const index = Number(match?.[1] ?? items.length)
    if (index >= items.length) {
      const message = `${this.#origin}: "${list.path}" is a list of ${items.length}; write its element as [0]`
      this.#problems.add(new SettingInvalidError(message, { at: list.at, bean: this.#definition.id, path: list.path }))
      return list
    }
    const changed = items.map((item, i) => (i === index ? this.apply(item, match?.[2] ?? '') : item))
    return { kind: 'list', items: changed, at: list.at, path: list.path }
  }

  #leaf(at: Value['at'], path: string): Value {
    const origin = this.#origin
    const outside = [{ placeholder: origin, text: this.#text, origin }]
    return { kind: 'scalar', value: this.#text, at, path, origin: `value set by ${origin}`, outside }
  }

  #refuse(value: Value): Value {
    const what = value.kind === 'reference' ? `a reference to "${value.id}"` : `a ${value.kind}`
    const message = `${this.#origin}: "${value.path}" is ${what}`
    const rest = this.#key.slice(this.#key.lastIndexOf('.') + 1)
    const hint = value.kind === 'reference' ? `set ${value.id}.${rest} instead` : undefined
    this.#problems.add(
      new SettingInvalidError(message, { at: value.at, bean: this.#definition.id, path: value.path, hint }),
    )
    return value
  }
}
