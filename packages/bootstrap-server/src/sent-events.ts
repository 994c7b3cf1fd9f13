import { downConvert, downConvertedBytesAt, EventView, versionAt } from '@aesop/event'
import { type BootstrapRequest, keyPasses } from '@aesop/wire'

export interface SentEvents {
  readonly bytes: Buffer
  readonly rows: number
  /** Of the last event that was looked at, sent or not; undefined: there was none. */
  readonly lastScn: bigint | undefined
}

/** Which of the store's events a client gets, and in which version: as a relay would give them. */
export function sentEvents(
  bytes: Buffer,
  schemaChangeId: number,
  {
    filter,
    eventVersionMax,
    takesSchemaChanges,
  }: Pick<BootstrapRequest, 'filter' | 'eventVersionMax' | 'takesSchemaChanges'>,
): SentEvents {
  const view = new EventView()
  const pieces: Buffer[] = []
  let rows = 0
  // What is sent as it is goes in one piece from here on.
  let from = 0
  for (let offset = 0; offset < bytes.length; offset = view.end) {
    view.moveTo(bytes, offset)
    const isChange = view.sourceId === schemaChangeId
    const passes = isChange ? takesSchemaChanges : filter === undefined || keyPasses(filter, view.key)
    if (passes) rows++
    if (passes && (eventVersionMax > 0 || versionAt(bytes, offset) === 1)) continue
    pieces.push(bytes.subarray(from, offset))
    if (passes) pieces.push(version1(view))
    from = view.end
  }
  const lastScn = bytes.length > 0 ? view.scn : undefined
  if (from === 0) return { bytes, rows, lastScn }
  return { bytes: Buffer.concat([...pieces, bytes.subarray(from)]), rows, lastScn }
}

function version1({ bytes, offset }: EventView): Buffer {
  const target = Buffer.allocUnsafe(downConvertedBytesAt(bytes, offset))
  downConvert(bytes, offset, target, 0)
  return target
}
