import { AesopError, type AesopErrorClass, cutText, messageOf, OWN_ERROR_BYTES_MAX } from '@aesop/kernel'
import { type EventPlace } from './delivery-policy.ts'

/** Of a relay's own words, how much an error repeats. */
const NAMES_MAX = 20
const NAME_CHARS_MAX = 200

export class SourcesMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_SOURCES_MISSING',
    meaning: 'A relay does not serve a logical source that a registration asks for.',
    remedy: 'Compare logicalSources with the names of the relay’s sources; the client tries the next relay by itself.',
    canRetry: true,
  } as const
  constructor(address: string, missing: readonly string[], served: readonly string[]) {
    super(
      SourcesMissingError.kind,
      `the relay at ${address} does not serve ${quoted(missing)}; it serves ${quoted(served)}`,
      { fields: { missing } },
    )
  }
}

export class SourcesApartError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_SOURCES_APART',
    meaning:
      'A registration asks for logical sources of several physical sources of its relay. Each has SCNs of its own, and no checkpoint is a place in all of them.',
    remedy:
      'Declare a registration with an id of its own for each physical source; all of them may name the same eventConsumer or consumerFactory.',
    canRetry: false,
  } as const
  constructor(address: string, owners: ReadonlyMap<string, readonly string[]>) {
    const parts = [...owners].map(([name, sources]) => `${quoted(sources)} of the physical source "${name}"`)
    super(
      SourcesApartError.kind,
      `the relay at ${address} has ${parts.join(', and ')}; a registration is of one physical source`,
      { fields: { physicalSources: [...owners.keys()] } },
    )
  }
}

export class SourceQuarantinedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_SOURCE_QUARANTINED',
    meaning:
      'The relay leaves rows of a source out from here on, because its table has a fault, and the registration does not go on without them.',
    remedy:
      'The health of the relay names the fault. The action resume goes on without the rows that are left out; onSourceQuarantined: continue of the registration does so by itself.',
    canRetry: false,
  } as const
  constructor(registration: string, source: string, { scn, ordinal }: EventPlace) {
    super(
      SourceQuarantinedError.kind,
      `the registration "${registration}" needs ${source}, whose rows are left out from SCN ${scn} on (ordinal ${ordinal})`,
      { fields: { registration, source, scn, ordinal } },
    )
  }
}

export class SchemaMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_SCHEMA_MISSING',
    meaning: 'A relay has no schema with the id that an event of its stream carries.',
    remedy: 'Look at the schema registry of the relay; the client asks again by itself.',
    canRetry: true,
  } as const
  constructor(source: string, schemaId: string, { scn, ordinal }: EventPlace) {
    super(
      SchemaMissingError.kind,
      `the relay has no schema with the id ${schemaId} for the source "${source}" (SCN ${scn}, ordinal ${ordinal})`,
      { fields: { source, schemaId, scn, ordinal } },
    )
  }
}

export class EventOrderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_EVENT_ORDER',
    meaning: 'A relay sent events in an order that no relay may send: out of their window, or SCNs going back.',
    remedy: 'The client reads again from the last checkpoint by itself; check what stands between client and relay.',
    canRetry: true,
  } as const
  constructor(fault: string) {
    super(EventOrderError.kind, `events out of order: ${fault}`)
  }
}

export class PullerRetriesExhaustedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_PULLER_RETRIES_EXHAUSTED',
    meaning: 'Every relay failed, as often as pullerRetries.maxRetryNum allows.',
    remedy: 'Mend what the cause names, then resume the registration or start the client again.',
    canRetry: false,
  } as const
  constructor(tries: number, cause: unknown) {
    super(PullerRetriesExhaustedError.kind, `no relay answered in ${tries} tries: ${textOf(cause)}`, { cause })
  }
}

/** Where a callback failed. */
export interface CallbackPlace {
  readonly registration: string
  readonly callback: string
  readonly scn: bigint
  readonly source?: string
  /** Of a callback that is about one event: how many of the window came before; with the SCN it names the event. */
  readonly ordinal?: number
  /** The key as `logKeys` lets it be shown. */
  readonly key?: string
}

