import { avroTypeOf } from './avro-type.ts'
import { PayloadUnencodableError } from './errors.ts'
import { parseRecordSchema } from './record-schema.ts'

/** Encodes a row object as the Avro value of an event. @throws PayloadUnencodableError, naming the field */
export type RowEncoder = (row: Readonly<Record<string, unknown>>) => Buffer

/** For mappers that return objects; rows of the default mapper never pass here. @throws SchemaInvalidError */
export function compileRowEncoder(schemaText: string): RowEncoder {
  const { name } = parseRecordSchema(schemaText)
  const type = avroTypeOf(schemaText)
  return (row) => {
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

/** The kind of a value and never its content, which may be private. */
function describe(value: unknown): string {
  return value === null ? 'null' : value instanceof Uint8Array ? 'bytes' : typeof value
}
