import { javaHashOrder } from './java-hash-order.ts'
import { javaJsonText, javaStringText } from './java-json-text.ts'
import { isJsonArray, isJsonObject, JsonNumber, type JsonNode, type JsonObject, parseJsonNode } from './json-node.ts'
import { excessOf } from './record-schema.ts'

/**
 * The text that `Schema.parse(text).toString(false)` of Avro 1.4.0 gives, which Databus hashes; SPEC.md has the rules.
 * Undefined where Avro 1.4 refuses the text: then no client of Databus can read it; also where it is too large for us.
 */
export function avroNormalForm(text: string): string | undefined {
  if (excessOf(text) !== undefined) return undefined
  try {
    return new NormalForm().schema(parseJsonNode(text))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NoNormalFormError) return undefined
    throw error
  }
}

class NoNormalFormError extends Error {}

const PRIMITIVES = new Set(['string', 'bytes', 'int', 'long', 'float', 'double', 'boolean', 'null'])
const NAMED = new Set(['record', 'error', 'enum', 'fixed'])
const SCHEMA_RESERVED = new Set(['doc', 'fields', 'items', 'name', 'namespace', 'size', 'symbols', 'values', 'type'])
const FIELD_RESERVED = new Set(['default', 'doc', 'name', 'order', 'type'])
const ORDERS = new Set(['ascending', 'descending', 'ignore'])
const INT_MAX = 0x7fffffffn

/** A name with its namespace. */
interface FullName {
  readonly name: string
  readonly space: string | undefined
  /** What tells it from all others. */
  readonly full: string
}

/** Reads and prints in one go: Java does both in the same order. */
class NormalForm {
  readonly #defined = new Map<string, FullName>()
  /** The namespace of names that have none of their own. */
  #space: string | undefined
  /** The namespace that is not printed: that of the outermost type that has one, whatever comes within. */
  #printedSpace: string | undefined

  schema(node: JsonNode): string {
    if (typeof node === 'string') return this.#reference(node)
    if (isJsonArray(node)) return `[${node.map((branch) => this.schema(branch)).join()}]`
    if (!isJsonObject(node)) return refuse('a schema is a name, a list or an object')
    const type = requiredText(node, 'type')
    if (PRIMITIVES.has(type)) return this.#primitive(type, node)
    if (NAMED.has(type)) return this.#named(type, node)
    if (type === 'array') return this.#container(node, 'array', 'items')
    if (type === 'map') return this.#container(node, 'map', 'values')
    return refuse(`type ${type}`)
  }

