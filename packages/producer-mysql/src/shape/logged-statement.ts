import { type LogicalSourceConfig, tableNamesOf } from '@aesop/producer'

const TABLE_VERBS = new Set(['ALTER', 'CREATE', 'DROP', 'RENAME', 'TRUNCATE'])
const ROW_VERBS = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH'])

/** Whether statements that begin with this word, in capitals, change the shape of tables. */
export function changesTables(verb: string): boolean {
  return TABLE_VERBS.has(verb)
}

/** Whether statements that begin with this word, in capitals, change rows. */
export function changesRows(verb: string): boolean {
  return ROW_VERBS.has(verb)
}

/** The sources whose table a statement seems to name. It is not parsed: a comment or a text may name it, too. */
export function* sourcesNamedIn(
  sql: string,
  database: string,
  sources: Iterable<LogicalSourceConfig>,
): Generator<LogicalSourceConfig> {
  const text = sql.toLowerCase()
  for (const source of sources) {
    const isNamed = tableNamesOf(source.uri.toLowerCase()).some(({ database: home, table }) => {
      return names(text, table) && (home === database.toLowerCase() || names(text, home))
    })
    if (isNamed) yield source
  }
}

/** Within its own quotes a quote is doubled. */
function names(text: string, name: string): boolean {
  const written = [name, name.replaceAll('`', '``'), name.replaceAll('"', '""')]
  return written.some((each) => new RegExp(`(^|\\W)${escapeRegExp(each)}(\\W|$)`).test(text))
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
