import { AesopError, type ErrorKind, InvariantError, messageOf } from '@aesop/kernel'
import { type LogBounds } from '../bootstrap-store.ts'
import { bootstrapStoreErrors } from '../errors.ts'

/** What goes into the thread of a connection, and what comes back. */
export interface ThreadCall {
  readonly id: number
  readonly method: string
  readonly parameters: readonly unknown[]
}

export interface ThreadAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: ThrownAcross
}

/** An error as it goes between threads: its class stays behind. */
export interface ThrownAcross {
  readonly message: string
  readonly code?: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** What the thread is about, told when it begins. */
export interface ThreadData {
  readonly path: string
  readonly mode: 'writes' | 'reads'
  readonly bounds: LogBounds
}

export function thrownAcross(thrown: unknown): ThrownAcross {
  if (!(thrown instanceof AesopError)) return { message: messageOf(thrown) }
  return { message: thrown.message, code: thrown.code, fields: thrown.fields }
}

/** The same error on this side, known by its code. */
export function thrownHere({ message, code, fields }: ThrownAcross): Error {
  const kinds: readonly ErrorKind[] = bootstrapStoreErrors.map(({ kind }) => kind)
  const kind = kinds.find((known) => known.code === code)
  return kind === undefined ? new InvariantError(message) : new AesopError(kind, message, { fields: fields ?? {} })
}

/** Bytes come out of a thread as `Uint8Array`. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes whose memory is theirs alone: a message takes with it all the memory behind a view. */
export function alone(bytes: Buffer): Buffer {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes
  const copy = Buffer.from(new ArrayBuffer(bytes.byteLength))
  bytes.copy(copy)
  return copy
}