export class ConsumerFailedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONSUMER_FAILED',
    meaning: 'A callback of a consumer returned ERROR or threw. What it threw stands in the log, and nowhere else.',
    remedy: 'The client goes back to the last checkpoint and delivers again by itself.',
    canRetry: true,
  } as const
  constructor(place: CallbackPlace, cause?: unknown) {
    super(ConsumerFailedError.kind, `${placeText(place)} ${failureText(cause)}`, { cause, fields: { ...place } })
  }
}

export class ConsumerRetriesExhaustedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONSUMER_RETRIES_EXHAUSTED',
    meaning: 'A consumer failed at the same place as often as dispatcherRetries.maxRetryNum allows.',
    remedy: 'Mend the consumer or the row that the message names, then start the client again: nothing was skipped.',
    canRetry: false,
  } as const
  constructor(tries: number, failure: ConsumerFailedError) {
    super(ConsumerRetriesExhaustedError.kind, `stopped after ${tries} tries: ${failure.message}`, {
      cause: failure,
      fields: { ...failure.fields, tries },
    })
  }
}

export class ConsumerFatalError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONSUMER_FATAL',
    meaning: 'A callback of a consumer returned ERROR_FATAL.',
    remedy: 'Mend what made the consumer give up, then start the client again: it goes on at the last checkpoint.',
    canRetry: false,
  } as const
  constructor(place: CallbackPlace) {
    super(ConsumerFatalError.kind, `${placeText(place)} returned ERROR_FATAL`, { fields: { ...place } })
  }
}

export class ConsumerTimeBudgetError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONSUMER_TIME_BUDGET',
    meaning: 'A callback of a consumer did not settle within consumerTimeBudgetMs: its signal fired, and it failed.',
    remedy: 'Look what the consumer waits for, or raise databus.client.connectionDefaults.consumerTimeBudgetMs.',
    canRetry: true,
  } as const
  constructor(budgetMs: number) {
    super(ConsumerTimeBudgetError.kind, `did not settle within ${budgetMs} ms`, { fields: { budgetMs } })
  }
}

export class ConsumerOverdueError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONSUMER_OVERDUE',
    meaning: 'A callback of a consumer went on although its time budget was over and its signal had fired.',
    remedy:
      'End what the callback waits for when its AbortSignal fires. `resume` goes on when the call has settled; a restart of the process ends it.',
    canRetry: false,
  } as const
  constructor(place: CallbackPlace, elapsedMs: number) {
    super(
      ConsumerOverdueError.kind,
      `${placeText(place)} has not settled in ${elapsedMs} ms; nothing is given to the consumer before it has`,
      { fields: { ...place, elapsedMs } },
    )
  }
}

export class AcknowledgeRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_ACKNOWLEDGE_REFUSED',
    meaning: 'A consumer acknowledged a window that it can not have been given, or that is not its to acknowledge.',
    remedy: 'Acknowledge SCNs of windows that have ended, in a registration that says acknowledge: consumer.',
    canRetry: false,
  } as const
  constructor(registration: string, scn: unknown, fault: string) {
    super(
      AcknowledgeRefusedError.kind,
      `the registration "${registration}" can not take SCN ${String(scn)} for acknowledged: ${fault}`,
      { fields: { registration, scn } },
    )
  }
}

export class AcknowledgeMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_ACKNOWLEDGE_MISSING',
    meaning:
      'A consumer was given as many windows as it may be without acknowledging them; nothing more is given before it does.',
    remedy: 'Let the consumer call acknowledge of its context more often, or raise unsavedWindowsMax of clientConfig.',
    canRetry: true,
  } as const
  constructor(windows: number) {
    super(AcknowledgeMissingError.kind, `${windows} windows were given, and are not acknowledged`, {
      fields: { windows },
    })
  }
}

