import { nearestName } from '@aesop/kernel'
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import {
  BeanDuplicateError,
  DescriptorKeyUnknownError,
  DescriptorKeyUnsupportedError,
  DescriptorShapeError,
  PlaceholderUnresolvedError,
} from '../errors.ts'
import { isSecretName } from '../log/secret-mask.ts'
import { type BeanValue, type Entry, type NamedPlace, type ReferenceValue, type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { suggestion } from './suggestion.ts'
import { type Expansion, expandPlaceholders, type PropertyLookup } from './placeholder.ts'
import { positionOf, type SourceRange } from './source-file.ts'
import { type YamlFile } from './yaml-file.ts'

/** A mapping with exactly one of these keys is an expression; every other mapping means itself. */
const DISCRIMINATORS = ['ref', 'class', 'parent', 'const', 'map', 'value'] as const
const BEAN_KEYS = ['class', 'properties', 'args', 'init', 'destroy', 'dependsOn', 'description', 'id']
const UNSUPPORTED_KEYS = ['parent', 'abstract', 'when', 'factory', 'merge', 'scope', 'lazy']
const KEYS_BY_EXPRESSION: Readonly<Record<string, readonly string[]>> = {
  ref: ['ref', 'get', 'call', 'description'],
  class: BEAN_KEYS,
  const: ['const', 'description'],
  map: ['map', 'keys', 'description'],
  value: ['value', 'description'],
}

/** One key of a mapping with its node, before it is understood. */
interface RawEntry {
  readonly key: string
  readonly keyAt: SourceRange
  readonly node: unknown
}

/** Turns YAML nodes into values of the descriptor language. Problems are collected; a broken part becomes null. */
export class ValueParser {
  readonly #file: YamlFile
  readonly #lookup: PropertyLookup
  readonly #fileProperties: ReadonlyMap<string, string>
  readonly #problems: ProblemList

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
  }

  /** @param bean id of the top-level bean, for messages. */
  parse(node: unknown, path: string, bean: string, fallback: SourceRange): Value {
    const at = this.#file.rangeOf(node, fallback)
    const followed = this.#file.follow(node, at)
    if (isMap(followed)) return this.#parseMapping(followed, path, bean, at)
    if (isSeq(followed)) {
      const items = followed.items.map((item, i) => this.parse(item, `${path}[${i}]`, bean, at))
      return { kind: 'list', items, at, path }
    }
    return this.#parseScalar(followed, path, bean, at)
  }

  #parseScalar(node: Node | undefined, path: string, bean: string, at: SourceRange): Value {
    const value: unknown = isScalar(node) ? node.value : null
    if (typeof value === 'string') return this.#parseText(value, path, bean, at)
    const known = value === null || ['boolean', 'number', 'bigint'].includes(typeof value)
    return { kind: 'scalar', value: known ? (value as null | boolean | number | bigint) : null, at, path }
  }

  #parseText(text: string, path: string, bean: string, at: SourceRange): Value {
    const expansion = this.#expand(text, path, bean, at)
    const lastKey = /([\w-]+)(?:\[\d+\])*$/.exec(path)?.[1] ?? ''
    if (isSecretName(lastKey)) this.#lookup.mask.learn(expansion.text)
    const origin = expansion.expanded ? { origin: expansion.origin ?? 'value from a placeholder' } : {}
    return { kind: 'scalar', value: expansion.text, at, path, ...origin }
  }

  #expand(text: string, path: string, bean: string, at: SourceRange): Expansion {
    const expansion = expandPlaceholders(text, this.#lookup, this.#fileProperties)
    if (expansion.fault === undefined) return expansion
    const hint =
      expansion.missingKey === undefined
        ? undefined
        : suggestion(expansion.missingKey, nearOnly(expansion.missingKey, this.#fileProperties.keys()))
    this.#problems.add(new PlaceholderUnresolvedError(expansion.fault, { at, bean, path, hint }))
    return expansion
  }

  #parseMapping(map: YAMLMap, path: string, bean: string, at: SourceRange): Value {
    const entries = this.rawEntries(map, path, bean, at)
    const found = DISCRIMINATORS.filter((name) => entries.some((entry) => entry.key === name))
    const [first] = found
    if (first === undefined) return { kind: 'map', entries: this.#parseEntries(entries, path, bean), at, path }
    if (found.length > 1 && !found.includes('parent')) {
      const message = `a definition has ${found.map((name) => `"${name}"`).join(' and ')}; it may have only one of them`
      const hint = 'wrap a plain map that has such a key: { value: { … } }'
      this.#problems.add(
        new DescriptorShapeError(message, { at: entryAt(entries, found[1] ?? first, at), bean, path, hint }),
      )
    }
    this.#checkKeys(entries, found.includes('parent') ? 'class' : first, path, bean)
    return this.#parseExpression(first, entries, path, bean, at)
  }

  #parseExpression(
    kind: (typeof DISCRIMINATORS)[number],
    entries: RawEntry[],
    path: string,
    bean: string,
    at: SourceRange,
  ): Value {
    const entry = entries.find((each) => each.key === kind)
    switch (kind) {
      case 'ref':
        return this.#parseReference(entries, path, bean, at)
      case 'const':
        return {
          kind: 'constant',
          text: this.#text(entry, path, bean)?.text ?? '',
          at: this.#file.rangeOf(entry?.node, at),
          path,
        }
      case 'map':
        return this.#parseKeyedMap(entries, path, bean, at)
      case 'value':
        return this.#parseVerbatim(entry?.node, `${path}.value`, bean, at)
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
    const named = this.#textOf(entries, 'class', path, bean) ?? { text: '', at }
    const label = this.#textOf(entries, 'id', path, bean)
    const init = this.#textOf(entries, 'init', path, bean)
    const destroy = this.#textOf(entries, 'destroy', path, bean)
    const args = this.#listOf(entries, 'args', path, bean)
    const value: BeanValue = {
      kind: 'bean',
      class: named,
      properties: this.#entriesOf(entries, 'properties', `${path}.properties`, bean),
      hasProperties: entries.some((entry) => entry.key === 'properties'),
      dependsOn: this.#namesOf(entries, 'dependsOn', path, bean),
      at,
      path,
      ...(label === undefined ? {} : { label: label.text }),
      ...(args === undefined ? {} : { args }),
      ...(init === undefined ? {} : { init }),
      ...(destroy === undefined ? {} : { destroy }),
    }
    return value
  }

  /** `{ value: … }`: the content means itself, whatever its keys are; placeholders still work. */
  #parseVerbatim(node: unknown, path: string, bean: string, fallback: SourceRange): Value {
    const at = this.#file.rangeOf(node, fallback)
    const followed = this.#file.follow(node, at)
    if (isSeq(followed)) {
      const items = followed.items.map((item, i) => this.#parseVerbatim(item, `${path}[${i}]`, bean, at))
      return { kind: 'list', items, at, path }
    }
    if (!isMap(followed)) return this.#parseScalar(followed, path, bean, at)
    const entries = this.rawEntries(followed, path, bean, at).map((entry) => ({
      key: entry.key,
      keyAt: entry.keyAt,
      value: this.#parseVerbatim(entry.node, `${path}.${entry.key}`, bean, entry.keyAt),
    }))
    return { kind: 'map', entries, at, path }
  }

  /** The keys of a mapping; a key that occurs twice is reported with both places, and the first one counts. */
  rawEntries(map: YAMLMap, path: string, bean: string | undefined, at: SourceRange): RawEntry[] {
    const seen = new Map<string, SourceRange>()
    const entries: RawEntry[] = []
    for (const pair of map.items) {
      const key = this.#file.keyOf(pair, at)
      if (key === undefined) continue
      const before = seen.get(key.text)
      if (before === undefined) {
        seen.set(key.text, key.at)
        entries.push({ key: key.text, keyAt: key.at, node: pair.value })
      } else this.#addDuplicate(key, before, path, bean)
    }
    return entries
  }

  #addDuplicate(key: NamedPlace, before: SourceRange, path: string, bean: string | undefined): void {
    const line = positionOf(before).line
    const what = path === 'beans' ? 'bean' : 'key'
    const message = `${what} "${key.text}" is defined twice, first in line ${line}`
    this.#problems.add(
      new BeanDuplicateError(message, { at: key.at, bean, path: path === '' ? key.text : `${path}.${key.text}` }),
    )
  }

  #parseEntries(entries: readonly RawEntry[], path: string, bean: string): Entry[] {
    return entries.map((entry) => ({
      key: entry.key,
      keyAt: entry.keyAt,
      value: this.parse(entry.node, `${path}.${entry.key}`, bean, entry.keyAt),
    }))
  }

  #checkKeys(entries: readonly RawEntry[], kind: string, path: string, bean: string): void {
    const known = KEYS_BY_EXPRESSION[kind] ?? BEAN_KEYS
    for (const entry of entries) {
      if (known.includes(entry.key)) continue
      const finding = { at: entry.keyAt, bean, path }
      if (UNSUPPORTED_KEYS.includes(entry.key)) {
        this.#problems.add(new DescriptorKeyUnsupportedError(`"${entry.key}" is not available yet`, finding))
      } else if (!(DISCRIMINATORS as readonly string[]).includes(entry.key)) {
        const message = `a definition with "${kind}" has no key "${entry.key}"`
        const hint =
          kind === 'class'
            ? (nearHint(entry.key, known) ?? `a property belongs under "properties"`)
            : suggestion(entry.key, known)
        this.#problems.add(new DescriptorKeyUnknownError(message, { ...finding, hint }))
      }
    }
  }

  #textOf(entries: readonly RawEntry[], key: string, path: string, bean: string): NamedPlace | undefined {
    const entry = entries.find((each) => each.key === key)
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
    const entry = entries.find((each) => each.key === key)
    if (entry === undefined) return []
    const node = this.#file.follow(entry.node, entry.keyAt)
    if (isMap(node)) return this.#parseEntries(this.rawEntries(node, path, bean, entry.keyAt), path, bean)
    const at = this.#file.rangeOf(entry.node, entry.keyAt)
    if (node !== undefined && !(isScalar(node) && node.value === null)) {
      this.#problems.add(new DescriptorShapeError(`"${key}" must map names to values`, { at, bean, path }))
    }
    return []
  }

  #listOf(entries: readonly RawEntry[], key: string, path: string, bean: string): readonly Value[] | undefined {
    const entry = entries.find((each) => each.key === key)
    if (entry === undefined) return undefined
    const value = this.parse(entry.node, `${path}.${key}`, bean, entry.keyAt)
    if (value.kind === 'list') return value.items
    this.#problems.add(new DescriptorShapeError(`"${key}" must be a list`, { at: value.at, bean, path }))
    return undefined
  }

  #namesOf(entries: readonly RawEntry[], key: string, path: string, bean: string): NamedPlace[] {
    const entry = entries.find((each) => each.key === key)
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

/** Whether a mapping is an expression: it has one of the keys that make it so. */
export function isExpression(map: YAMLMap): boolean {
  return DISCRIMINATORS.some((name) => map.has(name))
}

function entryAt(entries: readonly RawEntry[], key: string, fallback: SourceRange): SourceRange {
  return entries.find((entry) => entry.key === key)?.keyAt ?? fallback
}

function nearHint(word: string, names: Iterable<string>): string | undefined {
  const nearest = nearestName(word, names)
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`
}

function nearOnly(word: string, names: Iterable<string>): string[] {
  const nearest = nearestName(word, names)
  return nearest === undefined ? [] : [nearest]
}
