export { type BinlogHandler, type BinlogPosition, type BinlogStream } from './binlog-stream.ts'
export { producerMysqlErrors } from './errors.ts'
export { InformationSchemaCatalogue } from './information-schema-catalogue.ts'
export { LiveBinlogStream, type LiveBinlogStreamOptions } from './live-binlog-stream.ts'
export {
  MysqlAccessDeniedError,
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
  MysqlUriInvalidError,
} from './live-errors.ts'
export { MysqlEventProducer, type MysqlEventProducerOptions, type NumberedBeans } from './mysql-event-producer.ts'
export { maskMysqlUri, type MysqlUri, parseMysqlUri } from './mysql-uri.ts'
export { type ColumnDescription, type TableCatalogue, type TableDescription } from './table-description.ts'
