import {
  type BootstrapPlace,
  bootstrapPlaceOf,
  type Checkpoint,
  type CheckpointStore,
  isPromise,
  type ProcessReader,
  type ProcessReaders,
} from '@aesop/checkpoint'
import { type ConfiguredRelay } from './client-settings.ts'
import { ProcessRelay } from './process-relay.ts'
import { type Registration } from './registration.ts'

export interface RegistrationReaderOptions {
  readonly id: string
  readonly logicalSources: readonly string[]
  readonly relays: readonly ConfiguredRelay[]
  /** Where its checkpoint is; undefined: it begins without one. */
  readonly store: CheckpointStore | undefined
  /** Where it begins without a checkpoint; undefined: with the oldest window. */
  readonly firstScn: bigint | undefined
}

const RESTART =
  'Restart the process: its relay begins to read its source where the oldest registration stands, while its log is there.'
const RESTART_WAITING = `Remove databus.relay.eventBuffer.queuePolicy=OVERWRITE_ON_WRITE. ${RESTART}`
const THIS_HOST = new Set(['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::'])

/** A registration as the relay of its process sees it: from before it is made, until after it has stopped. */
export class RegistrationReader implements ProcessReader {
  readonly id: string
  readonly logicalSources: readonly string[]
  readonly #options: RegistrationReaderOptions
  #registration: Registration | undefined
  /** What a store said that does not answer at once; it is not asked again. */
  #loaded: { readonly checkpoint: Checkpoint | undefined } | undefined
  #ended = false

  constructor(options: RegistrationReaderOptions) {
    this.id = options.id
    this.logicalSources = options.logicalSources
    this.#options = options
  }

  /**
   * Asks the store where the registration stands, before a relay does.
   * @returns a promise where the store does not answer at once
   */
  prepare(): Promise<void> | undefined {
    const stored = this.#load()
    if (!isPromise(stored)) return undefined
    this.#loaded = { checkpoint: undefined }
    return stored.then(
      (checkpoint) => void (this.#loaded = { checkpoint }),
      // The start of the registration refuses to go on without it, by name.
      () => undefined,
    )
  }

  /** The registration has been made. */
  follow(registration: Registration): void {
    this.#registration = registration
  }

  /** It has stopped, or will not be made. */
  end(): void {
    this.#ended = true
  }

  readsFrom(host: string, port: number): boolean {
    return this.#options.relays.some((relay) =>
      relay instanceof ProcessRelay ? relay.mayBe(host, port) : isThere(relay, host, port),
    )
  }

  /**
   * What to do when the relay no longer holds what follows the checkpoint; undefined: it is no relay of this process, or its
   * log has not reached back that far, and a restart would change nothing.
   */
  fallOffRemedy(readers: ProcessReaders): string | undefined {
    const relay = readers.relayOf(this)
    const { checkpointScn } = this
    const { beganAfterScn } = relay ?? {}
    if (relay === undefined || beganAfterScn === undefined) return undefined
    if (checkpointScn === undefined || checkpointScn < beganAfterScn) return undefined
    return relay.waits ? RESTART : RESTART_WAITING
  }

  get isRunning(): boolean {
    return !this.#ended && (this.#registration?.isRunning ?? true)
  }

  get checkpointScn(): bigint | undefined {
    const checkpoint = this.#registration?.checkpoint ?? this.#stored()
    if (checkpoint === undefined || checkpoint.isFlexible) return this.#options.firstScn
    const place = bootstrapPlaceOf(checkpoint)
    return place === undefined ? checkpoint.windowScn : scnAfter(place)
  }

  get readScn(): bigint {
    return this.#registration?.readScn ?? -1n
  }

  #stored(): Checkpoint | undefined {
    if (this.#loaded !== undefined) return this.#loaded.checkpoint
    const stored = this.#load()
    return isPromise(stored) ? undefined : stored
  }

  #load(): ReturnType<CheckpointStore['load']> {
    try {
      return this.#options.store?.load()
    } catch {
      // The start of the registration refuses to go on without it, by name.
      return undefined
    }
  }
}

/** Where a registration will need a relay when its bootstrap ends, as far as that is known. */
function scnAfter({ startScn, targetScn }: BootstrapPlace): bigint | undefined {
  if (startScn < 0n) return undefined
  return targetScn > startScn ? targetScn : startScn
}

function isThere(relay: ConfiguredRelay, host: string, port: number): boolean {
  return relay.port === port && (relay.host === host || (THIS_HOST.has(relay.host) && THIS_HOST.has(host)))
}
