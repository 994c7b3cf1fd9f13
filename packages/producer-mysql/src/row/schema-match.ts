import { type RecordField, type RecordSchema } from '@aesop/schema'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { SchemaMismatchError } from '../error/errors.ts'

/** A field and the column that it is filled from. */
export interface FieldMatch {
  readonly field: RecordField
  readonly column: BinlogColumn
}

/**
 * Finds the column of each field of a schema, in the order of its fields: by `dbFieldName` when every field names a
 * column of its own that exists, else by `dbFieldPosition` (the field with the lowest position takes the first column, whether
 * counting began at 0 or 1), else by the fields' own names. Columns that no field asks for are left out.
 * @throws SchemaMismatchError
 */
export function matchFields(
  source: string,
  table: string,
  schema: RecordSchema,
  columns: readonly BinlogColumn[],
): readonly FieldMatch[] {
  const byMeta = matchByName(schema.fields, columns, (field) => field.meta['dbFieldName'])
  // Former versions wrote names with a semicolon so that they read as another column's.
  if (byMeta !== undefined && new Set(byMeta.map(({ column }) => column)).size === byMeta.length) return byMeta
  if (schema.fields.every((field) => field.meta['dbFieldPosition'] !== undefined)) {
    return matchByPosition(source, table, schema.fields, columns)
  }
  const byName = matchByName(schema.fields, columns, (field) => field.name)
  if (byName !== undefined) return byName
  const lost = schema.fields.find(
    (field) => columnNamed(columns, field.meta['dbFieldName'] ?? field.name) === undefined,
  )
  throw new SchemaMismatchError(source, table, `field ${lost?.name ?? '?'} belongs to no column`)
}

function matchByName(
  fields: readonly RecordField[],
  columns: readonly BinlogColumn[],
  nameOf: (field: RecordField) => string | undefined,
): readonly FieldMatch[] | undefined {
  const matches = fields.flatMap((field) => {
    const column = columnNamed(columns, nameOf(field))
    return column === undefined ? [] : [{ field, column }]
  })
  return matches.length === fields.length ? matches : undefined
}

/** Column names compare without case, as the server does. */
function columnNamed(columns: readonly BinlogColumn[], name: string | undefined): BinlogColumn | undefined {
  const wanted = name?.toLowerCase()
  return columns.find((column) => column.name.toLowerCase() === wanted)
}

function matchByPosition(
  source: string,
  table: string,
  fields: readonly RecordField[],
  columns: readonly BinlogColumn[],
): readonly FieldMatch[] {
  const position = (field: RecordField): number => Number(field.meta['dbFieldPosition'])
  const order = [...fields].sort((left, right) => position(left) - position(right))
  return fields.map((field) => {
    const column = columns[order.indexOf(field)]
    if (column !== undefined) return { field, column }
    const fault = `field ${field.name} stands at place ${order.indexOf(field) + 1}, the table has ${columns.length} columns`
    throw new SchemaMismatchError(source, table, fault)
  })
}

/** The key's columns as the schema's `pk` names them; empty when it names none. @throws SchemaMismatchError */
export function keyColumns(
  source: string,
  table: string,
  schema: RecordSchema,
  matches: readonly FieldMatch[],
): readonly BinlogColumn[] {
  return schema.primaryKey.map((name) => {
    const isSame = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase()
    // Names of fields may differ by case alone, where signs of the columns' names became underscores.
    const match =
      matches.find(({ field }) => field.name === name) ?? matches.find(({ field }) => isSame(field.name, name))
    if (match !== undefined) return match.column
    throw new SchemaMismatchError(source, table, `pk names ${name}, which is no field`)
  })
}
