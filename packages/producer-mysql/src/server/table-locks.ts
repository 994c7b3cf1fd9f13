import { type Connection } from 'mysql2/promise'
import { systemCodeOf } from '@aesop/kernel'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { readLogEnd } from './server-facts.ts'

/** An answer that was given while the tables could not change. */
export interface AnswerUnderLocks<Answer> {
  readonly answer: Answer
  /** The end of the log, as long as nothing changed the tables. */
  readonly at: BinlogPosition | undefined
  /** The tables that could be held. */
  readonly held: ReadonlySet<string>
}

const BEGIN = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  'SET SESSION lock_wait_timeout = 1, wait_timeout = 5',
  'START TRANSACTION READ ONLY',
]
const END = ['COMMIT', 'SET SESSION wait_timeout = DEFAULT']
const TABLES_PER_STATEMENT = 50
/** Somebody has locked a table: the others are asked for without waiting for more of them than this. */
const WAITS_MAX = 3
const WAITING = new Set(['ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK'])

/**
 * Asks a question about tables together with the end of the log, in one short transaction that holds their metadata locks: a
 * change of a table is in the log before the dictionary shows it, and can do neither while it is held. Nobody waits for
 * us, or we for anybody, longer than a second; a session that we leave behind is ended by its server.
 *
 * Each statement sees what was committed before it, so that the dictionary is not read as it was before the locks.
 */
export async function underLocks<Answer>(
  connection: Connection,
  database: string,
  tables: readonly string[],
  question: () => Promise<Answer>,
): Promise<AnswerUnderLocks<Answer>> {
  await together(connection, BEGIN)
  try {
    const held = await hold(connection, database, tables)
    const at = await readLogEnd(connection)
    return { answer: await question(), at, held }
  } finally {
    await together(connection, END)
  }
}

/** In one round trip, where the server, or a proxy before it, takes several statements at once. */
async function together(connection: Connection, statements: readonly string[]): Promise<void> {
  try {
    await connection.query(statements.join('; '))
  } catch (error) {
    if (systemCodeOf(error) !== 'ER_PARSE_ERROR') throw error
    for (const statement of statements) await connection.query(statement)
  }
}

async function hold(connection: Connection, database: string, tables: readonly string[]): Promise<ReadonlySet<string>> {
  const held = new Set<string>()
  let waits = 0
  const take = async (some: readonly string[]): Promise<void> => {
    if (waits >= WAITS_MAX) return
    try {
      await connection.query(
        some.map((table) => `(SELECT 1 FROM ${quoted(database)}.${quoted(table)} LIMIT 0)`).join(' UNION ALL '),
      )
      for (const table of some) held.add(table)
    } catch (error) {
      const code = systemCodeOf(error)
      if (code === undefined || !code.startsWith('ER_')) throw error
      // One of many is locked or not there: which one is found out one by one.
      if (some.length > 1) for (const table of some) await take([table])
      else if (WAITING.has(code)) waits++
    }
  }
  for (let i = 0; i < tables.length; i += TABLES_PER_STATEMENT) await take(tables.slice(i, i + TABLES_PER_STATEMENT))
  return held
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
