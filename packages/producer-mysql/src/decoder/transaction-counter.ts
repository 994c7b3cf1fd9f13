import { silentLogger } from '@aesop/kernel'
import { type PhysicalSourceConfig, type WindowSink } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { BinlogDecoder } from './binlog-decoder.ts'
import { MySQLConstants } from '../log/binlog-event.ts'
import { type BinLogEventProcessor, type EventsMap } from './binlog-event-processor.ts'
import { CommitEventProcessor } from './transaction-event-processors.ts'

/** Nobody looks at rows here. */
const NOTHING: BinLogEventProcessor = { process: () => undefined }

const NO_ROWS: EventsMap = new Map<number, BinLogEventProcessor>([
  [MySQLConstants.TABLE_MAP_EVENT, NOTHING],
  [MySQLConstants.WRITE_ROWS_EVENT, NOTHING],
  [MySQLConstants.UPDATE_ROWS_EVENT, NOTHING],
  [MySQLConstants.DELETE_ROWS_EVENT, NOTHING],
  [MySQLConstants.WRITE_ROWS_EVENT_V2, NOTHING],
  [MySQLConstants.UPDATE_ROWS_EVENT_V2, NOTHING],
  [MySQLConstants.DELETE_ROWS_EVENT_V2, NOTHING],
  [MySQLConstants.PARTIAL_UPDATE_ROWS_EVENT, NOTHING],
  [MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1, NOTHING],
  [MySQLConstants.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1, NOTHING],
  [MySQLConstants.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1, NOTHING],
  [MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT, NOTHING],
  [MySQLConstants.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT, NOTHING],
  [MySQLConstants.MARIADB_DELETE_ROWS_COMPRESSED_EVENT, NOTHING],
  [MySQLConstants.INCIDENT_EVENT, NOTHING],
  [MySQLConstants.MARIADB_START_ENCRYPTION_EVENT, NOTHING],
  // The whole transaction is this one event.
  [MySQLConstants.TRANSACTION_PAYLOAD_EVENT, new CommitEventProcessor()],
])

const NOWHERE: WindowSink = {
  beginWindow: () => undefined,
  append: () => undefined,
  endWindow: () => undefined,
  rollbackWindow: () => undefined,
  whenWritable: () => undefined,
}

/**
 * A decoder that only finds where it is: it counts transactions exactly as the one that delivers them, because it is the
 * same, and reads no row.
 */
export function transactionCounter(physicalSource: PhysicalSourceConfig): BinlogDecoder {
  const counter = new BinlogDecoder({
    physicalSource,
    schemas: new MemorySchemaRegistry(),
    sink: NOWHERE,
    eventsMap: NO_ROWS,
    generation: 0,
    log: silentLogger,
    onWindow: () => undefined,
    emptyWindowEveryMs: Infinity,
  })
  counter.resetTransaction(true)
  return counter
}
