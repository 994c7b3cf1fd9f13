import { ProcessBootstraps } from '@aesop/checkpoint'
import { type BootstrapStore } from '@aesop/bootstrap-store'
import {
  type AnyMetric,
  type BeanContext,
  type Health,
  type HttpGuard,
  type Lifecycle,
  type Observable,
  openFilesMax,
} from '@aesop/kernel'
import { type ServerLimits, serverLimits } from '@aesop/stream-server'
import { type BootstrapConfig } from './bootstrap-config.ts'
import { BootstrapServer } from './bootstrap-server.ts'
import { serverGuard } from './server-guard.ts'

/** A bootstrap server in a launch: who may ask, its limits, and where clients of its process find it. */
export class BootstrapServerBean implements Lifecycle, Observable {
  readonly #config: BootstrapConfig
  readonly #store: BootstrapStore
  readonly #context: BeanContext
  readonly #guard: HttpGuard
  readonly #server: BootstrapServer
  readonly #notes: readonly string[]
  #withdraw: (() => void) | undefined

  /** @throws BootstrapTokenMissingError, BootstrapTokenUnusableError, BootstrapAddressMissingError */
  constructor(config: BootstrapConfig, store: BootstrapStore, context: BeanContext) {
    const { host, address, healthPath, readTimeoutMs, readers, requestsPerPeer, snapshotRows, logRows } = config
    const { limits, note } = limitsOf(config)
    this.#config = config
    this.#store = store
    this.#context = context
    this.#notes = note === undefined ? config.notes : [...config.notes, note]
    this.#guard = serverGuard(config.access, host, context.log)
    this.#server = new BootstrapServer({
      store,
      host,
      port: config.portIn(context.nature),
      guard: this.#guard,
      log: context.log,
      healthPath,
      readTimeoutMs,
      limits,
      leavesOut: (source) => config.leavesOut(source),
      configuration: () => config.givenKeys,
      ...(address === undefined ? {} : { address }),
      ...(readers === undefined ? {} : { readers }),
      ...(requestsPerPeer === undefined ? {} : { requestsPerPeer }),
      ...(snapshotRows === undefined ? {} : { snapshotRows }),
      ...(logRows === undefined ? {} : { logRows }),
    })
  }

  init(): void {
    for (const note of this.#notes) this.#context.log.info(note)
  }

  async start(): Promise<void> {
    const { host } = this.#config
    const port = await this.#server.start()
    const address = { host: OWN_ADDRESSES[host] ?? host, port, sources: this.#server.sources }
    this.#withdraw = ProcessBootstraps.of(this.#context.shared).add(address)
    if (this.#guard.isOpen) this.#context.log.warn(openNote(host))
    this.#context.log.info(`bootstrap server of ${this.#store.name} listens on http://${host}:${port}`)
  }

  async stop(): Promise<void> {
    this.#withdraw?.()
    await this.#server.stop()
  }

  /** Where it listens, `host:port`, and what its clients' places carry. */
  get address(): string {
    return this.#server.address
  }

  health(): Health {
    const health = this.#server.health()
    if (!this.#guard.isOpen) return health
    const note = openNote(this.#config.host)
    return { ...health, detail: health.detail === undefined ? note : `${health.detail}; ${note}` }
  }

  metrics(): readonly AnyMetric[] {
    return [...this.#guard.metrics('aesop_bootstrap_server'), ...this.#server.metrics()]
  }

  describe(): unknown {
    return { ...(this.#server.describe() as object), notes: this.#notes }
  }
}

/** How clients of the process reach a server that listens on all addresses. */
const OWN_ADDRESSES: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

const SETTINGS = {
  connections: 'databus.bootstrap.db.container.maxConnections',
  streams: 'requestsPerPeer',
  pendingBytes: 'databus.bootstrap.db.container.maxPendingBytes',
} as const

function limitsOf({ maxConnections, maxPendingBytes }: BootstrapConfig): {
  readonly limits: ServerLimits
  readonly note: string | undefined
} {
  return serverLimits({ maxConnections, maxStreams: undefined, maxPendingBytes }, openFilesMax(), SETTINGS)
}

function openNote(host: string): string {
  return `insecure: true lets everybody who reaches ${host} read every row: set a token or name peers`
}
