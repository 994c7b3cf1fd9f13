import { type RecordField, type RecordSchema } from './record-schema.ts'

/**
 * Whether the long key of an event is the 64 bits of a BIGINT UNSIGNED. The wire does not say; the schema does, when it names
 * the type of the key's column as MySQL does.
 */
export function hasUnsignedKey(record: RecordSchema): boolean {
  return /^bigint\b.*\bunsigned\b/i.test(keyField(record)?.meta['dbFieldType'] ?? '')
}

/** The field of a key of one column. A derived schema without a key stands for a table whose whole row is its key. */
function keyField({ fields, meta, primaryKey }: RecordSchema): RecordField | undefined {
  const [name, second] = primaryKey
  if (second !== undefined) return undefined
  if (name !== undefined) return fields.find((field) => field.name.toLowerCase() === name.toLowerCase())
  return meta['derived'] === 'true' && fields.length === 1 ? fields[0] : undefined
}
