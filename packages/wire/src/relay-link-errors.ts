import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

export class RelayUnreachableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_RELAY_UNREACHABLE',
    meaning: 'No connection to a relay or a bootstrap server could be made.',
    remedy:
      'Check that it runs, and that relayHost and relayPort, or bootstrapHost and bootstrapPort, are right; the client tries again by itself.',
    canRetry: true,
  } as const
  /** @param peer such as `relay at host:port` */
  constructor(peer: string, cause: unknown) {
    super(RelayUnreachableError.kind, `the ${peer} can't be reached: ${messageOf(cause)}`, { cause })
  }
}

export class RelayConnectionLostError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONNECTION_LOST',
    meaning: 'The connection to a relay or a bootstrap server broke in the middle of an answer.',
    remedy:
      'The client reads again from the last whole window, or the last batch, by itself; if it happens often, look at the network.',
    canRetry: true,
  } as const
  constructor(peer: string, cause: unknown) {
    super(RelayConnectionLostError.kind, `the ${peer} broke off its answer: ${messageOf(cause)}`, { cause })
  }
}

export class RelaySilentError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_RELAY_SILENT',
    meaning: 'A relay or a bootstrap server neither sent anything nor ended its answer in time.',
    remedy:
      'The client goes on with another one or a new connection by itself; look at the one that the message names, and at the network.',
    canRetry: true,
  } as const
  constructor(peer: string, silentMs: number) {
    super(RelaySilentError.kind, `the ${peer} was silent for ${silentMs} ms`, { fields: { silentMs } })
  }
}

export class RelayTokenUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_RELAY_TOKEN_UNREADABLE',
    meaning:
      'The token for a relay or a bootstrap server can not be read where relayToken or bootstrapToken says, or no header can hold it.',
    remedy: 'Mend what the message names; the client tries again by itself.',
    canRetry: true,
  } as const
  constructor(peer: string, reason: string, cause?: unknown) {
    super(RelayTokenUnreadableError.kind, `the token for the ${peer} ${reason}`, { cause })
  }
}

export const relayLinkErrors: readonly AesopErrorClass[] = [
  RelayUnreachableError,
  RelayConnectionLostError,
  RelaySilentError,
  RelayTokenUnreadableError,
]
