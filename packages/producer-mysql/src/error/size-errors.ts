import { type AesopErrorClass } from '@aesop/kernel'
import { TableFault } from './table-fault.ts'

const REMEDY =
  'Raise largestEventSizeInBytes of the physical source, then maxEventSize of every client and eventBuffer.maxSize of the relay to no less.'

export class RowTooLargeError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_ROW_TOO_LARGE',
    meaning: 'A row of a captured table makes a change event that is larger than largestEventSizeInBytes allows.',
    remedy: REMEDY,
    canRetry: false,
  } as const
  /** @param ordinal how many events of the transaction came before @param key as `logKeys` lets it be shown */
  constructor(
    table: string,
    { ordinal, key }: { ordinal: number; key: string | undefined },
    bytes: number,
    bytesMax: number,
  ) {
    const row = `ordinal ${ordinal} of its transaction${key === undefined ? '' : `, key ${key}`}`
    super(
      RowTooLargeError.kind,
      `table ${table}, ${row}: the row makes an event of ${bytes} bytes, largestEventSizeInBytes allows ${bytesMax}`,
      { fields: { table, ordinal, ...(key === undefined ? {} : { key }), bytes, bytesMax } },
    )
  }
}

export class LoggedRowTooLargeError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE',
    meaning:
      'The log holds a row, or says that one follows, or a statement, that is so large when it is uncompressed that nothing is reserved for it.',
    remedy: REMEDY,
    canRetry: false,
  } as const
  /** @param table where it is known @param bytes what the log says, and what nobody has seen yet when it is compressed */
  constructor(what: string, table: string | undefined, bytes: number, bytesMax: number) {
    super(
      LoggedRowTooLargeError.kind,
      `${table === undefined ? '' : `table ${table}: `}${what} of ${bytes} bytes in the log, expected ${bytesMax} at most: twice largestEventSizeInBytes, and 1 MiB`,
      { fields: { ...(table === undefined ? {} : { table }), bytes, bytesMax } },
    )
  }
}

/** The errors of what is too large, part of the package's catalogue. */
export const sizeErrors: readonly AesopErrorClass[] = [RowTooLargeError, LoggedRowTooLargeError]
