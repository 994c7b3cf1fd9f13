import { HeldFile } from './held-file.ts'
import { type HeldEvents } from './held-events.ts'

/** How much of XA transactions that wait is kept in memory, and where the rest lies. */
export interface HeldXaOptions {
  /** For files that are gone with the process; it is made when it is needed. */
  readonly folder: string
  /** Of one transaction; what is above goes to disk as a whole. */
  readonly transactionBytes: number
  /** Of all of them; above it, the one that has waited longest in memory goes to disk. */
  readonly totalBytes: number
}

/** The memory that XA transactions have while they wait, and the file behind it. */
export class HeldRoom {
  /** Undefined: everything stays in memory. */
  readonly file: HeldFile | undefined
  readonly #transactionBytes: number
  readonly #totalBytes: number
  /** Those with events in memory, the oldest first. */
  readonly #resident = new Set<HeldEvents>()
  #bytes = 0

  constructor(options?: HeldXaOptions) {
    this.file = options === undefined ? undefined : new HeldFile(options.folder)
    this.#transactionBytes = options?.transactionBytes ?? Infinity
    this.#totalBytes = options?.totalBytes ?? Infinity
  }

  /** In memory, of all. */
  get bytes(): number {
    return this.#bytes
  }

  /** One has got so many bytes more in memory, or fewer. */
  changed(events: HeldEvents, bytes: number): void {
    this.#bytes += bytes
    if (events.residentBytes === 0) this.#resident.delete(events)
    else this.#resident.add(events)
    if (bytes < 0 || this.file === undefined) return
    if (events.residentBytes > this.#transactionBytes) events.writeTo(this.file)
    while (this.#bytes > this.#totalBytes) {
      const [oldest] = this.#resident
      oldest?.writeTo(this.file)
    }
  }
}
