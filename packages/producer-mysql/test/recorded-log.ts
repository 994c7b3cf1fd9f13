import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type EventAppend, SCHEMA_CHANGE_SOURCE, type ValueWriter } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { LogicalSourceConfig, PhysicalSourceConfig, type WindowSink } from '@aesop/producer'
import { compileRowReader, MemorySchemaRegistry, type Row, type SchemaRegistry } from '@aesop/schema'
import { BinlogDecoder, type BinlogDecoderOptions } from '../src/decoder/binlog-decoder.ts'
import { FileBinlogStream } from '../src/stream/file-binlog-stream.ts'
import { type TableCatalogue, type TableDescription } from '../src/table/table-description.ts'

/** One change as a sink got it, decoded. */
export interface RecordedChange {
  readonly opcode: string
  readonly key: EventAppend['key']
  readonly timestampNanos: bigint
  readonly source: number
  readonly row: Row
  readonly bytes: Buffer
  readonly schemaIdHex: string
}

export interface RecordedWindow {
  readonly scn: bigint
  readonly changes: readonly RecordedChange[]
  /** Events of `com.aesop.SchemaChange`. */
  readonly tableChanges: readonly RecordedChange[]
}

/** A sink that keeps everything, and refuses what a real one would refuse. */
export class RecordingSink implements WindowSink {
  readonly windows: RecordedWindow[] = []
  rolledBack = 0
  private readonly schemas: SchemaRegistry
  private open: RecordedChange[] | undefined
  private tableChanges: RecordedChange[] = []

  constructor(schemas: SchemaRegistry) {
    this.schemas = schemas
  }

  get changes(): readonly RecordedChange[] {
    return this.windows.flatMap((window) => window.changes)
  }

  /** Windows but those that only say what became of a table. */
  get rowWindows(): readonly RecordedWindow[] {
    return this.windows.filter(({ changes, tableChanges }) => changes.length > 0 || tableChanges.length === 0)
  }

  /** The changes of the open window. */
  get pending(): readonly RecordedChange[] {
    return this.open ?? []
  }

  beginWindow(): void {
    if (this.open !== undefined) throw new Error('a window is open already')
    this.open = []
    this.tableChanges = []
  }

  append(append: EventAppend, write: ValueWriter): void {
    if (this.open === undefined) throw new Error('no window is open')
    const target = Buffer.alloc(append.maxValueBytes + 32, 0xee)
    const end = write(target, 16)
    if (end > 16 + append.maxValueBytes) throw new Error(`wrote ${end - 16} of ${append.maxValueBytes} bytes`)
    const bytes = Buffer.from(target.subarray(16, end))
    const schemaIdHex = Buffer.from(append.schemaId).toString('hex')
    const schema = this.schemas.byId(schemaIdHex)
    if (schema === undefined) throw new Error('an event came before its schema')
    const row = compileRowReader(schema.text)(bytes, 0, bytes.length)
    const { opcode, key, timestampNanos, sourceId: source } = append
    const list = schema.source === SCHEMA_CHANGE_SOURCE ? this.tableChanges : this.open
    list.push({ opcode, key, timestampNanos, source, row, bytes, schemaIdHex })
  }

  endWindow(scn: bigint): void {
    if (this.open === undefined) throw new Error('no window is open')
    this.windows.push({ scn, changes: this.open, tableChanges: this.tableChanges })
    this.open = undefined
  }

  rollbackWindow(): void {
    if (this.open !== undefined) this.rolledBack++
    this.open = undefined
  }

  mark(): () => void {
    const { length } = this.open ?? []
    const { length: ofTables } = this.tableChanges
    return () => {
      this.open?.splice(length)
      this.tableChanges.splice(ofTables)
    }
  }

  whenWritable(): undefined {
    return undefined
  }
}

export function recordingPath(name: string): string {
  return fileURLToPath(new URL(`testdata/binlog/${name}/mysql-bin.index`, import.meta.url))
}

export function readTestdata(name: string): string {
  return readFileSync(fileURLToPath(new URL(`testdata/binlog/${name}`, import.meta.url)), 'utf8')
}

/** What INFORMATION_SCHEMA said of the tables of a recording. */
export function catalogueOf(recording: string): TableCatalogue {
  const tables = JSON.parse(readTestdata(`${recording}/catalogue.json`)) as TableDescription[]
  const describeTable = (_database: string, table: string): TableDescription | undefined =>
    tables.find((each) => each.table === table)
  return {
    describe: describeTable,
    refresh: (database, table) => Promise.resolve({ description: describeTable(database, table), at: 'everywhere' }),
  }
}

/** A physical source over a recording that captures these tables. */
export function sourceOf(recording: string, uris: readonly string[], options: object = {}): PhysicalSourceConfig {
  return new PhysicalSourceConfig({
    uri: `binlog:${recordingPath(recording)}`,
    sources: uris.map((uri, i) => new LogicalSourceConfig({ id: i + 1, uri })),
    ...options,
  })
}

/** A decoder of a recording, and the sink that it fills. */
export function decoderOf(
  recording: string,
  uris: readonly string[],
  options: Partial<BinlogDecoderOptions> = {},
): { sink: RecordingSink; decoder: BinlogDecoder } {
  const schemas = options.schemas ?? new MemorySchemaRegistry()
  const sink = new RecordingSink(schemas)
  const decoder = new BinlogDecoder({
    physicalSource: sourceOf(recording, uris),
    schemas,
    sink,
    generation: 0,
    log: silentLogger,
    onWindow: () => undefined,
    ...options,
  })
  return { sink, decoder }
}

/** Everything that a recording gives, in a sink. @throws what broke the stream */
export async function decodeRecording(
  recording: string,
  uris: readonly string[],
  options: Partial<BinlogDecoderOptions> = {},
): Promise<RecordingSink> {
  const { sink, decoder } = decoderOf(recording, uris, options)
  const stream = new FileBinlogStream({ indexPath: recordingPath(recording) })
  await new Promise<void>((resolve, reject) => {
    const handler = {
      onEvent: decoder.onEvent.bind(decoder),
      onRotate: decoder.onRotate.bind(decoder),
      onCaughtUp: resolve,
    }
    stream.open(stream.earliest(), handler, reject).catch(reject)
  }).finally(() => stream.close())
  return sink
}
