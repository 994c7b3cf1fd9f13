import { type CheckpointStore } from '@aesop/checkpoint'
import { LOG_KEYS, type LogKeys, Secret, type SecretText } from '@aesop/kernel'
import { type ClientProperties } from './client-settings.ts'
import { type ConsumerFactory, type EventConsumer } from './consumer.ts'
import { ClientPropertyInvalidError, RegistrationInvalidError } from './errors.ts'
import { type AcknowledgePolicy, type TooYoungPolicy, UNSAVED_WINDOWS_MAX } from './registration.ts'
import { type RelayTransport } from '@aesop/wire'
import { type QuarantinePolicy } from './schema-change.ts'
import { parseStartFrom, type RegistrationStart, START_FROM_FORM } from './start-from.ts'

export interface RelayClientConfigOptions {
  /** A number of the user's own; nothing depends on it. */
  readonly relayId?: number
  readonly relayHost?: string
  readonly relayPort?: number
  /** Sources that this relay serves; left out: all. */
  readonly relayLogicalSourceNames?: readonly string[]
  /** What this relay asks for; left out: `relayToken` of the client. */
  readonly relayToken?: string | SecretText
}

/** Where a relay listens and what it serves. */
export class RelayClientConfig {
  readonly relayId: number | undefined
  readonly relayHost: string
  readonly relayPort: number
  readonly relayLogicalSourceNames: readonly string[]
  readonly relayToken: SecretText | undefined

  constructor(options: RelayClientConfigOptions = {}) {
    this.relayId = options.relayId
    this.relayHost = options.relayHost ?? '127.0.0.1'
    this.relayPort = options.relayPort ?? 9000
    this.relayLogicalSourceNames = options.relayLogicalSourceNames ?? []
    this.relayToken = secretOf(options.relayToken)
  }
}

export interface BootstrapClientConfigOptions {
  /** A number of the user's own; nothing depends on it. */
  readonly bootstrapId?: number
  readonly bootstrapHost?: string
  readonly bootstrapPort?: number
  /** Sources that this server has; left out: all. */
  readonly bootstrapLogicalSourceNames?: readonly string[]
  /** What this server asks for; left out: `relayToken` of the client. */
  readonly bootstrapToken?: string | SecretText
}

/** Where a bootstrap server listens and what it has. */
export class BootstrapClientConfig {
  readonly bootstrapId: number | undefined
  readonly bootstrapHost: string
  readonly bootstrapPort: number
  readonly bootstrapLogicalSourceNames: readonly string[]
  readonly bootstrapToken: SecretText | undefined

  constructor(options: BootstrapClientConfigOptions = {}) {
    this.bootstrapId = options.bootstrapId
    this.bootstrapHost = options.bootstrapHost ?? '127.0.0.1'
    this.bootstrapPort = options.bootstrapPort ?? 6060
    this.bootstrapLogicalSourceNames = options.bootstrapLogicalSourceNames ?? []
    this.bootstrapToken = secretOf(options.bootstrapToken)
  }
}

export interface ClientConfigOptions {
  /** `databus.client.*` keys. */
  readonly clientProperties?: ClientProperties
  /** Left out: the relay of the same process, else port 9000 of this host. */
  readonly relayClientConfigs?: readonly RelayClientConfig[]
  /** Who gives a snapshot to a registration that no relay can serve; left out: the bootstrap server of the same process. */
  readonly bootstrapClientConfigs?: readonly BootstrapClientConfig[]
  /** Sent to relays as `Authorization: Bearer …`; left out: `AESOP_RELAY_TOKEN` of the environment, where it is set. */
  readonly relayToken?: string | SecretText
  /**
   * How a relay of this process is read, wherever a relay of this client is one: `direct` (default), where its windows are, or `http`,
   * as every other one.
   */
  readonly relayTransport?: string
  /** Left out: `checkpoints` in the folder of the application's state. Relative paths count from the projects root. */
  readonly checkpointDirectoryLocation?: string
  /** How long one answer of a relay keeps streaming, in milliseconds; 0: plain polling. Default 30,000. */
  readonly followMs?: number
  /** Upper bound of one event, in bytes. Default 64 MiB. */
  readonly maxEventSize?: number
  /** How long relays that are behind the checkpoint are waited for, in milliseconds. Default 30,000. */
  readonly aheadPatienceMs?: number
  /**
   * How many windows a registration may be given beyond its stored checkpoint, at least 1; default 100,000. Reached only where the
   * store fails or is slow: then nothing more is given before it has caught up.
   */
  readonly unsavedWindowsMax?: number
  /** How keys of rows stand in errors and log lines: `hash` (default), `full` or `none`. */
  readonly logKeys?: string
}

