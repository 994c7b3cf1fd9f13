import { type EventVersion } from '@aesop/event'

/** What one event may take, here and in the log. */
export interface EventLimits {
  /** Bytes of a change event, header and key included: `largestEventSizeInBytes` of the physical source. */
  readonly eventBytesMax: number
  /** Layout of change events. */
  readonly eventVersion: EventVersion
  /**
   * Bytes of one row in the log, and of what is inflated at once. An update carries its row twice, and small rows share an
   * event whatever the limit is; what is larger than this can't become an event within its limit, save text in UTF-32.
   */
  readonly loggedBytesMax: number
}

const SHARED_EVENT_BYTES = 1024 * 1024

export function eventLimits(largestEventSizeInBytes: number, eventVersion: EventVersion): EventLimits {
  return {
    eventBytesMax: largestEventSizeInBytes,
    eventVersion,
    loggedBytesMax: 2 * largestEventSizeInBytes + SHARED_EVENT_BYTES,
  }
}
