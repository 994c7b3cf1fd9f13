import { type LogicalSourceConfig } from '@aesop/producer'
import { type RecordField, type RecordSchema, type RegisteredSchema } from '@aesop/schema'
import { type Opcode } from '@aesop/event'
import { type BinlogColumn } from '../table/binlog-column.ts'
import { type ColumnConversion, columnConversion } from './column-conversion.ts'
import { type ColumnValue } from './column-value.ts'
import { compileRowWriter, type RowWriter } from './row-writer.ts'
import { matchFields } from './schema-match.ts'

/** A row by column name. A column that a partial image does not carry is missing; NULL is null. */
export type RowObject = Readonly<Record<string, ColumnValue>>

/** One change as a user's own mapper sees it. */
export interface RowChange {
  readonly opcode: Opcode
  readonly database: string
  readonly table: string
  readonly source: LogicalSourceConfig
  /** The row after the change; of a DELETE, the row that is gone. */
  readonly row: RowObject
  /** The row before an UPDATE. */
  readonly before?: RowObject
  /** The schema by which the answer is encoded. */
  readonly schema: RegisteredSchema
}

/** Turns row changes of one logical source into what its schema holds: a user's class may be one. */
export interface BinLogEventMapper {
  /** The object to be encoded, or null to leave the change out. */
  map(change: RowChange): Readonly<Record<string, unknown>> | null
}

/** Decides how columns become Avro fields; a subclass may decide otherwise. */
export class ORToAvroMapper {
  /** @throws ColumnConversionError when the pair can't be converted without loss */
  conversion(table: string, column: BinlogColumn, field: RecordField): ColumnConversion {
    return columnConversion(table, column, field)
  }
}

export interface DefaultBinLogEventMapperOptions {
  readonly orToAvroMapper?: ORToAvroMapper
}

/** The mapper of every source that has none of its own: rows go from the log to Avro by one compiled function. */
export class DefaultBinLogEventMapper implements BinLogEventMapper {
  private readonly orToAvro: ORToAvroMapper

  constructor(options: DefaultBinLogEventMapperOptions = {}) {
    this.orToAvro = options.orToAvroMapper ?? new ORToAvroMapper()
  }

  /** @throws SchemaMismatchError, ColumnConversionError */
  compile(source: string, table: string, schema: RecordSchema, columns: readonly BinlogColumn[]): RowWriter {
    const matches = matchFields(source, table, schema, columns)
    return compileRowWriter(matches.map(({ column, field }) => this.orToAvro.conversion(table, column, field)))
  }

  map(change: RowChange): RowObject {
    return change.row
  }
}

/** Whether it compiles as the standard one does, whichever copy of this package its class is of. */
export function compilesRows(mapper: BinLogEventMapper): mapper is DefaultBinLogEventMapper {
  return 'compile' in mapper && typeof mapper.compile === 'function'
}
