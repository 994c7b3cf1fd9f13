import { type BinlogQuery } from '../log/query-event.ts'
import { type SqlToken, sqlTokens } from './sql-tokens.ts'
import { type TableName } from '../table/table-description.ts'

export type TableChangeKind = 'ALTER' | 'TRUNCATE' | 'DROP' | 'RENAME' | 'CREATE'

/** What a statement does to a table that it certainly is about; names as the statement writes them. */
export interface TableChange extends TableName {
  readonly kind: TableChangeKind
  /** The new name, of a RENAME; left out: a table and a partition have changed places. */
  readonly renamedTo?: TableName
}

/** What a statement of the log means for tables. */
export interface TableStatement {
  /** In the order of the statement: one RENAME may name a table twice. CREATE OR REPLACE is a DROP and a CREATE. */
  readonly changes: readonly TableChange[]
  /** DROP DATABASE, and CREATE OR REPLACE DATABASE: a DROP of each of its tables. */
  readonly droppedDatabase: string | undefined
  /**
   * Whether the statement names this table, or may do so: whoever knows columns from before can not be sure of them any
   * more. It is not parsed: a comment, a text or a column may bear the name, too, and count.
   */
  mayChange(table: TableName): boolean
}

/** Statements of these verbs leave the columns of all tables as they are. */
const HARMLESS = new Set(
  'BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE XA START INSERT UPDATE DELETE REPLACE LOAD WITH GRANT REVOKE'.split(' '),
)

/** How a text that was no UTF-8 comes out of the decoder: which names it holds is not known. */
const UNREADABLE = '\ufffd'
/** Behind comments; an executable one has no verb, because versions differ in whether they run it. */
const FIRST_VERB = /^(?:\s+|\/\*(?!M?!)[\s\S]*?\*\/|--(?=\s)[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))*([A-Za-z]+)/

/** Undefined: the statement changes no table. */
export function tableStatement({ sql, database }: BinlogQuery): TableStatement | undefined {
  const verb = FIRST_VERB.exec(sql)?.[1]?.toUpperCase() ?? ''
  if (HARMLESS.has(verb)) return undefined
  const reader = new StatementReader(withoutSettings([...sqlTokens(sql)]), database)
  const { changes, droppedDatabase, isOfDatabase } = reader.read()
  const names = new NamesInText(sql)
  return {
    changes,
    droppedDatabase,
    mayChange: ({ database: home, table }) => {
      if (isOfDatabase) return names.has(home) || (droppedDatabase === undefined && sameName(home, database))
      return names.has(table) && (names.has(home) || sameName(home, database))
    },
  }
}

/** Whether two statements may mean the same thing by these names; servers differ in whether case counts. */
function sameName(left: string, right: string): boolean {
  return left === right || left.toLowerCase() === right.toLowerCase()
}

/** MariaDB logs `SET STATEMENT … FOR` together with what follows it. */
function withoutSettings(tokens: readonly SqlToken[]): readonly SqlToken[] {
  if (tokens[0]?.word !== 'SET' || tokens[1]?.word !== 'STATEMENT') return tokens
  return tokens.slice(tokens.findIndex(({ word }) => word === 'FOR') + 1)
}

/** Looks for names in a statement as plain text, whatever its quotes, comments and sql_mode make of it. */
class NamesInText {
  private readonly text: string
  private readonly isPlain: boolean

  constructor(sql: string) {
    this.text = sql.toLowerCase()
    this.isPlain = isPlain(sql)
  }

  has(name: string): boolean {
    // The client may have written it in another character set, or in a case that only the server's collation knows.
    if (!this.isPlain && (this.text.includes(UNREADABLE) || !isPlain(name))) return true
    const lower = name.toLowerCase()
    return [lower, lower.replaceAll('`', '``'), lower.replaceAll('"', '""')].some((written) => this.holds(written))
  }

  private holds(written: string): boolean {
    for (let at = this.text.indexOf(written); at >= 0; at = this.text.indexOf(written, at + 1)) {
      if (!isNamePart(this.text[at - 1]) && !isNamePart(this.text[at + written.length])) return true
    }
    return false
  }
}

function isPlain(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text)
}

function isNamePart(character: string | undefined): boolean {
  return character !== undefined && /[\w$]/.test(character)
}

type Reading = Pick<TableStatement, 'changes' | 'droppedDatabase'> & { readonly isOfDatabase: boolean }

/** Reads what a statement is about, as far as it is one of the known forms. */
class StatementReader {
  private readonly tokens: readonly SqlToken[]
  private readonly database: string
  private at = 0

  constructor(tokens: readonly SqlToken[], database: string) {
    this.tokens = tokens
    this.database = database
  }

  read(): Reading {
    const verb = this.word()
    this.at++
    const replaces = this.take('OR') && this.take('REPLACE')
    while (this.take('ONLINE', 'OFFLINE', 'IGNORE', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'UNDO'));
    if (this.take('DATABASE', 'SCHEMA')) return this.databaseChange(verb, replaces)
    return { changes: this.changes(verb, replaces), droppedDatabase: undefined, isOfDatabase: false }
  }

