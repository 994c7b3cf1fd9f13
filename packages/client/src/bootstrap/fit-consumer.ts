import { type EventConsumer } from '../consumer.ts'

/** What is asked of a consumer in a bootstrap, beyond what the stream asks of it. */
export interface ConsumerNeeds {
  /** It may be given a whole snapshot in the place of what it has. */
  readonly forgets?: boolean
  /** It says itself what is done. */
  readonly acknowledges?: boolean
}

/** Why a consumer can't be bootstrapped as it is; undefined: it can. */
export function faultOfConsumer(consumer: EventConsumer, { forgets, acknowledges }: ConsumerNeeds): string | undefined {
  if (forgets === true && consumer.onStartBootstrap === undefined)
    return 'has no onStartBootstrap, which is told to forget what it has: a whole snapshot has no deletes'
  if (acknowledges === true && consumer.onBootstrapCheckpoint === undefined)
    return 'acknowledges windows itself (acknowledge: consumer), and has no onBootstrapCheckpoint, which says in a bootstrap that a batch is done'
  return undefined
}
