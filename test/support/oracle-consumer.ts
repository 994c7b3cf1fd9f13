import { type Checkpoint, type CheckpointStore } from '@aesop/checkpoint'
import {
  BootstrapClientConfig,
  type ChangeEvent,
  Client,
  ClientConfig,
  ConsumerRegistration,
  type EventConsumer,
  RelayClientConfig,
  type Result,
  type SchemaChange,
} from '@aesop/client'
import { type BeanContext } from '@aesop/kernel'
import { type OracleLaunch } from './oracle-launch.ts'
import { type SeededDraw } from './seeded-draw.ts'
import { testLog } from './test-log.ts'
import { witness } from './witness.ts'

const retries = (name: string): Record<string, number> => ({
  [`databus.client.connectionDefaults.${name}.initSleep`]: 20,
  [`databus.client.connectionDefaults.${name}.maxSleep`]: 200,
  [`databus.client.connectionDefaults.${name}.maxRetryNum`]: -1,
})

/** A consumer as a person knows it: what it has, and its checkpoint. Its processes come and go. */
export class OracleConsumer {
  readonly id: string
  readonly sources: readonly string[]
  /** By source and key. */
  readonly rows = new Map<string, Map<number, string>>()
  readonly faults: string[] = []
  readonly reached = { begun: 0, complete: 0, done: 0, rows: 0, bootstrapRows: 0, deaths: 0, stops: 0 }
  readonly trace: string[] = []
  stored: Checkpoint | undefined
  #process: OracleProcess | undefined
  #client: Client | undefined

