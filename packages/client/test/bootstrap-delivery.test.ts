import { type BootstrapPlace, bootstrapPlaceOf } from '@aesop/checkpoint'
import {
  bootstrapMachine,
  type ChangeEvent,
  ConsumerCallbackResult,
  type EventConsumer,
  type Result,
} from '@aesop/client'
import { EventView } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { describe, expect, it } from 'vitest'
import { BootstrapDelivery } from '../src/bootstrap/bootstrap-delivery.ts'
import { bootstrapCallbacks } from '../src/delivery-callbacks.ts'
import { Delivery } from '../src/delivery.ts'
import { catalogue } from './support/feed.ts'
import { ADDRESS, PERSON, windowOf } from './support/person-stream.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'

const SOURCES = [PERSON.name, ADDRESS.name]
const retries = { initSleepMs: 3, sleepIncFactor: 1, sleepIncDeltaMs: 0, maxSleepMs: 3, maxRetryNum: 1 }
const policy = { retries, exhausted: 'stop' as const }

const begun = bootstrapMachine.newBootstrap(0n, undefined, {
  sources: SOURCES,
  servers: ['one:1'],
  retries,
  retriesBeforeRestart: 1,
  onTooYoung: 'suspend',
  batchBytes: 1000,
}).place
const at = (snapshotOffset: bigint): BootstrapPlace => ({ ...begun, startScn: 50n, server: 'one:1', snapshotOffset })

/** A consumer with every callback of a bootstrap. */
class Bootstrapped extends RecordingConsumer {
  #told(line: string, signal: AbortSignal): Result {
    this.trace.push(line)
    return this.on(line, signal)
  }
  onStartBootstrap(signal: AbortSignal, { complete }: { complete: boolean }): Result {
    return this.#told(`bootstrap${complete ? ' complete' : ''}`, signal)
  }
  onStopBootstrap(signal: AbortSignal): Result {
    return this.#told('bootstrap done', signal)
  }
  onBootstrapEvent(event: ChangeEvent, signal: AbortSignal): Result {
    return this.#told(`b-row ${event.scn} ${String(event.key)}`, signal)
  }
  onStartBootstrapSequence(scn: bigint, signal: AbortSignal): Result {
    return this.#told(`b-window ${scn}`, signal)
  }
  onEndBootstrapSequence(scn: bigint, signal: AbortSignal): Result {
    return this.#told(`b-end ${scn}`, signal)
  }
  onStartBootstrapSource({ name }: { name: string }, signal: AbortSignal): Result {
    return this.#told(`b-source ${name}`, signal)
  }
  onEndBootstrapSource({ name }: { name: string }, signal: AbortSignal): Result {
    return this.#told(`b-end of ${name}`, signal)
  }
  onBootstrapCheckpoint(scn: bigint, signal: AbortSignal): Result {
    return this.#told(`b-checkpoint ${scn}`, signal)
  }
  onBootstrapRollback(scn: bigint, signal: AbortSignal): Result {
    return this.#told(`b-rollback ${scn}`, signal)
  }
}

function delivering(consumer: EventConsumer): { delivery: BootstrapDelivery; kept: bigint[] } {
  const kept: bigint[] = []
  const budget = new Delivery({
    policy: { online: policy, bootstrap: policy, saveRetries: retries },
    log: silentLogger,
    random: () => 0,
    nowMs: () => 0,
  })
  budget.enter('bootstrap')
  const delivery = new BootstrapDelivery({
    registration: 'people',
    logicalSources: SOURCES,
    onSourceQuarantined: 'suspend',
    callbacks: bootstrapCallbacks(consumer),
    keep: (checkpoint) => {
      kept.push(bootstrapPlaceOf(checkpoint)?.snapshotOffset ?? -9n)
      return Promise.resolve()
    },
    delivery: budget,
    timeBudgetMs: 0,
    log: silentLogger,
  })
  delivery.bind(catalogue, () => Promise.resolve())
  return { delivery, kept }
}

/** Gives events, without the end of their window. */
async function give(
  delivery: BootstrapDelivery,
  place: BootstrapPlace,
  ...window: Parameters<typeof windowOf>
): Promise<void> {
  const { bytes, ends } = windowOf(...window)
  const view = new EventView()
  for (const offset of [0, ...ends.slice(0, -2)]) await delivery.take(view.moveTo(bytes, offset), place)
}

