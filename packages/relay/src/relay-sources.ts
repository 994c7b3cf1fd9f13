import { type BeanContext, fillRemedy } from '@aesop/kernel'
import { type NamedSource, refuseClashes, type StreamServer } from '@aesop/stream-server'
import { RelayNotRunningError, SourceLateError, SourceUnknownError } from './errors.ts'
import { PhysicalSource, type PhysicalSourceOptions } from './physical-source.ts'
import { type ProducerRegistration } from './producer-registration.ts'
import { type RelayConfig } from './relay-config.ts'

export interface RelaySourcesOptions extends Omit<PhysicalSourceOptions, 'registration' | 'settings' | 'fail'> {
  /** What holds for all of them, unless their registrations say otherwise. */
  readonly config: RelayConfig
  readonly registrations: readonly ProducerRegistration[]
  /** How long a source that goes waits for its streams to end between windows, in milliseconds. */
  readonly stopGraceMs: number
}

/** The server of a relay that runs, and the configuration that it runs with. */
export interface RunningServer {
  readonly server: StreamServer
  readonly config: RelayConfig
}

/**
 * The physical sources of a relay, in the order in which they came. While the relay runs they come and go, one at a time, and the
 * others go on as they are; DESIGN.md has the table of what happens.
 */
export class RelaySources {
  readonly #options: RelaySourcesOptions
  readonly #context: BeanContext
  #all: readonly PhysicalSource[]
  #running: RunningServer | undefined
  /** The one that is being added. */
  #coming: PhysicalSource | undefined
  /** Fulfilled when what was asked for until now is done, or has failed. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: RelaySourcesOptions) {
    this.#options = options
    this.#context = options.context
    this.#all = options.registrations.map((registration) =>
      this.#make(registration, (error) => {
        this.#context.fail(error)
      }),
    )
  }

  get all(): readonly PhysicalSource[] {
    return this.#all
  }

  get names(): string {
    return this.#all.map(({ name }) => name).join(', ')
  }

  /** From now on sources may come and go. */
  open(running: RunningServer): void {
    this.#running = running
  }

  /** Ends a change that is under way, and refuses others. It waits until that has ended, or the signal aborts. */
  async close(signal?: AbortSignal): Promise<void> {
    this.#running = undefined
    await Promise.race([Promise.all([this.#coming?.end(), this.#last]), aborted(signal)])
  }

  /**
   * Whether the relay could serve exactly these, without a change of what it is as a whole. Nothing is asked of their servers.
   * @throws SourcesClashError, RelayPropertyRefusedError, RelayPropertyUnknownError, RelayPropertyInvalidError
   */
  check(registrations: readonly ProducerRegistration[]): void {
    const { config } = this.#options
    refuseClashes(registrations.map(({ physicalSource }) => namedSource(physicalSource)))
    for (const { properties } of registrations) config.with(properties)
    const { config: runningConfig } = this.#mustRun()
    config.withAll(registrations)
    for (const { properties } of registrations) runningConfig.refuseOther(properties)
  }

  /** @throws RelayNotRunningError, what `check` throws, SourceNameTakenError, and what its producer says: nothing is left of it then */
  add(registration: ProducerRegistration, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#add(registration, signal))
  }

  /** @throws RelayNotRunningError, SourceUnknownError, and what failed while it was stopped: it is removed all the same */
  remove(name: string, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(() => {
      const running = this.#mustRun()
      const source = this.#all.find((each) => each.name === name)
      if (source === undefined) throw new SourceUnknownError(name, this.#all)
      return this.#takeOut(source, running, signal)
    })
  }

  async #add(registration: ProducerRegistration, signal: AbortSignal | undefined): Promise<void> {
    const running = this.#mustRun()
    this.check([...this.#all.map((source) => source.registration), registration])
    const { source, failed, arrived } = this.#newcomer(registration, signal)
    source.place.claim()
    this.#coming = source
    try {
      const served = await named(source, Promise.race([source.prepare(), failed]))
      this.#mustRun()
      running.server.addSource(served)
      this.#all = [...this.#all, source]
      await named(source, Promise.race([source.start(), failed]))
      this.#mustRun()
      arrived()
    } catch (error) {
      await this.#takeOut(source, running).catch((fault: unknown) => {
        this.#context.log.error(`${source.name} could not be taken out`, { error: String(fault) })
      })
      throw this.#running === undefined ? new RelayNotRunningError(error) : error
    } finally {
      this.#coming = undefined
    }
  }

  /** New requests for it are refused first; it reads on until its streams have ended. */
  async #takeOut(source: PhysicalSource, { server }: RunningServer, signal?: AbortSignal): Promise<void> {
    const { served } = source
    if (served !== undefined) await server.removeSource(served, this.#options.stopGraceMs, signal)
    try {
      await source.stop()
    } finally {
      this.#all = this.#all.filter((each) => each !== source)
      await source.end()
      source.place.release()
    }
  }

  /** A source whose failure is that of its coming, until it has arrived. */
  #newcomer(
    registration: ProducerRegistration,
    signal: AbortSignal | undefined,
  ): { source: PhysicalSource; failed: Promise<never>; arrived: () => void } {
    let tell: (error: Error) => void = () => undefined
    const failed = new Promise<never>((_resolve, reject) => (tell = reject))
    failed.catch(() => undefined)
    let fail = tell
    const source = this.#make(registration, (error) => {
      fail(error)
    })
    void aborted(signal).then(() => {
      tell(new SourceLateError(source.name))
    })
    const arrived = (): void => {
      fail = (error) => {
        this.#context.fail(error)
      }
    }
    return { source, failed, arrived }
  }

  #make(registration: ProducerRegistration, fail: (error: Error) => void): PhysicalSource {
    const settings = this.#options.config.with(registration.properties).source
    return new PhysicalSource({ ...this.#options, registration, settings, fail })
  }

  /** @throws RelayNotRunningError */
  #mustRun(): RunningServer {
    if (this.#running === undefined) throw new RelayNotRunningError()
    return this.#running
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => undefined)
    return done
  }
}

/** What goes wrong with a source is said with its name in the remedy. */
export async function named<Value>(source: PhysicalSource, work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    throw fillRemedy(error, '<name>', source.name)
  }
}

function namedSource({ name, id, sources, servedSources }: ProducerRegistration['physicalSource']): NamedSource {
  return { label: `${name}:${id}`, served: { name, id, tables: sources, served: servedSources } }
}

/** Never, without a signal. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve()
    signal?.addEventListener(
      'abort',
      () => {
        resolve()
      },
      { once: true },
    )
  })
}
