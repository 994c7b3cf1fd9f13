import { MemoryEventProducer, type ProducerContext, type WindowSink } from '@aesop/producer'

/** A source that begins where it is told to. */
export class PlacedProducer extends MemoryEventProducer {
  readonly #space: string
  readonly #beginsAfter: bigint | undefined
  context: ProducerContext | undefined
  /** Windows that it writes before its start is done, as far as there is room. */
  startsWith: readonly bigint[] = []
  sink: WindowSink | undefined

  constructor(beginsAfter: bigint | undefined, scnSpace: string) {
    super()
    this.#beginsAfter = beginsAfter
    this.#space = scnSpace
  }
  override get scnSpace(): string {
    return this.#space
  }
  override async prepare(context: Parameters<MemoryEventProducer['prepare']>[0]): Promise<bigint> {
    this.context = context
    const stored = await super.prepare(context)
    return this.#beginsAfter ?? context.readersSinceScn?.() ?? stored
  }
  override async start(...[sinceScn, sink]: Parameters<MemoryEventProducer['start']>): Promise<void> {
    await super.start(sinceScn, sink)
    this.sink = sink
    for (const scn of this.startsWith) {
      await sink.whenWritable()
      this.addWindow([{ key: 1, value: Buffer.alloc(1000) }], scn)
    }
  }
}
