import { AesopError, shellWord } from '@aesop/kernel'
import { BinlogIncidentError, BinlogScnOverflowError } from './errors.ts'
import { MysqlLogResetError } from './live-errors.ts'
import { TableFault } from './table-fault.ts'

/** They are no fault of the transaction that is read, or name its place themselves. */
const OTHERS = [MysqlLogResetError, BinlogScnOverflowError, BinlogIncidentError]

/**
 * Adds to an error that ends a source for good which transaction made it, and the command that goes past that. An error
 * that passes by itself, or that is none of a transaction, stays what it is.
 */
export function atTransaction(
  error: unknown,
  source: string,
  at: { file: string; position: number } | undefined,
): unknown {
  if (!(error instanceof AesopError) || error.canRetry || 'file' in error.fields) return error
  if (at === undefined || at.file === '' || OTHERS.some((other) => error instanceof other)) return error
  const command = `aesop-launch state pass <bootstrap.yaml> --source ${shellWord(source)} --at ${at.file}:${at.position}`
  const { file, position } = at
  const others =
    error instanceof TableFault
      ? ' Or: onTableFault: quarantine of the physical source leaves the rows of this table out from here on, and goes on with the others.'
      : ''
  return Object.assign(error, {
    fields: { ...error.fields, file, position },
    remedy: `${error.remedy} Or: ${command} goes past this transaction, whose changes no consumer gets then.${others}`,
  })
}
