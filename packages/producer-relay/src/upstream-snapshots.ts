import { EventView } from '@aesop/event'
import { SnapshotBehindError } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest, type SnapshotTable } from '@aesop/reading'
import { setTimeout as delay } from 'node:timers/promises'
import { UpstreamSchemaMissingError } from './errors.ts'
import { type UpstreamRelay } from './upstream-relay.ts'
import { type UpstreamRelays } from './upstream-relays.ts'
import { type UpstreamSchemas } from './upstream-schemas.ts'

export interface UpstreamSnapshotsOptions {
  readonly relays: UpstreamRelays
  readonly schemas: UpstreamSchemas
  /** A chunk whose SCNs are of another one says nothing here. */
  readonly scnSpace: string
  /** SCN of the last window that came from the relay that is followed. */
  readonly reachedScn: () => bigint
  /** Aborts when the source ends. */
  readonly signal: AbortSignal
  /** How long a chunk waits for the stream, in milliseconds; default 30 s. */
  readonly waitMs?: number
}

const WAIT_MS = 30_000
const POLL_MS = 5

/**
 * Rows of tables through the relays that are followed. Their SCNs are those of here; a chunk is given when the stream of here has come
 * to what it saw, and the schemas that its events name are known.
 */
export class UpstreamSnapshots implements SnapshotReader {
  readonly #options: UpstreamSnapshotsOptions

  constructor(options: UpstreamSnapshotsOptions) {
    this.#options = options
  }

  describe(source: string): Promise<SnapshotTable> {
    return this.#ask((snapshots) => snapshots.describe(source), this.#options.signal)
  }

  /** @throws SnapshotBehindError, UpstreamSpaceForeignError, UpstreamSchemaMissingError, and what the relays say */
  async readChunk(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    const either = AbortSignal.any([signal, this.#options.signal])
    const chunk = await this.#ask(async (snapshots, upstream) => {
      const read = await snapshots.readChunk(request, either)
      await upstream.proveSpace(this.#options.scnSpace, either)
      await this.#learn(read, upstream, either)
      return read
    }, either)
    await this.#come(request.source, chunk.visibleScn, either)
    return chunk
  }

  /** By the relay that answers: one that is gone is left for the next one. */
  #ask<Answer>(
    question: (snapshots: SnapshotReader, upstream: UpstreamRelay) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const ask = async (upstream: UpstreamRelay): Promise<Answer> => {
      const snapshots = upstream.snapshots()
      try {
        return await question(snapshots, upstream)
      } finally {
        snapshots.close()
      }
    }
    return this.#options.relays.ask(ask, { signal })
  }

  /** All rows of a chunk are of the schema that the table had then. */
  async #learn({ bytes }: SnapshotChunk, upstream: UpstreamRelay, signal: AbortSignal): Promise<void> {
    if (bytes.length === 0) return
    const { schemas } = this.#options
    const view = new EventView(bytes)
    if (schemas.knows(view)) return
    await upstream.learn(view.sourceId, signal)
    const { sourceId, schemaId, scn } = view
    if (!schemas.knows(view))
      throw new UpstreamSchemaMissingError(upstream.address, sourceId, schemaId.toString('hex'), scn)
  }

  async #come(source: string, visibleScn: bigint, signal: AbortSignal): Promise<void> {
    const { reachedScn, waitMs = WAIT_MS } = this.#options
    const begunMs = performance.now()
    for (let movedMs = begunMs, stoodAt = reachedScn(); reachedScn() < visibleScn;) {
      const nowMs = performance.now()
      if (reachedScn() !== stoodAt) [movedMs, stoodAt] = [nowMs, reachedScn()]
      if (nowMs - movedMs > waitMs)
        throw new SnapshotBehindError(source, `SCN ${visibleScn}`, `SCN ${stoodAt}`, Math.round(nowMs - begunMs))
      await delay(POLL_MS, undefined, { signal })
    }
  }
}
