import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'
import { accountErrors } from './account-errors.ts'
import { dumpErrors } from './dump-errors.ts'
import { liveMysqlErrors } from './live-errors.ts'
import { trustErrors } from './trust-errors.ts'
import { nameErrors } from './name-errors.ts'
import { lateErrors } from './late-errors.ts'
import { xaErrors } from './xa-errors.ts'
import { placeErrors } from './place-errors.ts'
import { shapeErrors } from './shape-errors.ts'
import { sizeErrors } from './size-errors.ts'
import { TableFault } from './table-fault.ts'
import { unloggedErrors } from './unlogged-errors.ts'

export class BinlogEventCorruptError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_EVENT_CORRUPT',
    meaning: 'An event of the binary log contradicts its own length, its checksum or its table map.',
    remedy: 'Check the file with mysqlbinlog --verify-binlog-checksum; restore the file if it is damaged.',
    canRetry: false,
  } as const
  readonly fault: string
  /** Log and position; undefined until somebody who knows the place has added it. */
  readonly where: string | undefined

  constructor(fault: string, where?: string, cause?: unknown) {
    super(BinlogEventCorruptError.kind, `corrupt binary log event${where === undefined ? '' : ` ${where}`}: ${fault}`, {
      cause,
    })
    this.fault = fault
    this.where = where
  }
}

export class BinlogEventUnsupportedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_EVENT_UNSUPPORTED',
    meaning: 'The binary log holds something that this version can not decode without guessing.',
    remedy: 'Switch the named feature off on the server, or leave the table out.',
    canRetry: false,
  } as const
  constructor(what: string) {
    super(BinlogEventUnsupportedError.kind, `binary log: ${what} is not supported`)
  }
}

export class BinlogScnOverflowError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SCN_OVERFLOW',
    meaning: 'A part of a binary log position does not fit into its bits of the SCN.',
    remedy:
      'Give the logs a name of the form prefix.000001; after 1,048,575 logs RESET MASTER; aesop-launch state set <bootstrap.yaml> --source <name> --to earliest then begins with the new log.',
    canRetry: false,
  } as const
  constructor(part: string, value: number, max: number) {
    super(BinlogScnOverflowError.kind, `SCN: the ${part} is ${value}, expected an integer from 0 to ${max}`)
  }
}

export class TableUndescribedError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_TABLE_UNDESCRIBED',
    meaning: 'Neither the log nor the catalogue says what the columns of a captured table are called and hold.',
    remedy: 'SET GLOBAL binlog_row_metadata=FULL on the server; logs from before that need the server to be asked.',
    canRetry: false,
  } as const
  /** @param remedy where another one helps */
  constructor(table: string, fault: string, remedy?: string) {
    const options = { fields: { table }, ...(remedy === undefined ? {} : { remedy }) }
    super(TableUndescribedError.kind, `table ${table}: ${fault}`, options)
  }
}

export class ColumnUnsupportedError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_COLUMN_UNSUPPORTED',
    meaning: 'A column of a captured table has a type or character set that can not be decoded without guessing.',
    remedy: 'Change the column to a current type (ALTER TABLE … FORCE upgrades old ones), or leave the table out.',
    canRetry: false,
  } as const
  constructor(table: string, column: string, fault: string) {
    super(ColumnUnsupportedError.kind, `table ${table}, column ${column}: ${fault}`, { fields: { table, column } })
  }
}

export class ColumnConversionError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_COLUMN_CONVERSION',
    meaning: 'The registered schema asks for an Avro type that the column can not be converted to without loss.',
    remedy: 'Give the field the type that the derived schema has, or remove the hand-written schema.',
    canRetry: false,
  } as const
  constructor(table: string, column: string, columnType: string, field: string, avroType: string) {
    super(
      ColumnConversionError.kind,
      `table ${table}: column ${column} (${columnType}) can not be written as field ${field} (${avroType})`,
      { fields: { table, column, field } },
    )
  }
}

