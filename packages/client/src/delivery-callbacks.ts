import { type LogicalSource } from '@aesop/event'
import { type AesopError } from '@aesop/kernel'
import { type ChangeEvent, type EventConsumer, type Result } from './consumer.ts'
import { type SchemaChange } from './schema-change.ts'

/**
 * What a dispatcher calls in one phase of delivery, whoever made it; each gets what it is about, then the signal of the call.
 * A consumer that lacks a callback has returned nothing. See `EventConsumer` for their order.
 */
export interface DeliveryCallbacks {
  /** What the consumer's author calls them, for errors and logs. */
  readonly names: Readonly<Record<CallbackKey, string>>
  start(signal: AbortSignal): Result
  stop(signal: AbortSignal): Result
  startSequence(scn: bigint, signal: AbortSignal): Result
  endSequence(scn: bigint, signal: AbortSignal): Result
  startSource(source: LogicalSource, signal: AbortSignal): Result
  endSource(source: LogicalSource, signal: AbortSignal): Result
  event(event: ChangeEvent, signal: AbortSignal): Result
  checkpoint(scn: bigint, signal: AbortSignal): Result
  rollback(scn: bigint, signal: AbortSignal): Result
  error(error: AesopError, signal: AbortSignal): Result
  /** Undefined: the consumer is not told of changes of tables. */
  readonly schemaChange: ((change: SchemaChange, signal: AbortSignal) => Result) | undefined
}

export type CallbackKey = Exclude<keyof DeliveryCallbacks, 'names'>

/** The callbacks of a consumer for the events of the stream. */
export function onlineCallbacks(consumer: EventConsumer): DeliveryCallbacks {
  const tellsChanges = consumer.onSchemaChange !== undefined
  return {
    names: ONLINE_NAMES,
    start: (signal) => consumer.onStartConsumption?.(signal),
    stop: (signal) => consumer.onStopConsumption?.(signal),
    startSequence: (scn, signal) => consumer.onStartDataEventSequence?.(scn, signal),
    endSequence: (scn, signal) => consumer.onEndDataEventSequence?.(scn, signal),
    startSource: (source, signal) => consumer.onStartSource?.(source, signal),
    endSource: (source, signal) => consumer.onEndSource?.(source, signal),
    event: (event, signal) => consumer.onDataEvent(event, signal),
    checkpoint: (scn, signal) => consumer.onCheckpoint?.(scn, signal),
    rollback: (scn, signal) => consumer.onRollback?.(scn, signal),
    error: (error, signal) => consumer.onError?.(error, signal),
    schemaChange: tellsChanges ? (change, signal) => consumer.onSchemaChange?.(change, signal) : undefined,
  }
}

const ONLINE_NAMES: DeliveryCallbacks['names'] = {
  start: 'onStartConsumption',
  stop: 'onStopConsumption',
  startSequence: 'onStartDataEventSequence',
  endSequence: 'onEndDataEventSequence',
  startSource: 'onStartSource',
  endSource: 'onEndSource',
  event: 'onDataEvent',
  checkpoint: 'onCheckpoint',
  rollback: 'onRollback',
  error: 'onError',
  schemaChange: 'onSchemaChange',
}
