import { type LogicalSource } from '@aesop/event'
import { type AesopError } from '@aesop/kernel'
import { type BootstrapStart, type ChangeEvent, type EventConsumer, type Result } from './consumer.ts'
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

/** What is called in a bootstrap. */
export interface BootstrapCallbacks extends Omit<DeliveryCallbacks, 'start'> {
  start(signal: AbortSignal, start: BootstrapStart): Result
}

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

/**
 * The callbacks of a consumer in a bootstrap: each that it lacks is the one of the stream, but those of start and stop, which
 * come once in its life.
 */
export function bootstrapCallbacks(consumer: EventConsumer): BootstrapCallbacks {
  const tellsChanges = consumer.onSchemaChange !== undefined
  return {
    names: bootstrapNames(consumer),
    start: (signal, start) => consumer.onStartBootstrap?.(signal, start),
    stop: (signal) => consumer.onStopBootstrap?.(signal),
    startSequence: (scn, signal) =>
      consumer.onStartBootstrapSequence === undefined
        ? consumer.onStartDataEventSequence?.(scn, signal)
        : consumer.onStartBootstrapSequence(scn, signal),
    endSequence: (scn, signal) =>
      consumer.onEndBootstrapSequence === undefined
        ? consumer.onEndDataEventSequence?.(scn, signal)
        : consumer.onEndBootstrapSequence(scn, signal),
    startSource: (source, signal) =>
      consumer.onStartBootstrapSource === undefined
        ? consumer.onStartSource?.(source, signal)
        : consumer.onStartBootstrapSource(source, signal),
    endSource: (source, signal) =>
      consumer.onEndBootstrapSource === undefined
        ? consumer.onEndSource?.(source, signal)
        : consumer.onEndBootstrapSource(source, signal),
    event: (event, signal) =>
      consumer.onBootstrapEvent === undefined
        ? consumer.onDataEvent(event, signal)
        : consumer.onBootstrapEvent(event, signal),
    checkpoint: (scn, signal) =>
      consumer.onBootstrapCheckpoint === undefined
        ? consumer.onCheckpoint?.(scn, signal)
        : consumer.onBootstrapCheckpoint(scn, signal),
    rollback: (scn, signal) =>
      consumer.onBootstrapRollback === undefined
        ? consumer.onRollback?.(scn, signal)
        : consumer.onBootstrapRollback(scn, signal),
    error: (error, signal) =>
      consumer.onBootstrapError === undefined
        ? consumer.onError?.(error, signal)
        : consumer.onBootstrapError(error, signal),
    schemaChange: tellsChanges ? (change, signal) => consumer.onSchemaChange?.(change, signal) : undefined,
  }
}

function bootstrapNames(consumer: EventConsumer): DeliveryCallbacks['names'] {
  const has = (name: keyof EventConsumer, otherwise: string): string =>
    consumer[name] === undefined ? otherwise : name
  return {
    start: 'onStartBootstrap',
    stop: 'onStopBootstrap',
    startSequence: has('onStartBootstrapSequence', ONLINE_NAMES.startSequence),
    endSequence: has('onEndBootstrapSequence', ONLINE_NAMES.endSequence),
    startSource: has('onStartBootstrapSource', ONLINE_NAMES.startSource),
    endSource: has('onEndBootstrapSource', ONLINE_NAMES.endSource),
    event: has('onBootstrapEvent', ONLINE_NAMES.event),
    checkpoint: has('onBootstrapCheckpoint', ONLINE_NAMES.checkpoint),
    rollback: has('onBootstrapRollback', ONLINE_NAMES.rollback),
    error: has('onBootstrapError', ONLINE_NAMES.error),
    schemaChange: ONLINE_NAMES.schemaChange,
  }
}
