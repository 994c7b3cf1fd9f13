import { PlaceJournal, ProcessReaders } from '@aesop/checkpoint'
import {
  type BeanContext,
  claimName,
  type HasLiveLists,
  type Health,
  type Lifecycle,
  type LiveList,
  type Metric,
  type Observable,
  type PlaceDesk,
  type PlaceKeeper,
} from '@aesop/kernel'
import { type ClientConfig, type ConsumerRegistration } from './client-beans.ts'
import { type ClientSettings, parseClientProperties } from './client-settings.ts'
import {
  ClientNotRunningError,
  ClientPropertyRefusedError,
  RegistrationInvalidError,
  RegistrationUnknownError,
} from './errors.ts'
import { type Registration } from './registration.ts'
import { RegistrationDesk } from './registration-desk.ts'
import { RegistrationMaker } from './registration-maker.ts'
import { type RegistrationReader } from './registration-reader.ts'
import { checkToken } from './relay-token.ts'

/** A registration of this client, from the claim of its id to its end. */
interface Entry {
  readonly declared: ConsumerRegistration
  readonly reader: RegistrationReader
  readonly release: () => void
  registration?: Registration
  /** Fulfilled when it has been started, or has failed to. */
  starting?: Promise<unknown>
  removing?: Promise<void>
}

/** All registrations of one client: each has its own place in the stream and its own connection. */
export class Client implements Lifecycle, Observable, PlaceKeeper, HasLiveLists {
  readonly #declared: readonly ConsumerRegistration[]
  readonly #context: BeanContext
  readonly #settings: ClientSettings
  readonly #maker: RegistrationMaker
  /** By id, in the order in which they came. */
  readonly #entries = new Map<string, Entry>()
  #isRunning = false
  readonly actions: Readonly<Record<string, (id?: unknown) => unknown>>

