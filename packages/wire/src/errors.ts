import { AesopError, type AesopErrorClass, type AesopErrorOptions } from '@aesop/kernel'
export { relayLinkErrors } from './relay-link-errors.ts'

export class ScnNotFoundError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_SCN_NOT_FOUND',
    meaning: 'The relay no longer holds the changes that follow the SCN it was asked for.',
    remedy:
      'Give the relay a larger buffer, so that it reaches back further after its next start, or the client a bootstrap server (bootstrapClientConfigs), which brings it up to date; or, if the changes in between may be lost, aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that it has.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ScnNotFoundError.kind, message, options)
  }
  /**
   * @param oldestScn the SCN after which the relay can serve
   * @param reason why it can't, where there is more to say
   * @param source names the physical source of a relay that has several
   */
  static of(scn: bigint, oldestScn: bigint, reason?: string, source?: string): ScnNotFoundError {
    const why = reason === undefined ? '' : ` (${reason})`
    return new ScnNotFoundError(
      `no changes after SCN ${scn}: the relay holds what follows SCN ${oldestScn}${named(source)}${why}`,
      { fields: { scn, oldestScn, source } },
    )
  }
  /** A checkpoint of INIT or of bootstrap names no place in a stream. */
  static ofMode(mode: string): ScnNotFoundError {
    return new ScnNotFoundError(
      `consumption_mode is ${mode}, expected ONLINE_CONSUMPTION: it names no SCN that a relay could go on from`,
      { fields: { mode } },
    )
  }
}

export class ScnInFutureError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_SCN_IN_FUTURE',
    meaning: 'The checkpoint of a client is ahead of everything that the relay has ever held.',
    remedy:
      'The relay was reset, or reads another database, or has not caught up yet. When the relay is right, aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that it has.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ScnInFutureError.kind, message, options)
  }
  /** @param source names the physical source of a relay that has several */
  static of(scn: bigint, newestScn: bigint, source?: string): ScnInFutureError {
    return new ScnInFutureError(`SCN ${scn} is ahead of the relay, whose newest SCN is ${newestScn}${named(source)}`, {
      fields: { scn, newestScn, source },
    })
  }
}

export class ScnSpaceForeignError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_SCN_SPACE_FOREIGN',
    meaning:
      'The checkpoint of a client is of another SCN space than the relay: its SCN means nothing there. The relay reads another database, or its stored place was lost and its SCNs began anew.',
    remedy:
      'Check that it is the right relay. If it is, aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that it has. If it reads the same server, under the same SCNs, as the relay before, give its PhysicalSourceConfig scnSpace: with the name of the SCN space that the checkpoint is of.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ScnSpaceForeignError.kind, message, options)
  }
  /** @param relay names it in the message */
  static of(scn: bigint, scnSpace: string, relay: string, relayScnSpace: string): ScnSpaceForeignError {
    return new ScnSpaceForeignError(
      `the checkpoint, at SCN ${scn}, is of the SCN space "${scnSpace}", and ${relay} serves the SCN space "${relayScnSpace}"`,
      { fields: { scn, scnSpace, relayScnSpace } },
    )
  }
}

export class OffsetNotFoundError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_OFFSET_NOT_FOUND',
    meaning: 'The place in the relay’s buffer was overwritten while it was being read.',
    remedy: 'The client asks again by itself.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(OffsetNotFoundError.kind, message, options)
  }
}

export class BufferNotFoundError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_BUFFER_NOT_FOUND',
    meaning: 'The relay has no buffer for the physical partition that it was asked for.',
    remedy: 'Compare the physical sources of the relay with those of the request; the client asks again by itself.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(BufferNotFoundError.kind, message, options)
  }
}

export class InvalidRequestError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_REQUEST_INVALID',
    meaning: 'A parameter of a request is missing or has a value that its command does not take.',
    remedy: 'Correct the parameter that the message names.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(InvalidRequestError.kind, message, options)
  }
}

export class OutputUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_OUTPUT_UNKNOWN',
    meaning: 'The output format of a stream request is not known.',
    remedy: 'Use output=binary, output=json or output=json_plain_value.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(OutputUnknownError.kind, message, options)
  }
}

export class UnknownCommandError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_COMMAND_UNKNOWN',
    meaning: 'The path of a request names no command of this server.',
    remedy: 'Check host and port: the address may belong to another kind of server.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(UnknownCommandError.kind, message, options)
  }
  static of(command: string): UnknownCommandError {
    return new UnknownCommandError(`Unknown databus command: ${command}`, { fields: { command } })
  }
}

export class RequestFailedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_REQUEST_FAILED',
    meaning: 'The server failed while it answered a request.',
    remedy: 'Read the message and the log of the server; the client asks again by itself.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(RequestFailedError.kind, message, options)
  }
}

