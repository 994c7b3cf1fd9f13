import { type BackoffConfig, nearestName } from '@aesop/kernel'
import { bootstrapKeys, type BootstrapProperty, bootstrapPropertyOf } from './bootstrap-properties.ts'
import { RETENTION, type RetentionSettings } from './retention.ts'
import {
  BootstrapPropertyInvalidError,
  BootstrapPropertyRefusedError,
  BootstrapPropertyUnknownError,
} from './errors.ts'

/** A flat map of `databus.bootstrap.*` keys, as a descriptor gives it. */
export type BootstrapProperties = Readonly<Record<string, unknown>>

/** Where the rows of a table come from that were there before the relay. */
export type Seeding = 'tables' | 'none'

export interface BootstrapProducerConfigOptions {
  readonly bootstrapProperties?: BootstrapProperties
  /** The same, under the name that it has in Aesop. */
  readonly relayClientBootstrapProperties?: BootstrapProperties
  /**
   * `tables` (default): each table is read, through the relay. `none`: tables are as the stream makes them, which is whole only
   * where the relay has had them from their first row on.
   */
  readonly seeding?: string
  /** Rows a second that are read from tables, of all together; left out: as fast as it goes. */
  readonly seedRowsPerSecond?: number
  /**
   * How many times as long as at its best a chunk may take, by row, before chunks are waited between; 0: not looked at. Default
   * 3.
   */
  readonly seedLoadFactor?: number
  /** Tables of one physical source that are seeded at a time; default 2. */
  readonly seedsAtOnce?: number
  /** How long the database may take for a chunk, in milliseconds; default 100. */
  readonly seedChunkMs?: number
  /** What leaves the store by itself. */
  readonly retention?: RetentionOptions
}

/** Bounds of a store; each has a default. */
export interface RetentionOptions {
  /** How long windows stay in the log, in hours; default 336, which are 14 days. */
  readonly logHours?: number
  /** Bytes of the log of one physical source; default 10 GiB. */
  readonly logBytes?: number
  /** Logs of one physical source; left out: any number. */
  readonly logs?: number
  /** How long the events of deleted rows stay in the tables, in hours; default 336. */
  readonly tombstoneHours?: number
  /** How often it is looked, in milliseconds; default 60,000. */
  readonly everyMs?: number
}

const PREFIX = 'databus.bootstrap.'
const HOUR_MS = 3_600_000
const LOAD_FACTOR = 3

/** How a bootstrap producer behaves; everything has a default. */
export class BootstrapProducerConfig {
  readonly seeding: Seeding
  readonly seedRowsPerSecond: number | undefined
  readonly seedLoadFactor: number
  readonly seedsAtOnce: number
  readonly seedChunkMs: number
  readonly retention: RetentionSettings
  /** Rows of a log; undefined: its bytes and its age bound it. */
  readonly logRows: number | undefined
  /** Waits before a store that failed is asked again. */
  readonly storeRetries: BackoffConfig
  /** Keys without effect, each with its reason. */
  readonly notes: readonly string[]

