import { type BackoffConfig, nearestName } from '@aesop/kernel'
import { bootstrapKeys, type BootstrapProperty, bootstrapPropertyOf } from './bootstrap-properties.ts'
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
}

const PREFIX = 'databus.bootstrap.'

/** How a bootstrap producer behaves; everything has a default. */
export class BootstrapProducerConfig {
  readonly seeding: Seeding
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