export class BootstrapServerMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_BOOTSTRAP_SERVER_MISSING',
    meaning:
      'A registration is to bootstrap, or to go on with a bootstrap, and its client knows no bootstrap server that has its sources.',
    remedy:
      'Name the server in bootstrapClientConfigs of the ClientConfig, or let a bootstrap container run in the same process; then resume the registration. Without one, aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that the relay has: what only the bootstrap would have given is left out.',
    canRetry: true,
  } as const
  constructor(registration: string, sources: readonly string[]) {
    super(
      BootstrapServerMissingError.kind,
      `the registration "${registration}" is to bootstrap ${quoted(sources)}, and no bootstrap server that has that is known`,
      { fields: { registration, sources } },
    )
  }
}

export class BootstrapRetriesExhaustedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_BOOTSTRAP_RETRIES_EXHAUSTED',
    meaning: 'Every bootstrap server failed, as often as bstPullerRetries.maxRetryNum allows.',
    remedy:
      'Mend what the cause names, then resume the registration or start the client again: the bootstrap goes on where it was.',
    canRetry: false,
  } as const
  constructor(tries: number, cause: unknown) {
    super(
      BootstrapRetriesExhaustedError.kind,
      `no bootstrap server brought anything in ${tries} tries: ${textOf(cause)}`,
      { cause, fields: { tries } },
    )
  }
}

export class ConsumerUnfitError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONSUMER_UNFIT',
    meaning:
      'A registration is to bootstrap, and its consumer lacks a callback without which it would end with rows that are gone, or without rows.',
    remedy:
      'Give the consumer the callback that the message names (docs/bootstrap.md has an example), then start the client again: the bootstrap goes on where it was.',
    canRetry: false,
  } as const
  constructor(registration: string, fault: string) {
    super(
      ConsumerUnfitError.kind,
      `the registration "${registration}" can not be bootstrapped: its consumer ${fault}`,
      {
        fields: { registration },
      },
    )
  }
}

export class ClientPropertyUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_PROPERTY_UNKNOWN',
    meaning: 'A key of clientProperties is no key of the client.',
    remedy: 'Correct the key, or remove it.',
    canRetry: false,
  } as const
  constructor(key: string, nearest: string | undefined) {
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`
    super(ClientPropertyUnknownError.kind, `unknown client property "${key}"${hint}`, { fields: { key } })
  }
}

export class ClientPropertyInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_PROPERTY_INVALID',
    meaning: 'A key of clientProperties has a value that it does not take.',
    remedy: 'Correct the value as the message says.',
    canRetry: false,
  } as const
  constructor(key: string, value: unknown, expected: string) {
    super(ClientPropertyInvalidError.kind, `client property "${key}" is ${String(value)}, expected ${expected}`, {
      fields: { key },
    })
  }
}

export class ClientPropertyRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_PROPERTY_REFUSED',
    meaning: 'A key of clientProperties asks for something that this client does not do.',
    remedy: 'Remove the key, or do as the message says.',
    canRetry: false,
  } as const
  constructor(key: string, reason: string) {
    super(ClientPropertyRefusedError.kind, `client property "${key}" can't be honoured: ${reason}`, { fields: { key } })
  }
}

export class RegistrationInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_REGISTRATION_INVALID',
    meaning:
      'A consumer registration names no consumer, two of them, no source, an empty id, the id of another one of the process, or a value that its property does not take.',
    remedy:
      'Give each registration logicalSources, one of eventConsumer and consumerFactory, an id of its own, and values as the message says.',
    canRetry: false,
  } as const
  constructor(registration: string, fault: string) {
    super(RegistrationInvalidError.kind, `the registration "${registration}" ${fault}`, { fields: { registration } })
  }
}

export class RegistrationUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_REGISTRATION_UNKNOWN',
    meaning: 'A client was asked for a registration that it does not have.',
    remedy: 'Use the id of one of its registrations, as the message names them.',
    canRetry: false,
  } as const
  constructor(registration: string, known: readonly string[]) {
    super(
      RegistrationUnknownError.kind,
      `the client has no registration ${quoted([registration])}, it has ${quoted(known)}`,
      { fields: { registration } },
    )
  }
}

