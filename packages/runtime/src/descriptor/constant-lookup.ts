import { type ConstantSet } from '../component.ts'
import { ConstantUnknownError, PropertyTypeError } from '../errors.ts'
import { type Entry, type NamedPlace } from './definition.ts'
import { type Finding, type ProblemList } from './descriptor-error.ts'
import { suggestion } from './suggestion.ts'

/** The value of a constant, or a key of a map; undefined after a reported problem. */
export type ConstantResult = string | number | bigint | undefined

/** Looks up the members of the sets of constants that a container offers. */
export class ConstantLookup {
  readonly #sets: Readonly<Record<string, ConstantSet>>
  readonly #problems: ProblemList

  constructor(sets: Readonly<Record<string, ConstantSet>>, problems: ProblemList) {
    this.#sets = sets
    this.#problems = problems
  }

  /** `SET.MEMBER`, as written at this place. */
  find(text: string, finding: Finding & Pick<NamedPlace, 'at'>): ConstantResult {
    const dot = text.lastIndexOf('.')
    return this.#member({ text: text.slice(0, Math.max(0, dot)), at: finding.at }, text.slice(dot + 1), finding)
  }

  /** Whether keys of this kind can be converted; what is wrong with the kind itself is reported once. */
  checkKeys(keys: NamedPlace | undefined, finding: Finding): boolean {
    if (keys === undefined || keys.text === 'integer' || Object.hasOwn(this.#sets, keys.text)) return true
    this.#member(keys, '', { ...finding, at: keys.at })
    return false
  }

  /** A key of a map as its `keys` want it. */
  convertKey(entry: Entry, keys: NamedPlace | undefined, bean: string): ConstantResult {
    if (keys === undefined) return entry.key
    const finding = { at: entry.keyAt, bean, path: entry.value.path }
    if (keys.text !== 'integer') return this.#member(keys, entry.key, finding)
    if (/^-?\d+$/.test(entry.key) && Number.isSafeInteger(Number(entry.key))) return Number(entry.key)
    this.#problems.add(new PropertyTypeError(`the key "${entry.key}" must be an integer`, finding))
    return undefined
  }

  #member(set: NamedPlace, member: string, finding: Finding): ConstantResult {
    const members = Object.hasOwn(this.#sets, set.text) ? this.#sets[set.text] : undefined
    if (members !== undefined && Object.hasOwn(members, member)) return members[member]
    if (members === undefined) {
      const message = `there is no set of constants "${set.text}"`
      const hint = suggestion(set.text, Object.keys(this.#sets))
      this.#problems.add(new ConstantUnknownError(message, { ...finding, at: set.at, hint }))
    } else {
      const hint = suggestion(member, Object.keys(members))
      this.#problems.add(new ConstantUnknownError(`${set.text} has no member "${member}"`, { ...finding, hint }))
    }
    return undefined
  }
}
