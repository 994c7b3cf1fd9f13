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

export const bootstrapServerErrors: readonly AesopErrorClass[] = [BootstrapListenError]
