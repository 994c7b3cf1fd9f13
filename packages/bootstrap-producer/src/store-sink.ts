import { type Piece } from '@aesop/bootstrap-store'
import { EventView, scnAt } from '@aesop/event'
import { InvariantError } from '@aesop/kernel'
import { type CopySink } from '@aesop/producer'
import { type BatchQueue } from './batch-queue.ts'
import { PieceGather } from './piece-gather.ts'

export interface StoreSinkOptions {
  readonly queue: BatchQueue
  readonly scnSpace: string
  /** SCN of the last window that the store has. */
  readonly reachedScn: bigint
  /** Names of logical sources by their id. */
  readonly sources: ReadonlyMap<number, string>
  /** Events of this source tell what happens to tables: each goes with the table that its key names. */
  readonly schemaChangeId: number
  /** Windows are written together until they have so many bytes, or the first of them has waited so long. */
  readonly batchBytes: number
  readonly batchMs: number
}

/**
 * Takes the windows of a relay over into the log of a store: bytes as they are, apart by source, many windows in one transaction.
 * A window that is larger than a batch is written in parts, which count when its end is written.
 */
export class StoreSink implements CopySink {
  readonly spills = true
  readonly #options: StoreSinkOptions
  readonly #gathers = new Map<string, PieceGather>()
  readonly #view = new EventView()
  #bytes = 0
  #endScn: bigint | undefined
  #isOpen = false
  /** A part of the open window is written already. */
  #isSplit = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: StoreSinkOptions) {
    this.#options = options
  }

  /** It serves nobody: what is read again does not help. */
  get prevScn(): bigint {
    return this.#options.reachedScn
  }

  beginWindow(): void {
    this.#isOpen = true
    for (const gather of this.#gathers.values()) gather.mark()
  }

  append(): void {
    throw new InvariantError('a bootstrap store takes events of a relay only')
  }

  appendCopy(bytes: Buffer, at: number, length: number): void {
    const view = this.#view.moveTo(bytes, at)
    const source = this.#sourceOf(view)
    if (source === undefined) return
    this.#gatherOf(source).add(bytes, at, length, view.scn)
    this.#bytes += length
  }

  endWindowCopy(bytes: Buffer, at: number): void {
    this.endWindow(scnAt(bytes, at))
  }

  endWindow(scn: bigint): void {
    this.#isOpen = false
    this.#isSplit = false
    this.#endScn = scn
    for (const gather of this.#gathers.values()) gather.mark()
    if (this.#bytes >= this.#options.batchBytes) this.#writeWhole()
    else this.#timer ??= setTimeout(this.#writeWhole, this.#options.batchMs)
  }

  rollbackWindow(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const gather of this.#gathers.values()) gather.rollback()
    this.#bytes = this.#gathered()
    if (this.#isSplit) this.#options.queue.dropOpen()
    this.#isSplit = false
  }

  whenWritable(): Promise<void> | undefined {
    return this.#options.queue.room()
  }

  whenSpilled(): Promise<void> | undefined {
    if (this.#bytes < this.#options.batchBytes) return undefined
    this.#writeWhole()
    if (this.#isOpen) this.#writePart()
    return this.#options.queue.room()
  }

  /** Writes the windows that are whole. */
  close(): void {
    this.rollbackWindow()
    this.#writeWhole()
  }

  /** The windows before the open one. */
  readonly #writeWhole = (): void => {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const endScn = this.#endScn
    if (endScn === undefined) return
    this.#endScn = undefined
    this.#write((gather) => gather.takeMarked(), endScn)
  }

  /** The open window as far as it has come. */
  #writePart(): void {
    this.#isSplit = true
    this.#write((gather) => gather.take(), undefined)
  }

  #write(take: (gather: PieceGather) => Piece | undefined, endScn: bigint | undefined): void {
    const pieces = [...this.#gathers.values()].map(take).filter((piece) => piece !== undefined)
    this.#bytes = this.#gathered()
    this.#options.queue.add({ scnSpace: this.#options.scnSpace, pieces, endScn })
  }

  #gathered(): number {
    let bytes = 0
    for (const gather of this.#gathers.values()) bytes += gather.bytes
    return bytes
  }

  #gatherOf(source: string): PieceGather {
    let gather = this.#gathers.get(source)
    if (gather === undefined) this.#gathers.set(source, (gather = new PieceGather(source)))
    return gather
  }

  #sourceOf(view: EventView): string | undefined {
    const { sourceId } = view
    return sourceId === this.#options.schemaChangeId ? String(view.key) : this.#options.sources.get(sourceId)
  }
}
