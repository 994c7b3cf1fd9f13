import { type BeanContext, fileNameOf, namedPath } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { join, resolve } from 'node:path'
import { RelayPropertyRefusedError } from './errors.ts'
import { EventLogProducer } from './event-log-producer.ts'
import { KeptSchemas } from './event-log-schemas.ts'
import { EventLogWriter } from './event-log-writer.ts'
import { type EventLogWriterSettings, type SourceSettings } from './source-settings.ts'

/** Below the state directory. */
const FOLDER = 'eventLog'

type Folders = Pick<BeanContext, 'projectsRoot' | 'stateDirectory'>

/** Where the event log of a source is written. */
export function writtenFolder(
  { name }: PhysicalSourceConfig,
  { directory }: Pick<EventLogWriterSettings, 'directory'>,
  folders: Folders,
): string {
  return namedPath(topFolder(directory, folders), name)
}

/** @param progressed called when something was written @param fail called with what ends it for good */
export function eventLogWriter(
  {
    folder,
    settings,
    physicalSource,
    schemas,
    context,
  }: {
    readonly folder: string
    readonly settings: EventLogWriterSettings
    readonly physicalSource: PhysicalSourceConfig
    readonly schemas: SchemaRegistry
    readonly context: BeanContext
  },
  progressed: () => void,
  fail: (error: Error) => void,
): EventLogWriter {
  const names = physicalSource.servedSources.map(({ name }) => name)
  return new EventLogWriter({
    settings,
    folder,
    physicalPartition: physicalSource.id,
    eventVersion: physicalSource.eventVersion,
    schemas: new KeptSchemas(folder, schemas, names),
    progressed,
    fail,
    log: context.log,
  })
}

/** The producer of a source that replays an event log. @throws RelayPropertyRefusedError */
export function eventLogProducer(
  physicalSource: PhysicalSourceConfig,
  { eventLogReader: reader, eventLogWriter: writer }: SourceSettings,
  context: BeanContext,
): EventLogProducer {
  const top = topFolder(reader?.directory, context)
  const folder = join(top, reader?.session ?? fileNameOf(physicalSource.name))
  if (writer !== undefined && writtenFolder(physicalSource, writer, context) === folder)
    throw new RelayPropertyRefusedError(
      'databus.relay.eventLogReader.enabled',
      true,
      `the same source writes ${folder}`,
    )
  return new EventLogProducer({ folder, physicalSource, context })
}

function topFolder(directory: string | undefined, { projectsRoot, stateDirectory }: Folders): string {
  return directory === undefined ? join(stateDirectory, FOLDER) : resolve(projectsRoot, directory)
}
