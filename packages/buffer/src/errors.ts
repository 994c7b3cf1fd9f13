import { EventCorruptError, type EventVersion, versionAt } from '@aesop/event'
import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class WindowTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_WINDOW_TOO_LARGE',
    meaning: 'One transaction has more bytes than the whole event buffer.',
    remedy:
      'Keep the buffer in files (databus.relay.eventBuffer.allocationPolicy: MMAPPED_MEMORY), which take any, raise databus.relay.eventBuffer.maxSize above the largest transaction, or split the transaction.',
    canRetry: false,
  } as const
  constructor(windowBytes: number, maxBytes: number) {
    super(
      WindowTooLargeError.kind,
      `the open window needs more than ${windowBytes} bytes, the event buffer has ${maxBytes}`,
      { fields: { windowBytes, maxBytes } },
    )
  }
}

export class BufferFullError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_FULL',
    meaning: 'A producer went on writing into a buffer that is full of windows which are still needed.',
    remedy: 'Let the producer await whenWritable() between windows.',
    canRetry: false,
  } as const
  constructor(heldBytes: number, maxBytes: number) {
    super(BufferFullError.kind, `the event buffer holds ${heldBytes} bytes and may hold ${maxBytes}`, {
      fields: { heldBytes, maxBytes },
    })
  }
}

export class ScnOrderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_SCN_ORDER',
    meaning: 'A producer closed a window under an SCN that is not above the one before.',
    remedy:
      'The source went back in time: check whether it was restored or replaced; aesop-launch state reset <bootstrap.yaml> --source <name> then lets startFrom decide where it begins, under SCNs above.',
    canRetry: false,
  } as const
  constructor(scn: bigint, lastScn: bigint) {
    super(
      ScnOrderError.kind,
      `a window can't be closed under SCN ${scn.toString()}: expected one above ${lastScn.toString()}`,
      {
        fields: { scn, lastScn },
      },
    )
  }
}

export class WindowStateError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_WINDOW_STATE',
    meaning: 'A producer called the buffer in a wrong order.',
    remedy: 'The order is start, then per window: beginWindow, append …, endWindow or rollbackWindow.',
    canRetry: false,
  } as const
  constructor(call: string, fault: string) {
    super(WindowStateError.kind, `${call} was called, but ${fault}`)
  }
}

export class ValueOverflowError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_VALUE_OVERFLOW',
    meaning: 'A value writer wrote more bytes than it had announced in maxValueBytes.',
    remedy: 'Correct the bound that the mapper gives for its values.',
    canRetry: false,
  } as const
  constructor(sourceId: number, writtenBytes: number, announcedBytes: number) {
    super(
      ValueOverflowError.kind,
      `an event of source ${sourceId} takes ${writtenBytes} bytes, announced were at most ${announcedBytes}`,
      { fields: { sourceId, writtenBytes, announcedBytes } },
    )
  }
}

export class SegmentDamagedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_SEGMENT_DAMAGED',
    meaning: 'A file of the event buffer is no longer what was written.',
    remedy:
      'The buffer goes on behind it, and the file is kept beside as .damaged: check the disk. Consumers that need what was in it are served from the log of the source, while that reaches back.',
    canRetry: true,
  } as const
  constructor(path: string, fault: string, cause?: unknown) {
    super(SegmentDamagedError.kind, `the segment ${path} is damaged: ${fault}`, { fields: { path }, cause })
  }
}

export class BufferSizeInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_SIZE_INVALID',
    meaning: 'The size of an event buffer is too small to hold events.',
    remedy: 'Set databus.relay.eventBuffer.maxSize to 64 KiB or more; 10 MB is the usual size.',
    canRetry: false,
  } as const
  constructor(maxBytes: number, minBytes: number) {
    super(BufferSizeInvalidError.kind, `the event buffer's size is ${maxBytes} bytes, expected at least ${minBytes}`)
  }
}

export class EventVersionForeignError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BUFFER_EVENT_VERSION',
    meaning: 'Events that are to be copied into a buffer are of another version than its own.',
    remedy: 'Set eventVersion of this physical source to that of the relay or log that its events come from.',
    canRetry: false,
  } as const
  constructor(version: EventVersion, expected: EventVersion) {
    super(
      EventVersionForeignError.kind,
      `an event that is to be copied is of version ${version}, the event buffer's are of ${expected}`,
      { fields: { version, expected } },
    )
  }
}

/** @throws EventVersionForeignError when the event at `at` is not of that version */
export function refuseVersion(bytes: Buffer, at: number, expected: EventVersion): void {
  const version = versionAt(bytes, at)
  if (version !== expected) throw new EventVersionForeignError(version, expected)
}

export const bufferErrors: readonly AesopErrorClass[] = [
  WindowTooLargeError,
  BufferFullError,
  ScnOrderError,
  WindowStateError,
  ValueOverflowError,
  BufferSizeInvalidError,
  SegmentDamagedError,
  EventVersionForeignError,
]

/** The damage that an error tells of; undefined: it tells of none. */
export function damageOf(error: unknown): Error | undefined {
  return error instanceof SegmentDamagedError || error instanceof EventCorruptError ? error : undefined
}
