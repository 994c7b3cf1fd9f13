import { JoinedReader } from './joined-reader.ts'
import { type LateReading } from './late-reading.ts'
import { type WindowReader, type WindowSource } from './window-reader.ts'

/** Windows that are held, and behind them those that can be read again: one stream for each reader. */
export class JoinedSource implements WindowSource {
  readonly #held: WindowSource
  readonly #late: LateReading

  constructor(held: WindowSource, late: LateReading) {
    this.#held = held
    this.#late = late
  }

  openReader(): WindowReader {
    const held = this.#held
    return new JoinedReader(held.openReader(), this.#late, () => held.pin?.())
  }

  subscribe(listener: () => void): () => void {
    const ends = [this.#held.subscribe(listener), this.#late.subscribe(listener)]
    return () => {
      for (const end of ends) end()
    }
  }
}
