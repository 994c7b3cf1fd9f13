import { randomUUID } from 'node:crypto'
import { SnapshotCursorLostError } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotRequest } from '@aesop/reading'
import { type ChunkTable } from './chunk-table.ts'
import { KeylessReading, type ReadingOfView } from './keyless-reading.ts'

/** The cursor of such a reading: `{"reading": its name, "chunk": number of the next one}`. */
interface ReadingCursor {
  readonly reading: string
  readonly chunk: number
}

/** The tables without a key that are being read, each in one view of its server. */
export class KeylessReadings {
  readonly #readings = new Map<string, KeylessReading>()

  isCursor(after: string): boolean {
    return cursorIn(after) !== undefined
  }

  /** The first chunk of a new reading, which owns its view. */
  async begin(
    request: SnapshotRequest,
    table: ChunkTable,
    view: ReadingOfView,
    signal: AbortSignal,
  ): Promise<SnapshotChunk | undefined> {
    const name = randomUUID()
    const reading = new KeylessReading(request, table, view, () => this.#readings.delete(name))
    this.#readings.set(name, reading)
    return this.#chunk({ reading: name, chunk: 0 }, reading, request, signal)
  }

  /** @throws SnapshotCursorLostError */
  async goOn(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    const cursor = cursorIn(request.after ?? '')
    const reading = this.#readings.get(cursor?.reading ?? '')
    if (cursor === undefined || reading?.source !== request.source) throw new SnapshotCursorLostError(request.source)
    const chunk = await this.#chunk(cursor, reading, request, signal)
    if (chunk === undefined) throw new SnapshotCursorLostError(request.source)
    return chunk
  }

  end(): void {
    for (const reading of this.#readings.values()) reading.end()
  }

  async #chunk(
    cursor: ReadingCursor,
    reading: KeylessReading,
    request: SnapshotRequest,
    signal: AbortSignal,
  ): Promise<SnapshotChunk | undefined> {
    const chunk = await reading.chunk(cursor.chunk, request.maxRows, signal)
    if (chunk === undefined) return undefined
    const { isLast, ...rest } = chunk
    const next: ReadingCursor = { reading: cursor.reading, chunk: cursor.chunk + 1 }
    return isLast ? rest : { ...rest, next: JSON.stringify(next) }
  }
}

function cursorIn(after: string): ReadingCursor | undefined {
  try {
    const parsed = JSON.parse(after) as Partial<ReadingCursor> | null
    if (typeof parsed?.reading !== 'string' || !Number.isSafeInteger(parsed.chunk)) return undefined
    return { reading: parsed.reading, chunk: Number(parsed.chunk) }
  } catch {
    return undefined
  }
}
