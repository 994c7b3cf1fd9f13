import { type NamedPlace } from './definition.ts'

/** The profiles that a launch has chosen, and which of them somebody asked for. */
export class ActiveProfiles {
  readonly names: readonly string[]
  readonly #known = new Set<string>()

  constructor(names: readonly string[]) {
    this.names = names
  }

  /** Whether one of these holds: a name that is chosen, or `!name` for one that is not. */
  holds(wanted: readonly NamedPlace[]): boolean {
    for (const { text } of wanted) this.#known.add(text.replace(/^!/, ''))
    return wanted.some(({ text }) =>
      text.startsWith('!') ? !this.names.includes(text.slice(1)) : this.names.includes(text),
    )
  }

  /** A file or a definition knows this profile. */
  markKnown(name: string): void {
    this.#known.add(name)
  }

  get known(): ReadonlySet<string> {
    return this.#known
  }

  /** Chosen profiles that nothing asked for: most likely misspelt. */
  unused(): string[] {
    return this.names.filter((name) => !this.#known.has(name))
  }
}

/** `profile is prod or staging`, for messages. */
export function describeCondition(wanted: readonly NamedPlace[]): string {
  const parts = wanted.map(({ text }) => (text.startsWith('!') ? `not ${text.slice(1)}` : text))
  return `profile is ${parts.join(' or ')}`
}
