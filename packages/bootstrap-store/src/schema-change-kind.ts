import { type EventView, SCHEMA_CHANGE_KINDS, type SchemaChangeKind } from '@aesop/event'

/**
 * What a SchemaChange event tells: the first field of its record, a text of Avro (its length doubled, in one byte, then its
 * UTF-8). Undefined: a kind of a newer version, which a reader passes over.
 */
export function schemaChangeKindOf(view: EventView): SchemaChangeKind | undefined {
  const { value } = view
  const text = value.toString('latin1', 1, 1 + (value[0] ?? 0) / 2)
  return SCHEMA_CHANGE_KINDS.find((kind) => kind === text)
}

/** Whether no row of the table is left behind it. */
export function clearsTable(kind: SchemaChangeKind | undefined): boolean {
  return kind === 'TRUNCATE' || kind === 'DROP'
}
