export { refusedKeySchemas } from './refused-keys.ts'

/** How a relay treats one `databus.relay.*` key. Data only, so that descriptors can be checked without loading a relay. */
export interface RelayProperty {
  /** Whether it is of the relay as a whole, or of each physical source. */
  readonly scope: 'relay' | 'source'
  readonly type: 'string' | 'integer' | 'int64' | 'number' | 'boolean'
  readonly choices?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  /** Of a text that is honoured: what it must match, and how an error says so. Left out: it is not empty. */
  readonly pattern?: { readonly source: string; readonly expected: string }
  readonly description: string
  /** The value has no effect, for this reason: one line at the start. Left out: the value is honoured. */
  readonly noted?: string
  /** Values that are noted while others are honoured. */
  readonly notedValues?: readonly string[]
  /** Values that would mislead: the start fails, for the reason in `description`. */
  readonly refusedValues?: readonly string[]
}

type Properties = Readonly<Record<string, Omit<RelayProperty, 'scope'>>>

const PREFIX = 'databus.relay.'
/** The longest interval that Node has: one that is longer would be one millisecond. */
const TIMER_MS_MAX = 2 ** 31 - 1
const atLeastOne = { type: 'integer', minimum: 1 } as const
const boolean = { type: 'boolean' } as const
const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const NOT_EMPTY = { source: '.', expected: 'a text that is not empty' }
/** A name without a way out. */
const FOLDER_NAME = { source: '^(?!\\.)[^/\\\\]+$', expected: 'the name of a folder' }
/** One or more names, none of which is a command of the relay. */
const HEALTH_PATH = {
  source:
    '^/?(?!(sources|register|stream|physicalSources|physicalBuffers|bufferInfo|containerStats|relayStats|javaStats|config|controlSources|relayCommand)(/|$))[\\w.-]+(/[\\w.-]+)*$',
  expected: 'a path of letters, digits, "_", "." and "-" that is none of the relay\'s own',
}
const byMetrics = 'statistics are always collected; the admin server shows them'
const byNode = 'Node serves all connections in one thread'
const byJmx = 'the admin server replaces JMX'
const sized = 'the relay chooses the size itself'

/** Whose values the relay as a whole has. */
const ofRelay: Properties = {
  'container.httpPort': {
    type: 'integer',
    minimum: 0,
    maximum: 65535,
    description: 'Port of the relay; 0: any free one. Default 9000.',
  },
  'container.host': { ...text, description: 'Address to listen on. Default 127.0.0.1.' },
  'container.healthcheckPath': {
    ...text,
    pattern: HEALTH_PATH,
    description: 'Path of the health check. Default admin.',
  },
  'container.readTimeoutMs': {
    ...count,
    description: 'How long a request may take to arrive; 0: without a limit. Default 15000.',
  },
  'container.maxConnections': {
    ...atLeastOne,
    description:
      'Most connections at a time; more are answered with 503. Default 4096, or what the limit of open files leaves.',
  },
  'container.maxStreams': {
    ...atLeastOne,
    description: 'Most answers to /stream at a time; more are answered with 503. Default 1000, or 3 of 4 connections.',
  },
  'container.maxPendingBytes': {
    ...atLeastOne,
    minimum: 1048576,
    description: 'Most bytes that wait in all connections for their readers. Default 67108864.',
  },
  'container.writeTimeoutMs': {
    ...count,
    description: '',
    noted: 'a slow reader holds one chunk and is cut only when the buffer needs it back',
  },
  'container.bstReadTimeoutMs': { ...count, description: '', noted: 'the relay reads from no bootstrap server' },
  'container.id': { ...text, description: '', noted: 'beans are named by their descriptors' },
  'container.containerBaseDir': { ...text, description: '', noted: 'no port file is written; the port is logged' },
  'container.enableHttpCompression': {
    ...boolean,
    description: 'responses are never compressed',
    refusedValues: ['true'],
  },
  'container.runtimeConfigPropertyPrefix': {
    ...text,
    description: '',
    noted: 'a running relay is not reconfigured over HTTP',
  },
  'container.runtime.requestProcessingBudgetMs': { ...count, description: '', noted: byNode },
  'container.runtime.defaultExecutor.maxThreadsNum': { ...count, description: '', noted: byNode },
  'container.runtime.defaultExecutor.coreThreadsNum': { ...count, description: '', noted: byNode },
  'container.runtime.defaultExecutor.keepAliveMs': { ...count, description: '', noted: byNode },
  'container.runtime.defaultExecutor.maxQueueSize': { ...count, description: '', noted: byNode },
  'container.jmx.rmiEnabled': { ...boolean, description: '', noted: byJmx },
  'container.jmx.jmxServicePort': { ...count, description: '', noted: byJmx },
  'container.jmx.rmiRegistryPort': { ...count, description: '', noted: byJmx },
  'container.jmx.jmxServiceHost': { ...text, description: '', noted: byJmx },
  'container.jmx.rmiRegistryHost': { ...text, description: '', noted: byJmx },
  'container.tcp.enabled': { ...boolean, description: 'there is no binary side protocol', refusedValues: ['true'] },
  'container.tcp.port': { ...count, description: '', noted: 'there is no binary side protocol' },
  'httpStatsCollector.enabled': { ...boolean, description: '', noted: byMetrics },
  'outboundEventsStatsCollector.enabled': { ...boolean, description: '', noted: byMetrics },
}

