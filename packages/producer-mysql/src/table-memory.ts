import { type Logger, messageOf, readIfThere, writeFileAtomically } from '@aesop/kernel'
import { type TableDescription, type TableName } from './table-description.ts'

/** One table as it was when its rows were read last. */
interface RememberedTable {
  /** The table map without its id, in base64: column types, and with full metadata their names, too. */
  readonly shape: string
  /** Whether the shape holds the names, so that a statement that changes the table shows in it. */
  readonly named: boolean
  readonly description: TableDescription
}

const SAVE_AFTER_MS = 1000
/** Table id and flags. */
const BEFORE_SHAPE_BYTES = 8

/**
 * What the catalogue said of tables when their rows were read, kept across restarts: rows that are read again, or only
 * now, can be told what their columns were although the table has been dropped since.
 *
 * A description holds for rows of the same shape until a statement of the log changes, or may have changed, the table.
 * The file is `{"tables": [{shape, named, description}, …]}`, written a second after a change and at the stop. It is an aid:
 * without it such a table is refused by name.
 */
export class TableMemory {
  private readonly path: string
  private readonly log: Logger
  private readonly tables: Map<string, RememberedTable>
  private timer: NodeJS.Timeout | undefined

  /** `isNew`: what is there belongs to a source of this name that was given up. */
  constructor(path: string, isNew: boolean, log: Logger) {
    this.path = path
    this.log = log
    this.tables = isNew ? new Map<string, RememberedTable>() : this.load()
  }

  recall(name: TableName, map: Buffer): TableDescription | undefined {
    const known = this.tables.get(keyOf(name))
    return known?.shape === shapeOf(map) ? known.description : undefined
  }

  remember(name: TableName, map: Buffer, named: boolean, description: TableDescription): void {
    this.tables.set(keyOf(name), { shape: shapeOf(map), named, description })
    this.saveSoon()
  }

  /** A statement may have changed these tables. */
  forget(isConcerned: (name: TableName) => boolean): void {
    for (const [key, { named, description }] of this.tables) {
      if (named || !isConcerned(description)) continue
      this.tables.delete(key)
      this.saveSoon()
    }
  }

  /** Saves what is not saved yet. Never throws. */
  flush(): void {
    if (this.timer === undefined) return
    clearTimeout(this.timer)
    this.timer = undefined
    try {
      writeFileAtomically(this.path, `${JSON.stringify({ tables: [...this.tables.values()] })}\n`)
    } catch (error) {
      this.log.warn(`descriptions of tables can not be kept: ${messageOf(error)}`, { path: this.path })
    }
  }

  private saveSoon(): void {
    this.timer ??= setTimeout(() => {
      this.flush()
    }, SAVE_AFTER_MS).unref()
  }

  private load(): Map<string, RememberedTable> {
    try {
      const text = readIfThere(this.path)
      if (text === undefined) return new Map()
      const { tables } = JSON.parse(text) as { tables: RememberedTable[] }
      return new Map(tables.map((each) => [keyOf(each.description), each]))
    } catch (error) {
      this.log.warn(`descriptions of tables can not be read: ${messageOf(error)}`, { path: this.path })
      return new Map()
    }
  }
}

function shapeOf(map: Buffer): string {
  return map.toString('base64', BEFORE_SHAPE_BYTES)
}

/** No name holds a NUL. */
function keyOf({ database, table }: TableName): string {
  return `${database}\u0000${table}`
}
