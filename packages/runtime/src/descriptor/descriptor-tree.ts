import { isSecretName } from '../log/secret-mask.ts'
import { type BeanValue, type Definition, type Descriptor, type Entry, type Value } from './definition.ts'
import { DISCRIMINATORS } from './definition-keys.ts'
import { positionOf, type SourceRange } from './source-file.ts'
import { type YamlNode } from './yaml-writer.ts'

/** How a descriptor is shown. */
export interface TreeOptions {
  /** The text behind a value that says where it came from; without it nothing is said. */
  readonly noteOf?: (at: SourceRange, origin: string | undefined) => string
  /** Shows values under telling names as `***`. */
  readonly hideSecrets?: boolean
}

/** The effective beans of a descriptor as a tree that is a descriptor again: placeholders, imports and parents are in. */
export function descriptorTree(descriptor: Descriptor, options: TreeOptions = {}): YamlNode {
  const beans = [...descriptor.definitions.values()].map((definition): [string, YamlNode] => [
    definition.id,
    definitionNode(definition, options),
  ])
  return map([['beans', map(beans)]])
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

/** Every leaf of the effective beans with its place and, where it was not written there, its origin. */
export function valueRecords(descriptor: Descriptor, hide = '***'): ValueRecord[] {
  const records: ValueRecord[] = []
  for (const { value } of descriptor.definitions.values()) collect(value, records, hide)
  return records
}

function collect(value: Value, records: ValueRecord[], hide: string): void {
  const add = (shown: ValueRecord['value'], origin?: string): void => {
    const place = { file: value.at.file.path, ...positionOf(value.at) }
    records.push({ path: value.path, value: shown, ...place, ...(origin === undefined ? {} : { origin }) })
  }
  switch (value.kind) {
    case 'scalar': {
      const plain = typeof value.value === 'bigint' ? integer(value.value) : value.value
      add(isSecretName(lastKey(value.path)) && plain !== null ? hide : plain, value.origin)
      return
    }
    case 'reference':
      add(`ref ${value.id}${value.access === undefined ? '' : ` ${value.access.by} ${value.access.name}`}`)
      return
    case 'constant':
      add(`const ${value.text}`)
      return
    case 'list':
      for (const item of value.items) collect(item, records, hide)
      return
    case 'map':
    case 'keyed-map':
      for (const entry of value.entries) collect(entry.value, records, hide)
      return
    case 'bean':
      add(`class ${value.class.text}`)
      for (const arg of value.args ?? []) collect(arg, records, hide)
      for (const entry of value.properties) collect(entry.value, records, hide)
  }
}

function integer(value: bigint): number | string {
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
    case 'scalar': {
      const isHidden = options.hideSecrets === true && isSecretName(lastKey(value.path)) && value.value !== null
      const text = typeof value.value === 'string' ? value.value.replaceAll('${', '\\${') : value.value
      const shown = typeof text === 'string' && value.origin !== undefined ? { bare: text } : text
      return { kind: 'scalar', value: isHidden ? '***' : shown, note: options.noteOf?.(value.at, value.origin) }
    }
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

function map(entries: readonly (readonly [string, YamlNode])[]): YamlNode {
  return { kind: 'map', entries }
}

function text(value: string): YamlNode {
  return { kind: 'scalar', value: value.replaceAll('${', '\\${') }
}

function noted(node: YamlNode, at: SourceRange, options: TreeOptions): YamlNode {
  return { ...node, note: options.noteOf?.(at, undefined) }
}

function lastKey(path: string): string {
  return /([\w-]+)(?:\[\d+\])*$/.exec(path)?.[1] ?? ''
}
