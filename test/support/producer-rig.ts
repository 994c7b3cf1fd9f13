import { MemoryMaxScnStore } from '@aesop/checkpoint'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { MysqlEventProducer, mysqlSource, type MysqlSourceOptions } from '@aesop/producer-mysql'
import { MemorySchemaRegistry } from '@aesop/schema'
import { searchedError, searchedLog, searchFailure } from './searched-log.ts'
import { until } from './until.ts'
import { WindowLedger } from './window-ledger.ts'
import { witness } from './witness.ts'
import { newFolder } from './test-folder.ts'

const context: Omit<BeanContext, 'stateDirectory'> = {
  id: 'producer',
  container: 'relay',
  log: silentLogger,
  signal: new AbortController().signal,
  projectsRoot: '/tmp',
  shared: new Map(),
  fail: () => undefined,
}

/** A producer with everything around it; `again` is what a restart of the process would be. */
export class ProducerRig {
  readonly schemas: MemorySchemaRegistry
  readonly maxScn: MemoryMaxScnStore
  readonly ledger: WindowLedger
  readonly failures: Error[] = []
  /** Texts of what the producer warned of. */
  readonly warnings: string[] = []
  readonly producer: MysqlEventProducer
  readonly stateDirectory: string
  /** What the registrations of the process need, if anything. */
  readersSinceScn: bigint | undefined
  private readonly options: MysqlSourceOptions

  constructor(options: MysqlSourceOptions, before?: ProducerRig) {
    this.options = options
    this.schemas = before?.schemas ?? new MemorySchemaRegistry()
    this.maxScn = before?.maxScn ?? new MemoryMaxScnStore()
    this.ledger = before?.ledger ?? new WindowLedger(this.schemas)
    this.stateDirectory = before?.stateDirectory ?? newFolder('rig')
    const physicalSourceConfig = mysqlSource(options)
    this.producer = new MysqlEventProducer(
      { physicalSourceConfig, heartbeatMs: 200 },
      {
        ...context,
        stateDirectory: this.stateDirectory,
        log: searchedLog('the producer', (text) => this.warnings.push(text)),
      },
    )
    witness('producer', () => ({
      health: this.producer.health(),
      status: this.producer.status(),
      failures: this.failures,
      windows: this.ledger.windows.length,
      lastWindow: this.ledger.windows.at(-1),
    }))
  }

  again(change: Partial<MysqlSourceOptions> = {}): ProducerRig {
    return new ProducerRig({ ...this.options, ...change }, this)
  }

  /** A restart after which the sink is empty, while registrations have seen the windows up to this SCN. */
  afresh(readersSinceScn: bigint): ProducerRig {
    const { schemas, maxScn } = this
    const made = new ProducerRig(
      this.options,
      Object.assign(this.again(), { ledger: new WindowLedger(schemas), maxScn }),
    )
    made.readersSinceScn = readersSinceScn
    return made
  }

  async prepare(initialScn?: bigint): Promise<bigint> {
    const prepared = this.producer.prepare({
      physicalSource: mysqlSource(this.options),
      schemas: this.schemas,
      maxScn: this.maxScn,
      initialScn,
      readersSinceScn: () => this.readersSinceScn,
      fail: (error) => {
        searchFailure('the producer', error)
        this.failures.push(error)
      },
    })
    return prepared.catch((error: unknown) => {
      throw searchedError('the producer', error)
    })
  }

  async start(initialScn?: bigint): Promise<this> {
    const scn = await this.prepare(initialScn)
    await this.producer.start(scn, this.ledger)
    return this
  }

  /** Waits for this many rows; a failure of the producer fails it at once. */
  async arrived(count: number): Promise<void> {
    await until(
      `${count} rows`,
      () => {
        if (this.failures[0] !== undefined) throw this.failures[0]
        return this.ledger.ids.length >= count
      },
      undefined,
      () => this.ledger.ids,
    )
  }
}
