import { type RecordSchema } from './record-schema.ts'

/** One column of a table, as the annotations of its schema describe it. */
export interface ColumnFacts {
  /** Name of the column in the database. */
  readonly name: string
  /** Name of its field in `event.row`. */
  readonly field: string
  /** Its type as the server names it (`int unsigned`), where the schema says so. */
  readonly type?: string
}

/** What the annotations of a schema (`meta`) say of the table that its rows come from. */
export interface TableFacts {
  /** Namespace of the schema, which the schema generator sets to the database. */
  readonly database: string
  readonly name: string
  /** Fields of `event.row` that are the primary key, in the key's order; empty without one. */
  readonly primaryKey: readonly string[]
  /** In the order of the schema's fields. */
  readonly columns: readonly ColumnFacts[]
}

export function tableFactsOf(source: string, record: RecordSchema): TableFacts {
  const named = factsOfName(source)
  return Object.freeze({
    database: record.namespace ?? named.database,
    name: record.meta['dbFieldName'] ?? record.name,
    primaryKey: Object.freeze([...record.primaryKey]),
    columns: Object.freeze(record.fields.map(columnFactsOf)),
  })
}

function columnFactsOf({ name, meta }: RecordSchema['fields'][number]): ColumnFacts {
  const { dbFieldName, dbFieldType } = meta
  return Object.freeze({
    name: dbFieldName ?? name,
    field: name,
    ...(dbFieldType === undefined ? {} : { type: dbFieldType }),
  })
}

/** What is known without a schema: a logical source is called `<database>.<table>` unless somebody named it otherwise. */
export function factsOfName(source: string): TableFacts {
  const dot = source.lastIndexOf('.')
  return { database: dot < 0 ? '' : source.slice(0, dot), name: source.slice(dot + 1), primaryKey: [], columns: [] }
}
