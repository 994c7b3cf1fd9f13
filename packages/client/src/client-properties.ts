import { nearestName } from '@aesop/kernel'

/** What becomes of a key of `clientProperties`. */
export type PropertyTreatment =
  | { readonly kind: 'integer'; readonly min: number; readonly max?: number }
  | { readonly kind: 'number'; readonly min: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text'; readonly oneOf?: readonly string[] }
  /** Accepted without effect; the reason is logged once at start. */
  | { readonly kind: 'noted'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

const PREFIX = 'databus.client.'
const COUNT: PropertyTreatment = { kind: 'integer', min: 0 }
/** The longest time that a timer of Node takes; beyond it would fire at once. */
const TIMER_MS_MAX = 0x7fffffff
const MILLISECONDS: PropertyTreatment = { kind: 'integer', min: 0, max: TIMER_MS_MAX }
const RETRIES: PropertyTreatment = { kind: 'integer', min: -1 }
const BOOLEAN: PropertyTreatment = { kind: 'boolean' }
const OWN_WAITS: PropertyTreatment = {
  kind: 'noted',
  reason: 'the waits between questions to a bootstrap server are those of bstPullerRetries',
}
const NO_BUFFER: PropertyTreatment = {
  kind: 'noted',
  reason: 'events are handed on as they arrive: a slow consumer slows the relay, there is no buffer to fill',
}

const CONNECTION: Readonly<Record<string, PropertyTreatment>> = {
  ...backoff('pullerRetries'),
  ...backoff('dispatcherRetries'),
  ...backoff('bstPullerRetries'),
  ...backoff('bstDispatcherRetries'),
  ...prefixed('bsPullerRetriesBeforeCkptCleanup.', {
    initSleep: OWN_WAITS,
    sleepIncFactor: OWN_WAITS,
    sleepIncDelta: OWN_WAITS,
    maxSleep: OWN_WAITS,
    maxRetryNum: RETRIES,
  }),
  numRetriesOnFallOff: COUNT,
  consumerTimeBudgetMs: { kind: 'integer', min: -1, max: TIMER_MS_MAX },
  bstConsumerTimeBudgetMs: { kind: 'integer', min: -1, max: TIMER_MS_MAX },
  consumeCurrent: BOOLEAN,
  readLatestScnOnError: BOOLEAN,
  ...noBuffer('eventBuffer'),
  ...noBuffer('bstEventBuffer'),
  'bstEventBuffer.maxSize': { kind: 'integer', min: 1024, max: 0x7fffffff },
  'eventBuffer.maxEventSize': { kind: 'noted', reason: 'maxEventSize of ClientConfig bounds an event' },
  'eventBuffer.maxSize': { kind: 'integer', min: 1024, max: 0x7fffffff },
  consumerParallelism: {
    kind: 'noted',
    reason: 'callbacks of a registration are called one after the other, in commit order',
  },
  checkpointThresholdPct: NO_BUFFER,
  freeBufferThreshold: NO_BUFFER,
  pullerBufferUtilizationPct: NO_BUFFER,
  keyMin: { kind: 'noted', reason: 'relays never looked at it; filter by key with the filters of a registration' },
  keyMax: { kind: 'noted', reason: 'relays never looked at it; filter by key with the filters of a registration' },
  noEventsConnectionResetTimeSec: {
    kind: 'noted',
    reason: 'every answer ends within followMs, so that a dead connection shows by itself',
  },
  enablePullerMessageQueueLogging: { kind: 'noted', reason: 'there is no message queue; use the log level' },
}

const NOTED_HTTP = {
  kind: 'noted',
  reason: 'the admin server of the process takes the place of the client’s own',
} as const

const PROPERTIES: Readonly<Record<string, PropertyTreatment>> = {
  ...prefixed('connectionDefaults.', CONNECTION),
  enableReadLatestOnRelayFallOff: BOOLEAN,
  'checkpointPersistence.type': { kind: 'text', oneOf: ['FILE_SYSTEM', 'NONE'] },
  'checkpointPersistence.fileSystem.rootDirectory': { kind: 'text' },
  'checkpointPersistence.fileSystem.runtime.historyEnabled': BOOLEAN,
  'checkpointPersistence.fileSystem.runtime.historySize': { kind: 'integer', min: 0, max: 99 },
  'checkpointPersistence.clearBeforeUse': BOOLEAN,
  'runtime.relaysList': { kind: 'text' },
  'runtime.bootstrap.enabled': BOOLEAN,
  'runtime.bootstrap.servicesList': { kind: 'text' },
  pullerBufferUtilizationPct: NO_BUFFER,
  pullerThreadDeadnessThresholdMs: { kind: 'noted', reason: 'a silent relay is left after followMs and 15 s' },
  dscUpdateIntervalMs: { kind: 'noted', reason: 'there are no dynamic schemas to update' },
  enablePerConnectionStats: { kind: 'noted', reason: 'every registration has its own counters' },
  'container.httpPort': NOTED_HTTP,
  'container.jmx.rmiEnabled': { kind: 'noted', reason: 'Node has no JMX; see the metrics of the admin server' },
}

/** Families of keys: what stands in parentheses is free. */
const FAMILIES: readonly (readonly [RegExp, PropertyTreatment])[] = [
  [/^runtime\.(relay|bootstrap\.service)\([^)]+\)\.(host|sources)$/, { kind: 'text' }],
  [
    /^runtime\.(relay|bootstrap\.service)\([^)]+\)\.name$/,
    { kind: 'noted', reason: 'a server is known by its host and port' },
  ],
  [/^runtime\.(relay|bootstrap\.service)\([^)]+\)\.port$/, { kind: 'integer', min: 1, max: 65_535 }],
  [/^connection\([^)]+\)\./, { kind: 'refused', reason: 'give the registration a client of its own instead' }],
  [
    /^clientCluster\([^)]+\)\./,
    {
      kind: 'refused',
      reason:
        'a client in a cluster is not available yet; give each process its keys with a filter of its registration',
    },
  ],
  [/^loggingListener\./, { kind: 'noted', reason: 'there is no logging listener; use the log level' }],
  [/^container\./, NOTED_HTTP],
]