  private databaseChange(verb: string, replaces: boolean): Reading {
    this.skipExistence()
    const name = this.name()
    return { changes: [], droppedDatabase: verb === 'DROP' || replaces ? name : undefined, isOfDatabase: true }
  }

  private changes(verb: string, replaces: boolean): TableChange[] {
    if (this.take('INDEX')) return verb === 'CREATE' || verb === 'DROP' ? this.tableOfIndex() : []
    // A temporary table hides the one of its name from its session alone.
    const isTable = this.take('TABLE', 'TABLES')
    if (!isTable && verb !== 'TRUNCATE') return []
    this.skipExistence()
    switch (verb) {
      case 'ALTER':
        return this.alter()
      case 'CREATE':
        return [...(replaces ? this.peek('DROP') : []), ...this.only('CREATE')]
      case 'DROP':
        return this.list('DROP')
      case 'TRUNCATE':
        return this.only('TRUNCATE')
      case 'RENAME':
        return this.renames()
      default:
        return []
    }
  }

  private alter(): TableChange[] {
    const table = this.tableName()
    if (table === undefined) return []
    const others: TableChange[] = []
    for (let word = this.nextClause(); word !== undefined; word = this.nextClause()) {
      if (word !== 'RENAME') others.push(...this.only(this.kindOfOther()))
      else if (!this.take('COLUMN', 'INDEX', 'KEY')) {
        const renamedTo = this.newName()
        if (renamedTo !== undefined) return [{ kind: 'RENAME', ...table, renamedTo }]
      }
    }
    return [{ kind: 'ALTER', ...table }, ...others]
  }

  /** Goes behind the next RENAME or TABLE among the clauses of an ALTER. */
  private nextClause(): string | undefined {
    let depth = 0
    for (; this.at < this.tokens.length; this.at++) {
      const { kind, value } = this.tokens[this.at] ?? { kind: 'sign', value: '' }
      if (kind === 'sign') depth += value === '(' ? 1 : value === ')' ? -1 : 0
      const word = this.word()
      if (depth > 0 || (word !== 'RENAME' && word !== 'TABLE')) continue
      this.at++
      return word
    }
    return undefined
  }

  /** What becomes of the table behind TABLE in an ALTER: a partition, or a partition becomes the table, or both. */
  private kindOfOther(): TableChangeKind {
    const before = this.tokens[this.at - 2]?.word
    // EXCHANGE PARTITION p WITH TABLE: as with RENAME, the table has the rows of another one.
    if (before === 'WITH') return 'RENAME'
    return before === 'CONVERT' ? 'DROP' : 'CREATE'
  }

  /** `RENAME [TO | AS | =] name`. */
  private newName(): TableName | undefined {
    if (!this.take('TO', 'AS')) this.takeSign('=')
    return this.tableName()
  }

  private renames(): TableChange[] {
    const found: TableChange[] = []
    do {
      const table = this.tableName()
      this.skipWait()
      const renamedTo = this.take('TO') ? this.tableName() : undefined
      if (table === undefined || renamedTo === undefined) return found
      found.push({ kind: 'RENAME', ...table, renamedTo })
    } while (this.takeSign(','))
    return found
  }

  private list(kind: TableChangeKind): TableChange[] {
    const found: TableChange[] = []
    do found.push(...this.only(kind))
    while (this.takeSign(','))
    return found
  }

  private tableOfIndex(): TableChange[] {
    while (this.at < this.tokens.length && !this.take('ON')) this.at++
    return this.only('ALTER')
  }

  private only(kind: TableChangeKind): TableChange[] {
    const table = this.tableName()
    return table === undefined ? [] : [{ kind, ...table }]
  }

  private peek(kind: TableChangeKind): TableChange[] {
    const { at } = this
    const found = this.only(kind)
    this.at = at
    return found
  }

  private tableName(): TableName | undefined {
    const first = this.name()
    if (first === undefined) return undefined
    if (!this.takeSign('.')) return { database: this.database, table: first }
    const table = this.name()
    return table === undefined ? undefined : { database: first, table }
  }

  private name(): string | undefined {
    const token = this.tokens[this.at]
    if (token?.kind !== 'name') return undefined
    this.at++
    return token.value
  }

  private skipExistence(): void {
    if (!this.take('IF')) return
    this.take('NOT')
    this.take('EXISTS')
  }

  private skipWait(): void {
    if (this.take('WAIT')) this.at++
    else this.take('NOWAIT')
  }

  private word(): string {
    return this.tokens[this.at]?.word ?? ''
  }

  private take(...words: string[]): boolean {
    if (!words.includes(this.word())) return false
    this.at++
    return true
  }

  private takeSign(sign: string): boolean {
    const token = this.tokens[this.at]
    if (token?.kind !== 'sign' || token.value !== sign) return false
    this.at++
    return true
  }
}
