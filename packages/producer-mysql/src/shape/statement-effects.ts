import { type Logger } from '@aesop/kernel'
import { type LogicalSourceConfig } from '@aesop/producer'
import { StatementFormatError } from '../error/errors.ts'
import { changesRows, changesTables, sourcesNamedIn } from './logged-statement.ts'
import { type BinlogQuery, isStatement, parseQuery } from '../log/query-event.ts'
import { type SchemaChangeEventProcessor, tableOfDdl } from './schema-change.ts'
import { type BinLogEvent } from '../log/binlog-event.ts'
import { type SourceChange } from './schema-change-events.ts'
import { type TableCache } from './table-cache.ts'
import { tableStatement, type TableChangeKind } from './table-changes.ts'
import { type TableName } from '../table/table-description.ts'

export interface StatementEffectsOptions {
  readonly tables: TableCache
  readonly schemaChanges: SchemaChangeEventProcessor
  readonly log: Logger
}

/** What a statement of the log means for the captured tables: another shape, or a change of rows that nobody can capture. */
export class StatementEffects {
  private readonly options: StatementEffectsOptions

  constructor(options: StatementEffectsOptions) {
    this.options = options
  }

  /**
   * @param verb the first word of `sql`, in capitals; `sql` is the statement without the comments before it
   * @returns what it did to captured tables, for whoever follows them
   */
  take(
    query: BinlogQuery,
    sql: string,
    verb: string,
    where: { file: string; position: number },
  ): readonly SourceChange[] {
    if (changesTables(verb)) this.tellChange(query, sql)
    if (changesRows(verb)) this.alarm(query, sql, where)
    return this.changesOf(query)
  }

  /** One statement may name a table twice: what happened to it is told once. */
  private changesOf(query: BinlogQuery): readonly SourceChange[] {
    const statement = tableStatement(query)
    if (statement === undefined) return []
    const told = new Map<string, SourceChange>()
    const tell = (kind: TableChangeKind, source: LogicalSourceConfig | undefined, named: TableName): void => {
      if (source !== undefined && !told.has(`${kind} ${source.id}`))
        told.set(`${kind} ${source.id}`, { kind, source, named })
    }
    const { tables } = this.options
    for (const { kind, renamedTo, ...name } of statement.changes) {
      for (const each of renamedTo === undefined ? [name] : [name, renamedTo]) {
        tell(kind, tables.sourceOf(each.database, each.table), { database: each.database, table: each.table })
      }
    }
    const { droppedDatabase } = statement
    if (droppedDatabase === undefined) return [...told.values()]
    for (const source of tables.capturedSources()) {
      for (const named of tables.names.tablesOf(source)) {
        if (tables.names.areSame(named, { ...named, database: droppedDatabase })) tell('DROP', source, named)
      }
    }
    return [...told.values()]
  }

  /** A statement that is passed over changes its tables all the same. */
  passed(event: BinLogEvent, bytesMax: number): Promise<void> | undefined {
    return isStatement(event) ? this.changeShapes(parseQuery(event, bytesMax)) : undefined
  }

  /** The promise waits for what the tables are now. */
  changeShapes(query: BinlogQuery): Promise<void> | undefined {
    const statement = tableStatement(query)
    if (statement === undefined) return undefined
    const { tables } = this.options
    const sources = [...tables.capturedSources()].filter((source) =>
      tables.names.tablesOf(source).some((name) => statement.mayChange(name)),
    )
    return tables.changed(sources)
  }

  private tellChange(query: BinlogQuery, sql: string): void {
    const { tables, schemaChanges } = this.options
    const named = tableOfDdl(sql, query.database)
    const source = named === undefined ? undefined : tables.sourceOf(named.database, named.table)
    if (named === undefined || source === undefined) return
    const answer = schemaChanges.process({ ...named, source: source.name, sql: query.sql })
    if (answer === 'derive') tables.deriveFromNowOn(source)
  }

  /** A change that was logged as its statement can't be captured; nobody may overlook it. */
  private alarm(query: BinlogQuery, sql: string, where: { file: string; position: number }): void {
    for (const { uri } of sourcesNamedIn(sql, query.database, this.options.tables.capturedSources())) {
      const alarm = new StatementFormatError(uri)
      this.options.log.error(`${alarm.message}: ${alarm.remedy}`, { ...where, code: alarm.code, table: uri })
    }
  }
}
