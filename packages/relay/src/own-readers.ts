import { type ProcessReader, type ProcessReaders } from '@aesop/checkpoint'
import { type EventBuffer } from '@aesop/buffer'

/** What of a buffer says which windows it holds. */
export type HeldWindows = Pick<EventBuffer, 'prevScn' | 'lastScn'>

export interface OwnReadersOptions {
  readonly readers: ProcessReaders
  /** Names of the logical sources that the relay serves. */
  readonly sources: ReadonlySet<string>
  /** Where the relay listens, or will listen. */
  readonly address: () => { readonly host: string; readonly port: number }
}

/** The registrations of the same process that read from one relay: it waits for those that run. */
export class OwnReaders {
  readonly #options: OwnReadersOptions

  constructor(options: OwnReadersOptions) {
    this.#options = options
  }

  all(): ProcessReader[] {
    const { readers, sources, address } = this.#options
    const { host, port } = address()
    return [...readers.all()].filter(
      (reader) => reader.logicalSources.every((name) => sources.has(name)) && reader.readsFrom(host, port),
    )
  }

  /** The oldest checkpoint of all, whether they run or not; undefined: none has one. */
  oldestScn(): bigint | undefined {
    let oldest: bigint | undefined
    for (const { checkpointScn } of this.all()) {
      if (checkpointScn !== undefined && (oldest === undefined || checkpointScn < oldest)) oldest = checkpointScn
    }
    return oldest
  }

  /**
   * Whom a full buffer waits for; undefined: nobody.
   *
   * | what it loses           | it waits for                                                              |
   * |-------------------------|---------------------------------------------------------------------------|
   * | is gone                 | the one that runs and needs the oldest windows                            |
   * | can be read late        | the one that runs and is furthest: those that are slower are served late  |
   */
  awaited(held: HeldWindows, servesLate: boolean): Awaited | undefined {
    let awaited: Awaited | undefined
    for (const reader of this.all()) {
      if (!reader.isRunning) continue
      const afterScn = needOf(reader, held)
      if (servesLate && afterScn === undefined && reader.readScn >= held.lastScn) return undefined
      if (afterScn === undefined) continue
      const isNext = awaited === undefined || (servesLate ? afterScn > awaited.afterScn : afterScn < awaited.afterScn)
      if (isNext) awaited = { reader, afterScn }
    }
    return awaited
  }
}

/** A registration that is waited for, and the SCN after which it needs windows. */
export interface Awaited {
  readonly reader: ProcessReader
  readonly afterScn: bigint
}

/**
 * The SCN after which a reader needs windows; undefined: waiting for it would help nobody.
 *
 * | it stands                                           | it needs what follows          |
 * |-----------------------------------------------------|--------------------------------|
 * | without a checkpoint, nothing read                  | all that the buffer has        |
 * | at a checkpoint that the buffer serves              | its checkpoint                 |
 * | at one that is gone, but reads within the buffer    | what it has read               |
 * | before the buffer                                   | nothing: it can't be served    |
 * | at the newest window, without its checkpoint        | nothing: only new windows help |
 */
function needOf({ checkpointScn, readScn }: ProcessReader, { prevScn, lastScn }: HeldWindows): bigint | undefined {
  if (readScn >= lastScn) return undefined
  if (checkpointScn === undefined) return readScn >= prevScn ? readScn : prevScn
  if (checkpointScn >= prevScn) return checkpointScn
  return readScn >= prevScn ? readScn : undefined
}
