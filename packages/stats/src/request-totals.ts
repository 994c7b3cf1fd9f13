import { type Metric } from '@aesop/kernel'

/** The requests that a relay counts apart. */
export type RequestName = 'sources' | 'register' | 'stream'

/** Addresses that are remembered to be counted: a range of IPv6 has more than memory. */
const PEERS_MAX = 65_536

interface CommandCounts {
  calls: number
  errors: number
  /** Of the errors, those of requests that were wrong in themselves. */
  invalid: number
}

interface Counts {
  readonly sources: CommandCounts
  readonly register: CommandCounts
  readonly stream: CommandCounts
  /** Addresses of clients. */
  readonly peers: Set<string>
  scnNotFound: number
  endedStreams: number
  streamMs: number
  minStreamScn: bigint | undefined
  maxStreamScn: bigint | undefined
}

/** Counters of requests, with the names of Databus' `DbusHttpTotalStats`. */
export class RequestTotals {
  #enabled = true
  #counts = begin()
  #resetMs: number
  readonly #peersMax: number

  /** @param peersMax how many addresses are remembered, to be counted */
  constructor(nowMs: number, peersMax = PEERS_MAX) {
    this.#peersMax = peersMax
    this.#resetMs = nowMs
  }

  /** @param peer address of the client, without its port */
  called(name: RequestName, peer: string): void {
    if (!this.#enabled) return
    this.#counts[name].calls++
    if (this.#counts.peers.size < this.#peersMax) this.#counts.peers.add(peer)
  }

  /** A request failed, before its answer or within it; `invalid` when the request itself was wrong. */
  failed(name: RequestName, invalid: boolean): void {
    if (!this.#enabled) return
    this.#counts[name].errors++
    if (invalid) this.#counts[name].invalid++
  }

  scnNotFound(): void {
    if (this.#enabled) this.#counts.scnNotFound++
  }

  /** A stream was asked for from this SCN on. */
  streamAsked(sinceScn: bigint): void {
    if (!this.#enabled) return
    const { minStreamScn, maxStreamScn } = this.#counts
    if (minStreamScn === undefined || sinceScn < minStreamScn) this.#counts.minStreamScn = sinceScn
    if (maxStreamScn === undefined || sinceScn > maxStreamScn) this.#counts.maxStreamScn = sinceScn
  }

  /** The SCNs that were asked for are not comparable with those that follow. */
  forgetScns(): void {
    this.#counts.minStreamScn = undefined
    this.#counts.maxStreamScn = undefined
  }

  /** A stream call has ended after `latencyMs`; one that was asked to follow is as long as it was asked to be. */
  streamEnded(latencyMs: number): void {
    if (!this.#enabled) return
    this.#counts.endedStreams++
    this.#counts.streamMs += latencyMs
  }

  /** Requests that failed since the last reset. */
  get failures(): number {
    const { sources, register, stream } = this.#counts
    return sources.errors + register.errors + stream.errors
  }

  /** While it is not enabled, nothing is counted. */
  enable(enabled: boolean): void {
    this.#enabled = enabled
  }

  reset(nowMs: number): void {
    this.#counts = begin()
    this.#resetMs = nowMs
  }

  /** What `/relayStats/outbound/http/total` shows; SCNs from the first stream on. */
  toJson(nowMs: number): Readonly<Record<string, unknown>> {
    const { sources, register, stream, peers, scnNotFound, endedStreams, streamMs, ...scns } = this.#counts
    const calls = sources.calls + register.calls + stream.calls
    const errors = sources.errors + register.errors + stream.errors
    return {
      numPeers: peers.size,
      numSourcesCalls: sources.calls,
      numRegisterCalls: register.calls,
      numStreamCalls: stream.calls,
      latencyStreamCalls: endedStreams === 0 ? 0 : streamMs / endedStreams,
      ...(scns.minStreamScn === undefined ? {} : { minStreamWinScn: scns.minStreamScn }),
      ...(scns.maxStreamScn === undefined ? {} : { maxStreamWinScn: scns.maxStreamScn }),
      numScnNotFoundStream: scnNotFound,
      numErrSources: sources.errors,
      numErrSourcesReq: sources.invalid,
      numErrRegister: register.errors,
      numErrRegisterReq: register.invalid,
      numErrStream: stream.errors,
      numErrStreamReq: stream.invalid,
      httpErrorRate: calls === 0 ? 0 : errors / calls,
      timestampLastResetMs: this.#resetMs,
      timeSinceLastResetMs: nowMs - this.#resetMs,
    }
  }

  /** The counters as metrics whose names begin with `prefix`. */
  metrics(prefix: string): Metric[] {
    const { peers, scnNotFound } = this.#counts
    return [
      ...(['sources', 'register', 'stream'] as const).flatMap((command) => this.#metricsOf(prefix, command)),
      {
        name: `${prefix}_scn_not_found_total`,
        help: 'Stream requests for an SCN that is no longer held.',
        type: 'counter',
        value: scnNotFound,
      },
      {
        name: `${prefix}_peers`,
        help: `Addresses of clients that have asked, counted up to ${this.#peersMax}.`,
        type: 'gauge',
        value: peers.size,
      },
    ]
  }

  #metricsOf(prefix: string, command: RequestName): Metric[] {
    const { calls, errors } = this.#counts[command]
    const counter = (name: string, help: string, value: number): Metric => ({
      name: `${prefix}_${name}`,
      help,
      type: 'counter',
      value,
      labels: { command },
    })
    return [
      counter('requests_total', 'Requests.', calls),
      counter('request_errors_total', 'Requests that failed.', errors),
    ]
  }
}

function begin(): Counts {
  const none = (): CommandCounts => ({ calls: 0, errors: 0, invalid: 0 })
  return {
    sources: none(),
    register: none(),
    stream: none(),
    peers: new Set(),
    scnNotFound: 0,
    endedStreams: 0,
    streamMs: 0,
    minStreamScn: undefined,
    maxStreamScn: undefined,
  }
}
