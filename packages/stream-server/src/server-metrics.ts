import { type Metric } from '@aesop/kernel'
import { type StreamServer } from './stream-server.ts'

/** What a server has and has done: each bound with what it bounds, and how often it refused. */
export function serverMetrics(server: StreamServer, prefix: string): Metric[] {
  const { connections, limits, streams } = server
  const gauge = (name: string, help: string, value: number): Metric => {
    return { name: `${prefix}_${name}`, help, type: 'gauge', value }
  }
  const counter = (name: string, help: string, value: number): Metric => {
    return { name: `${prefix}_${name}_total`, help, type: 'counter', value }
  }
  return [
    ...server.requests.metrics(prefix),
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
    gauge('streams', 'Stream responses that are open.', streams.size),
    gauge('streams_max', 'Most stream responses at a time.', limits.streams),
    counter('streams_refused', 'Streams that were refused because there were too many.', streams.refused),
    gauge('pending_bytes', 'Bytes that wait in all connections for their readers.', server.pendingBytes),
    gauge('pending_bytes_max', 'Most bytes that wait in all connections.', limits.pendingBytes),
    counter('streamed_bytes', 'Bytes of ended streams.', streams.sentBytes),
    ...readerMetrics(server, prefix),
  ]
}

/** Of each reader that has a place: where it stands, and how far behind. */
function readerMetrics({ streams }: StreamServer, prefix: string): Metric[] {
  return streams.readers().flatMap(({ client, peer, physicalSource, servedFrom, scn, lagScn, lagBytes, lagMs }) => {
    const labels = { client, peer, physicalSource }
    const gauge = (name: string, help: string, value: number | bigint | undefined): Metric[] =>
      value === undefined
        ? []
        : [{ name: `${prefix}_reader_${name}`, help, type: 'gauge', value: Number(value), labels }]
    return [
      ...gauge(
        'late',
        'Whether it is served from the log of the source, because the buffer has its windows no more.',
        servedFrom === 'log' ? 1 : 0,
      ),
      ...gauge('scn', 'SCN of the last window that an open stream has read.', scn),
      ...gauge('lag_scn', 'How far that is from the newest SCN.', lagScn),
      ...gauge('lag_bytes', 'Bytes of the windows that follow it.', lagBytes),
      ...gauge('lag_ms', 'Milliseconds since the commit of the oldest change that it has still to read.', lagMs),
    ]
  })
}