export class RelayBusyError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_BUSY',
    meaning: 'The relay has as many connections, streams or waiting bytes as it may have, and takes no more for now.',
    remedy:
      'The client asks again by itself. If it lasts, raise the property that the message names, with room in the limit of open files (ulimit -n) and in memory, or add a relay.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(RelayBusyError.kind, message, options)
  }
  /** @param key the property that bounds them */
  static of(what: string, max: number, key: string): RelayBusyError {
    return new RelayBusyError(`the relay has ${max} ${what}, as many as ${key} allows`, { fields: { max, key } })
  }
}

export class RequestRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_REQUEST_REFUSED',
    meaning:
      'A relay refused a request: it was asked under a name that it does not have, by an address that is none of its peers, or from a page of another site.',
    remedy:
      'Let hosts or peers of its relayConfig name what the message says. A change of statistics needs the header "Content-Type: application/json".',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(RequestRefusedError.kind, message, options)
  }
}

export class TokenRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_TOKEN_REFUSED',
    meaning:
      'A relay asks for a token, and the request had none or a wrong one; or so many wrong ones came from its address that the next is looked at only after a while.',
    remedy:
      'Set AESOP_RELAY_TOKEN in the environment of the client, or relayToken of its clientConfig, to the token of the relay; the client tries again by itself.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(TokenRefusedError.kind, message, options)
  }
}

export class BootstrapTooOldError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_TOO_OLD',
    meaning: 'The bootstrap store is behind the client that asks it.',
    remedy: 'Wait until the bootstrap producer has caught up, or look why it stands still.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(BootstrapTooOldError.kind, message, options)
  }
}

export class BootstrapTooYoungError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_TOO_YOUNG',
    meaning: 'The bootstrap store does not reach back to the SCN that was asked for.',
    remedy:
      'Let the consumer forget what it has and get everything: onTooYoung: complete of its registration (it needs onStartBootstrap). An unmodified client of Databus: remove its checkpoint, so that it begins with a whole snapshot.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(BootstrapTooYoungError.kind, message, options)
  }
}

export class SnapshotFailedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_SNAPSHOT_FAILED',
    meaning:
      'A relay can not give the rows of a table, and will not by itself; the code of its own error stands in the message.',
    remedy: 'See that code: aesop-launch explain <code>.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(SnapshotFailedError.kind, message, options)
  }
}

export class SnapshotDelayedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_SNAPSHOT_DELAYED',
    meaning: 'A relay can not give the rows of a table now; the code of its own error stands in the message.',
    remedy: 'Nothing, if it passes: it is asked again. Else see that code: aesop-launch explain <code>.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(SnapshotDelayedError.kind, message, options)
  }
}

export class BootstrapOutdatedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_OUTDATED',
    meaning:
      'What a bootstrap still needs is no more in the store: its table was seeded again, its log was purged, or another store has taken its place, since it began.',
    remedy: 'The client begins the snapshot anew by itself. If it happens often, keep the log of the store for longer.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(BootstrapOutdatedError.kind, message, options)
  }
}

export class BootstrapElsewhereError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_ELSEWHERE',
    meaning:
      'A bootstrap server was asked to go on with a bootstrap that another one began: ids and ordinals are those of one.',
    remedy:
      'The client asks its other servers, and begins the snapshot anew where none began it. A server that takes the place of another keeps its address (address of bootstrapConfig).',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(BootstrapElsewhereError.kind, message, options)
  }
}

export class ResponseMalformedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_RESPONSE_MALFORMED',
    meaning: 'The body of a response is not what its command promises.',
    remedy: 'Check that the address is that of a relay and that no proxy changes its answers.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ResponseMalformedError.kind, message, options)
  }
}

export class ResponseTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_WIRE_RESPONSE_TOO_LARGE',
    meaning: 'An answer has more bytes, entries or levels than a client reads: to read it could take all memory.',
    remedy:
      'Check that the address is that of a relay. If it is, let the registration ask for fewer sources, or remove old versions of their schemas from the relay.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ResponseTooLargeError.kind, message, options)
  }
  static of(what: string, max: number, unit: string): ResponseTooLargeError {
    return new ResponseTooLargeError(`${what} has more than ${max} ${unit}`, { fields: { max, unit } })
  }
}

function named(source: string | undefined): string {
  return source === undefined ? '' : ` (${source})`
}

export const wireErrors: readonly AesopErrorClass[] = [
  ScnNotFoundError,
  ScnInFutureError,
  ScnSpaceForeignError,
  OffsetNotFoundError,
  BufferNotFoundError,
  InvalidRequestError,
  OutputUnknownError,
  UnknownCommandError,
  RequestFailedError,
  RelayBusyError,
  RequestRefusedError,
  TokenRefusedError,
  BootstrapTooOldError,
  BootstrapTooYoungError,
  SnapshotFailedError,
  SnapshotDelayedError,
  BootstrapElsewhereError,
  BootstrapOutdatedError,
  ResponseMalformedError,
  ResponseTooLargeError,
]
