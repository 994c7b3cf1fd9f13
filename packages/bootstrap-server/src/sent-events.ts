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
  let lastScn: bigint | undefined
  for (let offset = 0; offset < bytes.length; offset = view.end) {
    view.moveTo(bytes, offset)
    lastScn = view.scn
    const isChange = view.sourceId === schemaChangeId
    const passes = isChange ? takesSchemaChanges : filter === undefined || keyPasses(filter, view.key)
    if (passes) pieces.push(eventVersionMax === 0 ? version1(view) : bytes.subarray(offset, view.end))
  }
  return { bytes: Buffer.concat(pieces), rows: pieces.length, lastScn }
}

function version1({ bytes, offset, end }: EventView): Buffer {
  if (versionAt(bytes, offset) === 1) return bytes.subarray(offset, end)
  const target = Buffer.allocUnsafe(downConvertedBytesAt(bytes, offset))
  downConvert(bytes, offset, target, 0)
  return target
}
