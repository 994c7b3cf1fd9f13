import { AesopError, type AesopErrorClass } from '@aesop/kernel'

const GOES_ON =
  'aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that the relay can serve; what was changed between is missed.'

export class LateConfigurationError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LATE_CONFIGURATION',
    meaning:
      'A late reader asks for changes that were captured under another configuration of their source; read again, they would have other bytes.',
    remedy: GOES_ON,
    canRetry: false,
  } as const
  constructor(source: string, scn: bigint, sinceScn: bigint) {
    const what = `the source ${source} was configured otherwise at SCN ${scn} or behind it, and is as it is now since SCN ${sinceScn}`
    super(LateConfigurationError.kind, `${what}: tables, ids, columns or hand-written schemas differ`, {
      fields: { source, scn, sinceScn },
    })
  }
}

export class LateGenerationError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LATE_GENERATION',
    meaning:
      'A late reader asks for changes of an older generation of SCNs: the log that they stood in is not the one that is read now.',
    remedy: GOES_ON,
    canRetry: false,
  } as const
  constructor(source: string, scn: bigint, generation: number, current: number) {
    const what = `SCN ${scn} is of generation ${generation} and the source ${source} is in generation ${current}`
    super(LateGenerationError.kind, `${what}: the log of then is another server's, or was given up`, {
      fields: { source, scn, generation, current },
    })
  }
}

export class LateWindowError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LATE_WINDOW',
    meaning: 'A transaction that a late reader asks for is larger than the memory that a late reading may use.',
    remedy:
      'Give the source more of it: lateReaders.bufferBytes, as large as databus.relay.eventBuffer.maxSize at most.',
    canRetry: false,
  } as const
  constructor(source: string, bufferBytes: number, cause: Error) {
    const what = `a transaction of ${source} can not be read again within lateReaders.bufferBytes: ${bufferBytes}`
    super(LateWindowError.kind, `${what}: ${cause.message}`, { cause, fields: { source, bufferBytes } })
  }
}

export const lateErrors: readonly AesopErrorClass[] = [LateConfigurationError, LateGenerationError, LateWindowError]
