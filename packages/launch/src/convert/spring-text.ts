import { type PropertySchema, type YamlNode } from '@aesop/runtime'
import { simpleNameOf } from './class-names.ts'

const CONSTANT = /^#\{\s*T\(\s*([\w.$]+)\s*\)\.(\w+)\s*\}$/
const MEMBER = /^#\{\s*@?([A-Za-z_][\w-]*)\.(\w+)(\(\s*\))?\s*\}$/
const BEAN = /^#\{\s*@?([A-Za-z_][\w-]*)\s*\}$/
const INTEGER = /^-?(?:0|[1-9]\d*)$/
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The constant that `#{T(package.SET).MEMBER}` names. */
export function constantOf(text: string): { set: string; member: string } | undefined {
  const found = CONSTANT.exec(text.trim())
  return found === null ? undefined : { set: simpleNameOf(found[1] ?? ''), member: found[2] ?? '' }
}

/**
 * A text of Spring as a value: the simple expressions become references and constants, everything else a scalar of the
 * type that the property asks for or, where that is not known, of the type that it looks like. Undefined for an
 * expression that has no counterpart.
 */
export function textNode(text: string, schema: PropertySchema | undefined): YamlNode | undefined {
  if (text.includes('#{')) return expressionNode(text)
  return scalar(typedValue(text, schema))
}

function expressionNode(text: string): YamlNode | undefined {
  const constant = constantOf(text)
  if (constant !== undefined) return entries([['const', `${constant.set}.${constant.member}`]])
  const member = MEMBER.exec(text.trim())
  if (member !== null) {
    const [, id = '', name = '', call] = member
    return entries([
      ['ref', id],
      [call === undefined ? 'get' : 'call', name],
    ])
  }
  const bean = BEAN.exec(text.trim())
  return bean === null ? undefined : entries([['ref', bean[1] ?? '']])
}

/** Spring converts text by the type of the property; a descriptor has types of its own. */
function typedValue(text: string, schema: PropertySchema | undefined): string | bigint | number | boolean {
  const trimmed = text.trim()
  const types = typesOf(schema)
  const allows = (type: string): boolean => types.length === 0 || types.includes(type)
  if (trimmed.includes('${')) return text
  if ((allows('integer') || allows('number')) && INTEGER.test(trimmed)) return BigInt(trimmed)
  if (types.includes('number') && NUMBER.test(trimmed)) return Number(trimmed)
  if (types.length === 0 && NUMBER.test(trimmed) && String(Number(trimmed)) === trimmed) return Number(trimmed)
  if (allows('boolean') && /^(?:true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true'
  return text
}

/** The types that a schema names; those of an enumeration's members too. */
function typesOf(schema: PropertySchema | undefined): readonly string[] {
  const type = schema?.['type']
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type as string[]
  const members = schema?.['enum']
  return Array.isArray(members) ? [...new Set(members.map((each) => typeof each as string))] : []
}

/** A map of these keys and texts. */
export function entries(pairs: readonly (readonly [string, string])[]): YamlNode {
  return { kind: 'map', entries: pairs.map(([key, text]) => [key, scalar(text)] as const) }
}

export function scalar(value: string | bigint | number | boolean | null): YamlNode {
  return { kind: 'scalar', value }
}
