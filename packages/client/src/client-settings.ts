import { type BackoffConfig } from '@aesop/kernel'
import { nearestKey, type PropertyTreatment, treatmentOf } from './client-properties.ts'
import { ClientPropertyInvalidError, ClientPropertyRefusedError, ClientPropertyUnknownError } from './errors.ts'
import { type RelayAddress } from '@aesop/wire'

/** A flat map of `databus.client.*` keys, as a descriptor gives it. */
export type ClientProperties = Readonly<Record<string, unknown>>

/** A relay, or a bootstrap server, and the sources it serves; none named: all. */
export interface ConfiguredRelay extends RelayAddress {
  readonly sources: readonly string[]
}

/** What the properties of a client come down to. */
export interface ClientSettings {
  /** Also the pause after an answer that brought nothing. */
  readonly pullerRetries: BackoffConfig
  /** How often, and after which waits, a failing consumer is given the same events again. */
  readonly dispatcherRetries: BackoffConfig
  /** How often relays are asked again that no longer hold what follows the checkpoint; undefined: not said. */
  readonly numRetriesOnFallOff: number | undefined
  readonly consumerTimeBudgetMs: number
  /** Without a checkpoint begin with what the relay has; undefined: not said. */
  readonly consumeCurrent: boolean | undefined
  readonly readLatestScnOnError: boolean
  /** Upper bound of one answer of a relay that does not follow, in bytes. */
  readonly fetchBytes: number
  readonly checkpoints: 'FILE_SYSTEM' | 'NONE'
  readonly checkpointDirectory: string | undefined
  readonly historySize: number
  readonly clearBeforeUse: boolean
  readonly relays: readonly ConfiguredRelay[]
  readonly bootstrap: ClientBootstrapSettings
  readonly bootstrapServers: readonly ConfiguredRelay[]
  /** Whether bootstrap servers are asked at all. */
  readonly canBootstrap: boolean
  /** Keys without effect, each with its reason. */
  readonly notes: readonly string[]
}

/** What the properties say of bootstraps. */
export interface ClientBootstrapSettings {
  /** Of questions to a server. */
  readonly retries: BackoffConfig
  /** How often, and after which waits, a failing consumer is given the same events again. */
  readonly dispatcherRetries: BackoffConfig
  /** Faults in a row after which the server that a place is of is given up, where there is another one. */
  readonly retriesBeforeRestart: number
  readonly timeBudgetMs: number
  /** What one answer may have, in bytes. */
  readonly batchBytes: number
}

const RELAY_PORT = 9000
const BOOTSTRAP_PORT = 6060
/** A place is kept behind each batch: more in one saves little, and comes again after a kill. */
const BATCH_BYTES = 1024 * 1024
/** Some five minutes of Databus' waits: a snapshot that begins anew at another server is dear. */
const RETRIES_BEFORE_RESTART = 60
const FETCH_BYTES = 10 * 1024 * 1024

/** @throws ClientPropertyUnknownError, ClientPropertyInvalidError, ClientPropertyRefusedError */
export function parseClientProperties(properties: ClientProperties): ClientSettings {
  const values = new Map<string, unknown>()
  const notes: string[] = []
  for (const [key, given] of Object.entries(properties)) {
    const treatment = treatmentOf(key)
    if (treatment === undefined) throw new ClientPropertyUnknownError(key, nearestKey(key))
    const value = convert(key, given, treatment)
    if (treatment.kind === 'refused') throw new ClientPropertyRefusedError(key, treatment.reason)
    if (treatment.kind === 'noted') notes.push(`${key} has no effect: ${treatment.reason}`)
    else values.set(key.slice('databus.client.'.length), value)
  }
  return settingsOf(values, notes)
}

