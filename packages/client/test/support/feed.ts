import { Checkpoint } from '@aesop/checkpoint'
import { Dispatcher, type EventConsumer, onlineCallbacks, SourceCatalogue } from '@aesop/client'
import { EventDecoder, SCHEMA_CHANGE_SCHEMA } from '@aesop/event'
import { type Logger, silentLogger } from '@aesop/kernel'
import { CallbackTotals } from '@aesop/stats'
import { ADDRESS, CHANGES, PERSON, PERSON_SCHEMA, type TestWindow } from './person-stream.ts'

export const catalogue = new SourceCatalogue(
  [PERSON, ADDRESS, CHANGES],
  [
    ...[PERSON, ADDRESS].map(({ id }) => ({ id, version: 1, schema: PERSON_SCHEMA })),
    { id: CHANGES.id, version: 1, schema: SCHEMA_CHANGE_SCHEMA },
  ],
  CHANGES.id,
)

/** A dispatcher that is fed by hand, and what it acknowledged. */
export function feeding(
  consumer: EventConsumer,
  options: {
    since?: bigint
    timeBudgetMs?: number
    logicalSources?: readonly string[]
    onSourceQuarantined?: 'suspend' | 'continue'
    log?: Logger
  } = {},
): { dispatcher: Dispatcher; acknowledged: bigint[]; feed: (...windows: TestWindow[]) => Promise<number> } {
  const acknowledged: bigint[] = []
  const dispatcher = new Dispatcher({
    registration: 'people',
    logicalSources: options.logicalSources ?? [PERSON.name, ADDRESS.name],
    onSourceQuarantined: options.onSourceQuarantined ?? 'continue',
    callbacks: onlineCallbacks(consumer),
    checkpoint: options.since === undefined ? Checkpoint.flexible() : Checkpoint.online(options.since),
    begin: () => undefined,
    acknowledge: ({ windowScn }) => void acknowledged.push(windowScn),
    timeBudgetMs: options.timeBudgetMs ?? 0,
    totals: new CallbackTotals(),
    log: options.log ?? silentLogger,
  })
  dispatcher.bind(catalogue, () => Promise.resolve())
  return { dispatcher, acknowledged, feed: (...windows) => feedAll(dispatcher, windows) }
}

/** Dispatches windows and returns how many promises that took. */
async function feedAll(dispatcher: Dispatcher, windows: readonly TestWindow[]): Promise<number> {
  const decoder = new EventDecoder(1 << 20)
  let promises = 0
  for (const { bytes } of windows) {
    decoder.push(bytes)
    for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
      const pending = dispatcher.dispatch(view)
      if (pending === undefined) continue
      promises++
      await pending
    }
  }
  return promises
}
