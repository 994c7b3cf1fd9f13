import { type PropertySchema } from '../component.ts'
import { type Entry } from './definition.ts'

/** The schema that allows everything. */
export const ANYTHING: PropertySchema = {}

/** The methods that `x-methods` asks for. */
export function methodsOf(schema: PropertySchema): readonly string[] {
  const methods = schema['x-methods']
  return Array.isArray(methods) ? (methods as string[]) : []
}

interface MethodsWhere {
  readonly where: Readonly<Record<string, unknown>>
  readonly methods: readonly string[]
}

/** The schema of one property as the others beside it want it: `x-methods-where` adds methods. */
export function propertySchemaBeside(schema: PropertySchema, key: string, beside: readonly Entry[]): PropertySchema {
  const property = propertySchema(schema, key)
  const conditions = property['x-methods-where']
  if (!Array.isArray(conditions)) return property
  const isSaid = ([name, wanted]: readonly [string, unknown]): boolean =>
    beside.some(
      ({ key: said, value }) => said === name && value.kind === 'scalar' && String(value.value) === String(wanted),
    )
  const more = (conditions as readonly MethodsWhere[]).filter(({ where }) => Object.entries(where).every(isSaid))
  const methods = new Set([...methodsOf(property), ...more.flatMap((condition) => condition.methods)])
  return { ...property, 'x-methods': [...methods] }
}

/** Whether what is injected is started and stopped by the bean that has the property. */
export function leadsItsValue(schema: PropertySchema): boolean {
  return schema['x-leads'] === true
}

/** Whether nobody may see the value: `secret: true` gives the bean a Secret, `format: password` a plain text. */
export function isSecretSchema(schema: PropertySchema): boolean {
  return schema['secret'] === true || schema['format'] === 'password'
}

/** A part of a schema, or the schema that allows everything where there is none. */
export function asSchema(part: unknown): PropertySchema {
  return typeof part === 'object' && part !== null && !Array.isArray(part) ? (part as PropertySchema) : ANYTHING
}

/** The schema of one property. */
export function propertySchema(schema: PropertySchema, key: string): PropertySchema {
  const properties = asSchema(schema['properties'])
  if (Object.hasOwn(properties, key)) return asSchema(properties[key])
  for (const [pattern, sub] of Object.entries(asSchema(schema['patternProperties']))) {
    if (new RegExp(pattern, 'u').test(key)) return asSchema(sub)
  }
  return asSchema(schema['additionalProperties'])
}
