import { isSecretName, type SecretMask } from '../log/secret-mask.ts'

/** A value found for a placeholder, and where it came from (`env RELAY_PORT`, `--set relay.port`). */
export interface FoundProperty {
  readonly value: string
  readonly origin: string
  /** Whether placeholders inside the value count; what comes from outside of files is taken as it is. */
  readonly isTemplate?: boolean
}

/** Values of a file of properties, by key. */
export type PropertyLayer = ReadonlyMap<string, FoundProperty>

/** What became of a text with placeholders. */
export interface Expansion {
  readonly text: string
  /** True when at least one placeholder stood in the text. */
  readonly expanded: boolean
  /** `value from ${relay.port}, set by env RELAY_PORT` of the first placeholder. */
  readonly origin?: string
  /** What is wrong: a key without a value, a missing brace, a circle. */
  readonly fault?: string
  /** The key without a value, when that is the fault. */
  readonly missingKey?: string
}

export interface PropertyLookupOptions {
  /** From `--set`; wins over everything. */
  readonly settings?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Properties files, the one that wins first. */
  readonly layers?: readonly PropertyLayer[]
  readonly mask: SecretMask
}

/** The names under which the environment may hold a key: itself, `A_B_C` for `a.b-c`, and `RELAY_PORT` for `relayPort`. */
export function environmentNames(key: string): string[] {
  const upper = key.replace(/[.-]/g, '_').toUpperCase()
  const snake = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[.-]/g, '_')
    .toUpperCase()
  return [...new Set([key, upper, snake])]
}

/**
 * Looks keys up: `--set`, then the environment, then properties files, then `properties` of the descriptors. Remembers
 * what was asked for.
 */
export class PropertyLookup {
  readonly mask: SecretMask
  readonly #settings: Readonly<Record<string, string>>
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #layers: readonly PropertyLayer[]
  readonly #asked = new Set<string>()
  readonly #taken = new Set<string>()

  constructor(options: PropertyLookupOptions) {
    this.mask = options.mask
    this.#settings = options.settings ?? {}
    this.#env = options.env ?? {}
    this.#layers = options.layers ?? []
    for (const [key, value] of Object.entries(this.#settings)) if (isSecretName(key)) this.mask.learn(value)
  }

  find(key: string, fileProperties: ReadonlyMap<string, string>): FoundProperty | undefined {
    this.#asked.add(key)
    const found = this.#search(key, fileProperties)
    if (found !== undefined && isSecretName(key)) this.mask.learn(found.value)
    return found
  }

  #search(key: string, fileProperties: ReadonlyMap<string, string>): FoundProperty | undefined {
    const set = Object.hasOwn(this.#settings, key) ? this.#settings[key] : undefined
    if (set !== undefined) return { value: set, origin: `--set ${key}` }
    for (const name of environmentNames(key)) {
      const value = this.#env[name]
      if (value !== undefined) return { value, origin: `env ${name}` }
    }
    for (const layer of this.#layers) {
      const found = layer.get(key)
      if (found !== undefined) return found
    }
    const value = fileProperties.get(key)
    return value === undefined ? undefined : { value, origin: 'properties of the descriptor', isTemplate: true }
  }

  get settings(): Readonly<Record<string, string>> {
    return this.#settings
  }

  /** Settings that no placeholder asked for: they may mean properties of beans. */
  openSettings(): string[] {
    return Object.keys(this.#settings).filter((key) => !this.#asked.has(key))
  }

  /** The setting went to a property of a bean. */
  markTaken(key: string): void {
    this.#taken.add(key)
  }

  /** Keys that some descriptor asked for. */
  get askedKeys(): ReadonlySet<string> {
    return this.#asked
  }

  /** Settings that no descriptor asked for: most likely misspelt. */
  unusedSettings(): string[] {
    return this.openSettings().filter((key) => !this.#taken.has(key))
  }
}

/** Replaces every `${key}` and `${key:default}` of a text; `\${` stands for a literal `${`. */
export function expandPlaceholders(
  text: string,
  lookup: PropertyLookup,
  fileProperties: ReadonlyMap<string, string>,
  active: readonly string[] = [],
): Expansion {
  if (!text.includes('${')) return { text, expanded: false }
  let result = ''
  let origin: string | undefined
  let expanded = false
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('${', at)
    if (next < 0) break
    if (text[next - 1] === '\\') {
      result += `${text.slice(at, next - 1)}\${`
      at = next + 2
      continue
    }
    const end = closingBrace(text, next + 2)
    if (end < 0) return { text, expanded: true, fault: `"${text.slice(next)}" has no closing brace` }
    const one = expandOne(text.slice(next + 2, end), lookup, fileProperties, active)
    if (one.fault !== undefined) return { ...one, text, expanded: true }
    result += text.slice(at, next) + one.text
    origin ??= one.origin
    expanded = true
    at = end + 1
  }
  return { text: result + text.slice(at), expanded, ...(origin === undefined ? {} : { origin }) }
}

function expandOne(
  inside: string,
  lookup: PropertyLookup,
  fileProperties: ReadonlyMap<string, string>,
  active: readonly string[],
): Expansion {
  const colon = inside.indexOf(':')
  const key = (colon < 0 ? inside : inside.slice(0, colon)).trim()
  if (active.includes(key)) {
    return { text: '', expanded: true, fault: `placeholders refer to each other: ${[...active, key].join(' -> ')}` }
  }
  const found = lookup.find(key, fileProperties)
  if (found !== undefined) {
    const origin = `value from \${${key}}, set by ${found.origin}`
    if (found.isTemplate !== true) return { text: found.value, expanded: true, origin }
    return { ...expandPlaceholders(found.value, lookup, fileProperties, [...active, key]), expanded: true, origin }
  }
  if (colon >= 0) {
    const inner = expandPlaceholders(inside.slice(colon + 1), lookup, fileProperties, active)
    if (isSecretName(key)) lookup.mask.learn(inner.text)
    return { origin: `value from the default of \${${key}}`, ...inner, expanded: true }
  }
  const names = environmentNames(key).join(' or ')
  const fault = `no value for \${${key}}: looked in --set, the environment (${names}), properties files and the descriptor's properties`
  return { text: '', expanded: true, fault, missingKey: key }
}

/** The index of the brace that closes a placeholder whose content begins at `from`, or -1. */
function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{' && text[i - 1] === '$') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  return -1
}
