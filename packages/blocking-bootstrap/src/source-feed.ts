import { EventView, lengthAt } from '@aesop/event'
import { type SnapshotChunk } from '@aesop/reading'
import { Barrier } from './barrier.ts'
import { partitionOf } from './key-partition.ts'
import { PartitionQueue } from './partition-queue.ts'
import { RecentKeys } from './recent-keys.ts'
import { Room } from './room.ts'
import { type Piece, type Share } from './share.ts'
import { type TakenWindow } from './source-sink.ts'
import { type Ticket, TicketRow } from './ticket-row.ts'
import { type WindowFile } from './window-file.ts'

export interface SourceFeedOptions {
  readonly partitions: number
  /** Rows of each partition that may wait for its consumer. */
  readonly rowsMax: number
  /** Bytes of all of them. */
  readonly bytesMax: number
  /** SCN after which the stream begins. */
  readonly sinceScn: bigint
  /** Id of the source whose events tell of changes of tables; their keys are the names of the tables' sources. */
  readonly schemaChangeSourceId: number
  /** Consumers are done with more. */
  readonly onMoved: () => void
  /** A window was handed out. */
  readonly onWindow: () => void
}

/** What became of a chunk: `astray`, it has to be read again, because what the stream has given meanwhile is not known for each key. */
export type ChunkFate = { readonly kind: 'given'; readonly rows: number } | { readonly kind: 'astray' }

/**
 * Cuts what comes from a source, windows of its stream and chunks of its tables, into shares of partitions, in one order: one key is
 * of one partition. A row of a chunk whose key the stream has given meanwhile is left out: the stream has it as it is, or newer.
 */
export class SourceFeed {
  readonly queues: readonly PartitionQueue[]
  readonly room: Room
  readonly tickets: TicketRow
  readonly #options: SourceFeedOptions
  readonly #keys: RecentKeys
  readonly #view = new EventView()
  #lastScn: bigint
  /** Whether rows are still to be read: only then it is remembered what the stream gives. */
  #remembers = true
  #hasEnded = false
  #isHeld = false
  #waiting: (() => void)[] = []
  windows = 0
  events = 0

  constructor(options: SourceFeedOptions) {
    this.#options = options
    const { partitions, rowsMax, bytesMax, sinceScn } = options
    this.queues = Array.from({ length: partitions }, () => new PartitionQueue())
    this.room = new Room(partitions, rowsMax, bytesMax)
    this.tickets = new TicketRow(options.onMoved)
    this.#keys = new RecentKeys(sinceScn)
    this.#lastScn = sinceScn
  }

  /** SCN of the last window that was handed out. */
  get lastScn(): bigint {
    return this.#lastScn
  }

