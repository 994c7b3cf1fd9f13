import { knownClientProperties, treatmentOf } from '@aesop/client/properties'

/** What becomes of a key of `databus.bootstrap.*` in a blocking bootstrap. Data only, so that descriptors can be checked without loading one. */
export type BlockingTreatment =
  | { readonly kind: 'integer'; readonly min: number }
  | { readonly kind: 'text' }
  /** As the client's key of the same words, below `databus.client.`. */
  | { readonly kind: 'client'; readonly key: string }
  /** Accepted without effect; the reason is logged once at the start. */
  | { readonly kind: 'noted'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

const PREFIX = 'databus.bootstrap.'
const CONSUMER = /^connectionDefaults\.(dispatcherRetries\.|consumerTimeBudgetMs$)/
const noStore = 'a blocking bootstrap has no store: it reads the tables and gives them to its consumers'
const noServer = 'a blocking bootstrap serves nobody; the admin server of the process shows it'

/** How much it takes from the keys of relays: where a source begins, and where that is kept. */
const SOURCE: Readonly<Record<string, BlockingTreatment>> = {
  'dataSources.sequenceNumbersHandler.file.initVal': { kind: 'integer', min: -1 },
  'dataSources.sequenceNumbersHandler.file.scnDir': { kind: 'text' },
  'dataSources.sequenceNumbersHandler.file.key': {
    kind: 'noted',
    reason: 'the file is named after the physical source',
  },
  'dataSources.sequenceNumbersHandler.file.flushItvl': {
    kind: 'noted',
    reason: 'what is done is saved at most every 100 ms and at the stop',
  },
  'schemaRegistry.type': { kind: 'noted', reason: 'schemas are files' },
  'schemaRegistry.fileSystem.schemaDir': { kind: 'text' },
}

const FAMILIES: readonly (readonly [RegExp, BlockingTreatment])[] = [
  [/^db\./, { kind: 'refused', reason: 'it is of a bootstrap server: give it to the container bootstrap' }],
  [/^bootstrap(DB|Log|Batch|Snapshot|Catchup)\w*$/, { kind: 'noted', reason: noStore }],
  [/^(runApplierThreadOnStart|cleaner\..*|retryTimer\..*)$/, { kind: 'noted', reason: noStore }],
  [
    /^(enableMinScnCheck|(defaultRowsThresholdForSnapshotBypass|rowsThresholdForSnapshotBypass|disableSnapshotBypass)(\([^)]*\))?|predicatePushDown\w*(\([^)]*\))?|queryTimeoutInSec|longestDbTxnTimeMins)$/,
    { kind: 'noted', reason: noStore },
  ],
  [/^(container|eventBuffer|httpStatsCollector)\./, { kind: 'noted', reason: noServer }],
  [/^client\./, { kind: 'noted', reason: 'its consumers read no relay' }],
]

/** What becomes of a key; undefined: nobody knows it. The prefix `databus.bootstrap.` is part of a key. */
export function blockingTreatmentOf(key: string): BlockingTreatment | undefined {
  if (!key.startsWith(PREFIX)) return undefined
  const name = key.slice(PREFIX.length)
  if (Object.hasOwn(SOURCE, name)) return SOURCE[name]
  if (name.startsWith('client.') && CONSUMER.test(name.slice('client.'.length))) {
    const client = `databus.${name}`
    return treatmentOf(client) === undefined ? undefined : { kind: 'client', key: client }
  }
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1]
}

/** Keys whose names are fixed and that act. */
export function knownBlockingProperties(): readonly string[] {
  const ofConsumers = knownClientProperties()
    .map((key) => key.slice('databus.client.'.length))
    .filter((name) => CONSUMER.test(name))
  return [...Object.keys(SOURCE), ...ofConsumers.map((name) => `client.${name}`)].map((name) => PREFIX + name)
}

/** Keys whose names are not fixed, as patterns for descriptors; what is refused is refused when the bean is made. */
export const blockingKeyFamilies: Readonly<Record<string, object>> = Object.fromEntries(
  FAMILIES.map(([pattern, treatment]) => [
    `^databus\\.bootstrap\\.${pattern.source.slice(1)}`,
    {
      description: `${treatment.kind === 'refused' ? 'Refused' : 'Without effect'}: ${'reason' in treatment ? treatment.reason : ''}.`,
    },
  ]),
)
