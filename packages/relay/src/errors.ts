import { AesopError, type AesopErrorClass } from '@aesop/kernel'
import { eventLogErrors } from './event-log-errors.ts'

export class RelayPropertyUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PROPERTY_UNKNOWN',
    meaning: 'A relay property has a name that no relay knows.',
    remedy: 'Correct the name; README.md of the relay lists the known ones.',
    canRetry: false,
  } as const
  constructor(key: string, nearest: string | undefined) {
    const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`
    super(RelayPropertyUnknownError.kind, `the relay property "${key}" is not known${hint}`, {
      fields: { key, nearest },
    })
  }
}

export class RelayPropertyInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PROPERTY_INVALID',
    meaning: 'A relay property has a value that can not be used.',
    remedy: 'Correct the value that the message names.',
    canRetry: false,
  } as const
  constructor(key: string, value: unknown, expected: string) {
    super(RelayPropertyInvalidError.kind, `the relay property "${key}" is ${String(value)}, expected ${expected}`, {
      fields: { key },
    })
  }
}

export class RelayPropertyRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PROPERTY_REFUSED',
    meaning: 'A relay property asks for something that this relay does not do, and going on without it would mislead.',
    remedy: 'Remove the property, or set it to the value that switches the feature off.',
    canRetry: false,
  } as const
  constructor(key: string, value: unknown, reason: string) {
    super(RelayPropertyRefusedError.kind, `the relay property "${key}" is ${String(value)}: ${reason}`, {
      fields: { key },
    })
  }
}

export class RelayPartitionsError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PARTITIONS',
    meaning: 'A relay has no producer registration: there is nothing that it could serve.',
    remedy: 'Give its producerRegistrationList a registration for each physical source.',
    canRetry: false,
  } as const
  constructor() {
    super(RelayPartitionsError.kind, 'the relay has no producer registrations, expected one for each physical source')
  }
}

export class RelayNotRunningError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_NOT_RUNNING',
    meaning: 'A physical source was to be added to a relay, or removed from it, that does not run.',
    remedy: 'Start the relay first; a source that it is to begin with is one of its producerRegistrationList.',
    canRetry: true,
  } as const
  constructor(cause?: unknown) {
    super(RelayNotRunningError.kind, 'the relay is not started, or it is stopping: its sources stay as they are', {
      cause,
    })
  }
}

export class SourceLateError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_SOURCE_LATE',
    meaning:
      'A physical source that was to be added to a running relay took too long to begin, and was taken out again.',
    remedy: 'Look at its server and at what the log says of it, and add it again; --start-timeout gives it more time.',
    canRetry: true,
  } as const
  constructor(name: string) {
    super(SourceLateError.kind, `the physical source "${name}" did not begin in time`, { fields: { name } })
  }
}

export class SourceUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_SOURCE_UNKNOWN',
    meaning: 'A physical source was to be removed that its relay does not have.',
    remedy: 'Name one of those that the message lists.',
    canRetry: false,
  } as const
  constructor(name: string, known: readonly { readonly name: string }[]) {
    const names = known.map((source) => source.name).join(', ')
    super(SourceUnknownError.kind, `the relay has no physical source "${name}", only ${names}`, { fields: { name } })
  }
}

export class ProducerMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PRODUCER_MISSING',
    meaning: 'A producer registration names no event producer, and none is known for the scheme of its URI.',
    remedy: 'Use a URI that begins with mysql:, mariadb:, binlog:, relay: or memory:, or name an eventProducer.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, scheme: string) {
    super(
      ProducerMissingError.kind,
      `physical source ${physicalSource} has no eventProducer and the scheme "${scheme}" of its URI has no standard one`,
    )
  }
}

export class SourceNameTakenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_SOURCE_NAME_TAKEN',
    meaning:
      'Two relays of the process would keep how far their sources have come in the same file: the names of their physical sources are equal.',
    remedy: 'Give each physicalSourceConfig a name of its own.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, path: string) {
    super(
      SourceNameTakenError.kind,
      `the physical source "${physicalSource}" would use ${path}, which another source of this process uses`,
      { fields: { physicalSource, path } },
    )
  }
}

export class PlaceUnsupportedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PLACE_UNSUPPORTED',
    meaning: 'The producer of a physical source can not do with a place what was asked.',
    remedy: 'Use an SCN: the producer of this source knows no other places.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, fault: string) {
    super(PlaceUnsupportedError.kind, `source "${physicalSource}": ${fault}`, { fields: { physicalSource } })
  }
}

export class ReleaseRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_RELEASE_REFUSED',
    meaning: 'Rows of a table can not be delivered again: none of it are left out, or its fault would come again.',
    remedy:
      'Mend the fault first; aesop-launch state show <bootstrap.yaml> and the health of the relay tell what is left out.',
    canRetry: false,
  } as const
  constructor(physicalSource: string, source: string, fault: string) {
    super(ReleaseRefusedError.kind, `source "${physicalSource}" can not release ${source}: ${fault}`, {
      fields: { physicalSource, source },
    })
  }
}

export class RelayPortInUseError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_PORT_IN_USE',
    meaning: 'Another process listens on the port of the relay.',
    remedy: 'Stop the other process, or set databus.relay.container.httpPort to another port (0: any free one).',
    canRetry: true,
  } as const
  constructor(host: string, port: number, cause: unknown) {
    super(RelayPortInUseError.kind, `the relay can not listen on ${host}:${port}: the port is in use`, {
      cause,
      fields: { host, port },
    })
  }
}

export class RelayTokenMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_TOKEN_MISSING',
    meaning: 'The relay was told to listen where other machines reach it, but nobody said who may read from it.',
    remedy:
      'Set AESOP_RELAY_TOKEN in the environment of the relay and of its clients, or token of the relayConfig and relayToken of the clientConfig; let peers of the relayConfig name the addresses of clients that can send no token; or say insecure: true there, where nobody else reaches the network.',
    canRetry: false,
  } as const
  constructor(host: string) {
    super(RelayTokenMissingError.kind, `the relay may not listen on ${host} without a token`, { fields: { host } })
  }
}

export class RelayTokenUnusableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_TOKEN_UNUSABLE',
    meaning: 'The token of the relay is too short to keep anybody out, or no header can hold it.',
    remedy: 'Make one with "openssl rand -hex 32", and give it to the relay and its clients.',
    canRetry: false,
  } as const
  constructor(from: string, expected: string) {
    super(RelayTokenUnusableError.kind, `the token of the relay (${from}) must be ${expected}`, { fields: { from } })
  }
}

export class RelayListenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_LISTEN',
    meaning: 'The relay can not open its HTTP port.',
    remedy: 'Check that the host is an address of this machine and that the port may be used by this user.',
    canRetry: false,
  } as const
  constructor(host: string, port: number, cause: unknown) {
    super(RelayListenError.kind, `the relay can not listen on ${host}:${port}: ${String(cause)}`, { cause })
  }
}

export const relayErrors: readonly AesopErrorClass[] = [
  RelayPropertyUnknownError,
  RelayPropertyInvalidError,
  RelayPropertyRefusedError,
  RelayPartitionsError,
  RelayNotRunningError,
  SourceLateError,
  SourceUnknownError,
  ProducerMissingError,
  SourceNameTakenError,
  PlaceUnsupportedError,
  ReleaseRefusedError,
  RelayPortInUseError,
  RelayTokenMissingError,
  RelayTokenUnusableError,
  RelayListenError,
  ...eventLogErrors,
]
