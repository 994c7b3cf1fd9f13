export { BufferReread, type OpenedPlace, type RereadBeginning } from './buffer-reread.ts'
export {
  MemoryUriInvalidError,
  producerErrors,
  ScnGeneratorChangedError,
  ScnGeneratorInvalidError,
  ScnGeneratorOneWayError,
  SchemaChangeIdTakenError,
  SourceConfigInvalidError,
  SourceIdCollisionError,
  SourceSettingTwiceError,
} from './errors.ts'
export { type EventProducer, type ProducerContext, type ProducerStatus } from './event-producer.ts'
export { GeneratedScnProducer } from './generated-scn-producer.ts'
export { integerWithin } from './integer-within.ts'
export { KEY_TEXT_BYTES_MAX, keyOfText, KeyText } from './key-text.ts'
export {
  defaultSourceId,
  LogicalSourceConfig,
  logicalPartitionOf,
  type LogicalSourceOptions,
  SOURCE_ID_MAX,
} from './logical-source-config.ts'
export { type MemoryEvent, MemoryEventProducer, type MemoryEventProducerOptions } from './memory-event-producer.ts'
export { MEMORY_ROW_SCHEMA } from './memory-row.ts'
export { type MemoryUri, parseMemoryUri } from './memory-uri.ts'
export {
  nameFromUri,
  PhysicalSourceConfig,
  type PhysicalSourceOptions,
  type StartFrom,
} from './physical-source-config.ts'
export {
  type GivenSettings,
  type OfferedClass,
  type ProducerDefinition,
  type PropertySchema,
  type SourceSettings,
} from './producer-definition.ts'
export { QuarantineRecord, quarantineRemedy, quarantineText } from './quarantine-record.ts'
export { isFinal, RECONNECT } from './reconnect-policy.ts'
export { type MarkedPoint, RereadMarks } from './reread-marks.ts'
export { ResumeKeeper, type ResumeKeeperOptions } from './resume-keeper.ts'
export { RUNNER_STATES, type RunnerEvent, type RunnerState } from './runner-state.ts'
export { type ReadingAttempt, SourceRunner, type SourceRunnerOptions } from './source-runner.ts'
export { parseStartPlace, type StartPlace } from './start-place.ts'
export { type PassedOver, type PassOver } from './pass-over.ts'
export { type PlaceFinder, type PlaceRecord } from './place-finder.ts'
export { type ScnGenerator, SourceScnGenerator } from './scn-generator.ts'
export { type ScnSpaceOptions, scnSpaceOfSource } from './scn-space-of-source.ts'
export { quotedTable, type TableName, tableNamesOf, textOfTable } from './table-name.ts'
export { TurnQueue } from './turn-queue.ts'
export { type CopySink, takesCopies, WindowCopy } from './window-copy.ts'
export {
  SnapshotBehindError,
  SnapshotCursorInvalidError,
  SnapshotCursorLostError,
  SnapshotLockedError,
  SnapshotRefusedError,
  SnapshotTableChangedError,
  SnapshotUnseenError,
  SnapshotWhereInvalidError,
} from './snapshot-errors.ts'
export { type WindowSink } from './window-sink.ts'
