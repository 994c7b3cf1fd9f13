/** How a bootstrap producer treats one `databus.bootstrap.*` key. Data only, so that descriptors can be checked without loading it. */
export type BootstrapProperty =
  | { readonly kind: 'integer'; readonly minimum: number; readonly maximum?: number; readonly description: string }
  | { readonly kind: 'number'; readonly minimum: number; readonly description: string }
  /** Accepted without effect; the reason is logged once at the start. */
  | { readonly kind: 'noted'; readonly reason: string }
  /** The start fails with the reason: whoever wrote it would be misled. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Only this value is accepted, and has no effect. */
  | { readonly kind: 'only'; readonly value: string; readonly reason: string }

const PREFIX = 'databus.bootstrap.'
/** The longest interval that Node has: one that is longer would be one millisecond. */
const TIMER_MS_MAX = 2 ** 31 - 1

const noted = (reason: string): BootstrapProperty => ({ kind: 'noted', reason })
const refused = (reason: string): BootstrapProperty => ({ kind: 'refused', reason })
const inStore = refused('the store is a bean of its own: store: { class: MysqlBootstrapStore, properties: { uri: … } }')
const ofServer = noted('it is of the bootstrap server')
const byAdmin = noted('the admin server of the process takes its place')
const milliseconds = (description: string): BootstrapProperty => ({
  kind: 'integer',
  minimum: 0,
  maximum: TIMER_MS_MAX,
  description,
})

const PROPERTIES: Readonly<Record<string, BootstrapProperty>> = {
  bootstrapDBHostname: inStore,
  bootstrapDBName: inStore,
  bootstrapDBUsername: inStore,
  bootstrapDBPassword: inStore,
  bootstrapLogSize: {
    kind: 'integer',
    minimum: 1,
    description:
      'Rows of one log: the next one begins at the end of a window. Left out: a log has 256 MiB, or what came in an hour.',
  },
  bootstrapBatchSize: ofServer,
  bootstrapSnapshotBatchSize: ofServer,
  bootstrapCatchupBatchSize: ofServer,
  bootstrapDBStateCheck: noted('whoever opens the store checks it'),
  runApplierThreadOnStart: {
    kind: 'only',
    value: 'true',
    reason: 'without the applier the tables of the store would stand still, and nobody could be served',
  },
  'retryTimer.initSleep': milliseconds('First wait before a store that failed is asked again. Default 100.'),
  'retryTimer.maxSleep': milliseconds('Longest wait. Default 5000.'),
  'retryTimer.sleepIncFactor': { kind: 'number', minimum: 1, description: 'How waits grow. Default 2.' },
  'retryTimer.sleepIncDelta': milliseconds('What is added to each wait. Default 0.'),
  'retryTimer.maxRetryNum': {
    kind: 'only',
    value: '-1',
    reason: 'a store is asked again for ever: what it was not given is lost to nobody',
  },
  enableMinScnCheck: ofServer,
  defaultRowsThresholdForSnapshotBypass: ofServer,
  predicatePushDown: ofServer,
  queryTimeoutInSec: ofServer,
  longestDbTxnTimeMins: noted('transactions of the store are bounded by their bytes'),
}

/** Families of keys: what stands in parentheses, or between dots, is free. */
const FAMILIES: readonly (readonly [RegExp, BootstrapProperty])[] = [
  [/^container\./, byAdmin],
  [/^db\./, ofServer],
  [
    /^cleaner\./,
    refused('logs are of a physical source, and not of a table: retention of bootstrapProducerConfig bounds them'),
  ],
  [/^client\.runtime\./, refused('name the relays in the property relays')],
  [/^client\.connectionDefaults\.pullerRetries\./, noted('relays are asked again for ever, after 100 ms to 30 s')],
  [
    /^client\.connectionDefaults\.dispatcherRetries\./,
    noted('retryTimer says when a store that failed is asked again'),
  ],
  [/^client\.connectionDefaults\.eventBuffer\./, noted('windows are written as they come, there is no buffer to fill')],
  [/^client\.checkpointPersistence\./, noted('the place is kept in the store, beside the windows')],
  [/^client\.container\./, byAdmin],
  [/^(rowsThresholdForSnapshotBypass|disableSnapshotBypass|predicatePushDownBypass)\(.+\)$/, ofServer],
  [
    /^dataSources\.sequenceNumbersHandler\./,
    refused('the place is kept in the store; one that is empty begins with the oldest window of the relay'),
  ],
]

/** What becomes of a key; undefined: nobody knows it. The prefix `databus.bootstrap.` is part of a key. */
export function bootstrapPropertyOf(key: string): BootstrapProperty | undefined {
  if (!key.startsWith(PREFIX)) return undefined
  const name = key.slice(PREFIX.length)
  const known = Object.hasOwn(PROPERTIES, name) ? PROPERTIES[name] : undefined
  return known ?? FAMILIES.find(([pattern]) => pattern.test(name))?.[1]
}

/** Every key that has a fixed name. */
export const bootstrapKeys: readonly string[] = Object.keys(PROPERTIES).map((name) => PREFIX + name)

/** The same as JSON Schemas of the values, for descriptors. */
export const bootstrapPropertySchemas: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(PROPERTIES).map(([name, property]) => [PREFIX + name, schemaOf(property)]),
)

/** Keys of families, by their pattern. */
export const bootstrapFamilySchemas: Readonly<Record<string, object>> = Object.fromEntries(
  FAMILIES.map(([pattern, property]) => [`^databus\\.bootstrap\\.${pattern.source.slice(1)}`, schemaOf(property)]),
)

function schemaOf(property: BootstrapProperty): object {
  switch (property.kind) {
    case 'integer':
    case 'number': {
      const { kind: type, minimum, description } = property
      const maximum = 'maximum' in property ? { maximum: property.maximum } : {}
      return { type, minimum, ...maximum, description }
    }
    case 'noted':
      return { type: ['string', 'number', 'boolean'], description: `Without effect: ${property.reason}.` }
    case 'only':
      return { type: ['string', 'number', 'boolean'], description: `Only ${property.value}: ${property.reason}.` }
    case 'refused':
      return { type: ['string', 'number', 'boolean'], description: `Refused: ${property.reason}.` }
  }
}
