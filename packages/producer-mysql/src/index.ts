export {
  MysqlAccessDeniedError,
  MysqlAccountLockedError,
  MysqlAuthenticationPluginError,
  MysqlConnectionsExhaustedError,
  MysqlHostRefusedError,
  MysqlPasswordExpiredError,
  MysqlTlsNeededError,
} from './account-errors.ts'
export { type BinlogHandler, type BinlogPosition, type BinlogStream } from './binlog-stream.ts'
export { MysqlDumpRefusedError, MysqlEventTooLargeError, MysqlLogUnreadableError } from './dump-errors.ts'
export { producerMysqlErrors } from './errors.ts'
export { InformationSchemaCatalogue } from './information-schema-catalogue.ts'
export { LiveBinlogStream, type LiveBinlogStreamOptions } from './live-binlog-stream.ts'
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
} from './live-errors.ts'
export { MysqlEventProducer, type MysqlEventProducerOptions } from './mysql-event-producer.ts'
export { type NumberedBeans } from './numbered-beans.ts'
export { maskMysqlUri, type MysqlUri, parseMysqlUri } from './mysql-uri.ts'
export { type DatabaseServer } from './server-connection.ts'
export { type ShownCertificate } from './shown-certificate.ts'
export { type TlsSettings } from './tls-settings.ts'
export { MysqlGreetingInvalidError, MysqlPacketTooLargeError, MysqlServerUnprovenError } from './trust-errors.ts'
export {
  type ColumnDescription,
  type TableCatalogue,
  type TableDescription,
  type TableName,
} from './table-description.ts'

// The decoder: from raw events to windows, and logs from files.
export { BinlogDecoder, type BinlogDecoderOptions, type WindowPosition } from './binlog-decoder.ts'
export { type BinlogColumn, type ColumnKind } from './binlog-column.ts'
export { BinLogEvent, MySQLConstants } from './binlog-event.ts'
export {
  type BinLogEventMapper,
  DefaultBinLogEventMapper,
  type DefaultBinLogEventMapperOptions,
  ORToAvroMapper,
  type RowChange,
  type RowObject,
} from './binlog-event-mapper.ts'
export { type BinLogEventProcessor, type EventsMap } from './binlog-event-processor.ts'
export {
  type BinlogScn,
  compareBinlogScn,
  fileNameOf,
  fileNumberOf,
  formatBinlogScn,
  parseBinlogScn,
} from './binlog-scn.ts'
export { type BinlogTransaction } from './binlog-transaction.ts'
export { type ColumnConversion } from './column-conversion.ts'
export { type ColumnValue } from './column-value.ts'
export {
  BinlogEventCorruptError,
  BinlogEventUnsupportedError,
  BinlogFileError,
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
} from './errors.ts'
export { FileBinlogStream, type FileBinlogStreamOptions } from './file-binlog-stream.ts'
export {
  DeleteEventProcessor,
  DeleteEventV2Processor,
  InsertEventProcessor,
  InsertEventV2Processor,
  PartialUpdateEventProcessor,
  TableMapEventProcessor,
  UpdateEventProcessor,
  UpdateEventV2Processor,
} from './rows-event-processors.ts'
export {
  NopSchemaChangeEventProcessor,
  type SchemaChange,
  type SchemaChangeEventProcessor,
  UpdateSchemaChangeEventProcessor,
} from './schema-change.ts'
export { deriveSchema, type TableShape } from './schema-derivation.ts'
export { standardEvents } from './standard-events.ts'
export { TableFault } from './table-fault.ts'
export {
  CommitEventProcessor,
  FormatDescriptionEventProcessor,
  GtidEventProcessor,
  MutatingQueryEventProcessor,
  RotateEventProcessor,
  XaPrepareEventProcessor,
} from './transaction-event-processors.ts'
export { TransactionPayloadEventProcessor } from './transaction-payload.ts'
export { MysqlChangesUnloggedError } from './unlogged-errors.ts'