/** How a client behaves; everything has a default. */
export class ClientConfig {
  readonly clientProperties: ClientProperties
  readonly relayClientConfigs: readonly RelayClientConfig[]
  readonly bootstrapClientConfigs: readonly BootstrapClientConfig[]
  readonly relayToken: SecretText | undefined
  readonly relayTransport: RelayTransport
  readonly checkpointDirectoryLocation: string | undefined
  readonly followMs: number
  readonly maxEventSize: number
  readonly aheadPatienceMs: number
  readonly unsavedWindowsMax: number
  readonly logKeys: LogKeys

  /** @throws ClientPropertyInvalidError */
  constructor(options: ClientConfigOptions = {}) {
    this.clientProperties = options.clientProperties ?? {}
    this.relayClientConfigs = options.relayClientConfigs ?? []
    this.bootstrapClientConfigs = options.bootstrapClientConfigs ?? []
    this.relayToken = secretOf(options.relayToken)
    this.relayTransport = transportOf(options.relayTransport ?? 'direct', (value) => {
      throw new ClientPropertyInvalidError('relayTransport', value, 'direct or http')
    })
    this.checkpointDirectoryLocation = options.checkpointDirectoryLocation
    this.followMs = options.followMs ?? 30_000
    this.maxEventSize = options.maxEventSize ?? 64 * 1024 * 1024
    this.aheadPatienceMs = options.aheadPatienceMs ?? 30_000
    this.unsavedWindowsMax = windowsOf(options.unsavedWindowsMax ?? UNSAVED_WINDOWS_MAX)
    this.logKeys = logKeysOf(options.logKeys ?? 'hash')
  }
}

export interface ConsumerRegistrationOptions {
  /**
   * Left out: the names of the sources. Names the checkpoint: a new id begins anew. Not empty, and no other registration
   * of the process has it.
   */
  readonly id?: string
  readonly logicalSources: readonly string[]
  /** One object for this registration. */
  readonly eventConsumer?: EventConsumer
  /** Makes the consumer when the client starts. */
  readonly consumerFactory?: ConsumerFactory
  /**
   * Who says that windows are done: `window` (default), their end, unless `onCheckpoint` says otherwise; `consumer`, the consumer
   * with `acknowledge` of its context, so that one of a `consumerFactory`.
   */
  readonly acknowledge?: string
  /** Keeps the checkpoint; left out: a file in the folder of the client's checkpoints. */
  readonly checkpointStore?: CheckpointStore
  /** Databus' key filters (`{partitionType, filters}`) by the name of the source; the relay applies them. */
  readonly filters?: Readonly<Record<string, unknown>>
  /** How a relay of this process is read, `direct` or `http`; left out: as `relayTransport` of the client says. */
  readonly relayTransport?: string
  /**
   * Where it begins while it has no checkpoint: `earliest`, the oldest change that the log of its source still has; `latest`, behind the
   * newest window of the relay; an SCN in decimal: behind it; a time, ISO 8601 with its zone: the first change at or after it. It is
   * found out once, and is the first checkpoint. `bootstrap`: what a bootstrap server has of its sources is given first. Left out: the
   * oldest window that the relay has.
   */
  readonly startFrom?: string
  /** Aesop's name for `startFrom: bootstrap` (true); false: it never bootstraps, whatever falls off. */
  readonly readFromBootstrap?: boolean
  /**
   * What happens where it fell off, and the bootstrap store does not know any more which of the rows that it has were deleted:
   * `suspend` (default) stops it by name; `complete` lets its consumer forget what it has (`onStartBootstrap`), and gives it everything.
   */
  readonly onTooYoung?: string
  /**
   * What happens where a source begins to leave out rows of a table that has a fault: `suspend` (default) stops the registration
   * by name, and its action `resume` lets it go on without them; `continue` goes on by itself.
   */
  readonly onSourceQuarantined?: string
}

/** A consumer with the sources that it wants. */
export class ConsumerRegistration {
  readonly id: string
  readonly logicalSources: readonly string[]
  readonly eventConsumer: EventConsumer | undefined
  readonly consumerFactory: ConsumerFactory | undefined
  readonly acknowledge: AcknowledgePolicy
  readonly checkpointStore: CheckpointStore | undefined
  readonly filters: Readonly<Record<string, unknown>>
  readonly relayTransport: RelayTransport | undefined
  readonly onSourceQuarantined: QuarantinePolicy
  readonly startFrom: RegistrationStart | undefined
  readonly onTooYoung: TooYoungPolicy
  /** Whether it may bootstrap where it fell off. */
  readonly canBootstrap: boolean

