import { EventBuffer, type SegmentStore } from '@aesop/buffer'
import { type Logger } from '@aesop/kernel'
import { type ProducerStatus } from '@aesop/producer'
import { BlockWatch } from './block-watch.ts'
import { OwnReaders, type OwnReadersOptions } from './own-readers.ts'
import { type SourceSettings } from './source-settings.ts'

export interface SourceBufferOptions {
  readonly settings: SourceSettings
  readonly physicalPartition: number
  readonly readers: OwnReadersOptions
  /** Left out: memory. */
  readonly store: SegmentStore | undefined
  readonly status: () => ProducerStatus
  readonly log: Logger
}

/** The event buffer of a physical source, and the readers of this process that its writer waits for. */
export class SourceBuffer {
  readonly events: EventBuffer
  readonly readers: OwnReaders
  readonly #options: SourceBufferOptions
  readonly #watch: BlockWatch
  #unlisten: (() => void) | undefined

  constructor(options: SourceBufferOptions) {
    const { settings, physicalPartition, log, store } = options
    this.#options = options
    this.readers = new OwnReaders(options.readers)
    this.events = new EventBuffer({
      maxBytes: settings.bufferBytes,
      physicalPartition,
      ...(store === undefined ? {} : { store }),
      ...(settings.waitsForOwnReaders ? { neededAfterScn: () => this.readers.neediest(this.events)?.afterScn } : {}),
    })
    this.#watch = new BlockWatch({
      isBlocked: () => {
        this.events.recheck()
        return this.events.isBlocked
      },
      reason: () => waitText(this.readers.neediest(this.events), options.status().logLastsUntilMs),
      log,
    })
  }

  /** What health says of a writer that waits for long; undefined while none does. */
  get blocked(): string | undefined {
    return this.#watch.detail
  }

  /** Looks after a writer that waits, from now on. */
  watch(): void {
    // A reader tells of each window; the buffer is looked at once for all that it processed in one turn.
    let isDue = false
    const lookOnce = (): void => {
      if (isDue || !this.events.isBlocked) return
      isDue = true
      setImmediate(() => {
        isDue = false
        this.events.recheck()
      })
    }
    this.#unlisten = this.#options.readers.readers.listen(lookOnce)
    this.#watch.start()
  }

  unwatch(): void {
    this.#watch.stop()
    this.#unlisten?.()
  }
}

function waitText(neediest: ReturnType<OwnReaders['neediest']>, logLastsUntilMs: number | undefined): string {
  if (neediest === undefined) return 'the source goes on'
  const waits = `the source waits for the registration "${neediest.reader.id}", which stands at SCN ${neediest.afterScn}`
  if (logLastsUntilMs === undefined) return waits
  return `${waits}; from ${new Date(logLastsUntilMs).toISOString()} on its server may purge what comes next`
}
