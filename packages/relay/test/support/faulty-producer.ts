import { MemoryEventProducer, type ProducerContext, type WindowSink } from '@aesop/producer'

export type Fault = 'prepare' | 'start' | 'give up' | 'hang'

/** A producer that can be told where to fail, and remembers what it was given. */
export class FaultyProducer extends MemoryEventProducer {
  readonly #fault: Fault | undefined
  #context: ProducerContext | undefined
  #goOn: (error: Error) => void = () => undefined
  isPreparing = false
  /** SCN of the place that was stored when it began. */
  storedScn: bigint | undefined

  constructor(fault?: Fault) {
    super({ name: 'faulty' })
    this.#fault = fault
  }

  override async prepare(context: ProducerContext): Promise<bigint> {
    this.#context = context
    this.storedScn = (await context.maxScn.load())?.scn
    this.isPreparing = true
    if (this.#fault === 'prepare') throw new Error('no way to prepare')
    if (this.#fault === 'hang') await new Promise((_resolve, reject) => (this.#goOn = reject))
    return super.prepare(context)
  }

  override async start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    if (this.#fault === 'start') throw new Error('no way to start')
    if (this.#fault === 'give up') this.#context?.fail(new Error('no way to go on'))
    await super.start(sinceScn, sink)
  }

  override async stop(): Promise<void> {
    this.#goOn(new Error('told to stop'))
    await super.stop()
  }

  /** Its source has a table of another shape from now on. */
  newSchema(source: string, text: string): void {
    this.#context?.schemas.register(source, text)
  }
}
