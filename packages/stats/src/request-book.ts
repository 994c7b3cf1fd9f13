import { type RequestName, RequestTotals } from './request-totals.ts'

/** Clients that are counted apart: whoever asks gives a name of any length and number. */
const CLIENTS_MAX = 1_000
const NAME_LENGTH_MAX = 200
/** Addresses of one client, or for one source, that are remembered to be counted. */
const PEERS_MAX = 1_000

/** Counters of requests: of all, of each logical source by its id, and of each client by its name. */
export class RequestBook {
  readonly total: RequestTotals
  readonly #sources = new Map<number, RequestTotals>()
  readonly #clients = new Map<string, RequestTotals>()
  readonly #createdMs: number
  #hasOneOrder: boolean

  /**
   * @param sourceIds of all that can be asked for
   * @param hasOneOrder whether all SCNs can be compared: those of several physical sources are put into no number
   */
  constructor(sourceIds: readonly number[], hasOneOrder: boolean, nowMs: number) {
    this.#createdMs = nowMs
    this.#hasOneOrder = hasOneOrder
    this.total = new RequestTotals(nowMs)
    for (const id of sourceIds) this.#sources.set(id, new RequestTotals(nowMs, PEERS_MAX))
  }

  /** Other sources are served from now on: those that stay keep their counts, and no SCN of before is compared with one of now. */
  serve(sourceIds: readonly number[], hasOneOrder: boolean, nowMs: number): void {
    const before = new Map(this.#sources)
    this.#sources.clear()
    for (const id of sourceIds) this.#sources.set(id, before.get(id) ?? new RequestTotals(nowMs, PEERS_MAX))
    this.#hasOneOrder = hasOneOrder
    for (const totals of [this.total, ...this.#clients.values()]) totals.forgetScns()
  }

  /** Ids of the sources, as they were given. */
  get sourceIds(): readonly number[] {
    return [...this.#sources.keys()]
  }

  /** Names of the clients that have asked, in the order of their coming, 1,000 at most. */
  get clients(): readonly string[] {
    return [...this.#clients.keys()]
  }

  source(id: number): RequestTotals | undefined {
    return this.#sources.get(id)
  }

  client(name: string): RequestTotals | undefined {
    return this.#clients.get(name)
  }

  /** A request has come. @param peer address of the client @param client its name, by what it says of itself */
  called(name: RequestName, peer: string, client: string): CountedRequest {
    const known = this.#clients.get(client) ?? this.#newClient(client)
    const [total, ...others] = known === undefined ? [this.total] : [this.total, known]
    const ordered = this.#hasOneOrder ? [total, ...others] : []
    const request = new CountedRequest(name, peer, this, ordered)
    for (const totals of [total, ...others]) request.add(totals)
    return request
  }

  #newClient(name: string): RequestTotals | undefined {
    if (this.#clients.size >= CLIENTS_MAX || name.length > NAME_LENGTH_MAX) return undefined
    const totals = new RequestTotals(this.#createdMs, PEERS_MAX)
    this.#clients.set(name, totals)
    return totals
  }
}

/** One request, which counts for all of which it is one. */
export class CountedRequest {
  readonly #name: RequestName
  readonly #peer: string
  readonly #book: RequestBook
  readonly #all: RequestTotals[] = []
  /** Those in which its SCN can be compared with that of other requests. */
  readonly #ordered: RequestTotals[]

  constructor(name: RequestName, peer: string, book: RequestBook, ordered: readonly RequestTotals[]) {
    this.#name = name
    this.#peer = peer
    this.#book = book
    this.#ordered = [...ordered]
  }

  add(totals: RequestTotals): void {
    totals.called(this.#name, this.#peer)
    this.#all.push(totals)
  }

  /** What it is about is known: ids of logical sources. */
  about(ids: Iterable<number>): void {
    for (const id of new Set(ids)) {
      const totals = this.#book.source(id)
      if (totals === undefined) continue
      this.add(totals)
      this.#ordered.push(totals)
    }
  }

  /** It failed, before its answer or within it. @param invalid whether the request itself was wrong */
  failed(invalid: boolean): void {
    for (const totals of this.#all) totals.failed(this.#name, invalid)
  }

  scnNotFound(): void {
    for (const totals of this.#all) totals.scnNotFound()
  }

  /** A stream of one physical source was asked for from this SCN on. */
  streamAsked(sinceScn: bigint): void {
    for (const totals of this.#ordered) totals.streamAsked(sinceScn)
  }

  streamEnded(latencyMs: number): void {
    for (const totals of this.#all) totals.streamEnded(latencyMs)
  }
}