  #reference(text: string): string {
    if (PRIMITIVES.has(text)) return `"${text}"`
    const name = this.#defined.get(fullName(text, this.#space).full)
    return name === undefined ? refuse(`"${text}" is not defined before it is used`) : this.#qualified(name)
  }

  #primitive(type: string, node: JsonObject): string {
    const properties = propertiesOf(node, SCHEMA_RESERVED)
    return properties === '' ? `"${type}"` : `{"type":"${type}"${properties}}`
  }

  #container(node: JsonObject, type: string, member: string): string {
    const inner = node.get(member) ?? refuse(`an ${type} without ${member}`)
    return `{"type":"${type}","${member}":${this.schema(inner)}${propertiesOf(node, SCHEMA_RESERVED)}}`
  }

  #named(type: string, node: JsonObject): string {
    const outer = this.#space
    const name = fullName(requiredText(node, 'name'), textOf(node, 'namespace') ?? outer)
    if (PRIMITIVES.has(name.full)) refuse(`the name ${name.full}`)
    if (this.#defined.has(name.full)) refuse(`${name.full} is defined twice`)
    this.#defined.set(name.full, name)
    if (name.space !== undefined) this.#space = name.space
    const head = `{"type":"${type}","name":${javaStringText(name.name)}${this.#printSpace(name)}`
    const body = this.#body(type, node)
    this.#space = outer
    return `${head}${body}${propertiesOf(node, SCHEMA_RESERVED)}${this.#aliases(node, name)}}`
  }

  #printSpace({ space }: FullName): string {
    if (space === undefined || space === this.#printedSpace) return ''
    this.#printedSpace ??= space
    return `,"namespace":${javaStringText(space)}`
  }

  #body(type: string, node: JsonObject): string {
    if (type === 'fixed') return `,"size":${sizeOf(node)}`
    if (type === 'enum') return `,"symbols":[${textsOf(node, 'symbols').map(javaStringText).join()}]`
    const fields = node.get('fields')
    if (!isJsonArray(fields)) return refuse('a record without fields')
    return `,"fields":[${fields.map((field) => this.#field(field)).join()}]`
  }

  #field(node: JsonNode): string {
    if (!isJsonObject(node)) return refuse('a field that is no object')
    const name = javaStringText(requiredText(node, 'name'))
    const type = this.schema(node.get('type') ?? refuse(`field ${name} has no type`))
    const doc = textOf(node, 'doc')
    const initial = node.get('default')
    if (node.has('aliases')) textsOf(node, 'aliases')
    return [
      `{"name":${name},"type":${type}`,
      doc === undefined ? '' : `,"doc":${javaStringText(doc)}`,
      initial === undefined ? '' : `,"default":${javaJsonText(initial)}`,
      orderOf(node),
      `${propertiesOf(node, FIELD_RESERVED)}}`,
    ].join('')
  }

  /** Two sets one after the other: of texts, then of full names. */
  #aliases(node: JsonObject, { space }: FullName): string {
    if (!node.has('aliases')) return ''
    const texts = javaHashOrder([...new Set(textsOf(node, 'aliases'))], (text) => text, 16)
    const names = new Map(texts.map((text) => fullName(text, space)).map((name) => [name.full, name]))
    if (names.size === 0) return ''
    const sorted = javaHashOrder([...names.values()], ({ full }) => full, 16)
    return `,"aliases":[${sorted.map((name) => javaStringText(name.space === space ? name.name : name.full)).join()}]`
  }

  #qualified({ name, space, full }: FullName): string {
    return javaStringText(space !== undefined && space !== this.#printedSpace ? full : name)
  }
}

/** A dot in the name divides it, whatever the namespace says. */
function fullName(text: string, outer: string | undefined): FullName {
  const dot = text.lastIndexOf('.')
  const space = dot < 0 ? outer : text.slice(0, dot)
  const name = text.slice(dot + 1)
  return { name, space, full: space === undefined ? name : `${space}.${name}` }
}

/** Properties that are texts, each with a comma before it; others are lost in Avro 1.4. */
function propertiesOf(node: JsonObject, reserved: ReadonlySet<string>): string {
  const properties = [...node].filter(([name, value]) => typeof value === 'string' && !reserved.has(name))
  return javaHashOrder(properties, ([name]) => name, 1)
    .map(([name, value]) => `,${javaStringText(name)}:${javaJsonText(value)}`)
    .join('')
}

function orderOf(node: JsonObject): string {
  if (!node.has('order')) return ''
  const order = requiredText(node, 'order').toLowerCase()
  if (!ORDERS.has(order)) refuse(`order ${order}`)
  return order === 'ascending' ? '' : `,"order":"${order}"`
}

function sizeOf(node: JsonObject): bigint {
  const size = node.get('size')
  if (!(size instanceof JsonNumber) || !/^-?\d+$/.test(size.literal)) return refuse('a fixed type without size')
  const value = BigInt(size.literal)
  return value > INT_MAX || value < ~INT_MAX ? refuse(`size ${value}`) : value
}

function textOf(node: JsonObject, member: string): string | undefined {
  const value = node.get(member)
  return typeof value === 'string' ? value : undefined
}

function requiredText(node: JsonObject, member: string): string {
  return textOf(node, member) ?? refuse(`no ${member}`)
}

function textsOf(node: JsonObject, member: string): readonly string[] {
  const items = node.get(member)
  if (!isJsonArray(items)) return refuse(`${member} is no list`)
  return items.map((item) => (typeof item === 'string' ? item : refuse(`${member} is no list of texts`)))
}

function refuse(fault: string): never {
  throw new NoNormalFormError(fault)
}
