import { type SecretMask } from '../log/secret-mask.ts'
import { type SecretProvider, type SecretProviders } from './secret-provider.ts'

/** A value found for a placeholder, and where it came from (`env RELAY_PORT`, `--set relay.port`). */
export interface FoundProperty {
  readonly value: string
  readonly origin: string
  /** Whether placeholders inside the value count; what comes from outside of files is taken as it is. */
  readonly isTemplate?: boolean
  /** It stands in a descriptor itself. */
  readonly isWritten?: boolean
}

/** Values of a file of properties, by key. */
export type PropertyLayer = ReadonlyMap<string, FoundProperty>

export interface PropertyLookupOptions {
  /** From `--set`; wins over everything. */
  readonly settings?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Properties files, the one that wins first. */
  readonly layers?: readonly PropertyLayer[]
  readonly providers?: SecretProviders
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
  readonly #providers: SecretProviders
  readonly #asked = new Set<string>()
  readonly #taken = new Set<string>()

  constructor(options: PropertyLookupOptions) {
    this.mask = options.mask
    this.#settings = options.settings ?? {}
    this.#env = options.env ?? {}
    this.#layers = options.layers ?? []
    this.#providers = options.providers ?? {}
  }

  find(key: string, fileProperties: ReadonlyMap<string, string>): FoundProperty | undefined {
    this.#asked.add(key)
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
    if (value === undefined) return undefined
    return { value, origin: 'properties of the descriptor', isTemplate: true, isWritten: true }
  }

  provider(name: string): SecretProvider | undefined {
    return Object.hasOwn(this.#providers, name) ? this.#providers[name] : undefined
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