  constructor(id: string, sources: readonly string[]) {
    this.id = id
    this.sources = sources
    for (const source of sources) this.rows.set(source, new Map())
    witness(id, () => ({ ...this.reached, health: this.#client?.health(), trace: this.trace.slice(-12) }))
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }
  get isDead(): boolean {
    return this.#process?.isDead === true
  }
  /** Whether what it has may still lack what the log of the store has. */
  get isBootstrapping(): boolean {
    return this.#client?.registrations.some((registration) => registration.isBootstrapping) === true
  }
  /** Why nothing comes any more. */
  get suspendedBy(): string | undefined {
    const [registration] = this.#client?.registrations ?? []
    const { status, detail } = registration?.health() ?? { status: 'up' }
    return status === 'down' ? detail : undefined
  }

  /** @param lives 1 in so many callbacks and saves is its last; 0: none */
  async start(launch: OracleLaunch, draw: SeededDraw, lives: number): Promise<void> {
    const process = new OracleProcess(this, draw, lives)
    const registration = new ConsumerRegistration({
      id: this.id,
      logicalSources: this.sources,
      eventConsumer: process,
      checkpointStore: process,
      startFrom: 'bootstrap',
      onTooYoung: 'complete',
    })
    const config = new ClientConfig({
      followMs: 200,
      relayTransport: 'http',
      relayClientConfigs: [new RelayClientConfig({ relayHost: '127.0.0.1', relayPort: launch.relayPort })],
      bootstrapClientConfigs: launch.serverPorts.map((bootstrapPort) => new BootstrapClientConfig({ bootstrapPort })),
      clientProperties: {
        ...retries('pullerRetries'),
        ...retries('dispatcherRetries'),
        ...retries('bstPullerRetries'),
        ...retries('bstDispatcherRetries'),
        'databus.client.connectionDefaults.numRetriesOnFallOff': 1,
        'databus.client.connectionDefaults.bstEventBuffer.maxSize': 20_000,
        'databus.client.connectionDefaults.bsPullerRetriesBeforeCkptCleanup.maxRetryNum': 10,
      },
    })
    this.#process = process
    this.#client = new Client(config, [registration], contextOf(this.id, launch.folder))
    this.trace.push('start')
    await this.#client.init()
    await this.#client.start()
  }

  /** As a kill: what is under way has no effect any more. */
  async kill(): Promise<void> {
    if (this.#process !== undefined) this.#process.isDead = true
    this.reached.deaths++
    this.trace.push('killed')
    await this.#end(AbortSignal.abort())
  }

  async stop(): Promise<void> {
    this.reached.stops++
    await this.#end()
    this.trace.push('stopped')
  }

  async #end(giveUp?: AbortSignal): Promise<void> {
    const client = this.#client
    this.#client = undefined
    this.#process = undefined
    await client?.stop(giveUp)
    client?.destroy()
  }
}

class OracleProcess implements EventConsumer, CheckpointStore {
  isDead = false
  readonly #of: OracleConsumer
  readonly #draw: SeededDraw
  readonly #lives: number
  /** SCNs of keys since it last went back, which it may. */
  readonly #scns = new Map<string, bigint>()
  #isBootstrapping = false

  constructor(of: OracleConsumer, draw: SeededDraw, lives: number) {
    this.#of = of
    this.#draw = draw
    this.#lives = lives
  }

  onStartBootstrap(_signal: AbortSignal, { complete }: { complete: boolean }): Result {
    return this.#alive(`begins${complete ? ' whole' : ''}`, () => {
      this.#scns.clear()
      this.#isBootstrapping = true
      this.#of.reached.begun++
      if (!complete) return
      this.#of.reached.complete++
      for (const rows of this.#of.rows.values()) rows.clear()
    })
  }
  onStopBootstrap(): Result {
    return this.#alive('done', () => {
      this.#isBootstrapping = false
      // Of several sources the log of the first is read again.
      if (this.#of.sources.length > 1) this.#scns.clear()
      this.#of.reached.done++
    })
  }
  onBootstrapEvent(event: ChangeEvent): Result {
    this.#of.reached.bootstrapRows++
    return this.onDataEvent(event)
  }
  onDataEvent({ key, scn, opcode, row, source }: ChangeEvent): Result {
    return this.#alive(undefined, () => {
      const { reached, rows, faults, sources } = this.#of
      reached.rows++
      const of = `${source.name} ${key}`
      const before = this.#scns.get(of) ?? -1n
      const isTwice = this.#isBootstrapping && sources.length > 1
      if (scn < before && !isTwice) faults.push(`${of}: ${scn} after ${before}`)
      this.#scns.set(of, scn)
      const table = rows.get(source.name)
      if (opcode === 'DELETE') table?.delete(Number(key))
      else table?.set(Number(key), `${String(row['name'])}|${String(row['more'])}`)
    })
  }
  onSchemaChange({ kind, source }: SchemaChange): Result {
    return this.#alive(`${kind} ${source}`, () => {
      if (kind === 'TRUNCATE' || kind === 'DROP') this.#of.rows.get(source)?.clear()
    })
  }
  onRollback(): Result {
    return this.#alive('rollback', () => {
      this.#scns.clear()
    })
  }
  onBootstrapRollback(): Result {
    return this.onRollback()
  }
  onError(error: { message: string }): Result {
    return this.#alive(`error ${error.message}`, () => undefined)
  }

  load(): Checkpoint | undefined {
    return this.#of.stored
  }
  save(checkpoint: Checkpoint): Promise<void> | undefined {
    if (this.isDead || this.#dies()) return undefined
    this.#of.stored = checkpoint
    this.#dies()
    return this.#draw.below(2) === 0 ? Promise.resolve() : undefined
  }
  clear(): void {
    if (!this.isDead) this.#of.stored = undefined
  }

  #alive(line: string | undefined, work: () => void): Result {
    if (this.isDead || this.#dies()) return undefined
    if (line !== undefined) this.#of.trace.push(line)
    work()
    this.#dies()
    return this.#lives > 0 && this.#draw.below(this.#lives / 2) === 0 ? 'ERROR' : undefined
  }

  #dies(): boolean {
    if (this.#lives === 0 || this.#draw.below(this.#lives) > 0) return false
    this.isDead = true
    return true
  }
}

function contextOf(id: string, folder: string): BeanContext {
  return {
    id,
    container: id,
    log: testLog(id),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: `${folder}/.aesop-${id}`,
    shared: new Map(),
    fail: (error) => {
      throw error
    },
  }
}
