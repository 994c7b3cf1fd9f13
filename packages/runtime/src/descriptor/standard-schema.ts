import { type PropertySchema } from '../component.ts'

/** The part of the Standard Schema interface that is used: what zod, valibot, arktype and others implement. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: number
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>
    /** The JSON Schema of what is accepted, where the library tells it. */
    readonly jsonSchema?: { readonly input: (options: { target: string }) => Record<string, unknown> }
  }
}

/** Either `issues` or the converted value. */
export interface StandardResult {
  readonly value?: unknown
  readonly issues?: readonly StandardIssue[] | undefined
}

/** One way in which a value is wrong, and where inside of it. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a class tells about its properties: a JSON Schema, a Standard Schema, both or nothing. */
export interface ClassSchema {
  readonly schema?: PropertySchema
  readonly standard?: StandardSchema
}

/** Reads the `static schema` of a class. */
export function classSchemaOf(found: unknown): ClassSchema {
  if ((typeof found !== 'function' && typeof found !== 'object') || found === null || !('schema' in found)) return {}
  const { schema } = found
  if (isStandardSchema(schema)) {
    const json = jsonSchemaOf(schema)
    return json === undefined ? { standard: schema } : { standard: schema, schema: json }
  }
  return typeof schema === 'object' && schema !== null ? { schema: schema as PropertySchema } : {}
}

function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false
  const standard = value['~standard']
  return typeof standard === 'object' && standard !== null && 'validate' in standard
}

function jsonSchemaOf(schema: StandardSchema): PropertySchema | undefined {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-07' })
  } catch {
    // Not everything that a library can check has a JSON Schema; the library itself checks the values then.
    return undefined
  }
}

/** The place of an issue as a JSON pointer. */
export function issuePointer(issue: StandardIssue): string {
  const keys = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.map((key) => `/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')
}