  /** @throws BootstrapPropertyUnknownError, BootstrapPropertyInvalidError, BootstrapPropertyRefusedError */
  constructor(options: BootstrapProducerConfigOptions = {}) {
    const { bootstrapProperties = {}, relayClientBootstrapProperties = {}, seeding = 'tables' } = options
    const values = new Map<string, number>()
    const notes: string[] = []
    for (const [key, value] of Object.entries({ ...relayClientBootstrapProperties, ...bootstrapProperties })) {
      const note = take(key, value, values)
      if (note !== undefined) notes.push(note)
    }
    if (seeding !== 'tables' && seeding !== 'none')
      throw new BootstrapPropertyInvalidError('seeding', seeding, 'tables or none')
    this.seeding = seeding
    this.seedRowsPerSecond = options.seedRowsPerSecond
    this.seedLoadFactor = options.seedLoadFactor ?? LOAD_FACTOR
    this.seedsAtOnce = options.seedsAtOnce ?? 2
    this.seedChunkMs = options.seedChunkMs ?? 100
    this.retention = retentionOf(options.retention ?? {})
    refuseBelow(this.seedRowsPerSecond, 1, 'seedRowsPerSecond')
    refuseBelow(this.seedLoadFactor, 0, 'seedLoadFactor')
    refuseBelow(this.seedsAtOnce, 1, 'seedsAtOnce')
    refuseBelow(this.seedChunkMs, 1, 'seedChunkMs')
    this.logRows = values.get('bootstrapLogSize')
    this.storeRetries = {
      initSleepMs: values.get('retryTimer.initSleep') ?? 100,
      sleepIncFactor: values.get('retryTimer.sleepIncFactor') ?? 2,
      sleepIncDeltaMs: values.get('retryTimer.sleepIncDelta') ?? 0,
      maxSleepMs: values.get('retryTimer.maxSleep') ?? 5000,
      maxRetryNum: Infinity,
    }
    this.notes = notes
  }
}

/** @throws BootstrapPropertyInvalidError */
function retentionOf({ logHours, logBytes, logs, tombstoneHours, everyMs }: RetentionOptions): RetentionSettings {
  const hours = (given: number | undefined, otherwise: number): number =>
    given === undefined ? otherwise : given * HOUR_MS
  const settings = {
    logMs: hours(logHours, RETENTION.logMs),
    logBytes: logBytes ?? RETENTION.logBytes,
    logs,
    tombstoneMs: hours(tombstoneHours, RETENTION.tombstoneMs),
    everyMs: everyMs ?? RETENTION.everyMs,
  }
  refuseBelow(logHours, 1, 'retention.logHours')
  refuseBelow(logBytes, 1, 'retention.logBytes')
  refuseBelow(logs, 1, 'retention.logs')
  refuseBelow(tombstoneHours, 1, 'retention.tombstoneHours')
  refuseBelow(everyMs, 1, 'retention.everyMs')
  return settings
}

/** @throws BootstrapPropertyInvalidError */
function refuseBelow(value: number | undefined, minimum: number, name: string): void {
  if (value === undefined || (Number.isFinite(value) && value >= minimum)) return
  throw new BootstrapPropertyInvalidError(name, value, `a number from ${minimum} on`)
}

/** Puts a value that is honoured among the others. @returns why one has no effect @throws as the constructor */
function take(key: string, value: unknown, values: Map<string, number>): string | undefined {
  const property = bootstrapPropertyOf(key)
  if (property === undefined) throw new BootstrapPropertyUnknownError(key, nearestName(key, bootstrapKeys))
  switch (property.kind) {
    case 'refused':
      throw new BootstrapPropertyRefusedError(key, property.reason)
    case 'only':
      if (String(value) !== property.value)
        throw new BootstrapPropertyInvalidError(key, value, `${property.value}: ${property.reason}`)
      return undefined
    case 'noted':
      return `${key} has no effect: ${property.reason}`
    default:
      values.set(key.slice(PREFIX.length), numberOf(key, value, property))
      return undefined
  }
}

function numberOf(
  key: string,
  value: unknown,
  property: Extract<BootstrapProperty, { readonly minimum: number }>,
): number {
  const { kind, minimum } = property
  const maximum = 'maximum' in property ? (property.maximum ?? Infinity) : Infinity
  const text = String(value)
  const isNumber = kind === 'integer' ? /^\d+$/.test(text) : /^\d+(\.\d+)?$/.test(text)
  if (isNumber && Number(text) >= minimum && Number(text) <= maximum) return Number(text)
  const range = maximum === Infinity ? ` from ${minimum}` : ` from ${minimum} to ${maximum}`
  throw new BootstrapPropertyInvalidError(key, value, `${kind === 'integer' ? 'an integer' : 'a number'}${range}`)
}