export class ValueConversionError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_VALUE_CONVERSION',
    meaning: 'One value of a row can not be expressed in the Avro type that the schema gives its field.',
    remedy: 'Make the field nullable or a string in the schema, or mend the value.',
    canRetry: false,
  } as const
  constructor(field: string, fault: string, cause?: unknown) {
    super(ValueConversionError.kind, `field ${field}: ${fault}`, { fields: { field }, cause })
  }
}

export class SchemaMismatchError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_SCHEMA_MISMATCH',
    meaning: 'A registered schema names fields or keys that the table does not have.',
    remedy: 'Let each field name its column (dbFieldName) or its place (dbFieldPosition), and pk its key fields.',
    canRetry: false,
  } as const
  constructor(source: string, table: string, fault: string) {
    super(SchemaMismatchError.kind, `schema of ${source} against table ${table}: ${fault}`, {
      fields: { source, table },
    })
  }
}

export class RowImageIncompleteError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE',
    meaning: 'A row change does not carry a column that the schema needs, because the server logs partial images.',
    remedy: 'SET GLOBAL binlog_row_image=FULL on the server and let its sessions reconnect.',
    canRetry: false,
  } as const
  constructor(table: string, column: string) {
    super(RowImageIncompleteError.kind, `table ${table}: the row image lacks column ${column}`, {
      fields: { table, column },
    })
  }
}

export class PartialJsonError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_PARTIAL_JSON',
    meaning: 'An update of a captured table holds only what changed inside a JSON document, not the whole row.',
    remedy:
      "SET GLOBAL binlog_row_value_options='' on the server and let its sessions reconnect, so that later changes are logged whole.",
    canRetry: false,
  } as const
  constructor(table: string, where: string) {
    super(
      PartialJsonError.kind,
      `table ${table}: an update with partial JSON ends at ${where}, a whole row is needed`,
      {
        fields: { table },
      },
    )
  }
}

export class TableKeylessError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_TABLE_KEYLESS',
    meaning: 'A captured table has no primary key, and the source was told to refuse such tables.',
    remedy: 'Add a primary key, name one with pk= in a schema, or set keyless: wholeRow.',
    canRetry: false,
  } as const
  constructor(table: string) {
    super(TableKeylessError.kind, `table ${table} has no primary key`, { fields: { table } })
  }
}

export class TransactionOrderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TRANSACTION_ORDER',
    meaning: 'The events of the log do not form whole transactions.',
    remedy:
      'aesop-launch state set <bootstrap.yaml> --source <name> --to earliest begins with the oldest log, and so between two transactions.',
    canRetry: false,
  } as const
  constructor(fault: string) {
    super(TransactionOrderError.kind, `binary log: ${fault}`)
  }
}

export class MapperFailedError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_MAPPER_FAILED',
    meaning:
      'A binLogEventMapper of the user threw, or returned what its schema can not hold. What it threw stands in the log, and nowhere else.',
    remedy: 'Mend the mapper; the transaction is read again after the restart.',
    canRetry: false,
  } as const
  constructor(source: string, cause: unknown) {
    super(MapperFailedError.kind, `the mapper of ${source} failed; its error stands in the log`, {
      cause,
      fields: { source },
    })
  }
}

export class BinlogFileError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_BINLOG_FILE',
    meaning: 'A binary log file or its index is missing, is not a binary log, or is encrypted.',
    remedy: 'Let the URI binlog:<path> name the index file, with the logs it lists beside it.',
    canRetry: false,
  } as const
  constructor(path: string, fault: string, cause?: unknown) {
    super(BinlogFileError.kind, `binary log ${path}: ${fault}`, { cause, fields: { path } })
  }
}

