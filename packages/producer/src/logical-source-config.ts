import { crc32 } from 'node:zlib'
import { SourceConfigInvalidError } from './errors.ts'
import { integerWithin } from './integer-within.ts'
import { plainTableText, textOfTable } from './table-name.ts'

/** The greatest id of a source or partition: it travels as a signed 16-bit number. */
export const SOURCE_ID_MAX = 32767
const PARTITION_FUNCTION = /^constant:(\d{1,5})$/

/** What a descriptor says of one logical source: `uri`, or `database` and `table`; the rest has a default. */
export interface LogicalSourceOptions {
  readonly id?: number | bigint | string
  readonly name?: string
  readonly uri?: string
  readonly database?: string
  readonly table?: string
  readonly partitionFunction?: string
}

/** One table (or other stream of one schema) of a physical source: the bean `LogicalSourceConfig`. */
export class LogicalSourceConfig {
  /** 1–32767; left out: `1 + crc32(name) % 32767`. */
  readonly id: number
  /**
   * Name in the schema registry and towards clients; left out: `<database>.<table>`, without backticks. An unmodified Java client of Databus dies
   * of a name of exactly two parts: give a source that such a client reads one of one, three or more.
   */
  readonly name: string
  /**
   * `<database>.<table>`. Where a name holds a dot, backticks can say which one is between: `` `my.shop`.`book` ``; without them
   * the server is asked which of the tables is there. Of `database` and `table`, the text that means them.
   */
  readonly uri: string
  /** Only `constant:<n>` exists, as in Databus: the logical partition of every event; left out: `constant:0`. */
  readonly partitionFunction: string

  constructor(options: LogicalSourceOptions) {
    this.uri = uriOf(options)
    this.name = options.name ?? plainTableText(this.uri)
    const where = `logical source ${this.name}`
    this.id = integerWithin(where, 'id', options.id ?? defaultSourceId(this.name), 1, SOURCE_ID_MAX)
    this.partitionFunction = options.partitionFunction ?? 'constant:0'
    logicalPartitionOf(this)
  }

  /** Resolves a descriptor's value: a URI alone, the options, or a bean that is resolved already. */
  static from(options: LogicalSourceOptions | LogicalSourceConfig | string): LogicalSourceConfig {
    if (options instanceof LogicalSourceConfig) return options
    return new LogicalSourceConfig(typeof options === 'string' ? { uri: options } : options)
  }
}

function uriOf({ uri, database, table }: LogicalSourceOptions): string {
  if (uri === undefined && isName(database) && isName(table)) return textOfTable({ database, table })
  const expected = 'the name of a table as <database>.<table>, or database and table in its place'
  if (!isName(uri)) throw new SourceConfigInvalidError('logical source', 'uri', uri, expected)
  if (database === undefined && table === undefined) return uri
  throw new SourceConfigInvalidError('logical source', 'database', database, `none beside the uri ${uri}`)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** The id of a source that was given none: stable for its name. */
export function defaultSourceId(name: string): number {
  return 1 + (crc32(name) % SOURCE_ID_MAX)
}

/** The logical partition that the source's partition function gives to every event. @throws SourceConfigInvalidError */
export function logicalPartitionOf(source: LogicalSourceConfig): number {
  const partition = Number(PARTITION_FUNCTION.exec(source.partitionFunction)?.[1] ?? -1)
  if (partition >= 0 && partition <= SOURCE_ID_MAX) return partition
  const expected = 'constant:<n> with n from 0 to 32767'
  throw new SourceConfigInvalidError(
    `logical source ${source.name}`,
    'partitionFunction',
    source.partitionFunction,
    expected,
  )
}
