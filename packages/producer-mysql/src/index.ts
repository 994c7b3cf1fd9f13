export {
  MysqlAccessDeniedError,
  MysqlAccountLockedError,
  MysqlAuthenticationPluginError,
  MysqlConnectionsExhaustedError,
  MysqlHostRefusedError,
  MysqlPasswordExpiredError,
  MysqlTlsNeededError,
} from './error/account-errors.ts'
export { type BinlogHandler, type BinlogPosition, type BinlogStream } from './log/binlog-stream.ts'
export { MysqlDumpRefusedError, MysqlEventTooLargeError, MysqlLogUnreadableError } from './error/dump-errors.ts'
export { producerMysqlErrors } from './error/errors.ts'
export { InformationSchemaCatalogue } from './server/information-schema-catalogue.ts'
export { LiveBinlogStream, type LiveBinlogStreamOptions } from './stream/live-binlog-stream.ts'
export {
  MysqlBinlogFormatError,
  MysqlBinlogOffError,
  MysqlClientChangedError,
  MysqlConnectionLostError,
  MysqlEventChecksumError,
  MysqlGrantMissingError,
  MysqlLogPurgedError,
  MysqlLogResetError,
  MysqlPositionInFutureError,
  MysqlRowImageError,
  MysqlServerError,
  MysqlServerIdInUseError,
  MysqlServerSilentError,
  MysqlServerUnreachableError,
  MysqlStartFromError,
  MysqlStoredPositionError,
  MysqlTableUnknownError,
  MysqlTlsFileError,
  MysqlTlsRefusedError,
  MysqlUriInvalidError,
} from './error/live-errors.ts'
export { MysqlEventProducer, type MysqlEventProducerOptions } from './mysql-event-producer.ts'
export { type NumberedBeans } from './numbered-beans.ts'
export { maskMysqlUri, type MysqlUri, parseMysqlUri } from './server/mysql-uri.ts'
export { type DatabaseServer } from './server/server-connection.ts'
export { mysqlProducer } from './definition.ts'
export { mysqlSource, type MysqlSourceOptions } from './settings/mysql-settings.ts'
export { type ServerOptions, type ServerProperties } from './settings/server-properties.ts'
export { serverOfSource } from './server/source-server.ts'
export { type ShownCertificate } from './error/shown-certificate.ts'
export { type TlsSettings } from './server/tls-settings.ts'
export { MysqlGreetingInvalidError, MysqlPacketTooLargeError, MysqlServerUnprovenError } from './error/trust-errors.ts'
export {
  type ColumnDescription,
  type TableCatalogue,
  type TableDescription,
  type TableName,
} from './table/table-description.ts'

// The decoder: from raw events to windows, and logs from files.
export { BinlogDecoder, type BinlogDecoderOptions, type WindowPosition } from './decoder/binlog-decoder.ts'
export { type BinlogColumn, type ColumnKind } from './table/binlog-column.ts'
export { BinLogEvent, MySQLConstants } from './log/binlog-event.ts'
export {
  type BinLogEventMapper,
  DefaultBinLogEventMapper,
  type DefaultBinLogEventMapperOptions,
  ORToAvroMapper,
  type RowChange,
  type RowObject,
} from './row/binlog-event-mapper.ts'
export { type BinLogEventProcessor, type EventsMap } from './decoder/binlog-event-processor.ts'
export {
  type BinlogScn,
  compareBinlogScn,
  fileNameOf,
  fileNumberOf,
  formatBinlogScn,
  parseBinlogScn,
} from './log/binlog-scn.ts'
export { type BinlogTransaction } from './transaction/binlog-transaction.ts'
export { type ColumnConversion } from './row/column-conversion.ts'
export { type ColumnValue } from './row/column-value.ts'
export {
  BinlogEventCorruptError,
  BinlogEventUnsupportedError,
  BinlogFileError,
  BinlogFilesExhaustedError,
  BinlogIncidentError,
  BinlogScnOverflowError,
  ColumnConversionError,
  ColumnUnsupportedError,
  MapperFailedError,
  PartialJsonError,
  RowImageIncompleteError,
  SchemaMismatchError,
  TableKeylessError,
  TableUndescribedError,
  TransactionOrderError,
  ValueConversionError,
} from './error/errors.ts'
export { FileBinlogStream, type FileBinlogStreamOptions } from './stream/file-binlog-stream.ts'
export {
  DeleteEventProcessor,
  DeleteEventV2Processor,
  InsertEventProcessor,
  InsertEventV2Processor,
  PartialUpdateEventProcessor,
  TableMapEventProcessor,
  UpdateEventProcessor,
  UpdateEventV2Processor,
} from './decoder/rows-event-processors.ts'
export {
  NopSchemaChangeEventProcessor,
  type SchemaChange,
  type SchemaChangeEventProcessor,
  UpdateSchemaChangeEventProcessor,
} from './shape/schema-change.ts'
export { deriveSchema, type TableShape } from './row/schema-derivation.ts'
export { TableFault } from './error/table-fault.ts'
export {
  CommitEventProcessor,
  FormatDescriptionEventProcessor,
  GtidEventProcessor,
  MutatingQueryEventProcessor,
  RotateEventProcessor,
  XaPrepareEventProcessor,
} from './decoder/transaction-event-processors.ts'
export { TransactionPayloadEventProcessor } from './decoder/transaction-payload.ts'
export { MysqlChangesUnloggedError } from './error/unlogged-errors.ts'
