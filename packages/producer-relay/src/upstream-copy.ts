import { type EventView } from '@aesop/event'
import { type CopySink, WindowCopy } from '@aesop/producer'
import { UpstreamEventOrderError, UpstreamPartitionError, UpstreamSchemaMissingError } from './errors.ts'
import { type UpstreamSchemas } from './upstream-schemas.ts'

export interface UpstreamCopyOptions {
  /** Of the relay, for people. */
  readonly address: string
  readonly sink: CopySink
  readonly schemas: UpstreamSchemas
  /** Id of the physical source: what events carry. */
  readonly physicalPartition: number
  /** SCN of the last window that the sink has. */
  readonly reachedScn: () => bigint
  /** Registers the schemas of the event's source that came since. */
  readonly learn: (view: EventView) => Promise<void>
  /** A window is in the sink, as its last event ends it. */
  readonly onWindow: (scn: bigint, timestampNanos: bigint) => void
}

/**
 * Puts the events of one answer into a sink, byte for byte, window by window. What no relay may send is refused: a window
 * that does not come after the last one, events of another window in it, another physical partition, a source nobody asked for.
 */
export class UpstreamCopy {
  readonly #options: UpstreamCopyOptions
  readonly #copy: WindowCopy
  #scn = -1n
  #scnLow = 0

  constructor(options: UpstreamCopyOptions) {
    this.#options = options
    this.#copy = new WindowCopy(options.sink)
  }

  /** Whether a window has begun and not ended. */
  get isOpen(): boolean {
    return this.#copy.isOpen
  }

  /**
   * The next event, which has proven its checksums; what it returns is awaited before the next one.
   * @throws UpstreamEventOrderError, UpstreamPartitionError, UpstreamSchemaMissingError, and what the sink throws
   */
  take(view: EventView): Promise<void> | undefined {
    const { physicalPartition, address, schemas } = this.#options
    if (view.isControl && !view.isEndOfPeriod) return undefined
    if (view.physicalPartition !== physicalPartition)
      throw new UpstreamPartitionError(address, view.physicalPartition, physicalPartition)
    if (!this.#copy.isOpen) this.#begin(view)
    else if (view.scnLow !== this.#scnLow) this.#refuse(`an event of SCN ${view.scn} in the window of SCN ${this.#scn}`)
    if (view.isEndOfPeriod) return this.#end(view)
    return schemas.knows(view) ? this.#append(view) : this.#appendUnknown(view)
  }

  #begin(view: EventView): void {
    const { reachedScn } = this.#options
    const { scn } = view
    if (scn <= reachedScn()) this.#refuse(`a window of SCN ${scn} after the one of SCN ${reachedScn()}`)
    this.#scn = scn
    this.#scnLow = view.scnLow
  }

  #append({ bytes, offset, length }: EventView): Promise<void> | undefined {
    const { sink } = this.#options
    this.#copy.takeEvent(bytes, offset, length)
    return sink.spills === true ? sink.whenSpilled?.() : undefined
  }

  async #appendUnknown(view: EventView): Promise<void> {
    const { schemas, learn, address } = this.#options
    if (!schemas.hasSource(view)) this.#refuse(`an event of the source ${view.sourceId}, which was not asked for`)
    await learn(view)
    if (!schemas.knows(view))
      throw new UpstreamSchemaMissingError(address, view.sourceId, view.schemaId.toString('hex'), view.scn)
    await this.#append(view)
  }

  #end({ bytes, offset, length, scn, timestampNanos }: EventView): Promise<void> | undefined {
    const { sink, onWindow } = this.#options
    if (scn !== this.#scn) this.#refuse(`the window of SCN ${this.#scn} ends with SCN ${scn}`)
    this.#copy.takeEvent(bytes, offset, length)
    onWindow(scn, timestampNanos)
    return sink.whenWritable()
  }

  #refuse(fault: string): never {
    throw new UpstreamEventOrderError(this.#options.address, fault)
  }
}
