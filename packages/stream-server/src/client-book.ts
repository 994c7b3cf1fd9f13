import { TrafficTotals } from '@aesop/stats'

/** Clients that are counted apart: whoever asks gives a name of any length and number. */
const CLIENTS_MAX = 1_000
const NAME_LENGTH_MAX = 200

/** A stream of which the bytes are counted. */
export interface SentBytes {
  readonly sentBytes: number
}

/** What goes to one client: its connections, and the bytes of events of its streams. */
export class ClientTraffic {
  readonly totals: TrafficTotals
  readonly #streams = new Set<SentBytes>()
  readonly #connections = new WeakSet<object>()
  #opened = 0
  #closed = 0
  #endedBytes = 0

  constructor(nowMs: number) {
    const read = (): { bytes: number; opened: number; closed: number } => ({
      bytes: this.#bytes,
      opened: this.#opened,
      closed: this.#closed,
    })
    this.totals = new TrafficTotals(read, nowMs)
  }

  /** It has asked on this connection. @returns whether it had not before: then `left` is to be called when that has closed */
  came(connection: object): boolean {
    if (this.#connections.has(connection)) return false
    this.#connections.add(connection)
    this.#opened++
    return true
  }

  left(): void {
    this.#closed++
  }

  begins(stream: SentBytes): void {
    this.#streams.add(stream)
  }

  ends(stream: SentBytes): void {
    if (this.#streams.delete(stream)) this.#endedBytes += stream.sentBytes
  }

  get #bytes(): number {
    let bytes = this.#endedBytes
    for (const { sentBytes } of this.#streams) bytes += sentBytes
    return bytes
  }
}

/** The clients of a server, by the names that they give. */
export class ClientBook {
  readonly #clients = new Map<string, ClientTraffic>()

  /** In the order of their coming, 1,000 at most. */
  get names(): readonly string[] {
    return [...this.#clients.keys()]
  }

  get(name: string): ClientTraffic | undefined {
    return this.#clients.get(name)
  }

  /** Undefined: there are too many of them, or the name is none that anybody would give. */
  met(name: string): ClientTraffic | undefined {
    const known = this.#clients.get(name)
    if (known !== undefined) return known
    if (this.#clients.size >= CLIENTS_MAX || name.length > NAME_LENGTH_MAX) return undefined
    const made = new ClientTraffic(Date.now())
    this.#clients.set(name, made)
    return made
  }
}
