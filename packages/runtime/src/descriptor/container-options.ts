import { type ContainerDefinition } from '../component.ts'
import { SettingUnusedError } from '../errors.ts'
import { type Definition, type Descriptor } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { overrideProperty } from './setting-override.ts'

/** Gives properties of root beans the values of options that their containers bring, and knows which options no bean took. */
export class ContainerOptions {
  readonly #values: Readonly<Record<string, string>>
  readonly #problems: ProblemList
  readonly #taken = new Set<string>()

  constructor(values: Readonly<Record<string, string>>, problems: ProblemList) {
    this.#values = values
    this.#problems = problems
  }

  /** The descriptor with the values of the options of its container. */
  applied(descriptor: Descriptor, { options = {}, roots }: ContainerDefinition): Descriptor {
    const definitions = new Map(descriptor.definitions)
    for (const [name, { property }] of Object.entries(options)) {
      const text = this.#values[name]
      if (text === undefined) continue
      for (const id of rootBeans(definitions, roots)) {
        const key = keyOf(definitions, id, property.split('.'))
        const changed = overrideProperty(definitions, key, text, this.#problems, `--${name}`)
        if (changed !== undefined) definitions.set(changed.id, changed)
        this.#taken.add(name)
      }
    }
    return { ...descriptor, definitions }
  }

  /** @param containers that could have been launched */
  reportUnused(containers: readonly ContainerDefinition[]): void {
    for (const name of Object.keys(this.#values)) {
      if (this.#taken.has(name)) continue
      const owner = containers.find(({ options = {} }) => Object.hasOwn(options, name))
      const wanted = `${owner?.roots.join(' or ') ?? 'a bean'} of the container ${owner?.name ?? ''}`
      const message = `--${name} is for ${wanted}, and this launch has none`
      this.#problems.add(new SettingUnusedError(message, {}))
    }
  }
}

function rootBeans(definitions: ReadonlyMap<string, Definition>, roots: readonly string[]): string[] {
  return [...definitions].flatMap(([id, { value }]) =>
    value.kind === 'bean' && roots.includes(value.class.text) ? [id] : [],
  )
}

/** Where the property is: of the bean itself, or of the one that a reference on the way names. */
function keyOf(definitions: ReadonlyMap<string, Definition>, id: string, path: readonly string[]): string {
  const [first, ...rest] = path
  const value = definitions.get(id)?.value
  const held = value?.kind === 'bean' ? value.properties.find(({ key }) => key === first)?.value : undefined
  const leadsOn = rest.length > 0 && held?.kind === 'reference' && held.access === undefined
  return leadsOn ? keyOf(definitions, held.id, rest) : [id, ...path].join('.')
}
