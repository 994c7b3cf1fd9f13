import { messageOf } from '@aesop/kernel'
import { isSecretName } from '../log/secret-name.ts'
import { environmentNames, type PropertyLookup } from './property-lookup.ts'

/** A text that came from outside of the descriptors, and the placeholder that stands for it. */
export interface OutsideText {
  readonly placeholder: string
  readonly text: string
  /** `env DB_PASSWORD`, `--set db.password`, `file`. */
  readonly origin: string
}

/** Why a text can't be expanded. */
export interface ExpansionFault {
  readonly kind: 'form' | 'missing' | 'unreadable' | 'too-long'
  readonly message: string
  readonly hint?: string | undefined
  /** The key without a value. */
  readonly missingKey?: string
}

/** What became of a text with placeholders. */
export interface Expansion {
  readonly text: string
  /** True when at least one placeholder stood in the text. */
  readonly expanded: boolean
  /** `value from ${relay.port}, set by env RELAY_PORT` of the first placeholder. */
  readonly origin?: string
  readonly outside?: readonly OutsideText[]
  readonly fault?: ExpansionFault
}

const EXPANDED_MAX_BYTES = 64 * 1024
const NESTED_MAX = 100

/** Replaces every `${key}` and `${key:default}` of a text; `\${` stands for a literal `${`. */
export function expandPlaceholders(
  text: string,
  lookup: PropertyLookup,
  fileProperties: ReadonlyMap<string, string>,
): Expansion {
  return new PlaceholderExpander(lookup, fileProperties).expand(text)
}

/** Expands texts; each key is looked up and expanded once, and each provider is asked once for a name. */
export class PlaceholderExpander {
  readonly #lookup: PropertyLookup
  readonly #fileProperties: ReadonlyMap<string, string>
  readonly #known = new Map<string, Expansion>()

  constructor(lookup: PropertyLookup, fileProperties: ReadonlyMap<string, string>) {
    this.#lookup = lookup
    this.#fileProperties = fileProperties
  }

  expand(text: string): Expansion {
    return this.#expand(text, [], 0)
  }

