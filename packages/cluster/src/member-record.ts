import { documentOf, readDocument, textIn } from './document.ts'
import { DocumentTooLargeError } from './errors.ts'

const RECORD_BYTES_MAX = 16 * 1024

/** A live member, and what it says of itself. */
export interface Member {
  readonly memberId: string
  readonly incarnation: string
  readonly record: string
}

/** @throws DocumentTooLargeError */
export function memberDocument({ incarnation, record }: Omit<Member, 'memberId'>): Buffer {
  const bytes = Buffer.byteLength(record)
  if (bytes > RECORD_BYTES_MAX) throw DocumentTooLargeError.of('the record of the member', bytes, RECORD_BYTES_MAX)
  return documentOf({ incarnation, record })
}

/** @throws DocumentFormatNewerError, DocumentMalformedError */
export function readMember(memberId: string, bytes: Uint8Array, where: string): Member {
  const fields = readDocument(bytes, where)
  return { memberId, incarnation: textIn(fields, 'incarnation', where), record: textIn(fields, 'record', where) }
}
