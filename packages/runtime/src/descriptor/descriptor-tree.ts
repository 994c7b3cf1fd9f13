import { dirname, relative, resolve } from 'node:path'
import {
  type BeanValue,
  type Definition,
  type Descriptor,
  type Entry,
  type NamedPlace,
  type Scalar,
  type ScalarValue,
  type Value,
} from './definition.ts'
import { DISCRIMINATORS } from './definition-keys.ts'
import { type Disclosure, type ShownScalar } from './disclosure.ts'
import { positionOf, type SourceRange } from './source-file.ts'
import { type YamlNode } from './yaml-writer.ts'

/** How a descriptor is shown. */
export interface TreeOptions {
  /** The text behind a value that says where it came from; without it nothing is said. */
  readonly noteOf?: (at: SourceRange, origin: string | undefined) => string
  /** Shows text with placeholders as it is written, and hides secrets; without it everything is shown as it is. */
  readonly disclosure?: Disclosure
}

/**
 * The effective beans of a descriptor as a tree that is a descriptor again: imports and parents are in, and the place of
 * a hidden text is taken by a placeholder that asks for it.
 */
export function descriptorTree(descriptor: Descriptor, options: TreeOptions = {}): YamlNode {
  const beans = [...descriptor.definitions.values()].map((definition): [string, YamlNode] => [
    definition.id,
    definitionNode(definition, options),
  ])
  const { disclosure } = options
  return map([...(disclosure === undefined ? [] : sections(descriptor, disclosure)), ['beans', map(beans)]])
}

/** What the beans need besides: modules by their path from the descriptor, and values of placeholders. */
function sections({ file, modules, properties }: Descriptor, disclosure: Disclosure): [string, YamlNode][] {
  const named = modules.map((each) => text(modulePath(each, dirname(file.path))))
  const values = [...properties].map(([key, written]): [string, YamlNode] => {
    const shown = disclosure.shownProperty(key, written)
    return [key, { kind: 'scalar', value: shownText(shown, `properties.${key}`), ...remark(shown) }]
  })
  return [
    ...(named.length === 0 ? [] : [['modules', { kind: 'list', items: named }] satisfies [string, YamlNode]]),
    ...(values.length === 0 ? [] : [['properties', map(values)] satisfies [string, YamlNode]]),
  ]
}

function remark({ hidden }: ShownScalar): { note?: string } {
  return hidden === undefined ? {} : { note: hidden === 'all' ? 'hidden' : 'a part is hidden' }
}

