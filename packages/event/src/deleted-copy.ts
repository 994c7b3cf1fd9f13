import * as v1 from './deleted-mark-v1.ts'
import * as v2 from './deleted-mark-v2.ts'
import { versionAt } from './event-fields.ts'
import { type EventView } from './event-view.ts'
import { sealEvent } from './event-writer.ts'

/**
 * The event that tells, under another SCN, that the row of an event is gone: the same key and the same value, as a DELETE. In
 * bytes of its own.
 */
export function deletedCopy(view: EventView, scn: bigint): Buffer {
  const bytes = Buffer.from(view.bytes.subarray(view.offset, view.end))
  if (versionAt(bytes, 0) === 2) v2.markDeleted(bytes)
  else v1.markDeleted(bytes)
  sealEvent(bytes, 0, Number(scn >> 32n), Number(scn & 0xffffffffn))
  return bytes
}
