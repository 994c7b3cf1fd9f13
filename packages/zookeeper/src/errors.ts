import { AesopError, type AesopErrorClass, type AesopErrorOptions, messageOf, visibleText } from '@aesop/kernel'
import { type ServerCodeName, serverCodeOf, serverCodes } from './server-codes.ts'

/** What became of an operation that has no answer. */
export type Outcome = 'unknown' | 'not sent'

export class ServersInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_SERVERS_INVALID',
    meaning: 'The list of ZooKeeper servers can not be read.',
    remedy: 'Write host:port,host:port/chroot, an IPv6 address in brackets: zk1:2181,[2001:db8::2]:2181/aesop.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ServersInvalidError.kind, message, options)
  }
  static of(servers: string, fault: string): ServersInvalidError {
    return new ServersInvalidError(`servers "${visibleText(servers)}": ${fault}`, { fields: { servers } })
  }
}

export class SettingInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_SETTING_INVALID',
    meaning: 'A setting of a ZooKeeper session, or an argument of an operation, has a value that it can not have.',
    remedy: 'Correct what the message names.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(SettingInvalidError.kind, message, options)
  }
  /** @param value undefined: it is a secret */
  static of(name: string, value: string | number | undefined, expected: string, cause?: unknown): SettingInvalidError {
    const shown = value === undefined ? '' : ` is ${visibleText(String(value))}:`
    return new SettingInvalidError(`${name}${shown} ${expected}`, { cause, fields: { name } })
  }
}

export class PathInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_PATH_INVALID',
    meaning: 'A path is not one that ZooKeeper can have a node at.',
    remedy:
      'Begin with /, end with no /, and leave out empty names, . and .., control characters and signs beyond the basic plane of Unicode.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(PathInvalidError.kind, message, options)
  }
  static of(path: string, fault: string): PathInvalidError {
    return new PathInvalidError(`path "${visibleText(path)}": ${fault}`, { fields: { path } })
  }
}

export class PayloadTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_PAYLOAD_TOO_LARGE',
    meaning:
      'An operation is larger than ZooKeeper takes. It was not sent: a server would cut the connection, and all other operations with it.',
    remedy: 'Write less into one node or one multi: its path, data and ACL come to 1,000,000 bytes at most.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(PayloadTooLargeError.kind, message, options)
  }
  static of(what: string, bytes: number, max: number): PayloadTooLargeError {
    return new PayloadTooLargeError(`${what} has ${bytes} bytes, ${max} at most are sent`, { fields: { bytes, max } })
  }
}

export class NotConnectedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_NOT_CONNECTED',
    meaning:
      'An operation was asked for while the session has no server. It was not sent, and nothing keeps it for later.',
    remedy:
      'Nothing, if it passes: the session looks for a server by itself. Else see the cause, and whether the ensemble has its majority.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(NotConnectedError.kind, message, options)
  }
  static of(what: string, state: string, cause?: unknown): NotConnectedError {
    const why = cause === undefined ? '' : ` (${messageOf(cause)})`
    return new NotConnectedError(`${what} was not sent: the session is ${state}${why}`, { cause, fields: { state } })
  }
}

export class TooManyPendingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_BUSY',
    meaning: 'As many operations wait for their answers as may. Another one was not sent.',
    remedy: 'Wait for answers before more is asked for.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(TooManyPendingError.kind, message, options)
  }
  static of(what: string, max: number): TooManyPendingError {
    return new TooManyPendingError(`${what} was not sent: ${max} operations wait for their answers`, {
      fields: { max },
    })
  }
}

export class ConnectionLostError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_CONNECTION_LOST',
    meaning: 'The connection ended before the answer came. Whether the operation was carried out is unknown.',
    remedy:
      'Read what it was to change, when the session is connected again, and then decide. What only reads may be asked again.',
    canRetry: false,
  } as const
  readonly outcome: Outcome = 'unknown'
  constructor(message: string, options?: AesopErrorOptions) {
    super(ConnectionLostError.kind, message, options)
  }
  static of(what: string, server: string, cause: unknown): ConnectionLostError {
    return new ConnectionLostError(
      `${what}, outcome unknown: the connection to ${server} ended (${messageOf(cause)})`,
      {
        cause,
        fields: { server },
      },
    )
  }
}

export class AbandonedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_ABANDONED',
    meaning: 'Who asked for an operation did not wait for its answer any longer.',
    remedy:
      'Where the message says "outcome unknown", read what it was to change, and then decide. Else it was not sent.',
    canRetry: false,
  } as const
  readonly outcome: Outcome
  constructor(message: string, outcome: Outcome, options?: AesopErrorOptions) {
    super(AbandonedError.kind, message, options)
    this.outcome = outcome
  }
  static of(what: string, outcome: Outcome, reason: unknown): AbandonedError {
    const told = outcome === 'unknown' ? 'outcome unknown' : outcome
    return new AbandonedError(`${what}, ${told}: ${messageOf(reason)}`, outcome, { cause: reason })
  }
}

