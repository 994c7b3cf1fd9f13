import { AvroCursor } from './avro-cursor.ts'
import { avroTypeOf } from './avro-type.ts'
import { PayloadCorruptError, PayloadLimitError } from './errors.ts'
import { NestedReader } from './nested-reader.ts'
import { parseRecordSchema, type RecordField, type RecordSchema } from './record-schema.ts'
import { ValueBudget } from './value-budget.ts'

/** A decoded row: field name → value, in the types of `ChangeEvent.row`. */
export type Row = Record<string, unknown>

/**
 * Decodes the Avro value in `bytes` from `offset` to `end`. Values: number for int, float, double and for a long that
 * is an INT UNSIGNED; bigint for every other long; string; Uint8Array (a copy) for bytes and fixed; null; of nested schemas also
 * the symbol of an enum, arrays, and plain objects for records and maps, whose properties are their own.
 * @throws PayloadCorruptError, PayloadLimitError
 */
export type RowReader = (bytes: Buffer, offset: number, end: number) => Row

/**
 * Compiles one function for one schema: it fills an object literal field by field, so that all rows of a table share
 * one shape. `interpretRow` is its readable form and the oracle of its tests. A schema with other than primitive fields
 * is read by `NestedReader`.
 * @throws SchemaInvalidError
 */
export function compileRowReader(schemaText: string): RowReader {
  const schema = parseRecordSchema(schemaText)
  if (schema.fields.some((field) => field.type === 'complex')) return nestedRowReader(schemaText, schema)
  const fields = schema.fields.map((field) => `[${JSON.stringify(field.name)}]: ${readExpression(field)}`)
  // The names are JSON strings and the rest is ours: nothing of the schema's text becomes code.
  const build = new Function('c', `return { ${fields.join(', ')} }`) as (cursor: AvroCursor) => Row
  return checkedReader(schema, build)
}

/** The same as the compiled reader, in plain sight: one look at each field of each row. */
export function interpretRow(schema: RecordSchema, bytes: Buffer, offset: number, end: number): Row {
  return checkedReader(schema, (cursor) => {
    const row: Row = {}
    for (const field of schema.fields) {
      const isNull = field.nullBranch !== undefined && cursor.int() === field.nullBranch
      const value = isNull ? null : cursor[methodOf(field)]()
      Object.defineProperty(row, field.name, { value, enumerable: true, writable: true, configurable: true })
    }
    return row
  })(bytes, offset, end)
}

function checkedReader(schema: RecordSchema, build: (cursor: AvroCursor) => Row): RowReader {
  const cursor = new AvroCursor()
  return (bytes, offset, end) => {
    cursor.bytes = bytes
    cursor.at = offset
    let row: Row
    try {
      row = build(cursor)
    } catch (error) {
      if (error instanceof PayloadLimitError) throw error
      throw new PayloadCorruptError(schema.name, `it goes past its end (${String(error)})`, error)
    }
    if (cursor.at === end) return row
    throw new PayloadCorruptError(schema.name, `${end - offset} bytes are there, the schema took ${cursor.at - offset}`)
  }
}

function readExpression(field: RecordField): string {
  const read = `c.${methodOf(field)}()`
  return field.nullBranch === undefined ? read : `c.int() === ${field.nullBranch} ? null : ${read}`
}

type CursorMethod =
  'boolean' | 'int' | 'long' | 'longAsNumber' | 'unsignedLong' | 'float' | 'double' | 'string' | 'byteString'

function methodOf(field: RecordField): CursorMethod {
  switch (field.type) {
    case 'long':
      return field.fitsNumber ? 'longAsNumber' : field.unsigned64 ? 'unsignedLong' : 'long'
    case 'bytes':
      return 'byteString'
    case 'complex':
      throw new TypeError(`field ${field.name} is not primitive`)
    default:
      return field.type
  }
}

/** @throws SchemaInvalidError */
function nestedRowReader(schemaText: string, schema: RecordSchema): RowReader {
  const budget = new ValueBudget(schema.name)
  const read = new NestedReader(budget).of(avroTypeOf(schemaText, schema.name))
  return checkedReader(schema, (cursor) => {
    budget.renew()
    return read(cursor) as Row
  })
}
