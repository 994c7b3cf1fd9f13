import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

export class BootstrapListenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_LISTEN',
    meaning: 'The bootstrap server could not listen where it was told to.',
    remedy:
      "Read the system's text. A port that is in use belongs to another process: stop it, or give this one another port (0: any free one).",
    canRetry: true,
  } as const
  constructor(host: string, port: number, cause: unknown) {
    super(BootstrapListenError.kind, `the bootstrap server can not listen on ${host}:${port}: ${messageOf(cause)}`, {
      cause,
      fields: { host, port },
    })
  }
}

export class BootstrapAddressMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_ADDRESS_MISSING',
    meaning:
      'A bootstrap server was told to listen on every address of its machine, and not by which one its clients know it: two such servers would take each other for the same.',
    remedy: 'Give the server address: with the host and port by which its clients reach it.',
    canRetry: false,
  } as const
  constructor(host: string) {
    super(BootstrapAddressMissingError.kind, `the bootstrap server listens on ${host} and has no address`, {
      fields: { host },
    })
  }
}

export const bootstrapServerErrors: readonly AesopErrorClass[] = [BootstrapListenError, BootstrapAddressMissingError]
