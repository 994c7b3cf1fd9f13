import { EventView } from '@aesop/event'
import { type ReadsFrom, type ReadStep, type SeekStep, type WindowChunk } from '@aesop/reading'
import { InvalidRequestError, type PartitionName, type PhysicalPartition, type StreamRequest } from '@aesop/wire'
import { type StreamPart } from './stream-choice.ts'
import { OneSourceWindows, type ReaderPlace, type StreamFilter, type StreamWindows } from './stream-windows.ts'
import { WindowSlices } from './window-slices.ts'

/** One of the physical sources whose windows come in turn. */
interface Turn {
  readonly part: StreamPart
  readonly reading: OneSourceWindows
  readonly slices: WindowSlices
}

/**
 * Reads several physical sources: one window of each in turn, each in its own order. A window that is begun is finished before the
 * next turn. Events say by their physical partition whose they are.
 */
export class SeveralSourcesWindows implements StreamWindows {
  readonly filter: StreamFilter | undefined
  /** Each source has its own. */
  readonly previousScn = undefined
  readonly #turns: readonly Turn[]
  #at: number
  #last: PhysicalPartition | undefined
  #atWindowEnd = true
  /** Whether there may be a window since the last look. */
  #isTold = false
  #wake: (() => void) | undefined

  /**
   * @param parts in the order of turns
   * @param last which had the last turn; undefined: nobody knows
   * @throws InvalidRequestError when two are within a window
   */
  constructor(parts: readonly StreamPart[], request: StreamRequest, last: PartitionName | undefined) {
    const first = firstTurn(parts, request, last)
    this.#turns = parts.map((part) => {
      const reading = new OneSourceWindows(part, request)
      return { part, reading, slices: new WindowSlices(reading.reader) }
    })
    this.#at = first
    this.filter = filterOf(this.#turns)
  }

  get reader(): StreamWindows['reader'] {
    return this
  }

  /** Where the source is read that has its turn. */
  get readsFrom(): ReadsFrom {
    return this.#turns[this.#at]?.reading.reader.readsFrom ?? 'memory'
  }

  get atWindowEnd(): boolean {
    return this.#atWindowEnd
  }

  /** The one that had a turn last; undefined: none had. */
  get last(): PhysicalPartition | undefined {
    return this.#last
  }

  async begin(): Promise<SeekStep> {
    for (const { reading } of this.#turns) reading.checkPlace(await reading.begin())
    return { kind: 'found' }
  }

  /** Each step has been looked at by the reading that it is of. */
  checkPlace(): void {
    return
  }

  places(): readonly ReaderPlace[] {
    return this.#turns.flatMap(({ reading }) => reading.places())
  }

  wait(wake: () => void): () => void {
    this.#wake = wake
    if (this.#isTold) wake()
    return () => {
      this.#wake = undefined
    }
  }

  readonly #tell = (): void => {
    this.#isTold = true
    this.#wake?.()
  }

  async next(maxBytes: number): Promise<ReadStep> {
    // Who waits after this look must hear of what comes while it lasts.
    this.#isTold = false
    for (const { part } of this.#turns) part.source.signal.add(this.#tell)
    for (let looked = 0; looked < this.#turns.length; looked++) {
      const step = await this.#turn(maxBytes)
      if (step?.kind === 'chunk') this.#had(step)
      if (step !== undefined) return step
      // A window that is begun may wait for its rest.
      if (!this.#atWindowEnd) break
      this.#pass()
    }
    return { kind: 'caughtUp' }
  }

  close(): void {
    for (const { part, slices } of this.#turns) {
      part.source.signal.remove(this.#tell)
      slices.close()
    }
  }

  /** What the source that has its turn gives; undefined: nothing for now. */
  async #turn(maxBytes: number): Promise<ReadStep | undefined> {
    const turn = this.#turns[this.#at]
    const step = await turn?.slices.next(maxBytes)
    if (turn === undefined || step === undefined || step.kind === 'caughtUp') return undefined
    turn.reading.checkPlace(step)
    return step.kind === 'gone' || step.kind === 'future' ? undefined : step
  }

  #had(chunk: WindowChunk): void {
    this.#last = this.#turns[this.#at]?.part.source.served
    this.#atWindowEnd = chunk.endsWindow
    if (chunk.endsWindow) this.#pass()
  }

  #pass(): void {
    this.#at = (this.#at + 1) % this.#turns.length
  }
}

/** That which is within a window, else the one after that which had the last turn. */
function firstTurn(parts: readonly StreamPart[], request: StreamRequest, last: PartitionName | undefined): number {
  const within = request.fromLatestScn ? [] : parts.filter(({ checkpoint }) => checkpoint.windowOffset > 0n)
  const [first, ...others] = within
  if (first !== undefined && others.length === 0) return parts.indexOf(first)
  if (first !== undefined) {
    const labels = within.map(({ source }) => source.label).join(' and ')
    throw new InvalidRequestError(
      `Invalid value for stream.checkPointMult: two partitions are within a window: ${labels}`,
    )
  }
  const after = last === undefined ? -1 : parts.findIndex(({ source }) => isAfter(source.served, last))
  return Math.max(0, after)
}

function isAfter({ id, name }: PhysicalPartition, last: PartitionName): boolean {
  const lastName = last.name ?? name
  return name === lastName ? last.id !== undefined && id > last.id : name > lastName
}

/** Undefined where none of them leaves anything out. Bytes are of one source, and their events say of which. */
function filterOf(turns: readonly Turn[]): StreamFilter | undefined {
  const filters = turns.flatMap(({ reading }) => reading.filter ?? [])
  if (filters.length === 0) return undefined
  const byPartition = new Map(turns.map(({ part, reading }) => [part.source.served.id, reading.filter]))
  const view = new EventView()
  return {
    alternatives: Math.max(...filters.map(({ alternatives }) => alternatives)),
    get failure() {
      return filters.find(({ failure }) => failure !== undefined)?.failure
    },
    apply: (bytes) => byPartition.get(view.moveTo(bytes, 0).physicalPartition)?.apply(bytes) ?? bytes,
  }
}
