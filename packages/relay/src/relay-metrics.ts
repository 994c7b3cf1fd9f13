import { type EventBuffer } from '@aesop/buffer'
import { type Metric } from '@aesop/kernel'
import { type RelayServer } from './relay-server.ts'

/** What the server of a relay has and has done: each bound with what it bounds, and how often it refused. */
export function relayMetrics(server: RelayServer, buffer: EventBuffer): Metric[] {
  const { connections, limits } = server
  const gauge = (name: string, help: string, value: number): Metric => metric('gauge', name, help, value)
  const counter = (name: string, help: string, value: number): Metric => metric('counter', `${name}_total`, help, value)
  return [
    ...server.requests.metrics('aesop_relay'),
    gauge('connections', 'Connections that are open.', connections.open),
    gauge('connections_max', 'Most connections at a time.', limits.connections),
    counter(
      'connections_refused',
      'Connections that were refused because there were too many.',
      connections.refusedTotal,
    ),
    counter(
      'accept_failures',
      'Connections that the system could not give, for want of descriptors.',
      connections.acceptFailures,
    ),
    gauge('streams', 'Stream responses that are open.', server.streams),
    gauge('streams_max', 'Most stream responses at a time.', limits.streams),
    counter('streams_refused', 'Streams that were refused because there were too many.', server.refusedStreams),
    gauge('pending_bytes', 'Bytes that wait in all connections for their readers.', server.pendingBytes),
    gauge('pending_bytes_max', 'Most bytes that wait in all connections.', limits.pendingBytes),
    gauge('buffer_bytes', 'Bytes of the segments of the event buffer.', buffer.heldBytes),
    counter('streamed_bytes', 'Bytes of ended streams.', server.streamedBytes),
  ]
}

function metric(type: Metric['type'], name: string, help: string, value: number): Metric {
  return { name: `aesop_relay_${name}`, help, type, value }
}
