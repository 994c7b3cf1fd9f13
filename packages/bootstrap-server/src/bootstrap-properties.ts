/** How a bootstrap server treats one `databus.bootstrap.*` key. Data only, so that descriptors can be checked without loading it. */
export type ServerProperty =
  | { readonly kind: 'integer'; readonly minimum: number; readonly maximum?: number; readonly description: string }
  | { readonly kind: 'boolean'; readonly description: string }
  | { readonly kind: 'text'; readonly pattern: string; readonly expected: string; readonly description: string }
  /** One of these values alone. */
  | { readonly kind: 'choice'; readonly values: readonly string[]; readonly description: string }
  /** Accepted without effect; the reason is logged once at the start. `values`: others are refused, for the same reason. */
  | { readonly kind: 'noted'; readonly reason: string; readonly values?: readonly string[] }
  /** The start fails with the reason: whoever wrote it would be misled. */
  | { readonly kind: 'refused'; readonly reason: string }

const PREFIX = 'databus.bootstrap.'
const PORT_MAX = 65_535
/** How Databus writes "always": the greatest number of rows. */
export const ROWS_ALWAYS = '9223372036854775807'

const noted = (reason: string, values?: readonly string[]): ServerProperty =>
  values === undefined ? { kind: 'noted', reason } : { kind: 'noted', reason, values }
const refused = (reason: string): ServerProperty => ({ kind: 'refused', reason })
const count = (minimum: number, description: string, maximum?: number): ServerProperty =>
  maximum === undefined ? { kind: 'integer', minimum, description } : { kind: 'integer', minimum, maximum, description }

const inStore = refused('the store is a bean of its own: store: { class: MysqlBootstrapStore, properties: { uri: … } }')
const ofProducer = noted('it is of the bootstrap producer')
const byNode = noted('Node serves all connections in one thread')
const byAdmin = noted('the admin server of the process takes its place')
const bypass: ServerProperty = {
  kind: 'choice',
  values: ['-1', ROWS_ALWAYS],
  description: `${ROWS_ALWAYS}, the default: a snapshot is left out where the log reaches back to what the client has. -1: never. Rows between are not counted.`,
}

/** Below `databus.bootstrap.db.`. */
const OF_STORE: Readonly<Record<string, ServerProperty>> = {
  bootstrapDBHostname: inStore,
  bootstrapDBName: inStore,
  bootstrapDBUsername: inStore,
  bootstrapDBPassword: inStore,
  bootstrapLogSize: ofProducer,
  bootstrapBatchSize: count(
    1,
    'Most rows of one answer. Left out: as many as fit into the bytes that a client asks for.',
  ),
  bootstrapSnapshotBatchSize: count(0, 'The same of a snapshot; 0: as bootstrapBatchSize says.'),
  bootstrapCatchupBatchSize: count(0, 'The same of the log; 0: as bootstrapBatchSize says.'),
  bootstrapDBStateCheck: noted('whoever opens the store checks it'),
  runApplierThreadOnStart: ofProducer,
  'container.httpPort': count(0, 'Port of the server; 0: any free one. Default 6060.', PORT_MAX),
  'container.host': { kind: 'text', pattern: '.', expected: 'an address', description: 'Default 127.0.0.1.' },
  'container.healthcheckPath': {
    kind: 'text',
    pattern: '^/?(?!(bootstrap|startSCN|targetSCN|config)(/|$))[\\w.-]+(/[\\w.-]+)*$',
    expected: 'a path of letters, digits, "_", "." and "-" that is none of the server\'s own',
    description: 'Path of the health check. Default admin.',
  },
  'container.readTimeoutMs': count(0, 'How long a request may take to arrive; 0: without a limit. Default 15000.'),
  'container.maxConnections': count(
    1,
    'Most connections at a time. Default 4096, or what the limit of open files leaves.',
  ),
  'container.maxPendingBytes': count(1_048_576, 'Most bytes that wait in all connections. Default 67108864.'),
  'container.bstReadTimeoutMs': noted('the server asks no other one'),
  'container.writeTimeoutMs': noted('an answer is at most 16 MiB and lies in memory'),
  'container.id': noted('beans are named by their descriptors'),
  'container.containerBaseDir': noted('no port file is written; the port is logged'),
  'container.enableHttpCompression': noted('answers are never compressed', ['false']),
  'container.runtimeConfigPropertyPrefix': noted('a running server is not reconfigured over HTTP'),
  'container.tcp.enabled': noted('there is no binary side protocol', ['false']),
  'container.tcp.port': noted('there is no binary side protocol'),
}