/** Whose values each physical source has. */
const ofSource: Properties = {
  'eventBuffer.maxSize': { ...atLeastOne, minimum: 65536, description: 'Bytes of the event buffer. Default 67108864.' },
  'eventBuffer.queuePolicy': {
    ...text,
    choices: ['OVERWRITE_ON_WRITE', 'BLOCK_ON_WRITE'],
    description:
      'Whether a full buffer waits for the running registrations of its own process (BLOCK_ON_WRITE, the default) or loses' +
      ' what they need. Nobody waits for readers of other processes.',
  },
  'eventBuffer.allocationPolicy': {
    ...text,
    choices: ['HEAP_MEMORY', 'DIRECT_MEMORY', 'MMAPPED_MEMORY'],
    description:
      'MMAPPED_MEMORY: segments are files, which outlive the process and may be larger than memory. The other two are memory,' +
      ' outside of the JavaScript heap. Default DIRECT_MEMORY.',
    notedValues: ['HEAP_MEMORY'],
  },
  'eventBuffer.restoreMMappedBuffers': {
    ...boolean,
    description: 'Whether segment files of a former process are taken up; false: they are removed. Default true.',
  },
  'eventBuffer.restoreMMappedBuffersValidateEvents': {
    ...boolean,
    description: 'events prove their checksums whenever they are read from a file',
    notedValues: ['true', 'false'],
  },
  'eventBuffer.mmapDirectory': {
    ...text,
    description: 'Folder of segment files, below the projects root. Default buffer in the state directory.',
  },
  'eventBuffer.residentBytes': {
    ...atLeastOne,
    minimum: 65536,
    description: 'Bytes of the newest segments of files that stay in memory, too. Default 67108864, or maxSize.',
  },
  'eventBuffer.fsyncIntervalMs': {
    ...atLeastOne,
    maximum: TIMER_MS_MAX,
    description: 'How often segment files are made safe from a power cut. Default 1000.',
  },
  'eventBuffer.scrubMBPerSecond': {
    type: 'number',
    minimum: 0,
    description:
      'How fast segment files are read over and over, to find damage in time, in millions of bytes a second; 0: not at all. Default 4.',
  },
  'eventBuffer.retentionMs': {
    ...count,
    description: 'How long windows are kept that nobody needs; 0, the default: as long as there is room.',
  },
  'eventBuffer.fallsOffAlarmMs': {
    ...count,
    description:
      'How long before a reader falls off the event buffer, at its pace, that is told: log, health, an alert of the platform. 0: not at all. Default 60000.',
  },
  'eventBuffer.bufferRemoveWaitPeriodSec': {
    ...count,
    description: '',
    noted: 'segment files are removed when their windows leave the buffer',
  },
  'eventBuffer.maxIndividualBufferSize': { ...atLeastOne, description: '', noted: sized },
  'eventBuffer.averageEventSize': { ...atLeastOne, description: '', noted: sized },
  'eventBuffer.readBufferSize': { ...atLeastOne, description: '', noted: sized },
  'eventBuffer.scnIndexSize': { ...atLeastOne, description: '', noted: sized },
  'eventBuffer.enableScnIndex': { ...boolean, description: '', noted: 'the index is always there' },
  'eventBuffer.defaultMemUsage': { type: 'number', minimum: 0, maximum: 1, description: '', noted: sized },
  'eventBuffer.maxEventSize': {
    type: 'integer',
    description: '',
    noted: 'largestEventSizeInBytes of the physical source bounds events',
  },
  'eventBuffer.assertLevel': { ...text, description: '', noted: 'invariants are verified by tests' },
  'eventBuffer.trace.option': {
    ...text,
    choices: ['none', 'file'],
    description: 'there is no event trace; read /stream with output=json',
    refusedValues: ['file'],
  },
  'eventBuffer.trace.filename': { ...text, description: '', noted: 'there is no event trace' },
  'eventBuffer.trace.appendOnly': { ...boolean, description: '', noted: 'there is no event trace' },
  'eventBuffer.trace.needFileSuffix': { ...boolean, description: '', noted: 'there is no event trace' },
  'dataSources.sequenceNumbersHandler.type': {
    ...text,
    choices: ['FILE', 'IN_MEMORY', 'MYSQL', 'DISABLED', 'EXISTING'],
    description: 'FILE (default) or IN_MEMORY keeps how far the producer has come',
    refusedValues: ['MYSQL', 'DISABLED', 'EXISTING'],
  },
  'dataSources.sequenceNumbersHandler.file.initVal': {
    type: 'int64',
    minimum: -1,
    description: 'SCN to begin after when none is stored; -1 and 0: the beginning of the first log.',
  },
  'dataSources.sequenceNumbersHandler.file.scnDir': {
    ...text,
    description: 'Folder of the max SCN files, below the projects root.',
  },
  'dataSources.sequenceNumbersHandler.file.key': {
    ...text,
    description: '',
    noted: 'the file is named after the physical source',
  },
  'dataSources.sequenceNumbersHandler.file.flushItvl': {
    ...count,
    description: '',
    noted: 'the producer saves at most every 100 ms and at its stop',
  },
  'schemaRegistry.type': { ...text, choices: ['FILE_SYSTEM'], description: 'Schemas are files.' },
  'schemaRegistry.fileSystem.schemaDir': {
    ...text,
    description: 'Folder of hand-written Avro schemas, below the projects root.',
  },
  'schemaRegistry.fileSystem.refreshPeriodMs': { ...count, description: '', noted: 'schemas are read at the start' },
  'schemaRegistry.fileSystem.enabled': { ...boolean, description: '', noted: 'the registry is always there' },
  'schemaRegistry.fileSystem.fallbackToResources': {
    ...boolean,
    description: '',
    noted: 'there are no resources to fall back to',
  },
  'eventLogReader.enabled': {
    ...boolean,
    description: 'Whether the source replays an event log, in the place of its database. Default false.',
  },
  'eventLogReader.topLevelLogDir': {
    ...text,
    description:
      'Folder of the event log that is replayed, below the projects root. Default eventLog in the state directory.',
  },
  'eventLogReader.readSessionDir': {
    ...text,
    pattern: FOLDER_NAME,
    description: 'Folder of the source in topLevelLogDir. Default its name.',
  },
  'eventLogWriter.enabled': {
    ...boolean,
    description: 'Whether the windows of the buffer are written to an event log, too. Default false.',
  },
  'eventLogWriter.topLevelLogDir': {
    ...text,
    description: 'Folder of event logs, below the projects root. Default eventLog in the state directory.',
  },
  'eventLogWriter.encoding': {
    ...text,
    choices: ['BINARY', 'JSON'],
    description: 'BINARY, the default: the bytes of the wire. Read /stream with output=json for texts',
    refusedValues: ['JSON'],
  },
  'eventLogWriter.writeBatchSizeInBytes': {
    ...atLeastOne,
    description: 'Bytes that are taken from the buffer at a time. Default 65536.',
  },
  'eventLogWriter.individualFileMaxBytes': {
    ...atLeastOne,
    minimum: 65536,
    description: 'Bytes of one file; with maxFiles, of the whole log. Files have at most 67108864. Default 524288000.',
  },
  'eventLogWriter.maxFiles': {
    ...atLeastOne,
    minimum: 4,
    description: 'How many times individualFileMaxBytes the log has, before its oldest windows leave. Default 5.',
  },
  'eventLogWriter.retentionMs': {
    ...count,
    description: 'How long the event log keeps windows; 0, the default: as long as there is room.',
  },
  'eventLogWriter.fsyncIntervalInMillis': {
    ...atLeastOne,
    maximum: TIMER_MS_MAX,
    description:
      'How often the event log is made safe from a power cut; in any case before a place is stored. Default 10000.',
  },
  'eventLogWriter.blockOnWrite': {
    ...boolean,
    description: 'the source waits for the event log: nothing is left out of it',
    notedValues: ['false'],
  },
  'eventLogWriter.maxPendingWrites': { ...count, description: '', noted: 'what waits is in the buffer' },
  startDbPuller: {
    ...boolean,
    description: 'producers always start with their relay; its action pauseProducer holds one',
    refusedValues: ['false'],
  },
  'inboundEventsStatsCollector.enabled': { ...boolean, description: '', noted: byMetrics },
}

