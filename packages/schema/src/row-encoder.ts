import { avroTypeOf } from './avro-type.ts'
import { PayloadUnencodableError } from './errors.ts'
import { parseRecordSchema } from './record-schema.ts'
import { ROW_DEPTH_MAX } from './value-budget.ts'

/** Encodes a row object as the Avro value of an event. @throws PayloadUnencodableError, naming the field */
export type RowEncoder = (row: Readonly<Record<string, unknown>>) => Buffer

/** For mappers that return objects; rows of the default mapper never pass here. @throws SchemaInvalidError */
export function compileRowEncoder(schemaText: string): RowEncoder {
  const { name } = parseRecordSchema(schemaText)
  const type = avroTypeOf(schemaText, name)
  return (given) => {
    const row = bare(name, given, 0)
    const faults: string[] = []
    type.isValid(row, {
      errorHook: (path: string[], value: unknown, expected: { typeName: string }) => {
        faults.push(`field "${path.join('.')}" is ${describe(value)}, expected ${expected.typeName}`)
      },
    })
    if (faults.length > 0) throw new PayloadUnencodableError(name, faults.join('; '))
    return type.toBuffer(row)
  }
}

/**
 * The same without what objects inherit: a field that is called `constructor` or `__proto__` and left out must not be found in
 * the prototype. Objects of classes stay as they are.
 */
function bare(record: string, value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > ROW_DEPTH_MAX) throw new PayloadUnencodableError(record, `values deeper than ${ROW_DEPTH_MAX}`)
  if (Array.isArray(value)) return value.map((item) => bare(record, item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const own = Object.create(null) as Record<string, unknown>
  for (const [name, item] of Object.entries(value)) own[name] = bare(record, item, depth + 1)
  return own
}

/** The kind of a value and never its content, which may be private. */
function describe(value: unknown): string {
  return value === null ? 'null' : value instanceof Uint8Array ? 'bytes' : typeof value
}
