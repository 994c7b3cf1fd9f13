/**
 * The logical source of a relay's own, beside the tables: what happens to a table, and is no change of a row, travels as an
 * event of it. Its key is the name of the table's logical source, its value this record, in Avro:
 *
 * | field    | type           | what                                                                           |
 * |----------|----------------|--------------------------------------------------------------------------------|
 * | kind     | string         | one of `SCHEMA_CHANGE_KINDS`; a reader passes over one that it does not know   |
 * | source   | string         | name of the logical source that it happened to                                 |
 * | database | string         | as the statement or the configuration names it                                 |
 * | table    | string         | as the statement or the configuration names it                                 |
 * | sql      | null or string | the statement, cut at 64 KiB; null unless the source was told `ddlText: true`  |
 * | at       | long           | when the log says that it happened, in milliseconds since 1970                 |
 */
export const SCHEMA_CHANGE_SOURCE = 'com.aesop.SchemaChange'

/** Its id, unless the physical source was given another one. */
export const SCHEMA_CHANGE_ID_DEFAULT = 32767

/** The first five are statements of the log; the others say that rows of the table are left out from here on, or not any more. */
export const SCHEMA_CHANGE_KINDS = [
  'ALTER',
  'TRUNCATE',
  'DROP',
  'RENAME',
  'CREATE',
  'QUARANTINED',
  'RELEASED',
  'PASSED_OVER',
] as const
export type SchemaChangeKind = (typeof SCHEMA_CHANGE_KINDS)[number]

export const SCHEMA_CHANGE_SCHEMA = JSON.stringify({
  name: 'SchemaChange',
  namespace: 'com.aesop',
  type: 'record',
  fields: [
    { name: 'kind', type: 'string' },
    { name: 'source', type: 'string' },
    { name: 'database', type: 'string' },
    { name: 'table', type: 'string' },
    { name: 'sql', type: ['null', 'string'] },
    { name: 'at', type: 'long' },
  ],
})