function settingsOf(values: ReadonlyMap<string, unknown>, notes: readonly string[]): ClientSettings {
  const read = <T>(name: string, otherwise: T): T => (values.get(name) as T | undefined) ?? otherwise
  const connection = <T>(name: string, otherwise: T): T => read(`connectionDefaults.${name}`, otherwise)
  const retries = (name: string, defaults: BackoffConfig): BackoffConfig => ({
    initSleepMs: connection(`${name}.initSleep`, defaults.initSleepMs),
    sleepIncFactor: connection(`${name}.sleepIncFactor`, defaults.sleepIncFactor),
    sleepIncDeltaMs: connection(`${name}.sleepIncDelta`, defaults.sleepIncDeltaMs),
    maxSleepMs: connection(`${name}.maxSleep`, defaults.maxSleepMs),
    maxRetryNum: connection(`${name}.maxRetryNum`, defaults.maxRetryNum),
  })
  const pullerRetries = retries('pullerRetries', PULLER_RETRIES)
  const dispatcherRetries = retries('dispatcherRetries', DISPATCHER_RETRIES)
  const consumerTimeBudgetMs = connection('consumerTimeBudgetMs', 300_000)
  return {
    pullerRetries,
    dispatcherRetries,
    numRetriesOnFallOff: connection<number | undefined>('numRetriesOnFallOff', undefined),
    consumerTimeBudgetMs,
    consumeCurrent: connection<boolean | undefined>('consumeCurrent', undefined),
    readLatestScnOnError: connection('readLatestScnOnError', read('enableReadLatestOnRelayFallOff', false)),
    fetchBytes: connection('eventBuffer.maxSize', FETCH_BYTES),
    checkpoints: read('checkpointPersistence.type', 'FILE_SYSTEM'),
    checkpointDirectory: read<string | undefined>('checkpointPersistence.fileSystem.rootDirectory', undefined),
    historySize: historySizeOf(read),
    clearBeforeUse: read('checkpointPersistence.clearBeforeUse', false),
    relays: [
      ...serversOfKeys(values, 'runtime.relay', RELAY_PORT),
      ...serversOfList('runtime.relaysList', read('runtime.relaysList', '')),
    ],
    bootstrap: {
      retries: retries('bstPullerRetries', pullerRetries),
      dispatcherRetries: retries('bstDispatcherRetries', dispatcherRetries),
      retriesBeforeRestart: connection('bsPullerRetriesBeforeCkptCleanup.maxRetryNum', RETRIES_BEFORE_RESTART),
      timeBudgetMs: connection('bstConsumerTimeBudgetMs', consumerTimeBudgetMs),
      batchBytes: connection('bstEventBuffer.maxSize', BATCH_BYTES),
    },
    bootstrapServers: [
      ...serversOfKeys(values, 'runtime.bootstrap.service', BOOTSTRAP_PORT),
      ...serversOfList('runtime.bootstrap.servicesList', read('runtime.bootstrap.servicesList', '')),
    ],
    canBootstrap: read('runtime.bootstrap.enabled', true),
    notes,
  }
}

/** Databus' defaults: for ever, from 100 ms to a minute. */
const PULLER_RETRIES: BackoffConfig = {
  initSleepMs: 100,
  sleepIncFactor: 1.1,
  sleepIncDeltaMs: 1,
  maxSleepMs: 60_000,
  maxRetryNum: -1,
}

/** Not Databus' (for ever, at once): a row that can't be processed must not spin, and must be named. About 40 s. */
const DISPATCHER_RETRIES: BackoffConfig = {
  initSleepMs: 100,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 10_000,
  maxRetryNum: 10,
}

function historySizeOf(read: <T>(name: string, otherwise: T) => T): number {
  const prefix = 'checkpointPersistence.fileSystem.runtime'
  return read<boolean>(`${prefix}.historyEnabled`, false) ? read(`${prefix}.historySize`, 5) : 0
}

function serversOfKeys(values: ReadonlyMap<string, unknown>, name: string, portOtherwise: number): ConfiguredRelay[] {
  const ids = new Set<string>()
  for (const key of values.keys()) {
    const id = key.startsWith(`${name}(`) ? /\(([^)]+)\)/.exec(key)?.[1] : undefined
    if (id !== undefined) ids.add(id)
  }
  return [...ids].map((id) => {
    const text = (part: string): string | undefined => values.get(`${name}(${id}).${part}`) as string | undefined
    return {
      host: text('host') ?? 'localhost',
      port: (values.get(`${name}(${id}).port`) as number | undefined) ?? portOtherwise,
      sources: sourceNames(text('sources')),
    }
  })
}

/** `[name)]host:port:source,source;…` */
function serversOfList(key: string, list: string): ConfiguredRelay[] {
  const items = list.split(';').filter((item) => item.trim() !== '')
  return items.map((item) => {
    const [host, port, sources] = item.slice(item.indexOf(')') + 1).split(':')
    const number = Number(port)
    if (host === undefined || host.trim() === '' || !Number.isInteger(number) || number < 1 || number > 65_535) {
      throw new ClientPropertyInvalidError(`databus.client.${key}`, item, 'host:port:source,source')
    }
    return { host: host.trim(), port: number, sources: sourceNames(sources) }
  })
}

function sourceNames(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function convert(key: string, given: unknown, treatment: PropertyTreatment): unknown {
  const text = String(given).trim()
  switch (treatment.kind) {
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw new ClientPropertyInvalidError(key, given, 'true or false')
    case 'integer': {
      const value = /^-?\d+$/.test(text) ? Number(text) : NaN
      const max = treatment.max ?? Number.MAX_SAFE_INTEGER
      if (value >= treatment.min && value <= max) return value
      throw new ClientPropertyInvalidError(key, given, `an integer from ${treatment.min} to ${max}`)
    }
    case 'number':
      if (text !== '' && Number(text) >= treatment.min) return Number(text)
      throw new ClientPropertyInvalidError(key, given, `a number from ${treatment.min} on`)
    case 'text':
      if (treatment.oneOf === undefined || treatment.oneOf.includes(text)) return text
      throw new ClientPropertyInvalidError(key, given, treatment.oneOf.join(' or '))
    case 'noted':
    case 'refused':
      return undefined
  }
}