/** Every key that a relay knows, by its full name. */
export const relayProperties: Readonly<Record<string, RelayProperty>> = Object.fromEntries(
  [
    ...Object.entries(ofRelay).map(([key, property]) => [key, { ...property, scope: 'relay' }] as const),
    ...Object.entries(ofSource).map(([key, property]) => [key, { ...property, scope: 'source' }] as const),
  ].map(([key, property]) => [PREFIX + key, withPattern(property)]),
)

function withPattern(property: RelayProperty): RelayProperty {
  const { type, choices, noted, pattern = NOT_EMPTY } = property
  return type === 'string' && choices === undefined && noted === undefined ? { ...property, pattern } : property
}

/** The same as JSON Schemas of the values, for descriptors. */
export const relayPropertySchemas: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(relayProperties).map(([key, property]) => [key, schemaOf(property)]),
)

function schemaOf(property: RelayProperty): object {
  const { type, choices, minimum, maximum, noted, pattern } = property
  const description = noted === undefined ? property.description : `Without effect: ${noted}.`
  return {
    type: type === 'int64' ? 'integer' : type,
    ...(type === 'int64' ? { format: 'int64' } : {}),
    ...(choices === undefined ? {} : { enum: choices }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(pattern === undefined ? {} : { pattern: pattern.source }),
    description,
  }
}
