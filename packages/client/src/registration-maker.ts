import { isAbsolute, join } from 'node:path'
import {
  type CheckpointStore,
  FileCheckpointStore,
  MemoryCheckpointStore,
  ProcessBootstraps,
  ProcessReaders,
} from '@aesop/checkpoint'
import { type BeanContext, formatJson, type SecretText } from '@aesop/kernel'
import { type KeyFilter, LocalRelays, parseKeyFilter, tokenOfEnvironment } from '@aesop/wire'
import { BootstrapServers } from './bootstrap/bootstrap-servers.ts'
import { type ConsumerNeeds, faultOfConsumer } from './bootstrap/fit-consumer.ts'
import { type ClientConfig, type ConsumerRegistration } from './client-beans.ts'
import { type ClientSettings, type ConfiguredRelay } from './client-settings.ts'
import { type EventConsumer } from './consumer.ts'
import { AcknowledgeRefusedError, RegistrationInvalidError } from './errors.ts'
import { ProcessRelay } from './process-relay.ts'
import { Registration } from './registration.ts'
import { RegistrationReader } from './registration-reader.ts'

const TWO_STARTS =
  'says startFrom, and databus.client.connectionDefaults.consumeCurrent=false says SCN 0: leave one of them out'

/** Makes what a client runs from what was declared: the registration, its store, its relays, and its face to a relay. */
export class RegistrationMaker {
  readonly #config: ClientConfig
  readonly #settings: ClientSettings
  readonly #context: BeanContext
  /** The bootstrap servers that the client was told of. */
  readonly configuredBootstraps: readonly ConfiguredRelay[]
  readonly #bootstraps: BootstrapServers

