import { type ReadsFrom, type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { type StreamRequest } from '@aesop/wire'
import { DownConvertedReader } from './down-converted-reader.ts'
import { EventFilter } from './event-filter.ts'
import { checkPlace, sendToPlace } from './request-place.ts'
import { type StreamPart } from './stream-choice.ts'
import { type StreamSource } from './stream-source.ts'

/** Leaves events out of what is sent. */
export type StreamFilter = Pick<EventFilter, 'apply' | 'failure' | 'alternatives'>

/** What one stream reads, and from where: one physical source, or several in turn. */
export interface StreamWindows {
  readonly reader: Pick<WindowReader, 'atWindowEnd' | 'readsFrom' | 'next' | 'close'>
  /** Undefined: all is sent. */
  readonly filter: StreamFilter | undefined
  /** The SCN after which the answer begins, for a client that named no place; undefined: it named one, or it is not known. */
  readonly previousScn: bigint | undefined
  /** Goes where the request wants to begin. @throws ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError */
  begin(): SeekStep | Promise<SeekStep>
  /** @throws ScnNotFoundError, ScnInFutureError where nothing will come */
  checkPlace(step: SeekStep | ReadStep): void
  /** Where each source is read that is read. */
  places(): readonly ReaderPlace[]
  /** Calls `wake` when there may be another window, once. @returns how to forget it */
  wait(wake: () => void): () => void
}

/** Where a source is read. */
export interface ReaderPlace {
  readonly source: StreamSource
  /** SCN of the last window that was read wholly or in part; −1: none is known. */
  readonly scn: bigint
  readonly readsFrom: ReadsFrom
}

/** The reading of one physical source. */
export class OneSourceWindows implements StreamWindows {
  readonly reader: WindowReader
  readonly filter: EventFilter | undefined
  readonly #part: StreamPart
  readonly #fromLatestScn: boolean

  constructor(part: StreamPart, request: StreamRequest) {
    this.#part = part
    this.#fromLatestScn = request.fromLatestScn
    this.reader = readerFor(part, request)
    this.filter = filterFor(part, request)
  }

  get previousScn(): bigint | undefined {
    const { scn } = this.reader
    return !this.#part.checkpoint.isFlexible || this.#fromLatestScn || scn < 0n ? undefined : scn
  }

  begin(): SeekStep | Promise<SeekStep> {
    return sendToPlace(this.reader, this.#part, this.#fromLatestScn, this.filter !== undefined)
  }

  checkPlace(step: SeekStep | ReadStep): void {
    checkPlace(step, this.#part)
  }

  places(): readonly ReaderPlace[] {
    return [{ source: this.#part.source, scn: this.reader.scn, readsFrom: this.reader.readsFrom ?? 'memory' }]
  }

  wait(wake: () => void): () => void {
    const { signal } = this.#part.source
    signal.add(wake)
    return () => {
      signal.remove(wake)
    }
  }
}

/** Who reads events of version 1 only gets those; text has the keys of version 1, too. */
function readerFor({ source }: StreamPart, { eventVersionMax, output }: StreamRequest): WindowReader {
  const { windows, eventVersion = 1 } = source.served
  const reader = windows.openReader()
  return eventVersion === 2 && (eventVersionMax < 2 || output !== 'binary') ? new DownConvertedReader(reader) : reader
}

function filterFor({ source, ids, checkpoint }: StreamPart, request: StreamRequest): EventFilter | undefined {
  const takesAll = [...source.ids].every((id) => ids.has(id))
  const { filters, fromLatestScn } = request
  if (takesAll && filters.size === 0) return undefined
  // The newest window that is asked for by name is sent whole.
  const sent =
    checkpoint.isFullyConsumed || fromLatestScn
      ? undefined
      : { scn: checkpoint.windowScn, events: Number(checkpoint.windowOffset) }
  return new EventFilter({ sources: takesAll ? undefined : ids, keys: filters, sent })
}