describe('what a bootstrap brings', () => {
  it('is given by the callbacks of a bootstrap, a sequence for each batch, the place kept behind it', async () => {
    const consumer = new Bootstrapped()
    const { delivery, kept } = delivering(consumer)
    await delivery.begin(begun, true)
    await give(delivery, at(0n), 20n, [
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ])
    await give(delivery, at(0n), 7n, [{ id: 3, name: 'c', source: ADDRESS }])
    await delivery.batchEnds(at(3n))
    await delivery.batchEnds(at(4n))
    await delivery.end()
    expect(consumer.trace).toEqual([
      'bootstrap complete',
      'b-window 50',
      'b-source or_test.person',
      'b-row 20 1',
      'b-row 20 2',
      'b-end of or_test.person',
      'b-source or_test.address',
      'b-row 7 3',
      'b-end of or_test.address',
      'b-end 50',
      'b-checkpoint 50',
      'b-checkpoint 50',
      'bootstrap done',
    ])
    expect(kept).toEqual([0n, 3n, 4n])
  })

  it('is given by those of the stream to a consumer that has no others, but of start and stop', async () => {
    const consumer = new RecordingConsumer()
    const { delivery } = delivering(consumer)
    await delivery.begin(begun, true)
    await give(delivery, at(0n), 20n, [{ id: 1, name: 'a' }])
    await delivery.batchEnds(at(1n))
    await delivery.end()
    const rows = ['window 50', 'source or_test.person', 'row 20 or_test.person 1', 'end of or_test.person', 'end 50']
    expect(consumer.trace).toEqual([...rows, 'checkpoint 50'])
  })

  it('keeps its place before the consumer is told to forget what it has', async () => {
    const consumer = new Bootstrapped()
    const { delivery, kept } = delivering(consumer)
    consumer.on = () => {
      expect(kept).toEqual([0n])
    }
    await delivery.begin(begun, true)
    expect(consumer.trace).toEqual(['bootstrap complete'])
  })

  it('comes again from the place that was kept, after a roll-back, as often as the budget allows', async () => {
    const consumer = new Bootstrapped()
    const { delivery, kept } = delivering(consumer)
    await delivery.begin(begun, true)
    await give(delivery, at(0n), 20n, [{ id: 1, name: 'a' }])
    await delivery.batchEnds(at(1n))
    consumer.on = (line) => (line.startsWith('b-checkpoint') ? ConsumerCallbackResult.SKIP_CHECKPOINT : undefined)
    await delivery.batchEnds(at(2n))
    expect(kept).toEqual([0n, 1n])
    consumer.on = (line) => (line === 'b-row 21 2' ? ConsumerCallbackResult.ERROR : undefined)
    const failing = (): Promise<unknown> =>
      give(delivery, at(2n), 21n, [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ]).catch((error: unknown) => error)
    const failure = await failing()
    expect(failure).toMatchObject({ fields: { callback: 'onBootstrapEvent', scn: 21n, ordinal: 1 } })
    expect(delivery.failed(failure)).toEqual({ kind: 'again', place: at(1n), delayMs: 3 })
    consumer.trace.length = 0
    const again = await failing()
    expect(consumer.trace.slice(0, 3)).toEqual(['b-rollback 50', 'b-window 50', 'b-source or_test.person'])
    expect(delivery.failed(again)).toMatchObject({
      kind: 'stop',
      error: { code: 'AESOP_CLIENT_CONSUMER_RETRIES_EXHAUSTED' },
    })
  })

  it('goes back where the server breaks a batch off, and nowhere between batches', async () => {
    const consumer = new Bootstrapped()
    const { delivery } = delivering(consumer)
    await delivery.begin(begun, false)
    const fault = await give(delivery, at(0n), 20n, [{ id: 1, name: 'a', source: { id: 99, name: 'x' } }]).catch(
      (error: unknown) => error,
    )
    expect(fault).toMatchObject({ code: 'AESOP_CLIENT_EVENT_ORDER' })
    expect(delivery.failed(fault)).toBeUndefined()
    expect(delivery.brokeOff()).toEqual(begun)
    await give(delivery, at(0n), 20n, [{ id: 1, name: 'a' }])
    expect(consumer.trace).toContain('b-rollback -1')
    await delivery.batchEnds(at(1n))
    expect(delivery.failed(fault)).toBeUndefined()
    expect(delivery.brokeOff()).toBeUndefined()
  })

  it('tells of changes of tables, and stops where rows are left out', async () => {
    const told: string[] = []
    const consumer = Object.assign(new Bootstrapped(), {
      onSchemaChange: ({ kind }: { kind: string }): void => void told.push(kind),
    })
    const { delivery } = delivering(consumer)
    await delivery.begin(begun, false)
    await give(delivery, at(0n), 20n, [
      { change: 'TRUNCATE', of: PERSON },
      { id: 1, name: 'a' },
    ])
    expect(told).toEqual(['TRUNCATE'])
    expect(consumer.trace.slice(1)).toEqual(['b-window 50', 'b-source or_test.person', 'b-row 20 1'])
    const left = await give(delivery, at(0n), 21n, [{ change: 'QUARANTINED', of: PERSON }]).catch(
      (error: unknown) => error,
    )
    expect(delivery.failed(left)).toMatchObject({ kind: 'stop', error: { code: 'AESOP_CLIENT_SOURCE_QUARANTINED' } })
  })
})
