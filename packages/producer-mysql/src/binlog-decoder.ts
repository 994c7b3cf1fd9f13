import { type Logger } from '@aesop/kernel'
import { type PhysicalSourceConfig, type WindowSink } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { type BinLogEventMapper } from './binlog-event-mapper.ts'
import { type EventsMap } from './binlog-event-processor.ts'
import { type BinlogHandler } from './binlog-stream.ts'
import { type SchemaChangeEventProcessor } from './schema-change.ts'
import { type TableCatalogue } from './table-description.ts'

/** Where the log stands after a window; `gtid` is the identifier of that transaction (`0-1-42`, `uuid:42`), if any. */
export interface WindowPosition {
  readonly file: string
  readonly position: number
  readonly gtid?: string
}

export interface BinlogDecoderOptions {
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly sink: WindowSink
  /** Asked for tables that the log does not describe itself. */
  readonly catalogue?: TableCatalogue
  /** Event type → processor; default: the standard ones. */
  readonly eventsMap?: EventsMap
  /** Logical source id → a user's own mapper; default: the compiled one. */
  readonly mappers?: ReadonlyMap<number, BinLogEventMapper>
  readonly schemaChangeEventProcessor?: SchemaChangeEventProcessor
  /** 0–2047, the high bits of every SCN. */
  readonly generation: number
  readonly log: Logger
  /** Called after each window has been closed in the sink, empty ones included. */
  readonly onWindow: (scn: bigint, position: WindowPosition) => void
  /** Least distance of the empty windows that uninteresting traffic causes; default 5000. */
  readonly emptyWindowEveryMs?: number
}

/**
 * From raw events to windows in the sink. `onEvent` throws (or its promise rejects with) an AesopError when the log
 * can't be followed: the stream then stops and reports it through `onBroken`. After that, and before every reconnect,
 * `resetTransaction` forgets the open transaction; the stream must go on at the position of the last `onWindow`.
 */
export declare class BinlogDecoder implements BinlogHandler {
  constructor(options: BinlogDecoderOptions)
  onEvent(bytes: Buffer, offset: number, end: number): Promise<void> | undefined
  onRotate(file: string, position: number): void
  onCaughtUp(): void
  /** Rolls the open window back and forgets tables; call it before every (re)connect. */
  resetTransaction(): void
}
