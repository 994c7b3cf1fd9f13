import { messageOf, systemCodeOf } from '@aesop/kernel'
import { SnapshotWhereInvalidError } from '@aesop/producer'
import { type ChunkTable } from './chunk-table.ts'
import { type SnapshotSession } from './snapshot-session.ts'

/** Texts and quoted names, as sessions without ANSI_QUOTES and NO_BACKSLASH_ESCAPES read them. */
const QUOTED = /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`/g

/**
 * A condition of an operator stands in parentheses of its own: it closes none that it has not opened, and hides nothing behind it.
 * @throws SnapshotWhereInvalidError
 */
export function checkWhere(source: string, where: string): void {
  const fault = faultOf(where.replaceAll(QUOTED, ' '))
  if (fault !== undefined) throw new SnapshotWhereInvalidError(source, where, fault)
}

function faultOf(bare: string): string | undefined {
  if (bare === '') return 'it is empty'
  if (/['"`]/.test(bare)) return 'a quoted text has no end'
  if (bare.includes(';')) return 'a semicolon would end the statement'
  if (bare.includes('?')) return 'nobody gives a value for ?'
  if (/--|#|\/\*|\*\//.test(bare)) return 'a comment may hide what follows'
  let depth = 0
  for (const sign of bare.replaceAll(/[^()]/g, '')) {
    depth += sign === '(' ? 1 : -1
    if (depth < 0) return 'it closes a parenthesis that it has not opened'
  }
  return depth > 0 ? 'a parenthesis stays open' : undefined
}

/** Lets the server say whether it understands the condition. @throws SnapshotWhereInvalidError, and what breaks the connection */
export async function proveWhere(table: ChunkTable, where: string, session: SnapshotSession): Promise<void> {
  try {
    await session.connection.query(`SELECT 1 FROM ${table.quotedName} WHERE (${where}\n) LIMIT 0`)
  } catch (error) {
    const code = systemCodeOf(error) ?? ''
    if (!code.startsWith('ER_') || OF_TABLE.has(code)) throw error
    throw new SnapshotWhereInvalidError(table.source.name, where, messageOf(error), error)
  }
}

const OF_TABLE = new Set(['ER_NO_SUCH_TABLE', 'ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK', 'ER_TABLE_DEF_CHANGED'])
