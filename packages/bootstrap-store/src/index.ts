export {
  type BootstrapStore,
  type Chunk,
  type LiveRows,
  type LiveRowsQuestion,
  type LogBounds,
  type LogLimits,
  type LogQuestion,
  type Piece,
  type SeedingState,
  type SnapshotQuestion,
  type SourceState,
  type SourceStatus,
  type StoreAnswer,
  type StoredComparison,
  type StoredDifference,
  type StoreReader,
  type StoreWriter,
  type StreamDeclaration,
  type StreamState,
  type WindowBatch,
} from './bootstrap-store.ts'
export {
  isStoreFault,
  SnapshotOutdatedError,
  StoreFailedError,
  StoreFormatError,
  StoreInUseError,
  StoreLogPurgedError,
  StoreSettingInvalidError,
  StoreMissingError,
  StoreReplacedError,
  StoreSourceNotServedError,
  StoreSourceUnknownError,
  StoreSpaceForeignError,
  StoreThreadDiedError,
  StoreTooYoungError,
} from './errors.ts'
export { MysqlBootstrapStore, type MysqlBootstrapStoreOptions } from './mysql/mysql-bootstrap-store.ts'
export { MysqlStore, type MysqlStoreOptions } from './mysql/mysql-store.ts'
export { SqliteBootstrapStore, type SqliteBootstrapStoreOptions } from './sqlite/sqlite-bootstrap-store.ts'
export { SqliteStore, type SqliteStoreOptions } from './sqlite/sqlite-store.ts'
