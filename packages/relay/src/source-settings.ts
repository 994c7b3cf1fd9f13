import { type RelayPropertyValues } from './relay-config.ts'

const HANDLER = 'databus.relay.dataSources.sequenceNumbersHandler'
export const SCN_DIRECTORY = `${HANDLER}.file.scnDir`
export const SCHEMA_DIRECTORY = 'databus.relay.schemaRegistry.fileSystem.schemaDir'
const BUFFER = 'databus.relay.eventBuffer'
export const BUFFER_DIRECTORY = `${BUFFER}.mmapDirectory`
const RESIDENT_BYTES_DEFAULT = 64 * 1024 * 1024
const SCRUB_MB_PER_SECOND_DEFAULT = 4
const SYNC_INTERVAL_MS_DEFAULT = 1_000
const FALLS_OFF_ALARM_MS_DEFAULT = 60_000
const BUFFER_BYTES_DEFAULT = 64 * 1024 * 1024
const LOG_WRITER = 'databus.relay.eventLogWriter'
const LOG_READER = 'databus.relay.eventLogReader'
const LOG_FILE_BYTES_DEFAULT = 500 * 1024 * 1024
const LOG_FILES_DEFAULT = 5
const LOG_BATCH_BYTES_DEFAULT = 64 * 1024
const LOG_SYNC_INTERVAL_MS_DEFAULT = 10_000

type TextOf = (key: string) => string | undefined
type IntegerOf = (key: string, otherwise: number) => number

/** Folders that a relay names for its sources, in the place of properties. */
export interface SourceFolders {
  readonly schemaRegistryLocation?: string
  readonly maxScnDirectoryLocation?: string
  readonly mmappedDirectoryLocation?: string
}

/** A buffer whose segments are files. */
export interface BufferFilesSettings {
  /** Undefined: below the state directory. */
  readonly directory: string | undefined
  /** Whether what a former process left is taken up. */
  readonly restores: boolean
  readonly residentBytes: number
  readonly syncIntervalMs: number
  /** How fast what lies in the files is read over and over, to find damage, in millions of bytes a second; 0: not at all. */
  readonly scrubMBPerSecond: number
}

/** What is written of a buffer to files of its own. */
export interface EventLogWriterSettings {
  /** Undefined: below the state directory. */
  readonly directory: string | undefined
  /** Bytes of one file, at most. */
  readonly fileBytes: number
  /** Of all files; the oldest leave. */
  readonly maxBytes: number
  /** How long windows are kept; undefined: as long as they fit. */
  readonly retentionMs: number | undefined
  /** Bytes that are taken from the buffer at a time. */
  readonly batchBytes: number
  readonly syncIntervalMs: number
}

/** An event log that a source replays in the place of its database. */
export interface EventLogReaderSettings {
  /** Undefined: below the state directory. */
  readonly directory: string | undefined
  /** Folder of the source in it; undefined: that of the source's name. */
  readonly session: string | undefined
}

/** What is set for one physical source of a relay. Relative folders count from the projects root. */
export interface SourceSettings {
  readonly bufferBytes: number
  /** Undefined: the buffer is memory. */
  readonly files: BufferFilesSettings | undefined
  /** Undefined: no event log is written. */
  readonly eventLogWriter: EventLogWriterSettings | undefined
  /** Undefined: the source reads its database. */
  readonly eventLogReader: EventLogReaderSettings | undefined
  /** How long windows are kept that nobody needs; undefined: as long as there is room. */
  readonly retentionMs: number | undefined
  /** Whether a full buffer waits for the running registrations of its own process. */
  readonly waitsForOwnReaders: boolean
  /** How long before a reader falls off the buffer it is told, in milliseconds; 0: not at all. */
  readonly fallsOffAlarmMs: number
  readonly initialScn: bigint | undefined
  /** False: how far the producer has come is forgotten at the stop. */
  readonly keepsMaxScn: boolean
  /** Folder of hand-written schemas; undefined: there is none. */
  readonly schemaDirectory: string | undefined
  /** Undefined: below the state directory. */
  readonly maxScnDirectory: string | undefined
}

/** @param values checked before */
export function sourceSettings(values: RelayPropertyValues, folders: SourceFolders): SourceSettings {
  const text = (key: string): string | undefined => (values[key] === undefined ? undefined : String(values[key]))
  const integer = (key: string, otherwise: number): number => Number(values[key] ?? otherwise)
  const retentionMs = integer(`${BUFFER}.retentionMs`, 0)
  const files = {
    directory: folders.mmappedDirectoryLocation ?? text(BUFFER_DIRECTORY),
    restores: text(`${BUFFER}.restoreMMappedBuffers`) !== 'false',
    residentBytes: integer(`${BUFFER}.residentBytes`, RESIDENT_BYTES_DEFAULT),
    syncIntervalMs: integer(`${BUFFER}.fsyncIntervalMs`, SYNC_INTERVAL_MS_DEFAULT),
    scrubMBPerSecond: integer(`${BUFFER}.scrubMBPerSecond`, SCRUB_MB_PER_SECOND_DEFAULT),
  }
  const initialScn = values[`${HANDLER}.file.initVal`]
  return {
    bufferBytes: integer(`${BUFFER}.maxSize`, BUFFER_BYTES_DEFAULT),
    files: text(`${BUFFER}.allocationPolicy`) === 'MMAPPED_MEMORY' ? files : undefined,
    retentionMs: retentionMs === 0 ? undefined : retentionMs,
    eventLogWriter: text(`${LOG_WRITER}.enabled`) === 'true' ? logWriter(text, integer) : undefined,
    eventLogReader: text(`${LOG_READER}.enabled`) === 'true' ? logReader(text) : undefined,
    fallsOffAlarmMs: integer(`${BUFFER}.fallsOffAlarmMs`, FALLS_OFF_ALARM_MS_DEFAULT),
    waitsForOwnReaders: text(`${BUFFER}.queuePolicy`) !== 'OVERWRITE_ON_WRITE',
    initialScn: initialScn === undefined ? undefined : BigInt(initialScn),
    keepsMaxScn: values[`${HANDLER}.type`] !== 'IN_MEMORY',
    schemaDirectory: folders.schemaRegistryLocation ?? text(SCHEMA_DIRECTORY),
    maxScnDirectory: folders.maxScnDirectoryLocation ?? text(SCN_DIRECTORY),
  }
}

function logWriter(text: TextOf, integer: IntegerOf): EventLogWriterSettings {
  const fileBytes = integer(`${LOG_WRITER}.individualFileMaxBytes`, LOG_FILE_BYTES_DEFAULT)
  const retentionMs = integer(`${LOG_WRITER}.retentionMs`, 0)
  return {
    directory: text(`${LOG_WRITER}.topLevelLogDir`),
    fileBytes,
    maxBytes: fileBytes * integer(`${LOG_WRITER}.maxFiles`, LOG_FILES_DEFAULT),
    retentionMs: retentionMs === 0 ? undefined : retentionMs,
    batchBytes: integer(`${LOG_WRITER}.writeBatchSizeInBytes`, LOG_BATCH_BYTES_DEFAULT),
    syncIntervalMs: integer(`${LOG_WRITER}.fsyncIntervalInMillis`, LOG_SYNC_INTERVAL_MS_DEFAULT),
  }
}

function logReader(text: TextOf): EventLogReaderSettings {
  return { directory: text(`${LOG_READER}.topLevelLogDir`), session: text(`${LOG_READER}.readSessionDir`) }
}
