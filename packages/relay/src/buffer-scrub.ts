import { type Logger, messageOf, sleep } from '@aesop/kernel'
import { type ReadStep, type WindowReader, type WindowSource } from '@aesop/reading'

const PIECE_BYTES = 64 * 1024
const REST_MS = 60_000

/**
 * Reads what a buffer has on disk slowly, over and over: each event proves its checksums, so damage is found while what was there
 * can still be had from the source. The buffer itself sets aside what is damaged.
 */
export class BufferScrub {
  readonly #source: WindowSource
  readonly #bytesPerMs: number
  readonly #log: Logger
  readonly #ending = new AbortController()
  #running: Promise<void> | undefined

  constructor(source: WindowSource, mbPerSecond: number, log: Logger) {
    this.#source = source
    this.#bytesPerMs = (mbPerSecond * 1_000_000) / 1000
    this.#log = log
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async end(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      const reader = this.#source.openReader()
      try {
        await this.#round(reader)
      } catch (error) {
        // The next round tries again. Damage is no error here: the buffer has told of it, and the reader goes on.
        this.#log.warn('the event buffer could not be verified now', { error: messageOf(error) })
      }
      reader.close()
      await sleep(REST_MS, signal)
    }
  }

  /** From the oldest window to the newest, or until what comes next has left the buffer. */
  async #round(reader: WindowReader): Promise<void> {
    const place = await reader.seek(-1n, -1)
    for (let wanted = PIECE_BYTES; place.kind === 'found' && !this.#ending.signal.aborted;) {
      const step: ReadStep = await reader.next(wanted)
      if (step.kind === 'tooSmall') {
        wanted = step.pendingEventBytes
        continue
      }
      if (step.kind !== 'chunk') return
      const { length } = step.bytes
      step.release()
      wanted = PIECE_BYTES
      await sleep(length / this.#bytesPerMs, this.#ending.signal)
    }
  }
}
