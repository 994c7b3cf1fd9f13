import { sealEvent } from '@aesop/event'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest, type SnapshotTable } from '@aesop/reading'
import { type ScnMapping } from './scn-mapping.ts'

/** Chunks of tables under the SCNs that are made of those of the log: their events are sealed anew. */
export class GeneratedSnapshotReader implements SnapshotReader {
  readonly #snapshots: SnapshotReader
  readonly #mapping: ScnMapping

  constructor(snapshots: SnapshotReader, mapping: ScnMapping) {
    this.#snapshots = snapshots
    this.#mapping = mapping
  }

  describe(source: string): Promise<SnapshotTable> {
    return this.#snapshots.describe(source)
  }

  /** @throws ScnGeneratorInvalidError, and what the reader behind it throws */
  async readChunk(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    const chunk = await this.#snapshots.readChunk(request, signal)
    const atScn = this.#mapping.scnOf(chunk.atScn)
    const high = Number(atScn >> 32n)
    const low = Number(BigInt.asIntN(32, atScn))
    for (let at = 0; at < chunk.bytes.length;) at = sealEvent(chunk.bytes, at, high, low)
    return { ...chunk, atScn, visibleScn: this.#mapping.scnOf(chunk.visibleScn) }
  }
}
