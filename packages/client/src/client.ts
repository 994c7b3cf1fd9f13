import { isAbsolute, join } from 'node:path'
import {
  type CheckpointStore,
  FileCheckpointStore,
  MemoryCheckpointStore,
  PlaceJournal,
  ProcessReaders,
} from '@aesop/checkpoint'
import {
  type BeanContext,
  claimName,
  formatJson,
  type Health,
  type Lifecycle,
  type Metric,
  type Observable,
  type PlaceDesk,
  type PlaceKeeper,
} from '@aesop/kernel'
import { type KeyFilter, parseKeyFilter } from '@aesop/wire'
import { type ClientConfig, type ConsumerRegistration } from './client-beans.ts'
import { type ClientSettings, type ConfiguredRelay, parseClientProperties } from './client-settings.ts'
import { type EventConsumer } from './consumer.ts'
import { ProcessRelay } from './process-relay.ts'
import { checkToken, tokenOfEnvironment } from './relay-token.ts'
import { AcknowledgeRefusedError, ClientPropertyRefusedError, RegistrationInvalidError } from './errors.ts'
import { Registration } from './registration.ts'
import { RegistrationDesk } from './registration-desk.ts'
import { RegistrationReader } from './registration-reader.ts'

/** All registrations of one client: each has its own place in the stream and its own connection. */
export class Client implements Lifecycle, Observable, PlaceKeeper {
  readonly #config: ClientConfig
  readonly #declared: readonly ConsumerRegistration[]
  readonly #context: BeanContext
  readonly #settings: ClientSettings
  readonly #registrations: Registration[] = []
  readonly #claims: (() => void)[] = []
  readonly #readers: RegistrationReader[] = []
  readonly actions: Readonly<Record<string, (id?: unknown) => unknown>>

