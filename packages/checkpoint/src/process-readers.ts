/**
 * A registration as the relay of the same process sees it. All members are asked when the relay needs them: at its start,
 * and while its buffer is full.
 */
export interface ProcessReader {
  /** Names it in health and logs. */
  readonly id: string
  readonly logicalSources: readonly string[]
  /** Whether it reads from the relay that listens there. */
  readsFrom(host: string, port: number): boolean
  /** True from the making of its client on, until it is paused, suspended or stopped, or its consumer goes on failing. */
  readonly isRunning: boolean
  /**
   * SCN of the window up to which it has its checkpoint: after a fault it asks for what follows. Undefined: it has none, and
   * begins with the oldest window that there is.
   */
  readonly checkpointScn: bigint | undefined
  /** SCN up to which it has read: at or above the checkpoint of a consumer that holds its checkpoint back. −1: nothing yet. */
  readonly readScn: bigint
}

/** A running relay as the registrations of its process see it. */
export interface OwnRelay {
  readonly host: string
  readonly port: number
  /** SCN after which it began to read its source: a restart reaches back that far, and no further. Left out: a restart would change nothing. */
  readonly beganAfterScn?: bigint
  /** Whether its full buffer waits for running registrations. */
  readonly waits: boolean
  /**
   * Names of the logical sources to which this applies, changes of tables among them: a relay of several physical sources is added
   * for each; left out: all.
   */
  readonly sources?: ReadonlySet<string>
}

const SHARED_NAME = 'process.readers'

/**
 * The registrations of one process, where a relay finds them: it waits for those that run, and where it can't read late it begins where
 * the oldest stands. A client adds its registrations before any bean starts, or while it runs; they stay known when it stops.
 */
export class ProcessReaders {
  readonly #readers = new Map<string, ProcessReader>()
  readonly #relays = new Set<OwnRelay>()
  readonly #listeners = new Set<() => void>()

  /** The one of the process, in the objects that its beans share (`BeanContext.shared`). */
  static of(shared: Map<string, unknown>): ProcessReaders {
    // Only this method writes it, though perhaps that of another copy of this package.
    const known = shared.get(SHARED_NAME) as ProcessReaders | undefined
    if (known !== undefined) return known
    const made = new ProcessReaders()
    shared.set(SHARED_NAME, made)
    return made
  }

  /** Takes the place of one with the same id. */
  add(reader: ProcessReader): void {
    this.#readers.set(reader.id, reader)
    this.moved()
  }

  /** Nobody waits for it, or begins where it stands, any more; one that has taken its place stays. */
  remove(reader: ProcessReader): void {
    if (this.#readers.get(reader.id) === reader) this.#readers.delete(reader.id)
    this.moved()
  }

  all(): Iterable<ProcessReader> {
    return this.#readers.values()
  }

  /** A relay listens. @returns how to take it away */
  addRelay(relay: OwnRelay): () => void {
    this.#relays.add(relay)
    return () => void this.#relays.delete(relay)
  }

  /** The relay of this process that a reader reads from; undefined: there is none. */
  relayOf(reader: ProcessReader): OwnRelay | undefined {
    return [...this.#relays].find(
      (relay) => reader.readsFrom(relay.host, relay.port) && serves(relay, reader.logicalSources),
    )
  }

  /** The relay of this process that serves all of these logical sources; undefined: none does, or none runs yet. */
  relayFor(logicalSources: readonly string[]): OwnRelay | undefined {
    return [...this.#relays].find((relay) => serves(relay, logicalSources))
  }

  /** To be called when a reader has a new checkpoint, runs, or rests: cheap while nobody waits. */
  moved(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Calls the listener at each move; it must not throw. @returns how to end it */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

function serves({ sources }: OwnRelay, logicalSources: readonly string[]): boolean {
  return logicalSources.every((name) => sources?.has(name) !== false)
}
