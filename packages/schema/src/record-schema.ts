import { jsonShape } from '@aesop/kernel'
import { SchemaInvalidError } from './errors.ts'
import { parseMeta, type SchemaMeta } from './meta-text.ts'

const PRIMITIVES = ['boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const
/** Beyond these no schema was made of a table or by hand, and who reads one needs more of a stack than there is. */
const SCHEMA_CHARS_MAX = 4 * 1024 * 1024
const SCHEMA_DEPTH_MAX = 128
export type AvroPrimitive = (typeof PRIMITIVES)[number]

/** One field of a row's schema. */
export interface RecordField {
  readonly name: string
  /** `complex` is whatever Avro offers beyond primitives and nullable primitives. */
  readonly type: AvroPrimitive | 'complex'
  /** Which branch of the union is null, for a nullable field. */
  readonly nullBranch: 0 | 1 | undefined
  readonly logicalType: string | undefined
  readonly meta: SchemaMeta
  /** Whether the value is the 64 bits of an unsigned integer (BIGINT UNSIGNED, BIT). */
  readonly unsigned64: boolean
  /** Whether a long is small enough to be read as a number (INT UNSIGNED). */
  readonly fitsNumber: boolean
}

/** An Avro record schema, as far as rows need it. */
export interface RecordSchema {
  readonly name: string
  readonly namespace: string | undefined
  readonly fields: readonly RecordField[]
  readonly meta: SchemaMeta
  /** Field names of the key (`meta: pk=a,b`), in the key's order. */
  readonly primaryKey: readonly string[]
}

/** Reads the text of a row's schema. @throws SchemaInvalidError */
export function parseRecordSchema(text: string, where = 'a logical source'): RecordSchema {
  const json = readJson(text, where)
  if (json['type'] !== 'record')
    throw new SchemaInvalidError(where, `its type is ${show(json['type'])}, expected "record"`)
  if (typeof json['name'] !== 'string') throw new SchemaInvalidError(where, 'the record has no name')
  if (!Array.isArray(json['fields'])) throw new SchemaInvalidError(where, 'the record has no list of fields')
  const meta = parseMeta(json['meta'])
  return {
    name: json['name'],
    namespace: typeof json['namespace'] === 'string' ? json['namespace'] : undefined,
    fields: json['fields'].map((field: unknown) => readField(field, where)),
    meta,
    primaryKey: (meta['pk'] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  }
}

/** What the text of a schema has too much of; undefined: it may be read. */
export function excessOf(text: string): string | undefined {
  if (text.length > SCHEMA_CHARS_MAX)
    return `it is ${text.length} characters long, expected at most ${SCHEMA_CHARS_MAX}`
  const { depth } = jsonShape(text)
  return depth > SCHEMA_DEPTH_MAX ? `it is ${depth} levels deep, expected at most ${SCHEMA_DEPTH_MAX}` : undefined
}

function readJson(text: string, where: string): Record<string, unknown> {
  const excess = excessOf(text)
  if (excess !== undefined) throw new SchemaInvalidError(where, excess)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new SchemaInvalidError(where, error instanceof Error ? error.message : String(error), error)
  }
  if (typeof json !== 'object' || json === null) throw new SchemaInvalidError(where, 'it is no JSON object')
  return json as Record<string, unknown>
}

function readField(json: unknown, where: string): RecordField {
  const field = json as Record<string, unknown> | null
  if (typeof field?.['name'] !== 'string') throw new SchemaInvalidError(where, `a field without a name: ${show(json)}`)
  const name = field['name']
  if (field['type'] === undefined) throw new SchemaInvalidError(where, `field "${name}" has no type`)
  const { branch, nullBranch } = readUnion(field['type'])
  const { type, logicalType } = readType(branch)
  const meta = parseMeta(field['meta'])
  const dbType = (meta['dbFieldType'] ?? '').toLowerCase()
  const unsigned = dbType.includes('unsigned')
  return {
    name,
    type,
    nullBranch,
    logicalType,
    meta,
    unsigned64: type === 'long' && (/^bit\b/.test(dbType) || (unsigned && dbType.startsWith('bigint'))),
    fitsNumber: type === 'long' && unsigned && /^(tiny|small|medium)?int(eger)?\b/.test(dbType),
  }
}

/** A union of null and one other type is a nullable field; any other union is complex. */
function readUnion(type: unknown): { branch: unknown; nullBranch: 0 | 1 | undefined } {
  if (!Array.isArray(type)) return { branch: type, nullBranch: undefined }
  if (type.length === 2 && type[0] === 'null') return { branch: type[1], nullBranch: 0 }
  if (type.length === 2 && type[1] === 'null') return { branch: type[0], nullBranch: 1 }
  return { branch: undefined, nullBranch: undefined }
}

function readType(type: unknown): Pick<RecordField, 'type' | 'logicalType'> {
  if (isPrimitive(type)) return { type, logicalType: undefined }
  if (typeof type !== 'object' || type === null) return { type: 'complex', logicalType: undefined }
  const { type: inner, logicalType } = type as { type?: unknown; logicalType?: unknown }
  return {
    type: isPrimitive(inner) ? inner : 'complex',
    logicalType: typeof logicalType === 'string' ? logicalType : undefined,
  }
}

function isPrimitive(type: unknown): type is AvroPrimitive {
  return PRIMITIVES.includes(type as AvroPrimitive)
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value)
}