  /** @throws RegistrationInvalidError */
  constructor(options: ConsumerRegistrationOptions) {
    this.logicalSources = options.logicalSources
    this.id = options.id ?? options.logicalSources.join('+')
    this.eventConsumer = options.eventConsumer
    this.consumerFactory = options.consumerFactory
    this.acknowledge = acknowledgeOf(this.id, options.acknowledge ?? 'window')
    this.checkpointStore = options.checkpointStore
    this.filters = options.filters ?? {}
    this.relayTransport =
      options.relayTransport === undefined
        ? undefined
        : transportOf(options.relayTransport, (value) => {
            throw new RegistrationInvalidError(this.id, `says relayTransport: ${value}, expected direct or http`)
          })
    this.onSourceQuarantined = policyOf(this.id, options.onSourceQuarantined ?? 'suspend')
    this.startFrom = startOf(this.id, options)
    this.canBootstrap = options.readFromBootstrap !== false
    this.onTooYoung = tooYoungOf(this.id, options.onTooYoung ?? 'suspend')
    if (this.logicalSources.length > 0 && this.id.trim() === '')
      throw new RegistrationInvalidError(this.id, 'has an empty id')
    if (/\p{Surrogate}/u.test(this.id)) throw new RegistrationInvalidError(this.id, 'has an id that is no text')
    if (this.logicalSources.length === 0) throw new RegistrationInvalidError(this.id, 'names no logicalSources')
    if ((this.eventConsumer === undefined) === (this.consumerFactory === undefined)) {
      const fault = this.eventConsumer === undefined ? 'names neither' : 'names both'
      throw new RegistrationInvalidError(this.id, `${fault} eventConsumer and consumerFactory`)
    }
    if (this.acknowledge === 'consumer' && this.consumerFactory === undefined) {
      const why = 'says acknowledge: consumer without a consumerFactory, which alone is given acknowledge'
      throw new RegistrationInvalidError(this.id, why)
    }
  }
}

function windowsOf(value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new ClientPropertyInvalidError('unsavedWindowsMax', value, 'a whole number from 1 on')
}

function logKeysOf(value: string): LogKeys {
  const found = LOG_KEYS.find((each) => each === value)
  if (found === undefined) throw new ClientPropertyInvalidError('logKeys', value, LOG_KEYS.join(', '))
  return found
}

function transportOf(value: string, refuse: (value: string) => never): RelayTransport {
  return value === 'direct' || value === 'http' ? value : refuse(value)
}

function secretOf(value: string | SecretText | undefined): SecretText | undefined {
  return value === undefined ? undefined : Secret.from(value)
}

function acknowledgeOf(id: string, value: string): AcknowledgePolicy {
  if (value === 'window' || value === 'consumer') return value
  throw new RegistrationInvalidError(id, `says acknowledge: ${value}, expected window or consumer`)
}

function policyOf(id: string, value: string): QuarantinePolicy {
  if (value === 'suspend' || value === 'continue') return value
  throw new RegistrationInvalidError(id, `says onSourceQuarantined: ${value}, expected suspend or continue`)
}

function tooYoungOf(id: string, value: string): TooYoungPolicy {
  if (value === 'suspend' || value === 'complete') return value
  throw new RegistrationInvalidError(id, `says onTooYoung: ${value}, expected suspend or complete`)
}

type StartOptions = Pick<ConsumerRegistrationOptions, 'startFrom' | 'readFromBootstrap'>

function startOf(id: string, { startFrom, readFromBootstrap }: StartOptions): RegistrationStart | undefined {
  if (startFrom === undefined) return readFromBootstrap === true ? { kind: 'bootstrap' } : undefined
  const start = parseStartFrom(startFrom)
  if (start === undefined)
    throw new RegistrationInvalidError(id, `says startFrom: ${startFrom}, expected ${START_FROM_FORM}`)
  if (readFromBootstrap !== (start.kind !== 'bootstrap')) return start
  const why = `says readFromBootstrap: ${String(readFromBootstrap)}, and startFrom: ${startFrom}: leave one of them out`
  throw new RegistrationInvalidError(id, why)
}
