import { type RelayPropertyValues } from './relay-config.ts'

const HANDLER = 'databus.relay.dataSources.sequenceNumbersHandler'
export const SCN_DIRECTORY = `${HANDLER}.file.scnDir`
export const SCHEMA_DIRECTORY = 'databus.relay.schemaRegistry.fileSystem.schemaDir'
const BUFFER_BYTES_DEFAULT = 64 * 1024 * 1024

/** Folders that a relay names for its sources, in the place of properties. */
export interface SourceFolders {
  readonly schemaRegistryLocation?: string
  readonly maxScnDirectoryLocation?: string
}

/** What is set for one physical source of a relay. Relative folders count from the projects root. */
export interface SourceSettings {
  readonly bufferBytes: number
  /** Whether a full buffer waits for the running registrations of its own process. */
  readonly waitsForOwnReaders: boolean
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
  const initialScn = values[`${HANDLER}.file.initVal`]
  return {
    bufferBytes: Number(values['databus.relay.eventBuffer.maxSize'] ?? BUFFER_BYTES_DEFAULT),
    waitsForOwnReaders: text('databus.relay.eventBuffer.queuePolicy') !== 'OVERWRITE_ON_WRITE',
    initialScn: initialScn === undefined ? undefined : BigInt(initialScn),
    keepsMaxScn: values[`${HANDLER}.type`] !== 'IN_MEMORY',
    schemaDirectory: folders.schemaRegistryLocation ?? text(SCHEMA_DIRECTORY),
    maxScnDirectory: folders.maxScnDirectoryLocation ?? text(SCN_DIRECTORY),
  }
}
