import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class SourcesClashError extends AesopError {
  static readonly kind = {
    code: 'AESOP_STREAM_SERVER_SOURCES_CLASH',
    meaning: 'Two physical sources of one server have something under one id or name, and a request could mean either.',
    remedy: 'Give one of the two another id or name, or a server with a port of its own.',
    canRetry: false,
  } as const
  constructor(what: string, first: string, second: string) {
    super(SourcesClashError.kind, `${what} means two things: ${first}, and ${second}`, { fields: { first, second } })
  }
}

export const streamServerErrors: readonly AesopErrorClass[] = [SourcesClashError]
