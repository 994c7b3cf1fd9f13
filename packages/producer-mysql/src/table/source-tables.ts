import { type LogicalSourceConfig, type TableName, tableNamesOf } from '@aesop/producer'
import { SourceTableAmbiguousError } from '../error/name-errors.ts'

/**
 * Which table each logical source captures. A table is its database's name and its own, compared as the server compares them:
 * as they are (`lower_case_table_names=0`, and log files), or without case (1 and 2). A source whose text may mean several
 * tables, because of its dots, captures the one that the server has, or that comes first in the log; a second one is refused.
 */
export class SourceTables {
  private readonly sources: readonly LogicalSourceConfig[]
  private caseless = false
  private readonly meant = new Map<LogicalSourceConfig, readonly TableName[]>()
  /** Of the sources that may mean several tables, the one that the log has. */
  private readonly seen = new Map<LogicalSourceConfig, TableName>()
  /** Database → table → source, both as they are compared. */
  private readonly byName = new Map<string, Map<string, LogicalSourceConfig>>()

  /** @throws SourceTableAmbiguousError when two sources name one table */
  constructor(sources: readonly LogicalSourceConfig[]) {
    this.sources = sources
    for (const source of sources) this.meant.set(source, tableNamesOf(source.uri))
    this.index()
  }

  /** Takes over how the server compares names. @throws SourceTableAmbiguousError */
  compare(names: 'exactly' | 'withoutCase'): void {
    if (this.caseless === (names === 'withoutCase')) return
    this.caseless = names === 'withoutCase'
    this.index()
  }

  /** The server has these of all tables that are meant. @throws SourceTableAmbiguousError when it has two for one source */
  settle(exists: (name: TableName) => boolean): void {
    for (const source of this.sources) {
      const names = this.tablesOf(source)
      if (names.length < 2) continue
      const there = names.filter(exists)
      if (there.length > 1) throw SourceTableAmbiguousError.ofTables(source, there)
      if (there.length === 1) this.meant.set(source, there)
    }
    this.index()
  }

  /** Every table that a source means, or may mean. */
  get all(): readonly TableName[] {
    return this.sources.flatMap((source) => this.tablesOf(source))
  }

  /** The tables of the sources that mean one for sure. */
  get settled(): readonly TableName[] {
    return this.sources.map((source) => this.tablesOf(source)).flatMap((names) => (names.length === 1 ? names : []))
  }

  /** What this source means, or may mean. */
  tablesOf(source: LogicalSourceConfig): readonly TableName[] {
    return this.meant.get(source) ?? []
  }

  /** The source that captures the table, or may do so. */
  sourceOf({ database, table }: TableName): LogicalSourceConfig | undefined {
    return this.byName.get(this.compared(database))?.get(this.compared(table))
  }

  /** The same for a table that is in the log: its source means no other one. @throws SourceTableAmbiguousError */
  capture(name: TableName): LogicalSourceConfig | undefined {
    const source = this.sourceOf(name)
    if (source === undefined) return undefined
    const names = this.tablesOf(source)
    if (names.length === 1) return source
    const seen = this.seen.get(source)
    if (seen === undefined) this.seen.set(source, name)
    else if (!this.areSame(seen, name)) throw SourceTableAmbiguousError.ofTables(source, [seen, name])
    return source
  }

  /** A source whose name differs from this table's by case alone. */
  differingByCase(name: TableName): LogicalSourceConfig | undefined {
    return this.sources.find((source) => this.tablesOf(source).some((each) => isSame(each, name, true)))
  }

  /** What a source calls a table that it captures: the server may write it in another case. */
  calledBy(source: LogicalSourceConfig, table: TableName): TableName {
    return this.tablesOf(source).find((name) => this.areSame(name, table)) ?? table
  }

  areSame(left: TableName, right: TableName): boolean {
    return isSame(left, right, this.caseless)
  }

  private index(): void {
    this.byName.clear()
    // What a source names for sure is not what another one may mean.
    const certainFirst = [...this.sources].sort((a, b) => this.tablesOf(a).length - this.tablesOf(b).length)
    for (const source of certainFirst) this.claim(source, this.tablesOf(source))
  }

  private claim(source: LogicalSourceConfig, names: readonly TableName[]): void {
    const free = names.filter((name) => this.sourceOf(name) === undefined)
    const [taken] = names
    if (free.length === 0 && taken !== undefined) {
      throw SourceTableAmbiguousError.ofSources(taken, [this.sourceOf(taken)?.uri ?? '', source.uri])
    }
    this.meant.set(source, free)
    for (const { database, table } of free) {
      const home = this.byName.get(this.compared(database)) ?? new Map<string, LogicalSourceConfig>()
      this.byName.set(this.compared(database), home.set(this.compared(table), source))
    }
  }

  private compared(name: string): string {
    return this.caseless ? name.toLowerCase() : name
  }
}

function isSame(left: TableName, right: TableName, caseless: boolean): boolean {
  const compared = (name: string): string => (caseless ? name.toLowerCase() : name)
  return compared(left.database) === compared(right.database) && compared(left.table) === compared(right.table)
}
