/** First segment of the URL path: the command, as Databus names it. */
export const paths = {
  sources: '/sources',
  register: '/register',
  stream: '/stream',
  bootstrap: '/bootstrap',
  startScn: '/startSCN',
  targetScn: '/targetSCN',
  physicalSources: '/physicalSources',
  bufferInfo: '/bufferInfo',
  containerStats: '/containerStats',
  relayStats: '/relayStats',
  javaStats: '/javaStats',
  physicalBuffers: '/physicalBuffers',
  config: '/config',
  controlSources: '/controlSources',
  relayCommand: '/relayCommand',
  /** Ours: where somebody begins who has no place yet. */
  startPlace: '/startPlace',
  /** Ours: rows of a table as they are, and what is known of it before. */
  snapshot: '/snapshot',
  snapshotTable: '/snapshotTable',
} as const

/** Names of the query parameters. `follow` and `startFrom` are ours; every other name is Databus'. */
export const parameters = {
  sources: 'sources',
  subscriptions: 'subs',
  checkpoint: 'checkPoint',
  checkpointMult: 'checkPointMult',
  size: 'size',
  output: 'output',
  filters: 'filters',
  streamFromLatestScn: 'streamFromLatestScn',
  eventVersionMax: 'maxev',
  protocolVersion: 'protocolVersion',
  version: 'v',
  compress: 'compress',
  /** Of statistics: `reset` with PUT or POST begins the counts anew, `enabled` ends and begins counting. */
  reset: 'reset',
  enabled: 'enabled',
  pretty: 'pretty',
  /** Milliseconds that the relay keeps the response streaming; it ends at a window boundary. */
  follow: 'follow',
  /** Of `/startPlace`: `earliest`, `latest` or milliseconds since 1970. */
  startFrom: 'startFrom',
  /** Of `/snapshot`: the place that the chunk before ended with, rows at most, and a condition. */
  after: 'after',
  rows: 'rows',
  where: 'where',
  /** Of `/targetSCN`: one logical source. */
  source: 'source',
  /** Of `/bootstrap`. */
  batchSize: 'batchSize',
  filter: 'filter',
  /** Ours, of requests of a bootstrap: `true` where SchemaChange events are taken. */
  schemaChanges: 'schemaChanges',
} as const

/** Names of headers and trailers, in lower case as node:http delivers them. */
export const headers = {
  error: 'x-dbus-error',
  errorMessage: 'x-dbus-error-message',
  errorCause: 'x-dbus-error-cause',
  errorCauseMessage: 'x-dbus-error-cause-message',
  pendingEventSize: 'x-dbus-pending-event-size',
  protocolVersion: 'x-dbus-protocol-version',
  clientHost: 'x-dbus-client-host',
  clientService: 'x-dbus-client-service',
  serverHost: 'x-dbus-server-host',
  serverService: 'x-dbus-server-service',
  requestId: 'x-dbus-req-id',
  requestLatency: 'x-dbus-req-latency',
  /** A trailer: the status of a response that failed after its first byte. */
  responseCode: 'x-databus-response-code',
  /** Ours, on `/stream` for a flexible checkpoint: the SCN after which the answer begins, as the buffer knows it. */
  previousScn: 'x-aesop-previous-scn',
  /** Ours, on every answer of a relay that knows it: the SCN space that its SCNs are of. */
  scnSpace: 'x-aesop-scn-space',
  /** Ours, of `/snapshot`: `atScn`, `visibleScn`, `next` and `readMs` of the chunk, and how many rows it has. */
  snapshotAt: 'x-aesop-snapshot-at',
  snapshotVisible: 'x-aesop-snapshot-visible',
  snapshotNext: 'x-aesop-snapshot-next',
  snapshotRows: 'x-aesop-snapshot-rows',
  snapshotReadMs: 'x-aesop-snapshot-read-ms',
  /** Of a bootstrap server: the address that its places belong to. */
  bootstrapServer: 'x-dbus2-bs-hostport',
  /** Ours, of a bootstrap server: id of the store that its places belong to. */
  bootstrapStore: 'x-aesop-bootstrap-store',
  /** Of `/bootstrap`: `TRUE` with the last events of a phase. */
  phaseCompleted: 'phasecompleted',
} as const

/** What the client asks for when nothing else was said. */
export const protocolDefaults = {
  protocolVersion: 2,
  registerProtocolVersion: 3,
  /** Newest event version that we read: 0 is the version 1 of the event layout. */
  eventVersionMax: 0,
} as const
