import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { type PropertySchema } from '../component.ts'
import { suggestion } from './suggestion.ts'

/** One way in which a value breaks its schema. */
export interface SchemaFault {
  readonly kind: 'type' | 'unknown' | 'missing'
  /** JSON pointer of the value, or of the unknown or missing key itself. */
  readonly pointer: string
  /** Pointer of the nearest value that exists in the document. */
  readonly near: string
  readonly message: string
  readonly hint?: string | undefined
}

const ajv = new Ajv({
  allErrors: true,
  strict: false,
  verbose: true,
  logger: false,
  formats: { int64: true, password: true },
})
const compiled = new WeakMap<PropertySchema, ValidateFunction>()
/** A fault inside a branch says less than the fault of the whole. */
const BRANCH = /\/(?:anyOf|oneOf)\/\d+/
const WHOLE_KEYWORDS = ['anyOf', 'oneOf', 'allOf', 'not', 'if', 'const', 'enum']

/** What the document knows of the values at pointers. */
export interface PointerView {
  /** Whether the value is made at run time: faults at or below it don't count. */
  readonly isDynamic: (pointer: string) => boolean
  readonly hasDynamicBelow: (pointer: string) => boolean
  /** The scalar as it may be shown; undefined where it may be shown as it is. */
  readonly shownAt: (pointer: string) => unknown
}

/** Checks a value without expressions against a schema. */
export function validate(
  schema: PropertySchema,
  value: unknown,
  className: string,
  { isDynamic, hasDynamicBelow, shownAt }: PointerView,
): SchemaFault[] {
  let check = compiled.get(schema)
  if (check === undefined) {
    check = ajv.compile(schema)
    compiled.set(schema, check)
  }
  if (check(value)) return []
  return (
    (check.errors ?? [])
      // What follows from a condition says what is wrong, by faults of its own.
      .filter((error) => error.keyword !== 'if' && !BRANCH.test(error.schemaPath) && !isDynamic(error.instancePath))
      .filter(
        (error) =>
          alternatives(error) ||
          refusedProperty(error) !== undefined ||
          !WHOLE_KEYWORDS.includes(error.keyword) ||
          !hasDynamicBelow(error.instancePath),
      )
      .map((error) => faultOf(error, className, shownAt))
  )
}

function faultOf(error: ErrorObject, className: string, shownAt: PointerView['shownAt']): SchemaFault {
  const { instancePath, params } = error as { instancePath: string; params: Record<string, unknown> }
  const owner = instancePath === '' ? `class ${className}` : `"${pointerName(instancePath)}"`
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties') {
    const key = String(params['additionalProperty'] ?? params['unevaluatedProperty'])
    const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object)
    const pointer = `${instancePath}/${escapePointer(key)}`
    return {
      kind: 'unknown',
      pointer,
      near: pointer,
      message: `${owner} has no property "${key}"`,
      hint: suggestion(key, known),
    }
  }
  if (error.keyword === 'required') {
    const key = String(params['missingProperty'])
    const pointer = `${instancePath}/${escapePointer(key)}`
    return { kind: 'missing', pointer, near: instancePath, message: `${owner} needs the property "${key}"` }
  }
  const refused = refusedProperty(error)
  if (refused !== undefined) {
    const pointer = `${instancePath}/${escapePointer(refused)}`
    const description: unknown = error.parentSchema?.['description']
    const why = typeof description === 'string' ? `: ${description}` : ''
    return { kind: 'unknown', pointer, near: pointer, message: `"${refused}" must be left out${why}` }
  }
  const names = alternatives(error)
  if (names !== undefined) {
    const count = error.keyword === 'oneOf' ? 'exactly' : 'at least'
    const message = `${owner} needs ${count} one of ${names.map((name) => `"${name}"`).join(', ')}`
    return { kind: 'missing', pointer: instancePath, near: instancePath, message }
  }
  return {
    kind: 'type',
    pointer: instancePath,
    near: instancePath,
    ...describe(error, params, shownAt(instancePath) ?? error.data),
  }
}

/** The property that may not be there at all, be its value known or not: `not: { required: [a] }`. */
function refusedProperty(error: ErrorObject): string | undefined {
  const { required } = (error.schema ?? {}) as { required?: unknown }
  const isRule = error.keyword === 'not' && Array.isArray(required) && required.length === 1
  return isRule ? String(required[0]) : undefined
}

/** The names of a rule that asks only which properties are there: `oneOf: [{ required: [a] }, { required: [b] }]`. */
function alternatives(error: ErrorObject): string[] | undefined {
  const branches: unknown = error.schema
  if ((error.keyword !== 'oneOf' && error.keyword !== 'anyOf') || !Array.isArray(branches)) return undefined
  const names = (branches as Record<string, unknown>[]).map((branch) =>
    Object.keys(branch).length === 1 && Array.isArray(branch['required'])
      ? (branch['required'] as string[]).join(' and ')
      : '',
  )
  return names.includes('') ? undefined : names
}

function describe(
  error: ErrorObject,
  params: Record<string, unknown>,
  data: unknown,
): { message: string; hint?: string | undefined } {
  const name = pointerName(error.instancePath) || 'the value'
  const got = shown(data)
  const must = (expected: string): string => `"${name}" must be ${expected}, got ${got}`
  switch (error.keyword) {
    case 'type':
      return { message: must(expectedTypes(params['type'])), hint: typeHint(params['type'], data) }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String)
      return { message: must(`one of ${allowed.join(' | ')}`), hint: suggestion(String(data), allowed) }
    }
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { message: must(`${String(params['comparison'])} ${String(params['limit'])}`) }
    case 'minItems':
    case 'minProperties':
      return { message: `"${name}" needs at least ${String(params['limit'])} element(s)` }
    default: {
      const description: unknown = error.parentSchema?.['description']
      const hint = typeof description === 'string' ? description : undefined
      return { message: `"${name}" ${error.message ?? 'is not valid'}, got ${got}`, hint }
    }
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  integer: 'an integer',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
  null: 'empty',
}

function expectedTypes(type: unknown): string {
  const types = (Array.isArray(type) ? type : String(type).split(',')) as string[]
  return types.map((each) => TYPE_NAMES[each] ?? each).join(' or ')
}

function typeHint(type: unknown, data: unknown): string | undefined {
  const isPlain = typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean'
  if (String(type).includes('string') && isPlain) return `quote it: "${String(data)}"`
  if (String(type).includes('array') && typeof data === 'string') return `write a list: [${data}]`
  return undefined
}

function shown(data: unknown): string {
  if (typeof data === 'string') return `"${data}"`
  if (Array.isArray(data)) return 'a list'
  if (typeof data === 'object') return data === null ? 'nothing' : 'a map'
  return typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean' ? String(data) : typeof data
}

/** The last name of a pointer, with its indexes: `sources[0]`. */
export function pointerName(pointer: string): string {
  const parts = pointer.split('/').slice(1).map(unescapePointer)
  let name = ''
  for (const part of parts) name = /^\d+$/.test(part) ? `${name}[${part}]` : part
  return name
}

/** A key as a part of a JSON pointer. */
export function escapePointer(key: string): string {
  return key.replace(/~/g, '~0').replace(/\//g, '~1')
}

function unescapePointer(part: string): string {
  return part.replace(/~1/g, '/').replace(/~0/g, '~')
}