  constructor(config: ClientConfig, settings: ClientSettings, context: BeanContext) {
    this.#config = config
    this.#settings = settings
    this.#context = context
    const token = config.relayToken ?? tokenOfEnvironment()
    this.configuredBootstraps = bootstrapsOf(config, settings, token)
    this.#bootstraps = new BootstrapServers({
      configured: this.configuredBootstraps,
      own: ProcessBootstraps.of(context.shared),
      token,
      isEnabled: settings.canBootstrap,
    })
  }

  /** @throws RegistrationInvalidError when no relay serves its sources */
  readerOf(declared: ConsumerRegistration): RegistrationReader {
    const { id, logicalSources, checkpointStore, startFrom } = declared
    const { checkpoints, clearBeforeUse, consumeCurrent } = this.#settings
    if (startFrom !== undefined && consumeCurrent === false) throw new RegistrationInvalidError(id, TWO_STARTS)
    const why = startFrom?.kind === 'bootstrap' ? this.#bootstraps.faultOf(logicalSources) : undefined
    if (why !== undefined) throw new RegistrationInvalidError(id, `is to bootstrap, and ${why}`)
    const keepsNothing = checkpointStore === undefined && checkpoints === 'NONE'
    return new RegistrationReader({
      id,
      logicalSources,
      relays: this.#relaysFor(declared),
      store: keepsNothing || clearBeforeUse ? undefined : this.#storeOf(declared),
      firstScn: startFrom?.kind === 'scn' ? startFrom.scn : consumeCurrent === false ? 0n : undefined,
    })
  }

  /** @throws RegistrationInvalidError, InvalidRequestError, and what the consumer's factory throws */
  async make(declared: ConsumerRegistration, reader: RegistrationReader): Promise<Registration> {
    const { id, logicalSources, canBootstrap } = declared
    const { followMs, maxEventSize, aheadPatienceMs, unsavedWindowsMax, logKeys } = this.#config
    const transport = declared.relayTransport ?? this.#config.relayTransport
    const readers = ProcessReaders.of(this.#context.shared)
    const acknowledge = (scn: bigint): void => {
      if (made === undefined) throw new AcknowledgeRefusedError(id, scn, 'no window was given yet')
      made.acknowledge(scn)
    }
    let made: Registration | undefined = undefined
    made = new Registration({
      id,
      logicalSources,
      consumer: await this.#consumerOf(declared, acknowledge),
      acknowledge: declared.acknowledge,
      relays: this.#relaysFor(declared),
      localRelays: transport === 'direct' ? LocalRelays.of(this.#context.shared) : undefined,
      store: this.#storeOf(declared),
      keptIn: this.keptIn(declared),
      unsavedWindowsMax,
      settings: this.#settings,
      followMs,
      eventBytesMax: maxEventSize,
      aheadPatienceMs,
      logKeys,
      filters: filtersOf(declared),
      onSourceQuarantined: declared.onSourceQuarantined,
      startFrom: declared.startFrom,
      onTooYoung: declared.onTooYoung,
      bootstrapServers: () => (canBootstrap ? this.#bootstraps.for(logicalSources) : []),
      publish: (alert) => this.#context.publish?.(alert),
      log: this.#context.log,
      meters: this.#context.meters,
      tracer: this.#context.tracer,
      onCheckpoint: () => {
        readers.moved()
      },
      fallOffRemedy: () => reader.fallOffRemedy(readers),
    })
    return made
  }

  async #consumerOf(declared: ConsumerRegistration, acknowledge: (scn: bigint) => void): Promise<EventConsumer> {
    const { id, logicalSources, eventConsumer, consumerFactory } = declared
    const { log } = this.#context
    const context = { registration: id, logicalSources, acknowledge, log }
    const made = eventConsumer ?? (await consumerFactory?.createConsumer(context))
    if (typeof made?.onDataEvent !== 'function') {
      throw new RegistrationInvalidError(id, 'has a consumer without the method onDataEvent')
    }
    const unfit = faultOfConsumer(made, needsOf(declared))
    if (unfit !== undefined) throw new RegistrationInvalidError(id, `is to bootstrap, and its consumer ${unfit}`)
    return made
  }

  #relaysFor({ id, logicalSources }: ConsumerRegistration): ConfiguredRelay[] {
    const serving = this.relays(logicalSources).filter(
      ({ sources }) => sources.length === 0 || logicalSources.every((name) => sources.includes(name)),
    )
    if (serving.length > 0) return serving
    throw new RegistrationInvalidError(id, `asks for ${logicalSources.join(', ')}, which no configured relay serves`)
  }

  /** Every relay of the configuration, else the one of this process that serves these logical sources. */
  relays(logicalSources: readonly string[] = []): ConfiguredRelay[] {
    const token = this.#config.relayToken ?? tokenOfEnvironment()
    const configured = this.#config.relayClientConfigs.map((relay) => ({
      host: relay.relayHost,
      port: relay.relayPort,
      sources: relay.relayLogicalSourceNames,
      token: relay.relayToken ?? token,
    }))
    const all = [...configured, ...this.#settings.relays.map((relay) => ({ ...relay, token }))]
    return all.length > 0 ? all : [new ProcessRelay(this.#context.shared, logicalSources, token)]
  }

  #storeOf(declared: ConsumerRegistration): CheckpointStore {
    return this.keptStoreOf(declared) ?? new MemoryCheckpointStore()
  }

  /** Undefined: its checkpoint is kept nowhere. */
  keptStoreOf({ id, checkpointStore }: ConsumerRegistration): CheckpointStore | undefined {
    return checkpointStore ?? this.#fileStoreOf(id)
  }

  /** Where a checkpoint is, for people. */
  keptIn({ id, checkpointStore }: ConsumerRegistration): string {
    if (checkpointStore === undefined) return this.#fileStoreOf(id)?.path ?? 'memory'
    return `the checkpointStore of the registration "${id}"`
  }

  #fileStoreOf(id: string): FileCheckpointStore | undefined {
    if (this.#settings.checkpoints === 'NONE') return undefined
    const { historySize } = this.#settings
    const { projectsRoot, stateDirectory } = this.#context
    const given = this.#config.checkpointDirectoryLocation ?? this.#settings.checkpointDirectory
    if (given === undefined) return new FileCheckpointStore(join(stateDirectory, 'checkpoints'), id, { historySize })
    return new FileCheckpointStore(isAbsolute(given) ? given : join(projectsRoot, given), id, { historySize })
  }
}

/** What is known beforehand that a registration will ask of its consumer. */
function needsOf({ startFrom, onTooYoung, acknowledge }: ConsumerRegistration): ConsumerNeeds {
  const isSure = startFrom?.kind === 'bootstrap'
  return { forgets: isSure || onTooYoung === 'complete', acknowledges: isSure && acknowledge === 'consumer' }
}

function bootstrapsOf(
  { bootstrapClientConfigs }: ClientConfig,
  { bootstrapServers }: ClientSettings,
  token: SecretText | undefined,
): ConfiguredRelay[] {
  const configured = bootstrapClientConfigs.map((server) => ({
    host: server.bootstrapHost,
    port: server.bootstrapPort,
    sources: server.bootstrapLogicalSourceNames,
    token: server.bootstrapToken ?? token,
  }))
  return [...configured, ...bootstrapServers.map((server) => ({ ...server, token }))]
}

/** @throws InvalidRequestError when a filter is none */
function filtersOf({ id, logicalSources, filters }: ConsumerRegistration): Map<string, KeyFilter> {
  const parsed = new Map<string, KeyFilter>()
  for (const [source, filter] of Object.entries(filters)) {
    if (!logicalSources.includes(source)) {
      throw new RegistrationInvalidError(id, `has a filter for "${source}", which is none of its logicalSources`)
    }
    parsed.set(source, parseKeyFilter(formatJson(filter)))
  }
  return parsed
}
