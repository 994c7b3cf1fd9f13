import { type LogicalSourceConfig, quotedTable, SnapshotRefusedError } from '@aesop/producer'
import { TableFault } from '../error/table-fault.ts'
import { type TableMap } from '../log/table-map.ts'
import { CapturedTable, type TableCompiler } from '../row/captured-table.ts'
import { compileRowScanner, type RowScanner } from '../row/row-scanner.ts'
import { type TableDescription } from '../table/table-description.ts'
import { type ChunkColumn, chunkColumn, grownBytes } from '../row/chunk-columns.ts'
import { compileImageWriter, type ImageWriter } from '../row/image-writer.ts'
import { conditionAfter, type KeyColumn, quoted } from './key-place.ts'
import { type TableKey } from './table-key.ts'

/** What a chunk table is made of. */
export interface ChunkTableFacts {
  readonly source: LogicalSourceConfig
  readonly description: TableDescription
  readonly key: TableKey | undefined
  /** Whether the log names the key of a table without a primary one (`binlog_row_metadata=FULL`). */
  readonly logsKeys: boolean
}

/** A table in the shape that it has now, compiled for being read: what is asked for, and how rows become events of the stream. */
export class ChunkTable {
  readonly source: LogicalSourceConfig
  readonly description: TableDescription
  readonly captured: CapturedTable
  readonly columns: readonly ChunkColumn[]
  readonly key: readonly KeyColumn[]
  readonly write: ImageWriter
  readonly scan: RowScanner
  /** All columns are in the images. */
  readonly present: Buffer
  /** Bytes that an image may have beyond those of its packet. */
  readonly grownBytes: number
  readonly #index: string | undefined

  /** @throws SnapshotRefusedError when the stream could not deliver its rows either */
  constructor(compiler: TableCompiler, { source, description, key, logsKeys }: ChunkTableFacts) {
    this.source = source
    this.description = description
    this.columns = description.columns.map((column) => {
      const found = chunkColumn(column)
      if (found !== undefined) return found
      throw new SnapshotRefusedError(
        source.name,
        `column ${column.name} has the type ${column.typeName ?? ''}, which is not known`,
      )
    })
    this.captured = this.#compile(compiler, logsKeys ? key : undefined)
    this.key = (key?.columns ?? []).map((name) => this.#keyColumn(name))
    this.#index = key?.index
    this.write = compileImageWriter(this.columns)
    this.present = Buffer.alloc((this.columns.length + 7) >> 3, 0xff)
    this.scan = compileRowScanner(this.captured.columns, this.present)
    this.grownBytes = this.present.length + this.columns.reduce((sum, column) => sum + grownBytes(column), 0)
  }

  /** A table map as a server writes it that says all. Rows of a versioned table are asked for as they are now: no period tells. */
  #compile(compiler: TableCompiler, logged: TableKey | undefined): CapturedTable {
    const { asShown, database, table, columns, primaryKey } = this.description
    const names = primaryKey.length > 0 ? primaryKey : (logged?.columns ?? [])
    const map: TableMap = {
      tableId: 0,
      database: asShown?.database ?? database,
      table: asShown?.table ?? table,
      columns: this.columns.map(({ mapped }) => mapped),
      primaryKey: names.length === 0 ? undefined : names.map((name) => columns.findIndex((each) => each.name === name)),
    }
    const described: TableDescription = { ...this.description }
    delete (described as { period?: unknown }).period
    try {
      return new CapturedTable(compiler, this.source, map, described, false)
    } catch (cause) {
      if (!(cause instanceof TableFault)) throw cause
      throw new SnapshotRefusedError(this.source.name, cause.message, { cause, remedy: cause.remedy })
    }
  }

  #keyColumn(name: string): KeyColumn {
    const at = this.columns.findIndex((column) => column.name === name)
    const column = this.captured.columns[at]
    if (column === undefined)
      throw new SnapshotRefusedError(this.source.name, `its key names ${name}, which is no column`)
    return { column, charset: this.description.columns[at]?.charset }
  }

  get isKeyless(): boolean {
    return this.key.length === 0
  }

  get quotedName(): string {
    return quotedTable(this.description.asShown ?? this.description)
  }

  /**
   * Rows behind a place, in the order of the key.
   * @param lock words behind the statement, which let it see what is committed last
   * @throws SnapshotCursorInvalidError
   */
  select(request: { after?: string | undefined; where?: string | undefined; limit?: number; lock?: string }): string {
    const { after, where, limit, lock = '' } = request
    const index = this.#index === undefined ? '' : ` FORCE INDEX (${quoted(this.#index)})`
    const conditions = [
      ...(after === undefined ? [] : [`(${conditionAfter(this.source.name, after, this.key)})`]),
      ...(where === undefined ? [] : [`(${where}\n)`]),
    ]
    const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
    const order = this.isKeyless ? '' : ` ORDER BY ${this.key.map(({ column }) => quoted(column.name)).join(', ')}`
    const bound = limit === undefined ? '' : ` LIMIT ${limit}`
    return `SELECT ${this.#asked().join(', ')} FROM ${this.quotedName}${index}${filter}${order}${bound}${lock}`
  }

  #asked(): string[] {
    return this.columns.flatMap(({ name, transfer, isLabelled }) => {
      if (transfer === undefined) return []
      return isLabelled ? [`CAST(${quoted(name)} AS UNSIGNED) | 0`] : [quoted(name)]
    })
  }
}