  /** @throws ClientPropertyUnknownError, ClientPropertyInvalidError, ClientPropertyRefusedError, RegistrationInvalidError */
  constructor(config: ClientConfig, registrations: readonly ConsumerRegistration[], context: BeanContext) {
    this.#declared = registrations
    this.#context = context
    this.#settings = parseClientProperties(config.clientProperties)
    this.#maker = new RegistrationMaker(config, this.#settings, context)
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
    return [...this.#entries.values()].flatMap(({ registration }) => registration ?? [])
  }

  /**
   * Takes the ids for this client, and tells the relay of this process, before it starts, where the registrations stand.
   * @throws RegistrationInvalidError when another client of the process has an id
   * @throws ClientPropertyInvalidError when no header can hold a token
   */
  init(): void | Promise<void> {
    for (const { token } of [...this.#maker.relays(), ...this.#maker.configuredBootstraps]) checkToken(token)
    const later = this.#declared.flatMap((declared) => this.#enter(declared).reader.prepare() ?? [])
    if (later.length > 0) return Promise.all(later).then(() => undefined)
  }

  /** Gives the ids back. */
  destroy(): void {
    this.#endReaders()
    for (const { release } of this.#entries.values()) release()
    this.#entries.clear()
  }

  #enter(declared: ConsumerRegistration): Entry {
    const release = claimName(this.#context.shared, 'registration', declared.id)
    if (release === undefined) throw doubleId(declared.id)
    try {
      const entry: Entry = { declared, release, reader: this.#maker.readerOf(declared) }
      this.#entries.set(declared.id, entry)
      ProcessReaders.of(this.#context.shared).add(entry.reader)
      return entry
    } catch (error) {
      release()
      throw error
    }
  }

  #leave(entry: Entry): void {
    const { declared, reader, release } = entry
    // One that could not be started has left before somebody removed it: its id may be another one's by now.
    if (this.#entries.get(declared.id) !== entry) return
    this.#entries.delete(declared.id)
    this.#context.meters?.forget({ registration: declared.id })
    ProcessReaders.of(this.#context.shared).remove(reader)
    release()
  }

  /** Nobody waits for the registrations any more. */
  #endReaders(): void {
    for (const { reader } of this.#entries.values()) reader.end()
    ProcessReaders.of(this.#context.shared).moved()
  }

  /** Starts every registration; when one fails, those before it are stopped again. */
  async start(): Promise<void> {
    for (const note of this.#settings.notes) this.#context.log.info(note)
    if (this.#entries.size === 0) await this.init()
    try {
      for (const entry of this.#entries.values()) await this.#start(entry)
      this.#isRunning = true
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #start(entry: Entry): Promise<Registration> {
    const registration = await this.#maker.make(entry.declared, entry.reader)
    entry.registration = registration
    entry.reader.follow(registration)
    await registration.start()
    return registration
  }

  /**
   * Makes and starts one more registration while the client runs. The others go on as they are. One without a checkpoint begins
   * as any other; the relay of this process waits for it from now on.
   * @throws ClientNotRunningError; RegistrationInvalidError when its id is taken or it can not be made; what its start throws:
   * nothing is left of it then
   */
  async register(declared: ConsumerRegistration): Promise<Registration> {
    if (!this.#isRunning) throw new ClientNotRunningError(declared.id)
    const entry = this.#enter(declared)
    const starting = this.#startLater(entry)
    entry.starting = starting.catch(() => undefined)
    return starting
  }

  async #startLater(entry: Entry): Promise<Registration> {
    try {
      await entry.reader.prepare()
      if (!this.#isRunning) throw new ClientNotRunningError(entry.declared.id)
      return await this.#start(entry)
    } catch (error) {
      await entry.registration?.stop().catch(() => undefined)
      this.#leave(entry)
      throw error
    }
  }

  /**
   * Stops one registration in order, as a stop of the client would, and forgets it: its id is free, the relay of this process
   * waits for it no longer, and its checkpoint stays where it is kept.
   * @throws RegistrationUnknownError; CheckpointUnwritableError, StoreSilentError when its checkpoint is not known to be kept
   */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new RegistrationUnknownError(id, [...this.#entries.keys()])
    entry.removing ??= this.#remove(entry, signal)
    return entry.removing
  }

  /** What a reload of the descriptor does. */
  readonly liveLists = {
    consumerRegistrationList: {
      nameOf: ({ id }: ConsumerRegistration): string => id,
      check: refuseDoubles,
      add: async (declared: ConsumerRegistration): Promise<void> => {
        await this.register(declared)
      },
      remove: ({ id }: ConsumerRegistration, signal?: AbortSignal): Promise<void> => this.remove(id, signal),
    } satisfies LiveList<ConsumerRegistration> as LiveList,
  } as const

  async #remove(entry: Entry, signal: AbortSignal | undefined): Promise<void> {
    await entry.starting
    try {
      await entry.registration?.stop(...this.#stopSignals(signal))
    } finally {
      this.#leave(entry)
    }
  }

  /**
   * Every registration finishes the window that it is in; those that need too long for it give it up in time to end in
   * order.
   */
  async stop(signal?: AbortSignal): Promise<void> {
    this.#isRunning = false
    const signals = this.#stopSignals(signal)
    await Promise.race([this.#startings(), aborted(signals[1])])
    const outcomes = await Promise.allSettled(this.registrations.map((each) => each.stop(...signals)))
    this.#endReaders()
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** What is being added is there, or has failed. */
  async #startings(): Promise<void> {
    for (const { starting } of this.#entries.values()) await starting
  }

  /** When a window is given up, and when the last checkpoint is waited for no longer. */
  #stopSignals(signal: AbortSignal | undefined): [AbortSignal | undefined, AbortSignal | undefined] {
    const { stopTimeoutMs } = this.#context
    return [signalAfter(FINISH_SHARE, stopTimeoutMs, signal), signalAfter(LIMIT_SHARE, stopTimeoutMs, signal)]
  }

  /** The places of the registrations, for those who show and move them while nothing runs. */
  placeDesks(): Promise<readonly PlaceDesk[]> {
    const desks = this.#declared.flatMap((declared) => {
      const store = this.#maker.keptStoreOf(declared)
      const journal = new PlaceJournal(this.#context.stateDirectory, 'registration', declared.id)
      return store === undefined
        ? []
        : [new RegistrationDesk(declared.id, this.#maker.keptIn(declared), store, journal, declared.startFrom)]
    })
    return Promise.resolve(desks)
  }

  #each(id: unknown, act: (registration: Registration) => void): number {
    const chosen = this.registrations.filter((registration) => typeof id !== 'string' || registration.id === id)
    chosen.forEach(act)
    return chosen.length
  }

  health(): Health {
    const all = this.registrations.map((registration) => registration.health())
    const worst = all.find(({ status }) => status === 'down') ?? all.find(({ status }) => status === 'degraded')
    return worst ?? { status: 'up' }
  }

  metrics(): readonly Metric[] {
    return this.registrations.flatMap((registration) => registration.metrics())
  }

  describe(): unknown {
    return { registrations: this.registrations.map((registration) => registration.describe()) }
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

/** Never, without a signal. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => {
      resolve()
    })
    if (signal?.aborted === true) resolve()
  })
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
