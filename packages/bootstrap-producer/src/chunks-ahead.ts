import { messageOf } from '@aesop/kernel'
import { type SnapshotChunk } from '@aesop/reading'

export interface ChunksAheadOptions {
  /** Reads the chunk behind a place; undefined: it was stopped. */
  readonly read: (after: string | undefined, signal: AbortSignal) => Promise<SnapshotChunk | undefined>
  /** Where the first one begins. */
  readonly after: string | undefined
  /** While so many bytes wait, no more is read. */
  readonly maxBytes: number
}

/** The chunks of a table in their order, read ahead of who takes them: one that waits for the stream holds up no other. */
export class ChunksAhead {
  readonly #options: ChunksAheadOptions
  readonly #stopping = new AbortController()
  readonly #chunks: SnapshotChunk[] = []
  readonly #running: Promise<void>
  #bytes = 0
  #isOver = false
  #fault: Error | undefined
  #wake: () => void = () => undefined

  constructor(options: ChunksAheadOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** Undefined: it was stopped. @throws what reading threw */
  async next(): Promise<SnapshotChunk | undefined> {
    while (this.#chunks.length === 0 && !this.#isOver) await this.#moved()
    if (this.#fault !== undefined) throw this.#fault
    const chunk = this.#chunks.shift()
    this.#bytes -= chunk?.bytes.length ?? 0
    this.#tell()
    return chunk
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#tell()
    await this.#running
  }

  async #run(): Promise<void> {
    const { read, maxBytes } = this.#options
    const { signal } = this.#stopping
    try {
      for (let { after } = this.#options; ;) {
        while (this.#bytes >= maxBytes && !signal.aborted) await this.#moved()
        const chunk = signal.aborted ? undefined : await read(after, signal)
        if (chunk === undefined) break
        this.#chunks.push(chunk)
        this.#bytes += chunk.bytes.length
        this.#tell()
        after = chunk.next
        if (after === undefined) break
      }
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(messageOf(error))
    }
    this.#isOver = true
    this.#tell()
  }

  /** There are two: who reads and who takes. Each looks again at what it waits for. */
  #moved(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake
      this.#wake = () => {
        before()
        resolve()
      }
    })
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = () => undefined
    wake()
  }
}