/** What becomes of a key; undefined: nobody knows it. The prefix `databus.client.` is part of a key. */
export function treatmentOf(key: string): PropertyTreatment | undefined {
  if (!key.startsWith(PREFIX)) return undefined
  const name = key.slice(PREFIX.length)
  return PROPERTIES[name] ?? FAMILIES.find(([pattern]) => pattern.test(name))?.[1]
}

/** Every key that has a fixed name. */
export function knownClientProperties(): string[] {
  return Object.keys(PROPERTIES).map((name) => PREFIX + name)
}

/** The key that was probably meant. */
export function nearestKey(key: string): string | undefined {
  return nearestName(key, knownClientProperties())
}

/** What Databus knows of a buffer besides its size. */
function noBuffer(name: string): Record<string, PropertyTreatment> {
  const keys =
    'defaultMemUsage maxIndividualBufferSize averageEventSize readBufferSize maxEventSize scnIndexSize enableScnIndex ' +
    'queuePolicy allocationPolicy mmapDirectory restoreMMappedBuffers restoreMMappedBuffersValidateEvents ' +
    'bufferRemoveWaitPeriodSec assertLevel trace.option trace.filename trace.appendOnly trace.needFileSuffix'
  return prefixed(`${name}.`, Object.fromEntries(keys.split(' ').map((key) => [key, NO_BUFFER])))
}

function backoff(name: string): Record<string, PropertyTreatment> {
  return prefixed(`${name}.`, {
    initSleep: MILLISECONDS,
    sleepIncFactor: { kind: 'number', min: 0 },
    sleepIncDelta: MILLISECONDS,
    maxSleep: MILLISECONDS,
    maxRetryNum: RETRIES,
  })
}

function prefixed(
  prefix: string,
  keys: Readonly<Record<string, PropertyTreatment>>,
): Record<string, PropertyTreatment> {
  return Object.fromEntries(Object.entries(keys).map(([key, treatment]) => [prefix + key, treatment]))
}
