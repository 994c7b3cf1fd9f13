export { avroNormalForm } from './avro-normal-form.ts'
export * as avroOutput from './avro-output.ts'
export { type AvroValue, writeAvroDefault, writeAvroValue } from './avro-value.ts'
export { type DerivedColumn, derivedSchema, type DerivedTable, isHandWritten } from './derived-schema.ts'
export {
  PayloadCorruptError,
  PayloadLimitError,
  PayloadUnencodableError,
  SchemaInvalidError,
  SchemaRegistryUnreadableError,
  SchemaRegistryUnwritableError,
  SchemaVersionTakenError,
} from './errors.ts'
export { FileSchemaRegistry, type FileSchemaRegistryOptions } from './file-schema-registry.ts'
export { metaText, parseMeta, type SchemaMeta } from './meta-text.ts'
export { MemorySchemaRegistry } from './memory-schema-registry.ts'
export { type AvroPrimitive, parseRecordSchema, type RecordField, type RecordSchema } from './record-schema.ts'
export { compileRowEncoder, type RowEncoder } from './row-encoder.ts'
export { compileRowReader, interpretRow, type Row, type RowReader } from './row-reader.ts'
export { schemaIdOf, textIdOf } from './schema-id.ts'
export { type RegisteredSchema, type SchemaRegistry, type SchemaSpan } from './schema-registry.ts'
export { type ColumnFacts, factsOfName, type TableFacts, tableFactsOf } from './table-facts.ts'
export { hasUnsignedKey } from './unsigned-key.ts'
