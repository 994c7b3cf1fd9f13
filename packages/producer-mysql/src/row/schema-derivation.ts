import { metaText, parseRecordSchema, type SchemaRegistry } from '@aesop/schema'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { derivedType } from './column-conversion.ts'

/** What a schema is derived from. */
export interface TableShape {
  readonly database: string
  readonly table: string
  readonly columns: readonly BinlogColumn[]
  /** Columns of the primary key, in the key's order. */
  readonly primaryKey: readonly BinlogColumn[]
}

/** In the record's meta: nobody wrote the schema by hand, so a new shape of the table replaces it. */
const DERIVED_META = 'derived'

/** Whether people wrote the newest schema of the source. */
export function isHandWritten(schemas: SchemaRegistry, source: string): boolean {
  const latest = schemas.latest(source)
  return latest !== undefined && parseRecordSchema(latest.text, source).meta[DERIVED_META] !== 'true'
}

/**
 * The text of the Avro schema of a table. The same shape always gives the same text, and so the same schema id: it
 * holds no time and no name of a server.
 */
export function deriveSchema(shape: TableShape, zeroTimestamp: 'null' | 'text'): string {
  const names = fieldNames(shape.columns)
  const nameOf = (column: BinlogColumn): string => names.get(column) ?? column.name
  const key = shape.primaryKey.map(nameOf).join(',')
  return JSON.stringify({
    type: 'record',
    name: avroName(shape.table),
    namespace: avroName(shape.database),
    fields: shape.columns.map((column) => fieldOf(column, nameOf(column), zeroTimestamp)),
    meta: `dbFieldName=${metaText(shape.table)};${key === '' ? '' : `pk=${key};`}${DERIVED_META}=true;`,
  })
}

function fieldOf(column: BinlogColumn, name: string, zeroTimestamp: 'null' | 'text'): object {
  const { type, logicalType, nullable } = derivedType(column, zeroTimestamp)
  const branch = logicalType === undefined ? type : { type, logicalType }
  const meta = `dbFieldName=${metaText(column.name)};dbFieldPosition=${column.index + 1};dbFieldType=${column.typeName};`
  if (!column.nullable && nullable !== true) return { name, type: branch, meta }
  return { name, type: ['null', branch], default: null, meta }
}

/** Avro names are letters, digits and underscores; two columns never get one name. */
function fieldNames(columns: readonly BinlogColumn[]): ReadonlyMap<BinlogColumn, string> {
  const taken = new Set<string>()
  return new Map(
    columns.map((column) => {
      const plain = avroName(column.name)
      let name = plain
      for (let i = 2; taken.has(name); i++) name = `${plain}_${i}`
      taken.add(name)
      return [column, name]
    }),
  )
}

function avroName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`
}
