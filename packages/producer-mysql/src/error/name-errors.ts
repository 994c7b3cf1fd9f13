import { type AesopErrorClass } from '@aesop/kernel'
import { type LogicalSourceConfig, quotedTable, type TableName } from '@aesop/producer'
import { TableFault } from './table-fault.ts'

export class SourceTableAmbiguousError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_SOURCE_TABLE_AMBIGUOUS',
    meaning:
      'The uri of a logical source means two tables, because a dot may stand in names, or two sources mean one table.',
    remedy: 'Write backticks around the names in the uri (`my.shop`.`book`); name no table twice.',
    canRetry: false,
  } as const

  private constructor(fault: string, fields: Record<string, unknown>, remedy: string) {
    super(SourceTableAmbiguousError.kind, fault, { fields, remedy })
  }

  static ofTables({ name, uri }: LogicalSourceConfig, tables: readonly TableName[]): SourceTableAmbiguousError {
    const names = tables.map(quotedTable)
    const fault = `source ${name}: its uri ${uri} means the tables ${names.join(' and ')}`
    const remedy = `Write ${names.join(' or ')} as its uri.`
    return new SourceTableAmbiguousError(fault, { source: name, uri, tables: names }, remedy)
  }

  static ofSources(table: TableName, uris: readonly string[]): SourceTableAmbiguousError {
    const name = quotedTable(table)
    const fault = `the sources ${uris.join(' and ')} mean one table, ${name}`
    const remedy = 'Remove one of the two, or write backticks around the names in its uri.'
    return new SourceTableAmbiguousError(fault, { table: name, uris }, remedy)
  }
}

export const nameErrors: readonly AesopErrorClass[] = [SourceTableAmbiguousError]