export class ClientNotRunningError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_NOT_RUNNING',
    meaning: 'A registration was to be added to a client that has not been started, or stops.',
    remedy: 'Add it when the start of the client is over, or name it in its consumerRegistrationList.',
    canRetry: true,
  } as const
  constructor(registration: string) {
    super(ClientNotRunningError.kind, `the registration "${registration}" can not be added: the client does not run`, {
      fields: { registration },
    })
  }
}

export class RegistrationPlaceError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_REGISTRATION_PLACE',
    meaning: 'A registration can not be set to a place.',
    remedy: 'Use oldest, latest, or an SCN as aesop-launch state show <bootstrap.yaml> prints it.',
    canRetry: false,
  } as const
  constructor(registration: string, place: string, fault: string) {
    super(RegistrationPlaceError.kind, `the registration "${registration}" can not be set to "${place}": ${fault}`, {
      fields: { registration, place },
    })
  }
}

export class ClientFaultError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_FAULT',
    meaning: 'The client met an error that it does not know: a fault of the program.',
    remedy: 'Please report it with its stack; the client goes on at the last checkpoint when it is started again.',
    canRetry: false,
  } as const
  constructor(cause: Error) {
    super(ClientFaultError.kind, `unexpected ${cause.name}: ${cause.message}`, { cause })
  }
}

export const clientErrors: readonly AesopErrorClass[] = [
  SourcesMissingError,
  SourcesApartError,
  SourceQuarantinedError,
  SchemaMissingError,
  EventOrderError,
  PullerRetriesExhaustedError,
  ConsumerFailedError,
  ConsumerRetriesExhaustedError,
  ConsumerFatalError,
  ConsumerTimeBudgetError,
  ConsumerOverdueError,
  AcknowledgeRefusedError,
  AcknowledgeMissingError,
  BootstrapServerMissingError,
  BootstrapRetriesExhaustedError,
  ConsumerUnfitError,
  ClientPropertyUnknownError,
  ClientPropertyInvalidError,
  ClientPropertyRefusedError,
  RegistrationInvalidError,
  RegistrationUnknownError,
  ClientNotRunningError,
  RegistrationPlaceError,
  ClientFaultError,
]

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Names that a relay tells: of many, or of long ones, the beginning. */
function quoted(names: readonly string[]): string {
  if (names.length === 0) return 'nothing'
  const shown = names.slice(0, NAMES_MAX).map((name) => `"${name.slice(0, NAME_CHARS_MAX)}"`)
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : ''
  return `${shown.join(', ')}${more}`
}

/**
 * What a consumer's own error says, for the log alone: nobody knows what of a row it holds. At most 4 KiB; undefined: the
 * failure is none of a consumer's own words.
 */
export function consumerText(failure: unknown): string | undefined {
  if (failure instanceof ConsumerRetriesExhaustedError) return consumerText(failure.cause)
  if (!(failure instanceof ConsumerFailedError) || isOurs(failure.cause)) return undefined
  return cutText(messageOf(failure.cause), OWN_ERROR_BYTES_MAX)
}

function isOurs(cause: unknown): boolean {
  return cause === undefined || cause instanceof ConsumerTimeBudgetError
}

function placeText({ registration, callback, scn, source, ordinal, key }: CallbackPlace): string {
  const parts = [
    `SCN ${scn}`,
    ...(source === undefined ? [] : [`source "${source}"`]),
    ...(ordinal === undefined ? [] : [`ordinal ${ordinal}`]),
    ...(key === undefined ? [] : [`key ${key}`]),
  ]
  return `${callback} of the registration "${registration}" (${parts.join(', ')})`
}

function failureText(cause: unknown): string {
  if (cause === undefined) return 'returned ERROR'
  return isOurs(cause) ? `failed: ${textOf(cause)}` : 'failed; its error stands in the log'
}
