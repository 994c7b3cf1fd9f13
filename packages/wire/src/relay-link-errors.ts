import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

export class RelayUnreachableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_RELAY_UNREACHABLE',
    meaning: 'No connection to a relay could be made.',
    remedy: 'Check that the relay runs and that relayHost and relayPort are right; the client tries again by itself.',
    canRetry: true,
  } as const
  constructor(address: string, cause: unknown) {
    super(RelayUnreachableError.kind, `the relay at ${address} can't be reached: ${messageOf(cause)}`, { cause })
  }
}

export class RelayConnectionLostError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CONNECTION_LOST',
    meaning: 'The connection to a relay broke in the middle of an answer.',
    remedy: 'The client reads again from the last whole window by itself; if it happens often, look at the network.',
    canRetry: true,
  } as const
  constructor(address: string, cause: unknown) {
    super(RelayConnectionLostError.kind, `the relay at ${address} broke off its answer: ${messageOf(cause)}`, { cause })
  }
}

export class RelaySilentError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_RELAY_SILENT',
    meaning: 'A relay neither sent anything nor ended its answer in time.',
    remedy: 'The client goes on with another relay or a new connection by itself; look at the relay and the network.',
    canRetry: true,
  } as const
  constructor(address: string, silentMs: number) {
    super(RelaySilentError.kind, `the relay at ${address} was silent for ${silentMs} ms`, { fields: { silentMs } })
  }
}

export class RelayTokenUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_RELAY_TOKEN_UNREADABLE',
    meaning: 'The token for a relay can not be read where relayToken says, or no header can hold it.',
    remedy: 'Mend what the message names; the client tries again by itself.',
    canRetry: true,
  } as const
  constructor(address: string, reason: string, cause?: unknown) {
    super(RelayTokenUnreadableError.kind, `the token for the relay at ${address} ${reason}`, { cause })
  }
}

export const relayLinkErrors: readonly AesopErrorClass[] = [
  RelayUnreachableError,
  RelayConnectionLostError,
  RelaySilentError,
  RelayTokenUnreadableError,
]
