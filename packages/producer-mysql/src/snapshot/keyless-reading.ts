import { SnapshotCursorLostError } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotRequest } from '@aesop/reading'
import { ChunkRows, type ChunkRowsOptions } from './chunk-rows.ts'
import { type ChunkTable } from './chunk-table.ts'
import { type LiveState } from './live-log.ts'
import { type SnapshotSession } from './snapshot-session.ts'

/** A view that a reading takes over, with the connection that it hangs on. */
export interface ReadingOfView {
  readonly session: SnapshotSession
  readonly options: ChunkRowsOptions
  /** Waits until the stream has come to what the view sees; undefined: the table has changed meanwhile. */
  readonly settle: (signal: AbortSignal) => Promise<LiveState | undefined>
  /** Gives the connection back. */
  readonly release: () => void
  /** What an error of the reading is called. */
  readonly faultOf: (error: unknown) => Error
}

type Piece = Omit<SnapshotChunk, 'next'> & { readonly isLast: boolean }

/** Who is not asked for so long is given up. */
const IDLE_MS = 60_000

/** One statement over a whole table, held between its chunks. */
export class KeylessReading {
  readonly source: string
  readonly #table: ChunkTable
  readonly #view: ReadingOfView
  readonly #onEnd: () => void
  #rows: ChunkRows
  #wanted = 0
  #given: { readonly number: number; readonly piece: Piece } | undefined
  #wake: () => void = () => undefined
  #isOver = false
  #fault: Error | undefined
  #idle: NodeJS.Timeout | undefined
  #visibleScn: bigint | undefined
  #hasEnded = false
  #hasLetGo = false

  constructor({ source, where }: SnapshotRequest, table: ChunkTable, view: ReadingOfView, onEnd: () => void) {
    this.source = source
    this.#table = table
    this.#view = view
    this.#onEnd = onEnd
    this.#rows = new ChunkRows(table, view.options)
    view.session
      .read(table.select({ where }), {
        onColumns: (types) => {
          this.#rows.onColumns(types)
        },
        onRow: (bytes, at, end) => {
          this.#onRow(bytes, at, end)
        },
      })
      .catch((error: unknown) => (this.#fault = view.faultOf(error)))
      .finally(() => {
        this.#isOver = true
        this.#wake()
      })
  }

  /** The chunk of this number: the next one, or once more the last. Undefined: the table has changed since. @throws AesopError */
  async chunk(number: number, maxRows: number, signal: AbortSignal): Promise<Piece | undefined> {
    clearTimeout(this.#idle)
    if (this.#given?.number === number) return this.#rested(this.#given.piece)
    if (this.#hasEnded || number !== (this.#given?.number ?? -1) + 1) throw new SnapshotCursorLostError(this.source)
    const onAbort = (): void => {
      this.end()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const piece = await this.#read(maxRows, signal)
      if (piece !== undefined) this.#given = { number, piece }
      else this.end()
      return piece === undefined ? undefined : this.#rested(piece)
    } catch (error) {
      this.end()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Lets go of the view. Twice is harmless. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#idle)
    this.#letGo()
    this.#wake()
    this.#onEnd()
  }

  /** The last chunk may be asked for again without its view. */
  #letGo(): void {
    if (this.#hasLetGo) return
    this.#hasLetGo = true
    this.#view.session.destroy()
    this.#view.release()
  }

  #rested(piece: Piece): Piece {
    this.#idle = setTimeout(() => {
      this.end()
    }, IDLE_MS).unref()
    return piece
  }

  async #read(maxRows: number, signal: AbortSignal): Promise<Piece | undefined> {
    this.#wanted = maxRows
    if (this.#rows.came < maxRows && !this.#isOver) {
      const come = new Promise<void>((resolve) => (this.#wake = resolve))
      this.#view.session.resume()
      await come
    }
    signal.throwIfAborted()
    if (this.#hasEnded) throw new SnapshotCursorLostError(this.source)
    if (this.#fault !== undefined) throw this.#fault
    const { bytes, rows } = this.#rows.finish()
    this.#rows = new ChunkRows(this.#table, this.#view.options)
    this.#visibleScn ??= (await this.#view.settle(signal))?.scn
    if (this.#visibleScn === undefined) return undefined
    const { atScn } = this.#view.options
    const isLast = this.#isOver && this.#rows.came === 0
    if (isLast) this.#letGo()
    return { bytes, rows, atScn, visibleScn: this.#visibleScn, isLast }
  }

  /** The first row waits for whoever wants it. Packets that are in hand when it pauses come when it goes on. */
  #onRow(bytes: Buffer, at: number, end: number): void {
    this.#rows.onRow(bytes, at, end)
    if (this.#rows.came < this.#wanted && !this.#rows.isFull) return
    this.#view.session.pause()
    this.#wake()
  }
}
