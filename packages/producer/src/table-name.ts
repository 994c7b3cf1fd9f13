/** A table's name: two texts, because a dot may stand in each. */
export interface TableName {
  readonly database: string
  readonly table: string
}

const DATABASE_QUOTED = /^`((?:[^`]|``)+)`\.(.+)$/s
const TABLE_QUOTED = /^(.+)\.`((?:[^`]|``)+)`$/s

/**
 * The tables that a text `<database>.<table>` may mean: one for each dot, none without a dot. Backticks around the name of the
 * database or of the table, doubled inside, say which dot is the one between: then it is one table.
 */
export function tableNamesOf(text: string): readonly TableName[] {
  return quotedName(text) ?? splits(text)
}

/** A text that means this table and no other: backticks stand where a dot would be taken for the one between. */
export function textOfTable({ database, table }: TableName): string {
  return [database, table].map((name) => (/^`|\./.test(name) ? quoted(name) : name)).join('.')
}

/** The table as SQL writes it. */
export function quotedTable({ database, table }: TableName): string {
  return `${quoted(database)}.${quoted(table)}`
}

/** What a text with backticks says without them; any other text as it is. */
export function plainTableText(text: string): string {
  const [name] = quotedName(text) ?? []
  return name === undefined ? text : `${name.database}.${name.table}`
}

function quotedName(text: string): readonly [TableName] | undefined {
  const [, quotedDatabase, rest] = DATABASE_QUOTED.exec(text) ?? []
  if (quotedDatabase !== undefined && rest !== undefined) {
    const table = /^`((?:[^`]|``)+)`$/s.exec(rest)?.[1]
    return [{ database: unescaped(quotedDatabase), table: table === undefined ? rest : unescaped(table) }]
  }
  const [, database, quotedTable] = TABLE_QUOTED.exec(text) ?? []
  return database === undefined || quotedTable === undefined ? undefined : [{ database, table: unescaped(quotedTable) }]
}

function splits(text: string): TableName[] {
  const found: TableName[] = []
  for (let dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', dot + 1)) {
    const name = { database: text.slice(0, dot), table: text.slice(dot + 1) }
    if (name.database !== '' && name.table !== '') found.push(name)
  }
  return found
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function unescaped(name: string): string {
  return name.replaceAll('``', '`')
}
