import { type ContainerDefinition, type YamlNode } from '@aesop/runtime'
import { BeanConverter, constantName, words } from './bean-converter.ts'
import { ClassNames, simpleNameOf } from './class-names.ts'
import { type ConversionRemark, ConversionReport } from './conversion-report.ts'
import { entries, scalar } from './spring-text.ts'
import { parseXml, type XmlElement } from './xml-parser.ts'

/** A descriptor made of Spring XML, and what should be known about it. */
export interface Conversion {
  readonly tree: YamlNode
  readonly remarks: readonly ConversionRemark[]
}

const PLACEHOLDERS = /(?:PropertyPlaceholderConfigurer|PropertySourcesPlaceholderConfigurer)$/
const COLLECTIONS = ['util:map', 'util:list', 'util:set', 'util:properties', 'util:constant']

/** Converts a file of Spring XML. @throws XmlSyntaxError when it is no XML */
export function convertSpring(text: string, containers: readonly ContainerDefinition[]): Conversion {
  return new SpringConverter(parseXml(text), containers).convert()
}

class SpringConverter {
  readonly #root: XmlElement
  readonly #report = new ConversionReport()
  readonly #beans: BeanConverter
  readonly #constants = new Map<string, string>()
  readonly #definitions = new Map<string, YamlNode>()
  readonly #imports: YamlNode[] = []
  readonly #properties: (readonly [string, YamlNode])[] = []
  #description: string | undefined

  constructor(root: XmlElement, containers: readonly ContainerDefinition[]) {
    this.#root = root
    const classes = new ClassNames(containers, this.#report)
    this.#beans = new BeanConverter(this.#report, classes, (id) => this.#constants.get(id))
  }

  convert(): Conversion {
    if (this.#root.name === 'beans') {
      this.#collectConstants(this.#root)
      this.#convertBeans(this.#root, [])
    } else this.#report.leftOut(this.#root, `the root is <${this.#root.name}>, not <beans>`)
    const sections: (readonly [string, YamlNode])[] = [
      ...(this.#description === undefined ? [] : [['description', scalar(this.#description)] as const]),
      ...(this.#imports.length === 0 ? [] : [['imports', { kind: 'list', items: this.#imports }] as const]),
      ...(this.#properties.length === 0 ? [] : [['properties', { kind: 'map', entries: this.#properties }] as const]),
      ['beans', { kind: 'map', entries: [...this.#definitions] }],
    ]
    return { tree: { kind: 'map', entries: sections }, remarks: this.#report.remarks }
  }

  #collectConstants(parent: XmlElement): void {
    for (const child of parent.children) {
      const name = child.name === 'util:constant' ? constantName(child) : undefined
      const id = child.attributes.get('id')
      if (name !== undefined && id !== undefined) this.#constants.set(id, name)
      if (child.name === 'beans') this.#collectConstants(child)
    }
  }

  #convertBeans(parent: XmlElement, outerProfiles: readonly string[]): void {
    const own = words(parent.attributes.get('profile'))
    if (own.length > 0 && outerProfiles.length > 0)
      this.#report.leftOut(parent, 'profiles inside of profiles: the inner ones count alone')
    const profiles = own.length > 0 ? own : outerProfiles
    for (const [name, value] of parent.attributes)
      if (name.startsWith('default-') && !['false', 'no', 'default'].includes(value))
        this.#report.leftOut(parent, `the attribute ${name}="${value}" has no counterpart`)
    for (const child of parent.children) this.#convertChild(child, profiles)
  }

  #convertChild(child: XmlElement, profiles: readonly string[]): void {
    const { name, attributes } = child
    if (name === 'beans') this.#convertBeans(child, profiles)
    else if (name === 'bean' && PLACEHOLDERS.test((attributes.get('class') ?? '').trim())) this.#placeholders(child)
    else if (name === 'bean') this.#add(child, this.#beans.convertBean(child, true), profiles)
    else if (COLLECTIONS.includes(name)) this.#add(child, this.#beans.convertCollection(child), profiles)
    else if (name === 'import') this.#import(child)
    else if (name === 'alias') this.#alias(attributes.get('alias'), attributes.get('name'), child)
    else if (name === 'description') this.#description = child.text.trim().replace(/\s+/g, ' ')
    else this.#report.leftOut(child, `<${name}> has no counterpart`)
  }

  #add(element: XmlElement, node: YamlNode | undefined, profiles: readonly string[]): void {
    if (node === undefined) return
    const names = words(element.attributes.get('name'))
    const id = element.attributes.get('id') ?? names.shift() ?? this.#inventedId(element)
    this.#define(id, profiles.length === 0 ? node : withProfiles(node, profiles), element)
    for (const alias of names) this.#alias(alias, id, element)
  }

  #define(id: string, node: YamlNode, element: XmlElement): void {
    if (this.#definitions.has(id)) this.#report.leftOut(element, `the id "${id}" is defined twice; the first counts`)
    else this.#definitions.set(id, node)
  }

  #alias(alias: string | undefined, id: string | undefined, element: XmlElement): void {
    if (alias === undefined || id === undefined) this.#report.leftOut(element, 'the alias has no name')
    else this.#define(alias, entries([['ref', id]]), element)
  }

  #inventedId(element: XmlElement): string {
    const simple = simpleNameOf(element.attributes.get('class') ?? element.name.replace('util:', ''))
    const base = `${simple.slice(0, 1).toLowerCase()}${simple.slice(1)}`
    let id = base
    for (let n = 2; this.#definitions.has(id); n++) id = `${base}${n}`
    this.#report.note(element, `the bean without an id is named "${id}"`)
    return id
  }

  #import(element: XmlElement): void {
    const resource = element.attributes.get('resource') ?? ''
    const path = resource.replace(/^(?:classpath\*?:|file:)\/?/, '').replace(/(^|\/)spring-([^/]+)\.xml$/, '$1$2.yaml')
    const target = path.replace(/\.xml$/, '.yaml')
    this.#imports.push(scalar(/^[./]/.test(target) ? target : `./${target}`))
    this.#report.note(element, `convert ${resource} too; it is imported as ${target}`)
  }

  /** The values of a placeholder configurer are those of the descriptor; its files are named at the launch. */
  #placeholders(element: XmlElement): void {
    for (const child of element.children) {
      const name = child.attributes.get('name') ?? child.name
      const props = name === 'properties' ? child.children[0] : undefined
      const node = props === undefined ? undefined : this.#beans.convertValue(props, undefined)
      if (node?.kind === 'map') this.#properties.push(...node.entries)
      else this.#report.leftOut(child, `"${name}" of a placeholder configurer: name its files with --properties`)
    }
    if (element.children.length === 0) this.#report.note(element, 'placeholders work without a configurer')
  }
}

function withProfiles(node: YamlNode, profiles: readonly string[]): YamlNode {
  if (node.kind !== 'map') return node
  const profile: YamlNode = { kind: 'list', items: profiles.map((each) => scalar(each)) }
  return { kind: 'map', entries: [...node.entries, ['when', { kind: 'map', entries: [['profile', profile]] }]] }
}
