import { metaText } from './meta-text.ts'
import { type AvroPrimitive, parseRecordSchema } from './record-schema.ts'
import { type SchemaRegistry } from './schema-registry.ts'

/** One column of a table, as its schema is derived. */
export interface DerivedColumn {
  readonly name: string
  /** Its place in the table, from 1 on. */
  readonly position: number
  /** Its type as the server names it. */
  readonly typeName: string
  readonly type: AvroPrimitive
  readonly logicalType?: string
  readonly nullable: boolean
}

/** What a schema is derived from. */
export interface DerivedTable {
  readonly database: string
  readonly table: string
  readonly columns: readonly DerivedColumn[]
  /** Names of the columns of the primary key, in the key's order. */
  readonly primaryKey: readonly string[]
}

/** In the record's meta: nobody wrote the schema by hand, so a new shape of the table replaces it. */
const DERIVED_META = 'derived'

/** Whether people wrote the newest schema of the source. */
export function isHandWritten(schemas: SchemaRegistry, source: string): boolean {
  const latest = schemas.latest(source)
  return latest !== undefined && parseRecordSchema(latest.text, source).meta[DERIVED_META] !== 'true'
}

/**
 * The text of the Avro schema of a table. The same table always gives the same text, and so the same schema id: it
 * holds no time and no name of a server.
 */
export function derivedSchema({ database, table, columns, primaryKey }: DerivedTable): string {
  const names = fieldNames(columns)
  const key = primaryKey.map((column) => names.get(column) ?? column).join(',')
  return JSON.stringify({
    type: 'record',
    name: avroName(table),
    namespace: avroName(database),
    fields: columns.map((column) => fieldOf(column, names.get(column.name) ?? column.name)),
    meta: `dbFieldName=${metaText(table)};${key === '' ? '' : `pk=${key};`}${DERIVED_META}=true;`,
  })
}

function fieldOf(
  { type, logicalType, nullable, position, typeName, name: column }: DerivedColumn,
  name: string,
): object {
  const branch = logicalType === undefined ? type : { type, logicalType }
  const meta = `dbFieldName=${metaText(column)};dbFieldPosition=${position};dbFieldType=${typeName};`
  return nullable ? { name, type: ['null', branch], default: null, meta } : { name, type: branch, meta }
}

/** Avro names are letters, digits and underscores; two columns never get one name. */
function fieldNames(columns: readonly DerivedColumn[]): ReadonlyMap<string, string> {
  const taken = new Set<string>()
  return new Map(
    columns.map((column) => {
      const plain = avroName(column.name)
      let name = plain
      for (let i = 2; taken.has(name); i++) name = `${plain}_${i}`
      taken.add(name)
      return [column.name, name]
    }),
  )
}

function avroName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`
}
