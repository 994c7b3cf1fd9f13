import { type EventKey } from '@aesop/event'
import { type AesopErrorClass } from '@aesop/kernel'
import { TableFault } from './table-fault.ts'

const KEY_CHARS_MAX = 200
const REMEDY =
  'Raise largestEventSizeInBytes of the physical source, then maxEventSize of every client and eventBuffer.maxSize of the relay to no less.'

export class RowTooLargeError extends TableFault {
  static readonly kind = {
    code: 'AESOP_MYSQL_ROW_TOO_LARGE',
    meaning: 'A row of a captured table makes a change event that is larger than largestEventSizeInBytes allows.',
    remedy: REMEDY,
    canRetry: false,
  } as const
  constructor(table: string, key: EventKey, bytes: number, bytesMax: number) {
    const shown = shownKey(key)
    super(
      RowTooLargeError.kind,
      `table ${table}, key ${shown}: its row makes an event of ${bytes} bytes, largestEventSizeInBytes allows ${bytesMax}`,
      { fields: { table, key: shown, bytes, bytesMax } },
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

/** Keys of whole rows may be as large as the rows. */
function shownKey(key: EventKey): string {
  const text = key instanceof Uint8Array ? Buffer.from(key.subarray(0, KEY_CHARS_MAX)).toString('hex') : String(key)
  return text.length > KEY_CHARS_MAX ? `${text.slice(0, KEY_CHARS_MAX)}…` : text
}

/** The errors of what is too large, part of the package's catalogue. */
export const sizeErrors: readonly AesopErrorClass[] = [RowTooLargeError, LoggedRowTooLargeError]
