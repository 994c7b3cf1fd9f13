import {
  type EventAppend,
  eventBytesMax,
  type EventKey,
  eventHeaderBytes,
  type Opcode,
  SCHEMA_CHANGE_SOURCE,
  type ValueWriter,
} from '@aesop/event'
import { type WindowSink } from '@aesop/producer'
import { compileRowReader, type Row, type RowReader, type SchemaRegistry } from '@aesop/schema'

export interface LedgerRow {
  readonly opcode: Opcode
  /** Of the logical source. */
  readonly sourceId: number
  readonly key: EventKey
  readonly row: Row
}

export interface LedgerWindow {
  readonly scn: bigint
  readonly rows: readonly LedgerRow[]
  /** Events of `com.aesop.SchemaChange`, each with the number of rows before it in its window. */
  readonly changes: readonly (Row & { readonly rowsBefore: number })[]
}

/** What a buffer may be asked for beyond an event; a large one must not need many times its size. */
const SLACK_BYTES_MAX = 512 * 1024

/** A sink that keeps every closed window with its rows decoded, and refuses what a buffer would refuse. */
export class WindowLedger implements WindowSink {
  readonly windows: LedgerWindow[] = []
  /** Set to hold the producer back. */
  writable: Promise<void> | undefined = undefined
  private readonly schemas: SchemaRegistry
  private readonly readers = new Map<string, RowReader>()
  private open: LedgerRow[] | undefined
  private changes: LedgerWindow['changes'][number][] = []

  constructor(schemas: SchemaRegistry) {
    this.schemas = schemas
  }

  /** All rows, in order. */
  get rows(): LedgerRow[] {
    return this.windows.flatMap(({ rows }) => rows)
  }

  /** The `id` of every row, in order. */
  get ids(): number[] {
    return this.rows.map(({ row }) => Number(row['id']))
  }

  /** Changes of tables, in order. */
  get schemaChanges(): LedgerWindow['changes'][number][] {
    return this.windows.flatMap(({ changes }) => changes)
  }

  /** Forgets the windows after this SCN, as a buffer does that dies with its process. */
  forgetAfter(scn: bigint): void {
    while ((this.windows.at(-1)?.scn ?? scn) > scn) this.windows.pop()
  }

  beginWindow(): void {
    if (this.open !== undefined) throw new Error('a window is open already')
    this.open = []
    this.changes = []
  }

  append(append: EventAppend, write: ValueWriter): void {
    if (this.open === undefined) throw new Error('no window is open')
    const bytes = Buffer.alloc(append.maxValueBytes)
    const end = write(bytes, 0)
    if (end > append.maxValueBytes) throw new Error(`${end} bytes written, ${append.maxValueBytes} were asked for`)
    const { opcode, key, sourceId, maxValueBytes } = append
    const slackBytes = eventBytesMax(key, maxValueBytes, 1) - eventHeaderBytes(key, 1) - end
    if (slackBytes > SLACK_BYTES_MAX) throw new Error(`${slackBytes} bytes more were asked for than written`)
    const idHex = Buffer.from(append.schemaId).toString('hex')
    const row = this.readerOf(idHex)(bytes, 0, end)
    const isChange = this.schemas.byId(idHex)?.source === SCHEMA_CHANGE_SOURCE
    if (isChange) this.changes.push({ ...row, rowsBefore: this.open.length })
    else this.open.push({ opcode, key, sourceId, row })
  }

  endWindow(scn: bigint): void {
    if (this.open === undefined) throw new Error('no window is open')
    const last = this.windows.at(-1)?.scn ?? -1n
    if (scn <= last) throw new Error(`SCN ${scn.toString()} came after ${last.toString()}`)
    this.windows.push({ scn, rows: this.open, changes: this.changes })
    this.open = undefined
  }

  rollbackWindow(): void {
    this.open = undefined
  }

  mark(): () => void {
    const { length } = this.open ?? []
    return () => void this.open?.splice(length)
  }

  whenWritable(): Promise<void> | undefined {
    return this.writable
  }

  private readerOf(idHex: string): RowReader {
    let reader = this.readers.get(idHex)
    if (reader === undefined) {
      const schema = this.schemas.byId(idHex)
      if (schema === undefined) throw new Error(`schema ${idHex} is not registered`)
      reader = compileRowReader(schema.text)
      this.readers.set(idHex, reader)
    }
    return reader
  }
}
