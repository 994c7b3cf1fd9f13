import { type Metric } from '@aesop/kernel'

/** The requests that a relay counts apart. */
export type RequestName = 'sources' | 'register' | 'stream'

/** Counters of requests, with the names of Databus' `DbusHttpTotalStats`. */
export class RequestTotals {
  numSourcesCalls = 0
  numRegisterCalls = 0
  numStreamCalls = 0
  /** Milliseconds, a sum over all stream calls that have ended. */
  latencyStreamCalls = 0
  /** Clients that are connected now. */
  numPeers = 0
  minStreamWinScn = -1n
  maxStreamWinScn = -1n
  numScnNotFoundStream = 0
  numErrSources = 0
  numErrRegister = 0
  numErrStream = 0
  numErrSourcesReq = 0
  numErrRegisterReq = 0
  numErrStreamReq = 0

  called(name: RequestName): void {
    if (name === 'sources') this.numSourcesCalls++
    else if (name === 'register') this.numRegisterCalls++
    else this.numStreamCalls++
  }

  /** A request failed; `invalid` when the request itself was wrong. */
  failed(name: RequestName, invalid: boolean): void {
    if (name === 'sources') this.numErrSources++
    else if (name === 'register') this.numErrRegister++
    else this.numErrStream++
    if (!invalid) return
    if (name === 'sources') this.numErrSourcesReq++
    else if (name === 'register') this.numErrRegisterReq++
    else this.numErrStreamReq++
  }

  scnNotFound(): void {
    this.numScnNotFoundStream++
  }

  /** A stream call from this SCN has ended after `latencyMs`. */
  streamEnded(sinceScn: bigint, latencyMs: number): void {
    this.latencyStreamCalls += latencyMs
    if (this.minStreamWinScn < 0n || sinceScn < this.minStreamWinScn) this.minStreamWinScn = sinceScn
    if (sinceScn > this.maxStreamWinScn) this.maxStreamWinScn = sinceScn
  }

  /** What `/relayStats/outbound/http/total` shows. */
  toJson(): Readonly<Record<string, unknown>> {
    const calls = this.numSourcesCalls + this.numRegisterCalls + this.numStreamCalls
    const errors = this.numErrSources + this.numErrRegister + this.numErrStream
    return { ...Object.fromEntries(Object.entries(this)), httpErrorRate: calls === 0 ? 0 : errors / calls }
  }

  /** The counters as metrics whose names begin with `prefix`. */
  metrics(prefix: string): Metric[] {
    const rows: readonly [RequestName, number, number][] = [
      ['sources', this.numSourcesCalls, this.numErrSources],
      ['register', this.numRegisterCalls, this.numErrRegister],
      ['stream', this.numStreamCalls, this.numErrStream],
    ]
    return [
      ...rows.flatMap(([command, calls, errors]): Metric[] => [
        { name: `${prefix}_requests_total`, help: 'Requests.', type: 'counter', value: calls, labels: { command } },
        {
          name: `${prefix}_request_errors_total`,
          help: 'Requests that failed.',
          type: 'counter',
          value: errors,
          labels: { command },
        },
      ]),
      {
        name: `${prefix}_scn_not_found_total`,
        help: 'Stream requests for an SCN that is no longer held.',
        type: 'counter',
        value: this.numScnNotFoundStream,
      },
      { name: `${prefix}_peers`, help: 'Clients that are connected.', type: 'gauge', value: this.numPeers },
    ]
  }
}
