import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class EventCorruptError extends AesopError {
  static readonly kind = {
    code: 'AESOP_EVENT_CORRUPT',
    meaning: 'Bytes that should be a change event contradict their own length, version or checksum.',
    remedy:
      'The connection is closed and the window read again; if it happens again, check memory and network of both hosts.',
    canRetry: true,
  } as const
  constructor(fault: string) {
    super(EventCorruptError.kind, `corrupt change event: ${fault}`)
  }
}

export class EventTruncatedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_EVENT_TRUNCATED',
    meaning: 'A stream of change events ended inside an event.',
    remedy: 'The connection was cut; the client reads the window again by itself.',
    canRetry: true,
  } as const
  constructor(pendingBytes: number) {
    super(EventTruncatedError.kind, `the event stream ended inside an event, after ${pendingBytes} bytes of it`, {
      fields: { pendingBytes },
    })
  }
}

export class EventTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_EVENT_TOO_LARGE',
    meaning: 'A change event is longer than the limit of its reader or writer.',
    remedy:
      'Raise maxEventSize of the client, eventBuffer.maxSize of the relay and largestEventSizeInBytes of the physical source above the size of the largest row.',
    canRetry: false,
  } as const
  constructor(bytes: number, bytesMax: number) {
    super(EventTooLargeError.kind, `a change event has ${bytes} bytes, the limit is ${bytesMax}`, {
      fields: { bytes, bytesMax },
    })
  }
}

export class EventUnsupportedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_EVENT_UNSUPPORTED',
    meaning:
      'A change event is whole and has something that is not read here: a key with a schema, another digest, a large source id.',
    remedy: 'Let the relay that makes these events write them without it, or let it serve version 1 (maxev=0).',
    canRetry: false,
  } as const
  constructor(what: string) {
    super(EventUnsupportedError.kind, `a change event has ${what}, which is not read here`)
  }
}

export class EventKeyTooLongError extends AesopError {
  static readonly kind = {
    code: 'AESOP_EVENT_KEY_TOO_LONG',
    meaning: 'The key of a row has more bytes than a key of an event of version 2 may have.',
    remedy: 'Give the table a shorter key, or leave eventVersion of the physical source at 1.',
    canRetry: false,
  } as const
  constructor(bytes: number, bytesMax: number) {
    super(EventKeyTooLongError.kind, `the key of a change event has ${bytes} bytes, the limit is ${bytesMax}`, {
      fields: { bytes, bytesMax },
    })
  }
}

export class RemoteErrorTextError extends AesopError {
  static readonly kind = {
    code: 'AESOP_EVENT_REMOTE_ERROR',
    meaning: 'The other side sent the text of an error where change events were expected.',
    remedy: 'Read the text and the log of the relay; the client tries again by itself.',
    canRetry: true,
  } as const
  constructor(text: string) {
    super(RemoteErrorTextError.kind, `the relay answered with an error text: ${text}`)
  }
}

export const eventErrors: readonly AesopErrorClass[] = [
  EventCorruptError,
  EventTruncatedError,
  EventTooLargeError,
  EventUnsupportedError,
  EventKeyTooLongError,
  RemoteErrorTextError,
]