  /** @param active the keys whose values are being expanded, outermost first. */
  #expand(text: string, active: readonly string[], depth: number): Expansion {
    if (!text.includes('${')) return { text, expanded: false }
    const inside = active.length === 0 ? '' : ` in the value of \${${active[active.length - 1] ?? ''}}`
    if (depth > NESTED_MAX)
      return failed(text, {
        kind: 'too-long',
        message: `placeholders are nested more than ${NESTED_MAX} deep${inside}`,
      })
    const result = new ExpandedText()
    let at = 0
    for (let next = text.indexOf('${'); next >= 0; next = text.indexOf('${', at)) {
      if (text[next - 1] === '\\') {
        result.add(`${text.slice(at, next - 1)}\${`)
        at = next + 2
        continue
      }
      const end = closingBrace(text, next + 2)
      // What stands in a value may be a secret: only the descriptor's own text is shown.
      const shown = active.length === 0 ? `"${text.slice(next)}"` : 'a placeholder'
      if (end < 0) return failed(text, { kind: 'form', message: `${shown}${inside} has no closing brace` })
      const one = this.#expandOne(text.slice(next + 2, end), active, depth)
      if (one.fault !== undefined) return failed(text, one.fault)
      result.add(text.slice(at, next))
      result.addExpansion(one)
      at = end + 1
      if (result.isTooLong) return failed(text, tooLong(inside))
    }
    result.add(text.slice(at))
    return result.isTooLong ? failed(text, tooLong(inside)) : result.expansion
  }

  #expandOne(inside: string, active: readonly string[], depth: number): Expansion {
    const colon = inside.indexOf(':')
    const key = (colon < 0 ? inside : inside.slice(0, colon)).trim()
    if (colon >= 0 && this.#lookup.provider(key) !== undefined)
      return this.#provided(key, this.#expand(inside.slice(colon + 1), active, depth + 1))
    if (active.includes(key)) {
      const message = `placeholders refer to each other: ${[...active, key].join(' -> ')}`
      return failed('', { kind: 'form', message })
    }
    const known = this.#known.get(key) ?? this.#find(key, active, depth)
    if (known !== undefined) {
      this.#known.set(key, known)
      return known
    }
    if (colon < 0) return failed('', missing(key))
    const inner = this.#expand(inside.slice(colon + 1), active, depth + 1)
    if (isSecretName(key)) this.#lookup.mask.learn(inner.text)
    return { origin: `value from the default of \${${key}}`, ...inner, expanded: true }
  }

  #find(key: string, active: readonly string[], depth: number): Expansion | undefined {
    const found = this.#lookup.find(key, this.#fileProperties)
    if (found === undefined) return undefined
    const origin = `value from \${${key}}, set by ${found.origin}`
    const value = found.isTemplate === true ? this.#expand(found.value, [...active, key], depth + 1) : found
    const text = 'text' in value ? value.text : value.value
    const inner = 'text' in value ? value : undefined
    if (inner?.fault !== undefined) return inner
    if (isSecretName(key)) this.#lookup.mask.learn(text, `\${${key}}`)
    const own = found.isWritten === true ? [] : [{ placeholder: `\${${key}}`, text, origin: found.origin }]
    return { text, expanded: true, origin, outside: [...own, ...(inner?.outside ?? [])] }
  }

  #provided(name: string, path: Expansion): Expansion {
    if (path.fault !== undefined) return path
    const key = `${name}:${path.text.trim()}`
    const known = this.#known.get(key) ?? this.#ask(name, path.text.trim())
    this.#known.set(key, known)
    return known
  }

  #ask(name: string, wanted: string): Expansion {
    const provider = this.#lookup.provider(name)
    const placeholder = `\${${name}:${wanted}}`
    try {
      const text = provider?.read(wanted)
      if (typeof text !== 'string') throw new Error('it gave no text')
      this.#lookup.mask.learn(text, placeholder)
      const origin = `value from ${placeholder}`
      return { text, expanded: true, origin, outside: [{ placeholder, text, origin: `provider ${name}` }] }
    } catch (cause) {
      const message = `no text for ${placeholder} from the provider "${name}": ${messageOf(cause)}`
      const hint = provider?.remedy ?? `ask whoever registered the provider "${name}"`
      return failed('', { kind: 'unreadable', message, hint })
    }
  }
}

/** An expansion while it grows. */
class ExpandedText {
  #text = ''
  #bytes = 0
  #expanded = false
  #origin: string | undefined
  readonly #outside = new Map<string, OutsideText>()

  add(text: string): void {
    this.#bytes += Buffer.byteLength(text)
    if (!this.isTooLong) this.#text += text
  }

  addExpansion({ text, origin, outside }: Expansion): void {
    this.add(text)
    this.#expanded = true
    this.#origin ??= origin
    for (const each of outside ?? []) this.#outside.set(each.placeholder, each)
  }

  get isTooLong(): boolean {
    return this.#bytes > EXPANDED_MAX_BYTES
  }

  get expansion(): Expansion {
    const origin = this.#origin === undefined ? {} : { origin: this.#origin }
    return { text: this.#text, expanded: this.#expanded, outside: [...this.#outside.values()], ...origin }
  }
}

function failed(text: string, fault: ExpansionFault): Expansion {
  return { text, expanded: true, fault }
}

function missing(key: string): ExpansionFault {
  const names = environmentNames(key).join(' or ')
  const message = `no value for \${${key}}: looked in --set, the environment (${names}), properties files and the descriptor's properties`
  return { kind: 'missing', message, missingKey: key }
}

function tooLong(inside: string): ExpansionFault {
  const message = `the text with its placeholders${inside} has more than ${EXPANDED_MAX_BYTES} bytes`
  return { kind: 'too-long', message }
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
