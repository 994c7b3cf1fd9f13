import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class XaFileError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_XA_FILE',
    meaning:
      'Rows of XA transactions that wait for their verdict could not be written to the state directory, or not be read from there.',
    remedy:
      'See the cause: make room on the disk of the state directory, or give this user the folder back; xaMemoryBytes of the source keeps more in memory. It is tried again: the log is read from before the oldest XA transaction that waits.',
    canRetry: true,
  } as const
  constructor(folder: string, what: string, cause?: unknown) {
    const because = cause instanceof Error ? `: ${cause.message}` : ''
    super(XaFileError.kind, `waiting XA transactions in ${folder} ${what}${because}`, { cause, fields: { folder } })
  }
}

export const xaErrors: readonly AesopErrorClass[] = [XaFileError]
