import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class AdminUnreachableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_ADMIN_UNREACHABLE',
    meaning:
      'A command about seedings talks to the process of the bootstrap producer, and its admin server did not answer.',
    remedy:
      'Start the process, or name its address by --admin [host:]port as its log says it; where it wants a token, set AESOP_ADMIN_TOKEN. aesop-launch bootstrap status <bootstrap.yaml> reads the store itself.',
    canRetry: true,
  } as const
  constructor(url: string, cause: unknown, said: string) {
    super(AdminUnreachableError.kind, `the admin server at ${url} did not answer: ${said}`, { cause, fields: { url } })
  }
}

export class AdminRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_COMMAND_REFUSED',
    meaning: 'The process of the bootstrap producer did not do what a command asked for.',
    remedy: 'Read what it said; aesop-launch explain says more of its code.',
    canRetry: false,
  } as const
  constructor(message: string, remedy: string | undefined) {
    super(AdminRefusedError.kind, message, remedy === undefined ? {} : { remedy })
  }
}

export class NoBootstrapProducerError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_NO_PRODUCER',
    meaning: 'A command about seedings found no bootstrap producer where it looked.',
    remedy: 'Name the admin server of its process by --admin, or a bootstrap.yaml whose containers have one.',
    canRetry: false,
  } as const
  constructor(where: string) {
    super(NoBootstrapProducerError.kind, `there is no bootstrap producer in ${where}`)
  }
}

export const bootstrapProducerContainerErrors: readonly AesopErrorClass[] = [
  AdminUnreachableError,
  AdminRefusedError,
  NoBootstrapProducerError,
]