function modulePath({ text: written, at }: NamedPlace, folder: string): string {
  if (!/^\.{1,2}\//.test(written)) return written
  const path = relative(folder, resolve(dirname(at.file.path), written))
  return path.startsWith('.') ? path : `./${path}`
}

/** One value of the effective configuration, for machines. */
export interface ValueRecord {
  /** `relayConfig.relayProperties.databus.relay.container.httpPort`. */
  readonly path: string
  readonly value: string | number | boolean | null
  readonly file: string
  readonly line: number
  readonly column: number
  readonly origin?: string
}

/** Every leaf of the effective beans as it may be shown, with its place and, where it was not written there, its origin. */
export function valueRecords(descriptor: Descriptor, disclosure: Disclosure): ValueRecord[] {
  const records: ValueRecord[] = []
  for (const { value } of descriptor.definitions.values()) collect(value, records, disclosure)
  return records
}

function collect(value: Value, records: ValueRecord[], disclosure: Disclosure): void {
  const add = (shown: ValueRecord['value'], origin?: string): void => {
    const place = { file: value.at.file.path, ...positionOf(value.at) }
    records.push({ path: value.path, value: shown, ...place, ...(origin === undefined ? {} : { origin }) })
  }
  const go = (each: Value): void => {
    collect(each, records, disclosure)
  }
  switch (value.kind) {
    case 'scalar':
      add(plain(disclosure.shownOf(value).value), value.origin)
      return
    case 'reference':
      add(`ref ${value.id}${value.access === undefined ? '' : ` ${value.access.by} ${value.access.name}`}`)
      return
    case 'constant':
      add(`const ${value.text}`)
      return
    case 'list':
      for (const item of value.items) go(item)
      return
    case 'map':
    case 'keyed-map':
      for (const entry of value.entries) go(entry.value)
      return
    case 'bean':
      add(`class ${value.class.text}`)
      for (const arg of value.args ?? []) go(arg)
      for (const entry of value.properties) go(entry.value)
  }
}

function plain(value: Scalar): ValueRecord['value'] {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

function definitionNode({ value }: Definition, options: TreeOptions): YamlNode {
  const isPlain = value.kind === 'scalar' || value.kind === 'list' || value.kind === 'map'
  return isPlain ? map([['value', verbatimNode(value, options)]]) : valueNode(value, options)
}

/** What stands below `value:` means itself, whatever its keys are. */
function verbatimNode(value: Value, options: TreeOptions): YamlNode {
  if (value.kind === 'list') return { kind: 'list', items: value.items.map((item) => verbatimNode(item, options)) }
  if (value.kind !== 'map') return valueNode(value, options)
  return map(value.entries.map((entry): [string, YamlNode] => [entry.key, verbatimNode(entry.value, options)]))
}

function valueNode(value: Value, options: TreeOptions): YamlNode {
  switch (value.kind) {
    case 'scalar':
      return scalarNode(value, options)
    case 'reference': {
      const access: [string, YamlNode][] =
        value.access === undefined ? [] : [[value.access.by, text(value.access.name)]]
      return noted(map([['ref', text(value.id)], ...access]), value.at, options)
    }
    case 'constant':
      return noted(map([['const', text(value.text)]]), value.at, options)
    case 'list':
      return { kind: 'list', items: value.items.map((item) => valueNode(item, options)) }
    case 'map':
      return isWrapped(value) ? map([['value', verbatimNode(value, options)]]) : entriesNode(value.entries, options)
    case 'keyed-map': {
      const keys: [string, YamlNode][] = value.keys === undefined ? [] : [['keys', text(value.keys.text)]]
      return map([...keys, ['map', entriesNode(value.entries, options)]])
    }
    case 'bean':
      return beanNode(value, options)
  }
}

/** A plain map with a key that would make it an expression. */
function isWrapped(value: Value): boolean {
  return value.kind === 'map' && value.entries.some(({ key }) => (DISCRIMINATORS as readonly string[]).includes(key))
}

function beanNode(value: BeanValue, options: TreeOptions): YamlNode {
  const entries: [string, YamlNode][] = []
  const add = (key: string, part: string | undefined): void => {
    if (part !== undefined) entries.push([key, text(part)])
  }
  add('id', value.label)
  entries.push(['class', text(value.class.text)])
  add('factory', value.factory?.text)
  if (value.args !== undefined)
    entries.push(['args', { kind: 'list', items: value.args.map((arg) => valueNode(arg, options)) }])
  if (value.hasProperties) entries.push(['properties', entriesNode(value.properties, options)])
  add('init', value.init?.text)
  add('destroy', value.destroy?.text)
  if (value.dependsOn.length > 0)
    entries.push(['dependsOn', { kind: 'list', items: value.dependsOn.map((each) => text(each.text)) }])
  return noted(map(entries), value.class.at, options)
}

function entriesNode(entries: readonly Entry[], options: TreeOptions): YamlNode {
  return map(entries.map(({ key, value }): [string, YamlNode] => [key, valueNode(value, options)]))
}

function scalarNode(value: ScalarValue, { disclosure, noteOf }: TreeOptions): YamlNode {
  const shown = disclosure?.shownOf(value) ?? { value: value.value, isTemplate: false }
  const notes = [noteOf?.(value.at, value.origin), remark(shown).note].filter((note) => note !== undefined)
  const escaped = shownText(shown, value.path)
  // Only who reads it again knows the type of a text that came from a placeholder or an option.
  const isBare = typeof escaped === 'string' && value.origin !== undefined && shown.hidden === undefined
  return {
    kind: 'scalar',
    value: isBare ? { bare: escaped } : escaped,
    ...(notes.length === 0 ? {} : { note: notes.join(', ') }),
  }
}

/** What is shown, as a descriptor says it. A text that is hidden becomes a placeholder that asks for it. */
function shownText({ value, isTemplate, hidden }: ShownScalar, path: string): Scalar {
  if (hidden === 'all') {
    const key = path.replaceAll('.properties.', '.').replace(/[^\w.-]/g, '_')
    return `\${hidden.${key}:***}`
  }
  return typeof value === 'string' && !isTemplate ? value.replaceAll('${', '\\${') : value
}

function map(entries: readonly (readonly [string, YamlNode])[]): YamlNode {
  return { kind: 'map', entries }
}

function text(value: string): YamlNode {
  return { kind: 'scalar', value: value.replaceAll('${', '\\${') }
}

function noted(node: YamlNode, at: SourceRange, options: TreeOptions): YamlNode {
  return { ...node, note: options.noteOf?.(at, undefined) }
}
