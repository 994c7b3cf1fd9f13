import { type HttpGuard, type Logger, openFilesMax, systemCodeOf } from '@aesop/kernel'
import {
  type ServedSource,
  serverLimits,
  type StatsPage,
  StreamServer,
  type StreamServerOptions,
} from '@aesop/stream-server'
import { RelayListenError, RelayPortInUseError } from './errors.ts'
import { type InboundEvents } from './inbound-events.ts'
import { type RelayConfig } from './relay-config.ts'

const LIMIT_SETTINGS = {
  connections: 'databus.relay.container.maxConnections',
  streams: 'databus.relay.container.maxStreams',
  pendingBytes: 'databus.relay.container.maxPendingBytes',
} as const

export interface RelayServerOptions {
  readonly config: RelayConfig
  readonly guard: HttpGuard
  readonly sources: readonly ServedSource[]
  /** What the buffers of the sources have taken in. */
  readonly inbound: readonly InboundEvents[]
  readonly log: Logger
  readonly status: StreamServerOptions['status']
}

/** The HTTP server of a relay, and a note where it may have less than its configuration wants. */
export function makeServer(options: RelayServerOptions): { server: StreamServer; note: string | undefined } {
  const { config, guard, sources, inbound, log, status } = options
  const { host, port, healthPath, readTimeoutMs } = config
  const { limits, note } = serverLimits(config, openFilesMax(), LIMIT_SETTINGS)
  const containerStats = statsOf(inbound)
  const server = new StreamServer({
    host,
    port,
    healthPath,
    readTimeoutMs,
    limits,
    guard,
    sources,
    containerStats,
    log,
    status,
  })
  return { server, note }
}

/** @returns the port. @throws RelayPortInUseError, RelayListenError */
export async function listen(server: StreamServer, { host, port }: RelayConfig): Promise<number> {
  try {
    return await server.listen()
  } catch (cause) {
    if (systemCodeOf(cause) === 'EADDRINUSE') throw new RelayPortInUseError(host, port, cause)
    throw new RelayListenError(host, port, cause)
  }
}

/** A total of several would be of SCNs that can't be compared. */
function statsOf([only, ...others]: readonly InboundEvents[]): ReadonlyMap<string, StatsPage> {
  if (only === undefined || others.length > 0) return new Map()
  const page = { counts: only.totals.tally, toJson: (nowMs: number) => only.toJson(nowMs) }
  return new Map([['inbound/events/total', page]])
}
