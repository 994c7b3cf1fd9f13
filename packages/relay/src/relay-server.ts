import { type HttpGuard, type Logger, openFilesMax, systemCodeOf } from '@aesop/kernel'
import {
  type RelayControl,
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

/** What the buffer of a physical source has taken in. */
export interface SourceInbound {
  readonly name: string
  readonly id: number
  readonly events: InboundEvents
}

export interface RelayServerOptions {
  readonly config: RelayConfig
  readonly guard: HttpGuard
  readonly sources: readonly ServedSource[]
  /** What the buffers of the sources have taken in, by the name and id of each. */
  readonly inbound: () => readonly SourceInbound[]
  readonly control: RelayControl
  readonly configuration: () => object
  readonly log: Logger
  readonly status: StreamServerOptions['status']
}

/** The HTTP server of a relay, and a note where it may have less than its configuration wants. */
export function makeServer(options: RelayServerOptions): { server: StreamServer; note: string | undefined } {
  const { config, guard, sources, inbound, control, configuration, log, status } = options
  const { host, port, healthPath, readTimeoutMs } = config
  const { limits, note } = serverLimits(config, openFilesMax(), LIMIT_SETTINGS)
  const containerStats: StreamServerOptions['containerStats'] = (category) => statsOf(inbound()).get(category)
  const server = new StreamServer({
    host,
    port,
    healthPath,
    readTimeoutMs,
    limits,
    guard,
    sources,
    containerStats,
    control,
    configuration,
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

/** Databus' categories of what came in. A total of several would be of SCNs that can't be compared: there is none then. */
function statsOf(inbound: readonly SourceInbound[]): ReadonlyMap<string, StatsPage | readonly string[]> {
  const pages = new Map<string, StatsPage | readonly string[]>()
  for (const { name, id, events } of inbound) {
    const page = { counts: events.totals.tally, toJson: (nowMs: number) => events.toJson(nowMs) }
    for (const form of [name, `${name}:${id}`, `${name}/${id}`]) pages.set(`inbound/events/psource/${form}`, page)
    if (inbound.length === 1) pages.set('inbound/events/total', page)
  }
  return pages.set(
    'inbound/events/psources',
    inbound.map(({ name, id }) => `${name}:${id}`),
  )
}
