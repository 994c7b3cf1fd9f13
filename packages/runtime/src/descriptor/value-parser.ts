import { nearestName } from '@aesop/kernel'
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import {
  DescriptorShapeError,
  PlaceholderTooLongError,
  PlaceholderUnresolvedError,
  SecretUnreadableError,
} from '../errors.ts'
import { type BeanValue, type Entry, type NamedPlace, type ReferenceValue, type Value } from './definition.ts'
import { checkDefinitionKeys, DISCRIMINATORS, type ExpressionKind } from './definition-keys.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type Expansion, PlaceholderExpander } from './placeholder.ts'
import { type PropertyLookup } from './property-lookup.ts'
import { entryOf, rawEntries, type RawEntry } from './raw-entry.ts'
import { positionOf, type SourceRange } from './source-file.ts'
import { suggestion } from './suggestion.ts'
import { type YamlFile } from './yaml-file.ts'

/** No descriptor needs more, and everything that walks through values may recurse. */
const NESTED_MAX = 100
const FORM = 'write `when: { profile: [prod] }`; `!prod` means without it'

/** Turns YAML nodes into values of the descriptor language. Problems are collected; a broken part becomes null. */
export class ValueParser {
  readonly #file: YamlFile
  readonly #lookup: PropertyLookup
  readonly #fileProperties: ReadonlyMap<string, string>
  readonly #problems: ProblemList
  readonly #expander: PlaceholderExpander
  #depth = 0

  constructor(
    file: YamlFile,
    lookup: PropertyLookup,
    fileProperties: ReadonlyMap<string, string>,
    problems: ProblemList,
  ) {
    this.#file = file
    this.#lookup = lookup
    this.#fileProperties = fileProperties
    this.#problems = problems
    this.#expander = new PlaceholderExpander(lookup, fileProperties)
  }

