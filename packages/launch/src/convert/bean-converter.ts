import { type PropertySchema, type YamlNode } from '@aesop/runtime'
import { type ClassNames, propertySchemaOf } from './class-names.ts'
import { type ConversionReport } from './conversion-report.ts'
import { type CollectionContext, listNode, mapNode, propsNode } from './spring-collections.ts'
import { entries, scalar, textNode } from './spring-text.ts'
import { type XmlElement } from './xml-parser.ts'

type Pair = readonly [string, YamlNode]

const CARRIED = ['id', 'name', 'class', 'parent', 'abstract', 'depends-on', 'factory-method', 'factory-bean']
const HOOKS: readonly (readonly [string, string])[] = [
  ['init-method', 'init'],
  ['destroy-method', 'destroy'],
]
/** Attributes whose value says what is so here anyway. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  scope: ['singleton'],
  singleton: ['true'],
  'lazy-init': ['false', 'default'],
  autowire: ['no', 'default'],
  primary: ['false'],
}
const PROPERTIES_FACTORY = /(?:^|\.)PropertiesFactoryBean$/
const SHORTHAND = /^p:/

/** Turns Spring's bean elements, and everything that may stand for a value, into nodes of a descriptor. */
export class BeanConverter {
  readonly #report: ConversionReport
  readonly #classes: ClassNames
  readonly #collections: CollectionContext

