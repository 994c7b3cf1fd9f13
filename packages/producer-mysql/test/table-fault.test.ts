import { AesopError, type AesopErrorClass } from '@aesop/kernel'
import { expect, it } from 'vitest'
import { producerMysqlErrors, TableFault } from '../src/index.ts'

/** They concern one table and its rows; the rest of the log can be captured without them. */
const OF_ONE_TABLE = [
  'AESOP_MYSQL_TABLE_UNDESCRIBED',
  'AESOP_MYSQL_COLUMN_UNSUPPORTED',
  'AESOP_MYSQL_COLUMN_CONVERSION',
  'AESOP_MYSQL_VALUE_CONVERSION',
  'AESOP_MYSQL_SCHEMA_MISMATCH',
  'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE',
  'AESOP_MYSQL_PARTIAL_JSON',
  'AESOP_MYSQL_TABLE_KEYLESS',
  'AESOP_MYSQL_ROW_TOO_LARGE',
  'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE',
  'AESOP_MYSQL_MAPPER_FAILED',
]
/** A place in the log, the log itself, a connection: nothing of the source can go on. */
const OF_THE_LOG = ['AESOP_MYSQL_EVENT_CORRUPT', 'AESOP_MYSQL_TRANSACTION_ORDER', 'AESOP_MYSQL_LOG_RESET']

function classOf(code: string): AesopErrorClass & { readonly prototype: object } {
  const found = producerMysqlErrors.find(({ kind }) => kind.code === code)
  if (found === undefined) throw new Error(`${code} is not in the catalogue`)
  return found as AesopErrorClass & { readonly prototype: object }
}

it('what concerns one table and its rows is told from what ends the source', () => {
  for (const code of OF_ONE_TABLE) expect(classOf(code).prototype, code).toBeInstanceOf(TableFault)
  for (const code of OF_THE_LOG) expect(classOf(code).prototype, code).not.toBeInstanceOf(TableFault)
  expect(TableFault.prototype).toBeInstanceOf(AesopError)
})
