import { type DerivedColumn, derivedSchema } from '@aesop/schema'
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

/** The text of the Avro schema of a table: the same shape always gives the same text. */
export function deriveSchema(shape: TableShape, zeroTimestamp: 'null' | 'text'): string {
  const { database, table, columns, primaryKey } = shape
  return derivedSchema({
    database,
    table,
    columns: columns.map((column) => derivedColumn(column, zeroTimestamp)),
    primaryKey: primaryKey.map(({ name }) => name),
  })
}

function derivedColumn(column: BinlogColumn, zeroTimestamp: 'null' | 'text'): DerivedColumn {
  const { name, index, typeName } = column
  const { type, logicalType, nullable = false } = derivedType(column, zeroTimestamp)
  const logical = logicalType === undefined ? {} : { logicalType }
  return { name, position: index + 1, typeName, type, ...logical, nullable: column.nullable || nullable }
}
