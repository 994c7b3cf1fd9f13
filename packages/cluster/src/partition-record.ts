import { type Owner } from './assignment.ts'
import { countIn, documentOf, flagIn, readDocument, textIn } from './document.ts'
import { DocumentMalformedError, DocumentTooLargeError } from './errors.ts'

/** Node, path and head of a record stay below a million bytes with it. */
const CHECKPOINT_BYTES_MAX = 900_000

const LINE_END = 0x0a

/** What is stored of a partition: who claimed it last, and its newest checkpoint. */
export interface PartitionRecord {
  readonly epoch: number
  readonly owner: Owner
  /** The owner has released it: others need not wait for his end. */
  readonly isFree: boolean
  /** undefined: none was written yet. */
  readonly checkpoint: Uint8Array | undefined
}

/** @throws DocumentTooLargeError */
export function checkCheckpoint({ length }: Uint8Array): void {
  if (length > CHECKPOINT_BYTES_MAX) throw DocumentTooLargeError.of('the checkpoint', length, CHECKPOINT_BYTES_MAX)
}

/** A line of JSON, then the checkpoint as it came. */
export function recordBytes({ epoch, owner, isFree, checkpoint }: PartitionRecord): Buffer {
  const head = documentOf({ epoch, ...owner, isFree, hasCheckpoint: checkpoint !== undefined })
  return Buffer.concat([head, Buffer.of(LINE_END), checkpoint ?? Buffer.alloc(0)])
}

/** @throws DocumentFormatNewerError, DocumentMalformedError */
export function readRecord(bytes: Buffer, where: string): PartitionRecord {
  const end = bytes.indexOf(LINE_END)
  if (end < 0) throw DocumentMalformedError.of(where, 'its first line has no end')
  const fields = readDocument(bytes.subarray(0, end), where)
  return {
    epoch: countIn(fields, 'epoch', where),
    owner: { memberId: textIn(fields, 'memberId', where), incarnation: textIn(fields, 'incarnation', where) },
    isFree: flagIn(fields, 'isFree', where),
    checkpoint: flagIn(fields, 'hasCheckpoint', where) ? bytes.subarray(end + 1) : undefined,
  }
}