export class BinlogFileReplacedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_FILE_REPLACED',
    meaning:
      'A binary log file that was read is another file by now, or gone: its server was reset, or a copy of the log was put in its place.',
    remedy:
      'The source opens it again by itself and proves its place; if the log was reset, the error that follows says so and what to do.',
    canRetry: true,
  } as const
  constructor(path: string, position: number) {
    super(
      BinlogFileReplacedError.kind,
      `binary log ${path}: it is not the file any more that was read up to ${position}`,
      { fields: { path, position } },
    )
  }
}

export class BinlogFilesExhaustedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_FILES_EXHAUSTED',
    meaning: 'A binary log file or its index can not be opened now: file descriptors or memory have run out.',
    remedy:
      'The source tries again by itself; if it happens often, raise the limit of open files of the process (ulimit -n) or see what else takes them.',
    canRetry: true,
  } as const
  constructor(path: string, fault: string, cause: unknown) {
    const { kind } = BinlogFilesExhaustedError
    super(kind, `binary log ${path}: ${fault} now: ${messageOf(cause)}`, { cause, fields: { path } })
  }
}

/** What the process or its machine has none of for a while: the file itself may be whole. */
const EXHAUSTED: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

/** What the failure of a system call says of a log or its index. */
export function binlogFileFault(path: string, fault: string, cause: unknown): AesopError {
  const isExhausted = EXHAUSTED.has((cause as NodeJS.ErrnoException).code)
  return isExhausted ? new BinlogFilesExhaustedError(path, fault, cause) : new BinlogFileError(path, fault, cause)
}

export class BinlogIncidentError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_INCIDENT',
    meaning:
      'The server notes in its binary log that changes were made which the log does not hold. Of which tables is not known here.',
    remedy:
      "Find the tables in the server's error log and bring their consumers up to date from the tables themselves; then run aesop-launch state pass <bootstrap.yaml> --source <name> --at <file:position> to go on behind the incident.",
    canRetry: false,
  } as const
  /** `file` and `position`: where the transaction begins that the event stands in, or the event itself. */
  constructor(incident: string, at: { readonly file: string; readonly position: number }) {
    const place = `${at.file}:${at.position}`
    super(BinlogIncidentError.kind, `changes are missing in the binary log at ${place}: the server notes ${incident}`, {
      fields: { file: at.file, position: at.position },
      remedy: BinlogIncidentError.kind.remedy.replace('<file:position>', place),
    })
  }
}

/** Logged as an alarm, never thrown: the stream goes on, the change is lost. */
export class StatementFormatError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_STATEMENT_FORMAT',
    meaning: 'A change of a captured table was logged as its SQL statement: its rows are not in the log and are lost.',
    remedy:
      'SET GLOBAL binlog_format=ROW on the server, end the session that set another format, and write the rows again. MariaDB logs a table whose versions are told by transactions (BIGINT UNSIGNED … AS ROW START) so under every format: give it a period of TIMESTAMP(6).',
    canRetry: false,
  } as const
  constructor(table: string) {
    super(StatementFormatError.kind, `a change of ${table} was logged as a statement and is lost`, {
      fields: { table },
    })
  }
}

const decoderErrors: readonly AesopErrorClass[] = [
  StatementFormatError,
  BinlogEventCorruptError,
  BinlogEventUnsupportedError,
  BinlogScnOverflowError,
  TableUndescribedError,
  ColumnUnsupportedError,
  ColumnConversionError,
  ValueConversionError,
  SchemaMismatchError,
  RowImageIncompleteError,
  PartialJsonError,
  TableKeylessError,
  TransactionOrderError,
  MapperFailedError,
  BinlogFileError,
  BinlogFileReplacedError,
  BinlogFilesExhaustedError,
  BinlogIncidentError,
]

export const producerMysqlErrors: readonly AesopErrorClass[] = [
  ...decoderErrors,
  ...liveMysqlErrors,
  ...accountErrors,
  ...trustErrors,
  ...dumpErrors,
  ...nameErrors,
  ...lateErrors,
  ...xaErrors,
  ...placeErrors,
  ...shapeErrors,
  ...sizeErrors,
  ...unloggedErrors,
]