/** Of the server, below `databus.bootstrap.` or `databus.bootstrap.db.`. */
const OF_SERVER: Readonly<Record<string, ServerProperty>> = {
  enableMinScnCheck: noted(
    'a client that rows alone can not bring up to date is always told: it would keep rows that were deleted',
  ),
  defaultRowsThresholdForSnapshotBypass: bypass,
  predicatePushDown: noted('filters look at what the store gave'),
  queryTimeoutInSec: noted('one answer looks at a bounded number of rows'),
  longestDbTxnTimeMins: noted('windows enter the store whole, in the order of their SCNs'),
}

const FAMILIES: readonly (readonly [RegExp, ServerProperty])[] = [
  [/^(db\.)?rowsThresholdForSnapshotBypass\([^)]+\)$/, bypass],
  [
    /^(db\.)?disableSnapshotBypass\([^)]+\)$/,
    { kind: 'boolean', description: 'true: a snapshot of this source is never left out.' },
  ],
  [/^(db\.)?predicatePushDownBypass\([^)]+\)$/, noted('filters look at what the store gave')],
  [/^(db\.)?container\.jmx\./, byAdmin],
  [/^db\.container\.runtime\./, byNode],
  [/^container\./, refused('that of this server is databus.bootstrap.db.container.')],
  [/^(db\.)?retryTimer\./, noted('a store that failed is asked again by the next request')],
  [/^(db\.)?cleaner\./, ofProducer],
  [/^(db\.)?client\./, noted("the server is nobody's client")],
]

const PROPERTIES: Readonly<Record<string, ServerProperty>> = Object.fromEntries([
  ...Object.entries(OF_STORE).map(([name, property]) => [`db.${name}`, property] as const),
  ...Object.entries(OF_SERVER).flatMap(([name, property]) => [
    [name, property] as const,
    [`db.${name}`, property] as const,
  ]),
])

/** What becomes of a key; undefined: nobody knows it. The prefix `databus.bootstrap.` is part of a key. */
export function serverPropertyOf(key: string): ServerProperty | undefined {
  if (!key.startsWith(PREFIX)) return undefined
  const name = key.slice(PREFIX.length)
  const known = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined
  return known ?? FAMILIES.find(([pattern]) => pattern.test(name))?.[1]
}

/** Every key that has a fixed name. */
export const serverKeys: readonly string[] = Object.keys(PROPERTIES).map((name) => PREFIX + name)

/** The same as JSON Schemas of the values, for descriptors. */
export const serverPropertySchemas: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(PROPERTIES).map(([name, property]) => [PREFIX + name, schemaOf(property)]),
)

/** Keys of families, by their pattern. */
export const serverFamilySchemas: Readonly<Record<string, object>> = Object.fromEntries(
  FAMILIES.map(([pattern, property]) => [`^databus\\.bootstrap\\.${pattern.source.slice(1)}`, schemaOf(property)]),
)

/** What is refused passes a check, so that the start says why. */
function schemaOf(property: ServerProperty): object {
  switch (property.kind) {
    case 'integer': {
      const { minimum, maximum, description } = property
      return { type: 'integer', minimum, ...(maximum === undefined ? {} : { maximum }), description }
    }
    case 'boolean':
      return { type: 'boolean', description: property.description }
    case 'text':
      return { type: 'string', pattern: property.pattern, description: property.description }
    case 'choice':
      return { type: ['string', 'integer'], description: property.description }
    case 'noted':
      return { type: ['string', 'number', 'boolean'], description: `Without effect: ${property.reason}.` }
    case 'refused':
      return { type: ['string', 'number', 'boolean'], description: `Refused: ${property.reason}.` }
  }
}
