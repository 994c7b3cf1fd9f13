import { type AesopError, cutText, formatJson, messageOf, SHOWN_BYTES_MAX } from '@aesop/kernel'
import * as errors from './errors.ts'
import { headers } from './paths.ts'
import { type HeaderMap } from './request-parameters.ts'

/** What a failed request answers. After the first byte of a body, `headers` go into the trailers instead. */
export interface ErrorResponse {
  /** 500, as in Databus; of a request that was refused before it was looked at what HTTP says of it; 503 may be sent again. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type WireErrorClass = new (message: string, options?: { fields: Record<string, unknown> }) => AesopError

/** A message may name a parameter of 16 KiB, and stands in two headers; Node and Netty take 8 to 16 KiB of all headers. */
const HEADER_CHARS_MAX = 1024
const RETRY_AFTER_S = 1
const REQUEST_PROCESSING = 'com.linkedin.databus2.core.container.request.RequestProcessingException'

/** Names that Databus' clients know; a `cause` is sent inside a RequestProcessingException, as Databus does. */
const NAMES: readonly { readonly name: string; readonly cause: boolean; readonly of: WireErrorClass }[] = [
  { name: 'com.linkedin.databus.core.ScnNotFoundException', cause: true, of: errors.ScnNotFoundError },
  { name: 'aesop.ScnInFutureError', cause: true, of: errors.ScnInFutureError },
  { name: 'aesop.ScnSpaceForeignError', cause: true, of: errors.ScnSpaceForeignError },
  { name: 'com.linkedin.databus.core.OffsetNotFoundException', cause: true, of: errors.OffsetNotFoundError },
  { name: 'aesop.RelayBusyError', cause: true, of: errors.RelayBusyError },
  { name: 'com.linkedin.databus2.core.BufferNotFoundException', cause: false, of: errors.BufferNotFoundError },
  {
    name: 'com.linkedin.databus2.core.container.request.InvalidRequestParamValueException',
    cause: false,
    of: errors.InvalidRequestError,
  },
  { name: 'java.lang.IllegalArgumentException', cause: false, of: errors.OutputUnknownError },
  {
    name: 'com.linkedin.databus2.core.container.request.UnknownCommandException',
    cause: false,
    of: errors.UnknownCommandError,
  },
  {
    name: 'com.linkedin.databus2.core.container.request.BootstrapDatabaseTooOldException',
    cause: true,
    of: errors.BootstrapTooOldError,
  },
  {
    name: 'com.linkedin.databus2.core.container.request.BootstrapDatabaseTooYoungException',
    cause: true,
    of: errors.BootstrapTooYoungError,
  },
  { name: 'aesop.SnapshotFailedError', cause: true, of: errors.SnapshotFailedError },
  { name: 'aesop.SnapshotDelayedError', cause: true, of: errors.SnapshotDelayedError },
  { name: 'aesop.BootstrapOutdatedError', cause: true, of: errors.BootstrapOutdatedError },
  { name: 'aesop.BootstrapElsewhereError', cause: true, of: errors.BootstrapElsewhereError },
  { name: REQUEST_PROCESSING, cause: false, of: errors.RequestFailedError },
  { name: 'aesop.RequestRefusedError', cause: false, of: errors.RequestRefusedError },
  { name: 'aesop.TokenRefusedError', cause: false, of: errors.TokenRefusedError },
]

/** The answer that tells an error to the other side, with the class names that Databus' clients look for. */
export function formatError(error: unknown): ErrorResponse {
  const entry = NAMES.find((known) => error instanceof known.of)
  const message = cutText(messageOf(error) || 'No message provided', SHOWN_BYTES_MAX)
  const outer = entry === undefined || entry.cause ? REQUEST_PROCESSING : entry.name
  const line = headerText(message)
  const isBusy = error instanceof errors.RelayBusyError
  return {
    status: statusOf(error),
    headers: {
      ...(isBusy ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
      [headers.error]: outer,
      [headers.errorMessage]: line,
      ...(entry?.cause ? { [headers.errorCause]: entry.name, [headers.errorCauseMessage]: line } : {}),
    },
    body: `${formatJson({ error: outer, message })}\r\n`,
  }
}

function statusOf(error: unknown): number {
  if (error instanceof errors.RelayBusyError) return 503
  const isRefusal = error instanceof errors.RequestRefusedError || error instanceof errors.TokenRefusedError
  const { status } = isRefusal ? error.fields : {}
  return typeof status === 'number' ? status : 500
}

/**
 * The error that headers or trailers tell of, or undefined when they tell of none. The cause decides before the outer
 * class. `body`, where there is one, has the message with all its characters.
 */
export function parseError(received: HeaderMap, body?: string): AesopError | undefined {
  const outer = headerOf(received, headers.error)
  const cause = headerOf(received, headers.errorCause)
  const name = cause ?? outer
  if (name === undefined) return undefined
  const fromBody = cause === undefined || REQUEST_PROCESSING === outer ? messageOfBody(body) : undefined
  const message =
    fromBody ?? headerOf(received, headers.errorCauseMessage) ?? headerOf(received, headers.errorMessage) ?? name
  const entry = NAMES.find((known) => known.name === name) ?? bySimpleName(name)
  if (entry === undefined) return new errors.RequestFailedError(`${message} (${name})`, { fields: { remote: name } })
  return new entry.of(message, { fields: { remote: name } })
}

/** Old servers put a few of these classes into other Java packages: the last part of the name is enough. */
function bySimpleName(name: string): (typeof NAMES)[number] | undefined {
  const simple = name.slice(name.lastIndexOf('.') + 1)
  return NAMES.find((known) => known.name.endsWith(`.${simple}`))
}

function headerOf(received: HeaderMap, name: string): string | undefined {
  const value = received[name]
  return typeof value === 'string' ? value : undefined
}

function messageOfBody(body: string | undefined): string | undefined {
  if (body === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null || !('message' in parsed)) return undefined
    return typeof parsed.message === 'string' ? parsed.message : undefined
  } catch {
    // The headers say what failed; a body that a proxy replaced adds nothing.
    return undefined
  }
}

/** Header values hold one line of ASCII, and clients take few KiB of them: the body has the whole message. */
function headerText(message: string): string {
  const cut = message.length > HEADER_CHARS_MAX ? `${message.slice(0, HEADER_CHARS_MAX)}...` : message
  return cut.replace(/\s+/g, ' ').replace(/[^\x20-\x7e]/g, '?')
}
