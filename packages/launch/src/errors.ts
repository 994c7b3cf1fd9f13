import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class UsageError extends AesopError {
  static readonly kind = {
    code: 'AESOP_LAUNCH_USAGE',
    meaning: 'The command line could not be understood.',
    remedy: 'Run aesop-launch --help.',
    canRetry: false,
  } as const
  constructor(message: string, remedy?: string) {
    super(UsageError.kind, message, remedy === undefined ? {} : { remedy })
  }
}

export const launchErrors: readonly AesopErrorClass[] = [UsageError]
