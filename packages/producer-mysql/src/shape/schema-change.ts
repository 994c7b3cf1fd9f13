import { type Logger, silentLogger } from '@aesop/kernel'

/** A statement of the log that changed, or may have changed, the shape of a captured table. */
export interface SchemaChange {
  readonly database: string
  readonly table: string
  /** Name of the logical source. */
  readonly source: string
  readonly sql: string
}

/**
 * What happens to a hand-written schema when its table changes: `keep` maps it onto the new columns, `derive`
 * registers a schema derived from the new shape. Derived schemas follow their tables in any case.
 */
export interface SchemaChangeEventProcessor {
  process(change: SchemaChange): 'keep' | 'derive'
}

/** There is nothing to be set; the context brings the log. */
type BeanArguments = [options?: object, context?: { readonly log: Logger }]

/** Reports the change and keeps hand-written schemas. */
export class NopSchemaChangeEventProcessor implements SchemaChangeEventProcessor {
  private readonly log: Logger

  constructor(...[, context]: BeanArguments) {
    this.log = context?.log ?? silentLogger
  }

  process(change: SchemaChange): 'keep' {
    this.log.info('table changed', { database: change.database, table: change.table, source: change.source })
    return 'keep'
  }
}

/** Replaces hand-written schemas by derived ones when their tables change. */
export class UpdateSchemaChangeEventProcessor implements SchemaChangeEventProcessor {
  private readonly log: Logger

  constructor(...[, context]: BeanArguments) {
    this.log = context?.log ?? silentLogger
  }

  process(change: SchemaChange): 'derive' {
    this.log.info('table changed, its schema follows', {
      database: change.database,
      table: change.table,
      source: change.source,
    })
    return 'derive'
  }
}

const NAME = '(`(?:[^`]|``)+`|"(?:[^"]|"")+"|[\\w$\\u0080-\\uffff]+)'
const DDL = new RegExp(
  `^(?:ALTER|CREATE|DROP|RENAME|TRUNCATE)\\s+(?:OR\\s+REPLACE\\s+|ONLINE\\s+|OFFLINE\\s+|IGNORE\\s+|TEMPORARY\\s+)*` +
    `(?:TABLES?\\s+)?(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?${NAME}(?:\\s*\\.\\s*${NAME})?`,
  'i',
)

/** The table that a DDL statement names first, as it writes them; undefined when it is no DDL of a table. */
export function tableOfDdl(sql: string, database: string): { database: string; table: string } | undefined {
  const [, first, second] = DDL.exec(withoutComments(sql)) ?? []
  if (first === undefined) return undefined
  return second === undefined
    ? { database, table: unquoted(first) }
    : { database: unquoted(first), table: unquoted(second) }
}

/** In sql_mode ANSI_QUOTES double quotes stand around names; within its own quotes a quote is doubled. */
function unquoted(name: string): string {
  const quote = name.charAt(0)
  return quote === '`' || quote === '"' ? name.slice(1, -1).replaceAll(quote + quote, quote) : name
}

/** The statement without comments before it; what stands in executable comments counts. */
export function withoutComments(sql: string): string {
  return sql.replace(/^(?:\s+|\/\*(?![!M])[\s\S]*?\*\/|--[^\n]*\n|#[^\n]*\n|\/\*M?!\d*)+/, '')
}