export class RefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_REFUSED',
    meaning: 'The server has refused an operation. The message says with which code.',
    remedy: 'See the code, in the documents of ZooKeeper (KeeperException).',
    canRetry: false,
  } as const
  /** ZooKeeper's number, −101 for a node that is not there. */
  readonly serverCode: number
  constructor(message: string, serverCode: number, options?: AesopErrorOptions) {
    super(RefusedError.kind, message, options)
    this.serverCode = serverCode
  }
  static of(what: string, serverCode: number): RefusedError {
    const { name, remedy } = serverCodeOf(serverCode)
    const own = remedy === undefined ? {} : { remedy }
    return new RefusedError(`${what}: ${name} (${serverCode})`, serverCode, { fields: { serverCode }, ...own })
  }
}

/** Whether a server has refused an operation with this code. */
export function isRefused(error: unknown, name: ServerCodeName): boolean {
  return error instanceof RefusedError && error.serverCode === serverCodes[name]
}

export class ReplyMalformedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_REPLY_MALFORMED',
    meaning: 'A server has sent what is no answer of ZooKeeper, or half of one. The connection was ended.',
    remedy: 'Check that host and port are those of a ZooKeeper server, and of its TLS port if tls is set.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ReplyMalformedError.kind, message, options)
  }
  static of(what: string, fault: string): ReplyMalformedError {
    return new ReplyMalformedError(`${what} is ${fault}`)
  }
}

export class ServerUnreachableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_SERVER_UNREACHABLE',
    meaning: 'A server took no session, or the connection to it ended. The session goes on with the next server.',
    remedy:
      'Nothing, if it passes. Else see the cause, whether the server is up and its ensemble has a majority, and whether port and TLS fit.',
    canRetry: true,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ServerUnreachableError.kind, message, options)
  }
  static of(server: string, fault: string, cause?: unknown): ServerUnreachableError {
    const why = cause === undefined ? '' : `: ${messageOf(cause)}`
    return new ServerUnreachableError(`ZooKeeper ${server} ${fault}${why}`, { cause, fields: { server } })
  }
}

export class SessionExpiredError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_SESSION_EXPIRED',
    meaning:
      'The servers have ended the session: they had not heard of it for as long as it lasts. What it owned is gone.',
    remedy: 'Begin with a new session (successor), and take again what the old one had.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(SessionExpiredError.kind, message, options)
  }
}

export class ServerDataGoneError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_DATA_GONE',
    meaning:
      'The servers are behind what this session has seen of them: they take a new session, and refuse this one. Their data was restored from an older state, or is gone.',
    remedy: 'Find out what the servers have lost. A new session (successor) goes on with what they have.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(ServerDataGoneError.kind, message, options)
  }
  static of(server: string, zxid: bigint): ServerDataGoneError {
    return new ServerDataGoneError(
      `ZooKeeper ${server} takes a new session and refuses this one, which has seen the change 0x${zxid.toString(16)}: its data was lost or restored`,
      { fields: { server, zxid } },
    )
  }
}

export class AuthRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_AUTH_REFUSED',
    meaning: 'A server does not take the identity that it was given (auth). The session is closed.',
    remedy: 'Correct scheme and auth of the setting: scheme digest takes user:password.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(AuthRefusedError.kind, message, options)
  }
  static of(server: string, scheme: string): AuthRefusedError {
    return new AuthRefusedError(`ZooKeeper ${server} refuses auth of scheme "${visibleText(scheme)}"`, {
      fields: { server, scheme },
    })
  }
}

export class SessionClosedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_ZOOKEEPER_SESSION_CLOSED',
    meaning: 'A session was asked for something after it was closed.',
    remedy: 'Open another session.',
    canRetry: false,
  } as const
  constructor(message: string, options?: AesopErrorOptions) {
    super(SessionClosedError.kind, message, options)
  }
}

export const zookeeperErrors: readonly AesopErrorClass[] = [
  ServersInvalidError,
  SettingInvalidError,
  PathInvalidError,
  PayloadTooLargeError,
  NotConnectedError,
  TooManyPendingError,
  ConnectionLostError,
  AbandonedError,
  RefusedError,
  ReplyMalformedError,
  ServerUnreachableError,
  SessionExpiredError,
  ServerDataGoneError,
  AuthRefusedError,
  SessionClosedError,
]
