import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'
import { TableFault } from './table-fault.ts'

/** Where rows lie whose shape is asked for. */
export interface ShapeWanted {
  /** Of the physical source. */
  readonly source: string
  /** `database.table` */
  readonly table: string
  /** `file:position`, of the event that names the table */
  readonly place: string
}

export class TableShapeUnsureError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_TABLE_SHAPE_UNSURE',
    meaning: 'Nothing says for sure which columns a captured table had where its rows stand in the log.',
    remedy:
      'SET GLOBAL binlog_row_metadata=FULL writes the columns into the log from now on; what stands in it already can only be left out.',
    canRetry: false,
  } as const
  constructor({ source, table, place }: ShapeWanted, reason: string) {
    const message = `source ${source}, table ${table}: its columns at ${place} are not known for sure: ${reason}`
    super(TableShapeUnsureError.kind, message, { fields: { source, table, place, reason } })
  }
}

export class TableLockedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TABLE_LOCKED',
    meaning: 'A captured table can not be described, because a session of the server holds it locked.',
    remedy: 'Nothing needs doing: it is asked again, until the session that holds the table gives it free.',
    canRetry: true,
  } as const
  constructor({ source, table, place }: ShapeWanted) {
    const message = `source ${source}, table ${table}: it was locked for more than a second when its columns were asked for, for rows at ${place}`
    super(TableLockedError.kind, message, { fields: { source, table, place } })
  }
}

export class TableAnswerOfAnotherError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TABLE_ANSWER_OF_ANOTHER',
    meaning:
      'A captured table was described by another server than the one whose log is read, or by one that is behind it.',
    remedy:
      'Let the uri lead every connection to one server: not to a proxy or name that spreads them. After a fail-over nothing needs doing: it is tried again.',
    canRetry: true,
  } as const
  constructor(answered: string, read: string) {
    super(TableAnswerOfAnotherError.kind, `tables were described by ${answered}, the log is read from ${read}`, {
      fields: { answered, read },
    })
  }
}

export class ShapesUnsavedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SHAPES_UNSAVED',
    meaning: 'What is known of captured tables can not be written, so that nothing behind a change of one may be read.',
    remedy: 'Make room, or make the file writable: it is tried again until that succeeds.',
    canRetry: true,
  } as const
  constructor(path: string, cause: unknown) {
    super(ShapesUnsavedError.kind, `shapes of tables can not be kept in ${path}: ${messageOf(cause)}`, {
      cause,
      fields: { path },
    })
  }
}

/** The errors of what is known of tables, part of the package's catalogue. */
export const shapeErrors: readonly AesopErrorClass[] = [
  TableShapeUnsureError,
  TableLockedError,
  TableAnswerOfAnotherError,
  ShapesUnsavedError,
]