  constructor(report: ConversionReport, classes: ClassNames, constantOfId: (id: string) => string | undefined) {
    this.#report = report
    this.#classes = classes
    this.#collections = {
      report,
      constantOfId,
      convertValue: (element, schema) => this.convertValue(element, schema),
    }
  }

  /**
   * A `<bean>` as a definition.
   * @param isTop whether its id names it; inside of others an id is a label only.
   * @param wanted the schema of the property that it is for.
   */
  convertBean(bean: XmlElement, isTop: boolean, wanted?: PropertySchema): YamlNode | undefined {
    const { attributes } = bean
    if (PROPERTIES_FACTORY.test((attributes.get('class') ?? '').trim())) {
      const props = this.#propertiesOf(bean, wanted)
      return isTop && props !== undefined ? { kind: 'map', entries: [['value', props]] } : props
    }
    this.#reportAttributes(bean)
    if (attributes.has('factory-bean')) return this.#factoryCall(bean)
    const named = attributes.get('class')
    const className = named === undefined ? undefined : this.#classes.convert(named, bean)
    const pairs: Pair[] = []
    const add = (key: string, text: string | undefined): void => {
      if (text !== undefined) pairs.push([key, scalar(text)])
    }
    if (!isTop) add('id', attributes.get('id'))
    add('class', className)
    add('parent', attributes.get('parent'))
    if (attributes.get('abstract') === 'true') pairs.push(['abstract', scalar(true)])
    add('factory', attributes.get('factory-method'))
    pairs.push(...this.#arguments(bean))
    pairs.push(...this.#properties(bean, className === undefined ? undefined : this.#classes.schemaOf(className)))
    for (const [from, to] of HOOKS) add(to, attributes.get(from))
    add('description', bean.children.find((each) => each.name === 'description')?.text.trim())
    const needs = words(attributes.get('depends-on'))
    if (needs.length > 0) pairs.push(['dependsOn', { kind: 'list', items: needs.map((each) => scalar(each)) }])
    return { kind: 'map', entries: pairs }
  }

  /** Any element that may stand inside `<property>`, `<list>` or `<entry>`. */
  convertValue(element: XmlElement, schema: PropertySchema | undefined): YamlNode | undefined {
    const { attributes } = element
    switch (element.name) {
      case 'bean':
        return this.convertBean(element, false, schema)
      case 'ref':
      case 'idref': {
        const id = attributes.get('bean') ?? attributes.get('local') ?? attributes.get('parent')
        if (id === undefined) return this.#leaveOut(element, `<${element.name}> names no bean`)
        return element.name === 'ref' ? entries([['ref', id]]) : scalar(id)
      }
      case 'value':
        return textNode(element.text, schema) ?? this.#leaveOut(element, `${element.text.trim()} has no counterpart`)
      case 'null':
        return scalar(null)
      case 'list':
      case 'set':
      case 'array':
      case 'util:list':
      case 'util:set':
        return listNode(element, schema, this.#collections)
      case 'map':
      case 'util:map':
        return mapNode(element, false, schema, this.#collections)
      case 'props':
      case 'util:properties':
        return propsNode(element, schema, this.#collections)
      case 'util:constant':
        return this.constant(element)
      default:
        return this.#leaveOut(element, `<${element.name}> has no counterpart`)
    }
  }

  /** A collection at the top level, with what makes it a definition. */
  convertCollection(element: XmlElement): YamlNode | undefined {
    if (element.name === 'util:map') return mapNode(element, true, undefined, this.#collections)
    if (element.name === 'util:properties' && element.attributes.has('location'))
      return this.#leaveOut(element, 'name the file of util:properties with --properties instead')
    const node = this.convertValue(element, undefined)
    if (node === undefined || element.name === 'util:constant') return node
    if (element.children.every((child) => ['value', 'prop', 'null'].includes(child.name)))
      return { kind: 'map', entries: [['value', node]] }
    return this.#leaveOut(element, 'a list of beans has no id of its own here; write it where it is used')
  }

  /** `<util:constant static-field="a.B.C"/>`. */
  constant(element: XmlElement): YamlNode | undefined {
    const name = constantName(element)
    return name === undefined ? this.#leaveOut(element, 'the constant names no field') : entries([['const', name]])
  }

  #properties(bean: XmlElement, schema: PropertySchema | undefined): Pair[] {
    const properties: Pair[] = []
    const merged: string[] = []
    for (const child of bean.children.filter((each) => each.name === 'property')) {
      const name = child.attributes.get('name') ?? ''
      if (name.includes('.')) {
        this.#report.leftOut(child, `the compound name "${name}" has no counterpart`)
        continue
      }
      const value = this.#valueOf(child, propertySchemaOf(schema, name), `property "${name}"`)
      if (value === undefined) continue
      properties.push([name, value])
      if (child.children.some((each) => each.attributes.get('merge') === 'true')) merged.push(name)
    }
    for (const [key, value] of [...bean.attributes].filter(([each]) => SHORTHAND.test(each))) {
      const name = camelCase(key.slice(2).replace(/-ref$/, ''))
      const node = key.endsWith('-ref') ? entries([['ref', value]]) : textNode(value, propertySchemaOf(schema, name))
      if (node === undefined) this.#report.leftOut(bean, `the expression ${value} has no counterpart`)
      else properties.push([name, node])
    }
    return [
      ...(merged.length > 0 ? [['merge', { kind: 'list', items: merged.map((name) => scalar(name)) }] as const] : []),
      ...(properties.length > 0 ? [['properties', { kind: 'map', entries: properties }] as const] : []),
    ]
  }

  /** Constructor arguments in the order of their indexes; those with names have no place in a list. */
  #arguments(bean: XmlElement): Pair[] {
    const written = bean.children.filter((each) => each.name === 'constructor-arg')
    if (written.length === 0) return []
    const found = written.map((arg, i) => ({ arg, index: Number(arg.attributes.get('index') ?? i) }))
    const items = found
      .sort((a, b) => a.index - b.index)
      .flatMap(({ arg }) => {
        const name = arg.attributes.get('name')
        if (name !== undefined) this.#report.note(arg, `the argument "${name}" is taken by its place`)
        if (arg.children.some((each) => each.attributes.get('merge') === 'true'))
          this.#report.leftOut(arg, 'an argument is not merged with the one of the parent')
        return this.#valueOf(arg, undefined, 'the argument') ?? []
      })
    return [['args', { kind: 'list', items }]]
  }

  #valueOf(element: XmlElement, schema: PropertySchema | undefined, what: string): YamlNode | undefined {
    const reference = element.attributes.get('ref')
    if (reference !== undefined) return entries([['ref', reference]])
    const text = element.attributes.get('value')
    if (text !== undefined)
      return textNode(text, schema) ?? this.#leaveOut(element, `${what}: the expression ${text} has no counterpart`)
    const child = element.children.find((each) => each.name !== 'description')
    return child === undefined ? this.#leaveOut(element, `${what} has no value`) : this.convertValue(child, schema)
  }

  /** A factory bean's method without arguments is a reference with `call`. */
  #factoryCall(bean: XmlElement): YamlNode | undefined {
    const id = bean.attributes.get('factory-bean') ?? ''
    const method = bean.attributes.get('factory-method')
    const isPlain = bean.children.every((child) => child.name === 'description')
    if (method === undefined || !isPlain)
      return this.#leaveOut(bean, 'a method of a factory bean can be called without arguments only')
    return entries([
      ['ref', id],
      ['call', method],
    ])
  }

  /** The keys of a PropertiesFactoryBean, which needs no counterpart: a descriptor has maps. */
  #propertiesOf(bean: XmlElement, wanted: PropertySchema | undefined): YamlNode | undefined {
    for (const child of bean.children) {
      const name = child.attributes.get('name')
      if (name === 'properties' && child.children[0] !== undefined) return this.convertValue(child.children[0], wanted)
      if (name !== 'singleton') this.#report.leftOut(child, `"${name ?? child.name}" of a PropertiesFactoryBean`)
    }
    return { kind: 'map', entries: [] }
  }

  #reportAttributes(bean: XmlElement): void {
    for (const [name, value] of bean.attributes) {
      if (CARRIED.includes(name) || HOOKS.some(([each]) => each === name) || SHORTHAND.test(name)) continue
      if (HARMLESS[name]?.includes(value) === true || name.startsWith('xmlns')) continue
      this.#report.leftOut(bean, `the attribute ${name}="${value}" has no counterpart`)
    }
    for (const child of bean.children)
      if (!['property', 'constructor-arg', 'description'].includes(child.name))
        this.#report.leftOut(child, `<${child.name}> has no counterpart`)
  }

  #leaveOut(element: XmlElement, message: string): YamlNode | undefined {
    this.#report.leftOut(element, message)
    return undefined
  }
}

/** `B.C` of `static-field="a.B.C"`. */
export function constantName(element: XmlElement): string | undefined {
  const parts = element.attributes.get('static-field')?.trim().split('.')
  return parts === undefined || parts.length < 2 ? undefined : parts.slice(-2).join('.')
}

/** The words of a list with commas, semicolons or blanks. */
export function words(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,;]+/).filter((word) => word !== '')
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_whole, letter: string) => letter.toUpperCase())
}
