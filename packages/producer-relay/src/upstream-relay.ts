import { Checkpoint } from '@aesop/checkpoint'
import { type LogicalSource, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { type PhysicalSourceConfig } from '@aesop/producer'
import {
  HttpLink,
  HttpSnapshots,
  type RelayAddress,
  type RelayAnswer,
  ScnInFutureError,
  ScnSpaceForeignError,
  type StreamRequest,
} from '@aesop/wire'
import { UpstreamSourcesError, UpstreamSpaceForeignError, UpstreamSpaceUnknownError } from './errors.ts'
import { type UpstreamSchemas } from './upstream-schemas.ts'

/** How long an answer keeps streaming at most, in milliseconds. */
const FOLLOW_MS_MAX = 10_000
const FETCH_BYTES = 1024 * 1024

export interface UpstreamOptions {
  readonly relay: RelayAddress
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: UpstreamSchemas
  readonly silenceMs: number
}

/** A connection to a relay that is followed: its sources are those of here, and its schemas are registered. */
export class UpstreamRelay {
  readonly address: string
  readonly #options: UpstreamOptions
  readonly #link: HttpLink
  #sourceIds: readonly number[] = []
  #fetchBytes = FETCH_BYTES

  private constructor(options: UpstreamOptions) {
    this.#options = options
    this.#link = new HttpLink(options.relay, `relay ${options.physicalSource.name}`)
    this.address = this.#link.address
  }

  /** @throws UpstreamSourcesError, AesopError of its schemas, and what the relay or the network says */
  static async connect(options: UpstreamOptions, signal: AbortSignal): Promise<UpstreamRelay> {
    const upstream = new UpstreamRelay(options)
    try {
      upstream.#sourceIds = idsIn(await upstream.#link.sources(signal), options.physicalSource, upstream.address)
      options.schemas.take(await upstream.#link.schemas(upstream.#sourceIds, signal))
      return upstream
    } catch (error) {
      upstream.close()
      throw error
    }
  }

  /** How long an answer keeps streaming, in milliseconds: no longer than silence is borne, so that a dead relay is found soon. */
  get followMs(): number {
    return Math.min(FOLLOW_MS_MAX, this.#options.silenceMs)
  }

  /** The SCN space that it counts in. @throws UpstreamSpaceUnknownError */
  async scnSpace(signal: AbortSignal): Promise<string> {
    const { scnSpace } = await this.#headOf(Checkpoint.flexible(), signal)
    if (scnSpace === undefined) throw new UpstreamSpaceUnknownError(this.address)
    return scnSpace
  }

  /** @throws UpstreamSpaceForeignError, UpstreamSpaceUnknownError */
  async proveSpace(ours: string, signal: AbortSignal): Promise<void> {
    const theirs = await this.scnSpace(signal)
    if (theirs !== ours) throw new UpstreamSpaceForeignError(this.address, theirs, ours)
  }

  /** The SCN before the oldest window that it holds; undefined: there was none yet. */
  async oldestScn(signal: AbortSignal): Promise<bigint | undefined> {
    return (await this.#headOf(Checkpoint.flexible(), signal)).previousScn
  }

  /** An SCN right before its newest window; undefined: it holds none. */
  async newestScn(signal: AbortSignal): Promise<bigint | undefined> {
    for (;;) {
      const answer = await this.#ask(Checkpoint.flexible(), { followMs: 0, fromLatestScn: true }, signal)
      try {
        for (let run = await answer.next(); run !== undefined; run = await answer.next()) {
          const view = run.next()
          if (view !== undefined) return view.scn - 1n
        }
      } finally {
        await answer.close()
      }
      if (answer.pendingBytes <= this.#fetchBytes) return undefined
      this.#fetchBytes = answer.pendingBytes
    }
  }

  /** @throws ScnNotFoundError when it neither has nor will have what comes after an SCN of this space */
  async proveAfter(scn: bigint, scnSpace: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#headOf(Checkpoint.online(scn, -1n, scnSpace), signal)
    } catch (error) {
      if (!(error instanceof ScnInFutureError)) throw await this.#named(error, scnSpace, signal)
    }
  }

  /** The windows after an SCN, as they come. @throws UpstreamSpaceForeignError, UpstreamSpaceUnknownError, ScnNotFoundError */
  async windowsAfter(scn: bigint, scnSpace: string, signal: AbortSignal): Promise<RelayAnswer> {
    const checkpoint = Checkpoint.online(scn, -1n, scnSpace)
    let answer: RelayAnswer
    try {
      answer = await this.#ask(checkpoint, { followMs: this.followMs, fromLatestScn: false }, signal)
    } catch (error) {
      throw await this.#named(error, scnSpace, signal)
    }
    const { scnSpace: theirs } = answer.head
    if (theirs === scnSpace) return answer
    await answer.close()
    if (theirs === undefined) throw new UpstreamSpaceUnknownError(this.address)
    throw new UpstreamSpaceForeignError(this.address, theirs, scnSpace)
  }

  /** An event within a window had no room, whatever it takes. @returns whether the next answer takes more */
  doubleFetch(): boolean {
    const grows = this.#fetchBytes <= this.#options.physicalSource.largestEventSizeInBytes
    if (grows) this.#fetchBytes *= 2
    return grows
  }

  /** A larger event is to come than an answer took. @returns whether the next answer takes more */
  growFetch(pendingBytes: number): boolean {
    const grows = pendingBytes > this.#fetchBytes
    if (grows) this.#fetchBytes = pendingBytes
    return grows
  }

  /** Registers the schemas of a source that came since, over a connection of their own: this one is busy. */
  async learn(sourceId: number, signal: AbortSignal): Promise<void> {
    const beside = this.#link.beside()
    try {
      this.#options.schemas.take(await beside.schemas([sourceId], signal))
    } finally {
      beside.close()
    }
  }

  /** Rows of its tables, over a connection of their own. */
  snapshots(): HttpSnapshots {
    const { relay, physicalSource } = this.#options
    return new HttpSnapshots(relay, `relay ${physicalSource.name}`)
  }

  close(): void {
    this.#link.close()
  }

  async #headOf(checkpoint: Checkpoint, signal: AbortSignal): Promise<RelayAnswer['head']> {
    const answer = await this.#ask(checkpoint, { followMs: 0, fromLatestScn: false, sizeBytes: 1 }, signal)
    try {
      return answer.head
    } finally {
      await answer.close()
    }
  }

  #ask(checkpoint: Checkpoint, given: Partial<StreamRequest>, signal: AbortSignal): Promise<RelayAnswer> {
    const { physicalSource, silenceMs } = this.#options
    const request: StreamRequest = {
      sources: this.#sourceIds,
      checkpoint,
      fromLatestScn: false,
      sizeBytes: this.#fetchBytes,
      output: 'binary',
      // Events are copied as they come: those of version 2 only where the buffer is of it.
      eventVersionMax: physicalSource.eventVersion === 2 ? 2 : 0,
      filters: new Map(),
      followMs: 0,
      ...given,
    }
    const bounds = { silenceMs: request.followMs + silenceMs, eventBytesMax: physicalSource.largestEventSizeInBytes }
    return this.#link.stream(request, bounds, signal)
  }

  /** A relay that refuses an SCN of another space is asked which one it has. */
  async #named(error: unknown, ours: string, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof ScnSpaceForeignError)) return error
    return new UpstreamSpaceForeignError(this.address, await this.scnSpace(signal), ours)
  }
}

/** Ids of the sources to be asked for. @throws UpstreamSourcesError */
function idsIn(served: readonly LogicalSource[], source: PhysicalSourceConfig, address: string): readonly number[] {
  for (const { id, name } of source.sources) {
    const theirs = served.filter((each) => each.name === name)
    if (theirs.some((each) => each.id === id)) continue
    const other = theirs[0]
    const fault =
      other === undefined
        ? `serves no source "${name}", expected one with the id ${id}`
        : `serves the source "${name}" under the id ${other.id}, expected ${id}`
    throw new UpstreamSourcesError(address, fault)
  }
  const ids = source.sources.map(({ id }) => id)
  const changes = served.filter(({ name }) => name === SCHEMA_CHANGE_SOURCE)
  if (changes.length === 0) return ids
  const { schemaChangeSourceId: changesId } = source
  if (changes.some(({ id }) => id === changesId)) return [...ids, changesId]
  const fault = `serves ${SCHEMA_CHANGE_SOURCE} under the id ${changes[0]?.id ?? 0}, expected ${changesId}: set schemaChangeSourceId`
  throw new UpstreamSourcesError(address, fault)
}