  /** What a writer of windows waits for. */
  readonly whenRoom = (): Promise<void> | undefined => {
    if (this.#hasEnded) return undefined
    return this.#isHeld && this.#keys.isHalfFull ? this.#held() : this.room.some()
  }

  /** Nothing more is handed out: what comes now is dropped, and comes again after a restart. */
  end(): void {
    this.#hasEnded = true
    this.room.open()
    this.#letGo()
  }

  /** Whether everything up to this SCN was handed out, and is done. */
  readonly isDone = (scn: bigint): boolean => scn <= (this.tickets.isEmpty ? this.#lastScn : this.tickets.doneScn)

  readonly takeWindow = (window: TakenWindow): void => {
    if (this.#hasEnded) {
      void window.file?.remove()
      return
    }
    this.windows++
    this.#lastScn = window.scn
    if (window.file === undefined) this.#takeSmall(window)
    else this.#takeLarge(window, window.file)
    this.#options.onWindow()
  }

  /**
   * A reading of rows begins.
   * @param goesOn it goes on with the view of the table that the chunk before had: until its end more is remembered, and the stream
   * waits before that is too much
   */
  chunkBegins(goesOn: boolean): void {
    this.#isHeld = goesOn
    if (goesOn) return
    this.#letGo()
    this.#keys.turn(this.#lastScn)
  }

  /** @param passed called when the consumers are done with it */
  takeChunk(source: string, chunk: SnapshotChunk, passed: () => void): ChunkFate {
    if (!this.#keys.reaches(chunk.atScn) || this.#keys.hasTable(source)) return { kind: 'astray' }
    const { offsets, rows } = this.#offsetsOf(chunk.bytes, (view) => !this.#keys.has(view))
    const timestampNanos = BigInt(Date.now()) * 1_000_000n
    const share = { kind: 'rows', scn: this.#lastScn, timestampNanos, barrier: undefined } as const
    this.#handOut(share, chunk.bytes, offsets, { parts: 0, windowScn: undefined, passed })
    return { kind: 'given', rows }
  }

  /** The rows are over: consumers are told behind all of them. */
  endRows(passed: () => void): void {
    this.forgetsKeys()
    const { partitions } = this.#options
    const ticket: Ticket = { parts: partitions, windowScn: undefined, passed }
    this.tickets.add(ticket)
    const rest = { scn: this.#lastScn, timestampNanos: 0n, rows: 0, bytes: 0, barrier: undefined, ticket }
    for (const queue of this.queues) queue.add({ kind: 'rows-end', ...rest, pieces: () => [] })
  }

  /** No rows are to be read, or no more. */
  forgetsKeys(): void {
    this.#remembers = false
    this.#isHeld = false
    this.#letGo()
  }

  /** Whether nothing more can come before the consumer of this partition agrees: the room is full of what was given. */
  isStuck(partition: number): boolean {
    if (this.room.isFullOf(partition)) return true
    const others = this.queues.filter((_queue, each) => each !== partition)
    return this.room.isFull && others.every(({ isAwaited }) => isAwaited)
  }

  /** A partition is done with a share. */
  done(share: Share, partition: number): void {
    this.room.give(partition, share.rows, share.bytes)
    this.tickets.done(share.ticket)
  }

  #held(): Promise<void> {
    return new Promise((go) => this.#waiting.push(go))
  }

  #letGo(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  #takeSmall({ scn, timestampNanos, bytes }: TakenWindow): void {
    const { offsets, hasChanges } = this.#offsetsOf(bytes, (view) => {
      if (this.#remembers) this.#note(view)
      return true
    })
    const barrier = hasChanges ? new Barrier(this.#options.partitions) : undefined
    const share = { kind: 'window', scn, timestampNanos, barrier } as const
    this.#handOut(share, bytes, offsets, { parts: 0, windowScn: scn })
  }

  #note(view: EventView): void {
    if (view.sourceId === this.#options.schemaChangeSourceId) this.#keys.noteTable(String(view.key))
    else this.#keys.note(view)
  }

  /** Where the events of each partition begin. Changes of tables are of all of them. */
  #offsetsOf(bytes: Buffer, isWanted: (view: EventView) => boolean): CutEvents {
    const { partitions, schemaChangeSourceId } = this.#options
    const offsets: number[][] = Array.from({ length: partitions }, () => [])
    const cut = { offsets, rows: 0, hasChanges: false }
    for (let at = 0; at < bytes.length; at += lengthAt(bytes, at)) {
      const view = this.#view.moveTo(bytes, at)
      if (!isWanted(view)) continue
      cut.rows++
      cut.hasChanges ||= view.sourceId === schemaChangeSourceId
      this.#partitionsOf(view, (partition) => offsets[partition]?.push(at))
    }
    return cut
  }

  #partitionsOf(view: EventView, each: (partition: number) => void): void {
    const { partitions, schemaChangeSourceId } = this.#options
    if (view.sourceId !== schemaChangeSourceId) each(partitionOf(view, partitions))
    else for (let partition = 0; partition < partitions; partition++) each(partition)
  }

  #handOut(
    share: Pick<Share, 'kind' | 'scn' | 'timestampNanos' | 'barrier'>,
    bytes: Buffer,
    offsets: readonly (readonly number[])[],
    ticket: Ticket,
  ): void {
    const all = offsets.reduce((sum, each) => sum + each.length, 0)
    this.events += all
    ticket.parts = offsets.filter((each) => each.length > 0).length
    this.tickets.add(ticket)
    offsets.forEach((own, partition) => {
      if (own.length === 0) return
      const piece: Piece = { bytes, offsets: own }
      const part = Math.ceil((bytes.length * own.length) / all)
      this.#add(partition, { ...share, rows: own.length, bytes: part, pieces: () => [piece], ticket })
    })
  }

  /** Each partition reads the file for itself, and finds what is its own. */
  #takeLarge({ scn, timestampNanos, bytes }: TakenWindow, file: WindowFile): void {
    const { partitions } = this.#options
    this.#keys.lose()
    const passed = (): void => void file.remove()
    const ticket: Ticket = { parts: partitions, windowScn: scn, passed }
    this.tickets.add(ticket)
    // It can't be seen here whether there is a change of a table in it: then all meet there.
    const barrier = new Barrier(partitions)
    for (let partition = 0; partition < partitions; partition++) {
      const pieces = (): AsyncIterable<Piece> => this.#piecesOf(partition, file, scn, bytes)
      const own = Math.ceil(bytes.length / partitions)
      this.#add(partition, { kind: 'window', scn, timestampNanos, rows: 1, bytes: own, pieces, ticket, barrier })
    }
  }

  async *#piecesOf(partition: number, file: WindowFile, scn: bigint, rest: Buffer): AsyncGenerator<Piece> {
    for await (const bytes of file.events(scn)) yield this.#pieceOf(partition, bytes)
    yield this.#pieceOf(partition, rest)
  }

  #pieceOf(partition: number, bytes: Buffer): Piece {
    return { bytes, offsets: this.#offsetsOf(bytes, () => true).offsets[partition] ?? [] }
  }

  #add(partition: number, share: Share): void {
    this.room.take(partition, share.rows, share.bytes)
    this.queues[partition]?.add(share)
  }
}

interface CutEvents {
  readonly offsets: readonly (readonly number[])[]
  readonly rows: number
  readonly hasChanges: boolean
}
