export { crcByBytes, eventCrc } from './crc32.ts'
export {
  EventCorruptError,
  EventKeyTooLongError,
  EventTooLargeError,
  EventTruncatedError,
  EventUnsupportedError,
  RemoteErrorTextError,
} from './errors.ts'
export { checkEvent, checkEventHeader, headerBytesWanted } from './event-check.ts'
export { checkpointEvent, SOURCE_ID_CHECKPOINT } from './checkpoint-event-v1.ts'
export { deletedCopy } from './deleted-copy.ts'
export { downConvert, DOWN_CONVERTED_LESS_BYTES, downConvertedBytesAt } from './event-v2-to-v1.ts'
export { EventDecoder } from './event-decoder.ts'
export { type EventAppend, type EventKey, type ValueWriter } from './event-key.ts'
export { endAt, isEndOfPeriodAt, lengthAt, scnAt, timestampNanosAt, valueOffsetAt, versionAt } from './event-fields.ts'
export { type EventVersion } from './event-version.ts'
export { EventView } from './event-view.ts'
export {
  endOfPeriodBytes,
  eventBytesMax,
  eventHeaderBytes,
  eventHeaderBytesMax,
  type EventWriter,
  eventWriterOf,
  sealEvent,
  sealEvents,
  writeEndOfPeriod,
  writeEvent,
} from './event-writer.ts'
export { type Opcode } from './opcode.ts'
export { schemaIdWords } from './schema-id-words.ts'
export {
  SCHEMA_CHANGE_ID_DEFAULT,
  SCHEMA_CHANGE_KINDS,
  SCHEMA_CHANGE_SCHEMA,
  SCHEMA_CHANGE_SOURCE,
  type SchemaChangeKind,
} from './schema-change-source.ts'
export { type LogicalSource } from './source.ts'
