import { type StreamOutput } from '@aesop/wire'
import { type ServerResponse } from 'node:http'
import { formatEvents } from './event-json.ts'
import { type PendingBytes } from './pending-bytes.ts'
import { TurnBudget } from './turn-budget.ts'
import { type TurnGate } from './turn-gate.ts'

/** What the answers of one server have together. */
export interface SharedWork {
  readonly pending: PendingBytes
  /** For work that grows with the number of answers: events that are looked at, text that is made. */
  readonly gate: TurnGate
}

/** Writes events to one response, within what its reader and all others together may have. */
export class ResponseWriter {
  readonly #response: ServerResponse
  readonly #shared: SharedWork
  readonly #turns: TurnBudget
  #isClosed = false
  /** Ends the wait for a write, whose bytes must stay until then. */
  #written: (() => void) | undefined

  constructor(response: ServerResponse, shared: SharedWork, turnBytesMax: number) {
    this.#response = response
    this.#shared = shared
    this.#turns = new TurnBudget(turnBytesMax)
  }

  /** The connection has closed: nothing more is written, and nobody waits. */
  close(): void {
    this.#isClosed = true
    this.#written?.()
  }

  /** Resolves when the bytes were handed to the system, or the connection has closed; they must stay until then. */
  async write(bytes: Buffer, output: StreamOutput): Promise<void> {
    if (output === 'binary') return this.#writeAll(bytes)
    const { gate } = this.#shared
    const texts = formatEvents(bytes, output)
    for (;;) {
      if (!gate.isOpen) await gate.opens()
      const step = this.#isClosed ? undefined : texts.next()
      if (step === undefined || step.done === true) return
      gate.spend(step.value.length)
      await this.#writeAll(Buffer.from(step.value))
    }
  }

  /** In as many writes as the bytes that wait for other readers leave it. */
  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isClosed;) {
      const slice = bytes.subarray(at, at + this.#shared.pending.nextWrite)
      await this.#write(slice)
      await this.#turns.spend(slice.length)
      at += slice.length
    }
  }

  /** Resolves when the bytes were handed to the system, or the connection has closed. */
  #write(content: Buffer): Promise<void> {
    const { pending } = this.#shared
    pending.add(content.length)
    return new Promise((resolve) => {
      let waits = true
      const written = (): void => {
        if (waits) pending.remove(content.length)
        waits = false
        resolve()
      }
      this.#written = written
      this.#response.write(content, written)
      if (this.#isClosed) written()
    })
  }
}