  /** @param bean id of the top-level bean, for messages. */
  parse(node: unknown, path: string, bean: string, fallback: SourceRange): Value {
    const at = this.#file.rangeOf(node, fallback)
    return this.#nested(path, bean, at, () => {
      const followed = this.#file.follow(node, at)
      if (isMap(followed)) return this.#parseMapping(followed, path, bean, at)
      if (!isSeq(followed)) return this.#parseScalar(followed, path, bean, at)
      const items = followed.items.map((item, i) => this.parse(item, `${path}[${i}]`, bean, at))
      return { kind: 'list', items, at, path }
    })
  }

  /** A value inside of others; what is too deep is reported and becomes null. */
  #nested(path: string, bean: string, at: SourceRange, parse: () => Value): Value {
    if (this.#depth >= NESTED_MAX) {
      const message = `values are nested more than ${NESTED_MAX} deep`
      this.#problems.add(
        new DescriptorShapeError(message, { at, bean, hint: 'write what is inside as a bean of its own' }),
      )
      return { kind: 'scalar', value: null, at, path }
    }
    this.#depth++
    const value = parse()
    this.#depth--
    return value
  }

  #parseScalar(node: Node | undefined, path: string, bean: string, at: SourceRange): Value {
    const value: unknown = isScalar(node) ? node.value : null
    if (typeof value === 'string') return this.#parseText(value, path, bean, at)
    const known = value === null || ['boolean', 'number', 'bigint'].includes(typeof value)
    return { kind: 'scalar', value: known ? (value as null | boolean | number | bigint) : null, at, path }
  }

  #parseText(text: string, path: string, bean: string, at: SourceRange): Value {
    const expansion = this.#expand(text, path, bean, at)
    if (!expansion.expanded) return { kind: 'scalar', value: expansion.text, at, path }
    return {
      kind: 'scalar',
      value: expansion.text,
      at,
      path,
      origin: expansion.origin ?? 'value from a placeholder',
      written: text,
      outside: expansion.outside ?? [],
      readAgain: () => this.#readAgain(text, path, at),
    }
  }

  #expand(text: string, path: string, bean: string, at: SourceRange): Expansion {
    const expansion = this.#expander.expand(text)
    const { fault } = expansion
    if (fault === undefined) return expansion
    const { missingKey } = fault
    const hint = missingKey === undefined ? fault.hint : this.#nearestProperty(missingKey)
    const Problem = fault.kind === 'too-long' ? PlaceholderTooLongError : PlaceholderUnresolvedError
    this.#problems.add(new Problem(fault.message, { at, bean, path, hint }))
    return expansion
  }

  #nearestProperty(key: string): string | undefined {
    if (!this.#problems.affordsHint(this.#fileProperties.size)) return undefined
    const nearest = nearestName(key, this.#fileProperties.keys())
    return nearest === undefined ? undefined : suggestion(key, [nearest])
  }

  #readAgain(text: string, path: string, at: SourceRange): string {
    const { text: found, fault } = new PlaceholderExpander(this.#lookup, this.#fileProperties).expand(text)
    if (fault === undefined) return found
    throw new SecretUnreadableError(
      `${fault.message}, for ${path} (${at.file.path}:${positionOf(at).line})`,
      fault.hint,
    )
  }

  #parseMapping(map: YAMLMap, path: string, bean: string, at: SourceRange): Value {
    const entries = this.#rawEntries(map, path, bean, at)
    const found = DISCRIMINATORS.filter((name) => entryOf(entries, name) !== undefined)
    const first = found[0] ?? (path === bean && entryOf(entries, 'abstract') !== undefined ? 'class' : undefined)
    if (first === undefined) return { kind: 'map', entries: this.#parseEntries(entries, path, bean), at, path }
    const isChild = found.length === 2 && found[0] === 'class' && found[1] === 'parent'
    if (found.length > 1 && !isChild) {
      const message = `a definition has ${found.map((name) => `"${name}"`).join(' and ')}; it may have only one of them`
      const hint = 'wrap a plain map that has such a key: { value: { … } }'
      const place = entryOf(entries, found[1] ?? first)?.keyAt ?? at
      this.#problems.add(new DescriptorShapeError(message, { at: place, bean, path, hint }))
    }
    checkDefinitionKeys(entries, first, { path, bean }, this.#problems)
    return this.#parseExpression(first, entries, path, bean, at)
  }

  #parseExpression(kind: ExpressionKind, entries: RawEntry[], path: string, bean: string, at: SourceRange): Value {
    const entry = entryOf(entries, kind)
    switch (kind) {
      case 'ref':
        return this.#parseReference(entries, path, bean, at)
      case 'const': {
        const text = this.#text(entry, path, bean)?.text ?? ''
        return { kind: 'constant', text, at: this.#file.rangeOf(entry?.node, at), path }
      }
      case 'map':
        return this.#parseKeyedMap(entries, path, bean, at)
      case 'value':
        return this.#parseVerbatim(entry?.node, path, bean, at)
      case 'class':
      case 'parent':
        return this.#parseBean(entries, path, bean, at)
    }
  }

  #parseReference(entries: RawEntry[], path: string, bean: string, at: SourceRange): Value {
    const id = this.#textOf(entries, 'ref', path, bean)
    const get = this.#textOf(entries, 'get', path, bean)
    const call = this.#textOf(entries, 'call', path, bean)
    if (get !== undefined && call !== undefined) {
      const message = 'a reference has "get" and "call"; it may have only one of them'
      this.#problems.add(new DescriptorShapeError(message, { at: call.at, bean, path }))
    }
    const reference: ReferenceValue = { kind: 'reference', id: id?.text ?? '', at: id?.at ?? at, path }
    if (get !== undefined) return { ...reference, access: { by: 'get', name: get.text } }
    return call === undefined ? reference : { ...reference, access: { by: 'call', name: call.text } }
  }

  #parseKeyedMap(entries: RawEntry[], path: string, bean: string, at: SourceRange): Value {
    const keys = this.#textOf(entries, 'keys', path, bean)
    const inside = this.#entriesOf(entries, 'map', `${path}.map`, bean)
    return { kind: 'keyed-map', entries: inside, at, path, ...(keys === undefined ? {} : { keys }) }
  }

  #parseBean(entries: RawEntry[], path: string, bean: string, at: SourceRange): Value {
    const parent = this.#textOf(entries, 'parent', path, bean)
    const named = this.#textOf(entries, 'class', path, bean) ?? { text: '', at: parent?.at ?? at }
    const value: BeanValue = {
      kind: 'bean',
      class: named,
      properties: this.#entriesOf(entries, 'properties', `${path}.properties`, bean),
      hasProperties: entryOf(entries, 'properties') !== undefined,
      dependsOn: this.#namesOf(entries, 'dependsOn', path, bean),
      at,
      path,
      ...(parent === undefined ? {} : { parent, merge: this.#namesOf(entries, 'merge', path, bean) }),
      ...(this.#isAbstract(entries, path, bean) ? { isAbstract: true } : {}),
      ...this.#optionalParts(entries, path, bean),
    }
    const merge = entryOf(entries, 'merge')
    if (merge !== undefined && parent === undefined)
      this.#problems.add(new DescriptorShapeError('"merge" needs a "parent"', { at: merge.keyAt, bean, path }))
    return value
  }

  #optionalParts(entries: RawEntry[], path: string, bean: string): Partial<BeanValue> {
    const label = this.#textOf(entries, 'id', path, bean)
    const factory = this.#textOf(entries, 'factory', path, bean)
    const init = this.#textOf(entries, 'init', path, bean)
    const destroy = this.#textOf(entries, 'destroy', path, bean)
    const args = this.#listOf(entries, 'args', path, bean)
    return {
      ...(label === undefined ? {} : { label: label.text }),
      ...(factory === undefined ? {} : { factory }),
      ...(args === undefined ? {} : { args }),
      ...(init === undefined ? {} : { init }),
      ...(destroy === undefined ? {} : { destroy }),
    }
  }

  #isAbstract(entries: readonly RawEntry[], path: string, bean: string): boolean {
    const entry = path === bean ? entryOf(entries, 'abstract') : undefined
    if (entry === undefined) return false
    const value = this.parse(entry.node, `${path}.abstract`, bean, entry.keyAt)
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value
    this.#problems.add(new DescriptorShapeError('"abstract" must be true or false', { at: value.at, bean, path }))
    return false
  }

  /** The profiles of a definition's `when`, or undefined when it has none. */
  conditionOf(node: unknown, bean: string, fallback: SourceRange): readonly NamedPlace[] | undefined {
    const followed = this.#file.follow(node, fallback)
    const pair = isMap(followed)
      ? followed.items.find((each) => isScalar(each.key) && each.key.value === 'when')
      : undefined
    if (pair === undefined) return undefined
    const at = this.#file.rangeOf(pair.key, fallback)
    const when = this.#file.follow(pair.value, at)
    const entries = isMap(when) ? this.#rawEntries(when, `${bean}.when`, bean, at) : []
    for (const { key, keyAt } of entries) {
      if (key === 'profile') continue
      const message = `"when" has no condition "${key}"`
      this.#problems.add(new DescriptorShapeError(message, { at: keyAt, bean, path: `${bean}.when`, hint: FORM }))
    }
    const names = this.#namesOf(entries, 'profile', `${bean}.when`, bean)
    if (entries.length === 0)
      this.#problems.add(new DescriptorShapeError('"when" asks for nothing', { at, bean, hint: FORM }))
    return names.length > 0 ? names : undefined
  }

  /** `{ value: … }`: the content means itself, whatever its keys are; placeholders still work. */
  #parseVerbatim(node: unknown, path: string, bean: string, fallback: SourceRange): Value {
    const at = this.#file.rangeOf(node, fallback)
    return this.#nested(path, bean, at, () => {
      const followed = this.#file.follow(node, at)
      if (isSeq(followed)) {
        const items = followed.items.map((item, i) => this.#parseVerbatim(item, `${path}[${i}]`, bean, at))
        return { kind: 'list', items, at, path }
      }
      if (!isMap(followed)) return this.#parseScalar(followed, path, bean, at)
      const entries = this.#rawEntries(followed, path, bean, at).map((entry) => ({
        key: entry.key,
        keyAt: entry.keyAt,
        value: this.#parseVerbatim(entry.node, `${path}.${entry.key}`, bean, entry.keyAt),
      }))
      return { kind: 'map', entries, at, path }
    })
  }

  #rawEntries(map: YAMLMap, path: string, bean: string | undefined, at: SourceRange): RawEntry[] {
    return rawEntries(this.#file, map, { path, bean, at }, this.#problems)
  }

  #parseEntries(entries: readonly RawEntry[], path: string, bean: string): Entry[] {
    return entries.map((entry) => ({
      key: entry.key,
      keyAt: entry.keyAt,
      value: this.parse(entry.node, `${path}.${entry.key}`, bean, entry.keyAt),
    }))
  }

  #textOf(entries: readonly RawEntry[], key: string, path: string, bean: string): NamedPlace | undefined {
    const entry = entryOf(entries, key)
    return entry === undefined ? undefined : this.#text(entry, path, bean)
  }

  #text(entry: RawEntry | undefined, path: string, bean: string): NamedPlace | undefined {
    if (entry === undefined) return undefined
    const value = this.parse(entry.node, `${path}.${entry.key}`, bean, entry.keyAt)
    if (value.kind === 'scalar' && value.value !== null && value.value !== '')
      return { text: String(value.value), at: value.at }
    this.#problems.add(new DescriptorShapeError(`"${entry.key}" must be a name`, { at: value.at, bean, path }))
    return undefined
  }

  #entriesOf(entries: readonly RawEntry[], key: string, path: string, bean: string): Entry[] {
    const entry = entryOf(entries, key)
    if (entry === undefined) return []
    const node = this.#file.follow(entry.node, entry.keyAt)
    if (isMap(node)) return this.#parseEntries(this.#rawEntries(node, path, bean, entry.keyAt), path, bean)
    const at = this.#file.rangeOf(entry.node, entry.keyAt)
    if (node !== undefined && !(isScalar(node) && node.value === null)) {
      this.#problems.add(new DescriptorShapeError(`"${key}" must map names to values`, { at, bean, path }))
    }
    return []
  }

  #listOf(entries: readonly RawEntry[], key: string, path: string, bean: string): readonly Value[] | undefined {
    const entry = entryOf(entries, key)
    if (entry === undefined) return undefined
    const value = this.parse(entry.node, `${path}.${key}`, bean, entry.keyAt)
    if (value.kind === 'list') return value.items
    this.#problems.add(new DescriptorShapeError(`"${key}" must be a list`, { at: value.at, bean, path }))
    return undefined
  }

  #namesOf(entries: readonly RawEntry[], key: string, path: string, bean: string): NamedPlace[] {
    const entry = entryOf(entries, key)
    if (entry === undefined) return []
    const value = this.parse(entry.node, `${path}.${key}`, bean, entry.keyAt)
    const items = value.kind === 'list' ? value.items : [value]
    const names = items.flatMap((item) =>
      item.kind === 'scalar' && typeof item.value === 'string' ? [{ text: item.value, at: item.at }] : [],
    )
    if (names.length !== items.length) {
      this.#problems.add(
        new DescriptorShapeError(`"${key}" must be an id or a list of ids`, { at: value.at, bean, path }),
      )
    }
    return names
  }
}