  /** @throws ClientPropertyUnknownError, ClientPropertyInvalidError, ClientPropertyRefusedError, RegistrationInvalidError */
  constructor(config: ClientConfig, registrations: readonly ConsumerRegistration[], context: BeanContext) {
    this.#config = config
    this.#declared = registrations
    this.#context = context
    this.#settings = parseClientProperties(config.clientProperties)
    this.actions = {
      pause: (id) =>
        this.#each(id, (registration) => {
          registration.pause()
        }),
      resume: (id) =>
        this.#each(id, (registration) => {
          registration.resume()
        }),
    }
    refuseDoubles(registrations)
    refuseTwoFolders(config.checkpointDirectoryLocation, this.#settings.checkpointDirectory)
  }

  get registrations(): readonly Registration[] {
    return this.#registrations
  }

  /**
   * Takes the ids for this client, and tells the relay of this process, before it starts, where the registrations stand.
   * @throws RegistrationInvalidError when another client of the process has an id
   * @throws ClientPropertyInvalidError when no header can hold a token
   */
  init(): void | Promise<void> {
    for (const { token } of this.#allRelays()) checkToken(token)
    for (const declared of this.#declared) {
      const release = claimName(this.#context.shared, 'registration', declared.id)
      if (release === undefined) throw doubleId(declared.id)
      this.#claims.push(release)
      this.#addReader(declared)
    }
    const later = this.#readers.flatMap((reader) => reader.prepare() ?? [])
    if (later.length > 0) return Promise.all(later).then(() => undefined)
  }

  /** Gives the ids back. */
  destroy(): void {
    this.#endReaders()
    for (const release of this.#claims.splice(0)) release()
  }

  #addReader(declared: ConsumerRegistration): void {
    const { id, logicalSources } = declared
    const { checkpoints, clearBeforeUse, consumeCurrent } = this.#settings
    const reader = new RegistrationReader({
      id,
      logicalSources,
      relays: this.#relaysFor(declared),
      store:
        (declared.checkpointStore === undefined && checkpoints === 'NONE') || clearBeforeUse
          ? undefined
          : this.#storeOf(declared),
      firstScn: consumeCurrent === false ? 0n : undefined,
    })
    this.#readers.push(reader)
    ProcessReaders.of(this.#context.shared).add(reader)
  }

  /** Nobody waits for the registrations any more. */
  #endReaders(): void {
    for (const reader of this.#readers) reader.end()
    ProcessReaders.of(this.#context.shared).moved()
  }

  /** Starts every registration; when one fails, those before it are stopped again. */
  async start(): Promise<void> {
    for (const note of this.#settings.notes) this.#context.log.info(note)
    try {
      for (const declared of this.#declared) {
        const registration = await this.#make(declared)
        this.#registrations.push(registration)
        this.#readerOf(declared.id)?.follow(registration)
        await registration.start()
      }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /**
   * Every registration finishes the window that it is in; those that need too long for it give it up in time to end in
   * order.
   */
  async stop(signal?: AbortSignal): Promise<void> {
    const { stopTimeoutMs } = this.#context
    const giveUp = signalAfter(FINISH_SHARE, stopTimeoutMs, signal)
    const limit = signalAfter(LIMIT_SHARE, stopTimeoutMs, signal)
    const outcomes = await Promise.allSettled(this.#registrations.map((each) => each.stop(giveUp, limit)))
    this.#endReaders()
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #readerOf(id: string): RegistrationReader | undefined {
    return this.#readers.find((reader) => reader.id === id)
  }

  async #make(declared: ConsumerRegistration): Promise<Registration> {
    const { id, logicalSources } = declared
    const { followMs, maxEventSize, aheadPatienceMs, unsavedWindowsMax, logKeys } = this.#config
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
      store: this.#storeOf(declared),
      keptIn: this.#keptIn(declared),
      unsavedWindowsMax,
      settings: this.#settings,
      followMs,
      eventBytesMax: maxEventSize,
      aheadPatienceMs,
      logKeys,
      filters: filtersOf(declared),
      onSourceQuarantined: declared.onSourceQuarantined,
      log: this.#context.log,
      onCheckpoint: () => {
        readers.moved()
      },
      fallOffRemedy: () => this.#readerOf(id)?.fallOffRemedy(readers),
    })
    return made
  }

  async #consumerOf(
    { id, logicalSources, eventConsumer, consumerFactory }: ConsumerRegistration,
    acknowledge: (scn: bigint) => void,
  ): Promise<EventConsumer> {
    const { log } = this.#context
    const context = { registration: id, logicalSources, acknowledge, log }
    const made = eventConsumer ?? (await consumerFactory?.createConsumer(context))
    if (typeof made?.onDataEvent !== 'function') {
      throw new RegistrationInvalidError(id, 'has a consumer without the method onDataEvent')
    }
    return made
  }

  #relaysFor({ id, logicalSources }: ConsumerRegistration): ConfiguredRelay[] {
    const relays = this.#allRelays()
    const serving = relays.filter(
      ({ sources }) => sources.length === 0 || logicalSources.every((name) => sources.includes(name)),
    )
    if (serving.length > 0) return serving
    throw new RegistrationInvalidError(id, `asks for ${logicalSources.join(', ')}, which no configured relay serves`)
  }

  #allRelays(): ConfiguredRelay[] {
    const token = this.#config.relayToken ?? tokenOfEnvironment()
    const configured = this.#config.relayClientConfigs.map((relay) => ({
      host: relay.relayHost,
      port: relay.relayPort,
      sources: relay.relayLogicalSourceNames,
      token: relay.relayToken ?? token,
    }))
    const all = [...configured, ...this.#settings.relays.map((relay) => ({ ...relay, token }))]
    return all.length > 0 ? all : [new ProcessRelay(this.#context.shared, token)]
  }

  /** The places of the registrations, for those who show and move them while nothing runs. */
  placeDesks(): Promise<readonly PlaceDesk[]> {
    const desks = this.#declared.flatMap((declared) => {
      const { id, checkpointStore } = declared
      const store = checkpointStore ?? this.#fileStoreOf(id)
      const journal = new PlaceJournal(this.#context.stateDirectory, 'registration', id)
      return store === undefined ? [] : [new RegistrationDesk(id, this.#keptIn(declared), store, journal)]
    })
    return Promise.resolve(desks)
  }

  #storeOf({ id, checkpointStore }: ConsumerRegistration): CheckpointStore {
    return checkpointStore ?? this.#fileStoreOf(id) ?? new MemoryCheckpointStore()
  }

  /** Where a checkpoint is, for people. */
  #keptIn({ id, checkpointStore }: ConsumerRegistration): string {
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

  #each(id: unknown, act: (registration: Registration) => void): number {
    const chosen = this.#registrations.filter((registration) => typeof id !== 'string' || registration.id === id)
    chosen.forEach(act)
    return chosen.length
  }

  health(): Health {
    const all = this.#registrations.map((registration) => registration.health())
    const worst = all.find(({ status }) => status === 'down') ?? all.find(({ status }) => status === 'degraded')
    return worst ?? { status: 'up' }
  }

  metrics(): readonly Metric[] {
    return this.#registrations.flatMap((registration) => registration.metrics())
  }

  describe(): unknown {
    return { registrations: this.#registrations.map((registration) => registration.describe()) }
  }
}

/** Share of the time for a stop after which windows are given up: the rest is for what follows. */
const FINISH_SHARE = 0.8
/** The same for the last checkpoint: a store that is silent must not make the stop be over without a word. */
const LIMIT_SHARE = 0.95

function signalAfter(
  share: number,
  stopTimeoutMs: number | undefined,
  signal: AbortSignal | undefined,
): AbortSignal | undefined {
  const signals = signal === undefined ? [] : [signal]
  if (stopTimeoutMs !== undefined) signals.push(AbortSignal.timeout(Math.floor(stopTimeoutMs * share)))
  return signals.length === 0 ? undefined : AbortSignal.any(signals)
}

/** Two beans and one key can name the folder of the checkpoints: none of them is put aside without a word. */
function refuseTwoFolders(location: string | undefined, rootDirectory: string | undefined): void {
  if (location === undefined || rootDirectory === undefined || location === rootDirectory) return
  throw new ClientPropertyRefusedError(ROOT_DIRECTORY, `checkpointDirectoryLocation says ${location}`)
}

const ROOT_DIRECTORY = 'databus.client.checkpointPersistence.fileSystem.rootDirectory'

function refuseDoubles(registrations: readonly ConsumerRegistration[]): void {
  const seen = new Set<string>()
  for (const { id } of registrations) {
    if (seen.has(id)) throw doubleId(id)
    seen.add(id)
  }
}

function doubleId(id: string): RegistrationInvalidError {
  return new RegistrationInvalidError(id, 'has the id of another one of the process; give it an id of its own')
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
