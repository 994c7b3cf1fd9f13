import { type SqlParameter } from '../sql/sql-session.ts'

/**
 * The statement with its values in it. Drivers bind a 64-bit integer as a text or a double, and a server compares either with a
 * BIGINT as doubles: beyond 2^53 another row would fit.
 */
export function statementText(sql: string, parameters: readonly SqlParameter[]): string {
  let at = 0
  return sql.replaceAll('?', () => literal(parameters[at++] ?? null))
}

function literal(value: SqlParameter): string {
  if (value === null) return 'NULL'
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  // Hex digits need no escape, in whatever mode the server is.
  return `X'${(typeof value === 'string' ? Buffer.from(value) : value).toString('hex')}'`
}
