import { type PropertySchema, type YamlNode } from '@aesop/runtime'
import { simpleNameOf } from './class-names.ts'
import { type ConversionReport } from './conversion-report.ts'
import { constantOf, scalar, textNode } from './spring-text.ts'
import { type XmlElement } from './xml-parser.ts'

/** Turns one element that stands for a value into a node; undefined after a remark. */
export type ValueConverter = (element: XmlElement, schema: PropertySchema | undefined) => YamlNode | undefined

/** What collections need from the document around them. */
export interface CollectionContext {
  readonly report: ConversionReport
  readonly convertValue: ValueConverter
  /** `SET.MEMBER` of the `util:constant` with this id. */
  readonly constantOfId: (id: string) => string | undefined
}

const INTEGER_TYPES = ['Integer', 'int', 'Long', 'long', 'Short', 'short']

/** `<list>`, `<set>`, `<array>`: the elements in their order. */
export function listNode(
  element: XmlElement,
  schema: PropertySchema | undefined,
  context: CollectionContext,
): YamlNode {
  const item = valueTypeOf(element) ?? partOf(schema, 'items')
  const items = element.children.flatMap((child) => context.convertValue(child, item) ?? [])
  return { kind: 'list', items }
}

/** `<props>`: keys and plain values. */
export function propsNode(
  element: XmlElement,
  schema: PropertySchema | undefined,
  { report }: CollectionContext,
): YamlNode {
  const properties = partOf(schema, 'properties')
  const entries = element.children.flatMap((prop): [string, YamlNode][] => {
    const key = prop.attributes.get('key')
    if (key === undefined) {
      report.leftOut(prop, `<${prop.name}> has no key`)
      return []
    }
    const value = textNode(prop.text.trim(), partOf(properties, key))
    if (value !== undefined) return [[key, value]]
    report.leftOut(prop, `the expression ${prop.text.trim()} has no counterpart`)
    return []
  })
  return { kind: 'map', entries }
}

/** `<map>` and `<util:map>`: with keys that are constants or integers a map with `keys`, else a plain one. */
export function mapNode(
  element: XmlElement,
  isBean: boolean,
  schema: PropertySchema | undefined,
  context: CollectionContext,
): YamlNode | undefined {
  const isInteger = INTEGER_TYPES.includes(simpleNameOf(element.attributes.get('key-type') ?? ''))
  const item = valueTypeOf(element) ?? partOf(schema, 'additionalProperties')
  const sets = new Set<string>()
  const found: [string, YamlNode][] = []
  for (const entry of element.children) {
    const key = keyOf(entry, context)
    const value = key === undefined ? undefined : entryValue(entry, item, context)
    if (key === undefined || value === undefined) continue
    sets.add(key.set ?? (isInteger ? 'integer' : ''))
    found.push([key.name, value])
  }
  const [set = ''] = sets
  if (sets.size > 1) {
    context.report.leftOut(
      element,
      'the keys of this map are of several kinds; all must be members of one set of constants',
    )
    return undefined
  }
  const map: YamlNode = { kind: 'map', entries: found }
  if (set !== '')
    return {
      kind: 'map',
      entries: [
        ['keys', scalar(set)],
        ['map', map],
      ],
    }
  return isBean ? { kind: 'map', entries: [['map', map]] } : map
}

/** What `value-type` says of the values of a collection. */
function valueTypeOf(element: XmlElement): PropertySchema | undefined {
  const type = simpleNameOf(element.attributes.get('value-type') ?? '')
  if (type === 'String') return { type: 'string' }
  return INTEGER_TYPES.includes(type) ? { type: 'integer' } : undefined
}

function keyOf(entry: XmlElement, context: CollectionContext): { name: string; set?: string } | undefined {
  const { report } = context
  const reference = entry.attributes.get('key-ref')
  if (reference !== undefined) {
    const constant = context.constantOfId(reference)
    if (constant === undefined) report.leftOut(entry, `key-ref="${reference}" names no util:constant of this file`)
    return constant === undefined ? undefined : split(constant)
  }
  const child = entry.children.find((each) => each.name === 'key')
  const text = entry.attributes.get('key') ?? child?.children[0]?.text.trim() ?? child?.text.trim()
  if (text === undefined || text === '') report.leftOut(entry, 'the entry has no key')
  if (text === undefined || text === '') return undefined
  const constant = constantOf(text)
  if (constant !== undefined) return { name: constant.member, set: constant.set }
  if (!text.includes('#{')) return { name: text }
  report.leftOut(entry, `the key ${text} has no counterpart`)
  return undefined
}

function split(constant: string): { name: string; set: string } {
  const dot = constant.lastIndexOf('.')
  return { set: constant.slice(0, dot), name: constant.slice(dot + 1) }
}

function entryValue(
  entry: XmlElement,
  schema: PropertySchema | undefined,
  { report, convertValue }: CollectionContext,
): YamlNode | undefined {
  const reference = entry.attributes.get('value-ref')
  if (reference !== undefined) return { kind: 'map', entries: [['ref', scalar(reference)]] }
  const text = entry.attributes.get('value')
  const child = entry.children.find((each) => each.name !== 'key' && each.name !== 'description')
  const node = text === undefined ? child && convertValue(child, schema) : textNode(text, schema)
  if (text !== undefined && node === undefined) report.leftOut(entry, `the expression ${text} has no counterpart`)
  if (text === undefined && child === undefined) report.leftOut(entry, 'the entry has no value')
  return node
}

function partOf(schema: PropertySchema | undefined, key: string): PropertySchema | undefined {
  const part = schema !== undefined && Object.hasOwn(schema, key) ? schema[key] : undefined
  return typeof part === 'object' && part !== null ? (part as PropertySchema) : undefined
}
