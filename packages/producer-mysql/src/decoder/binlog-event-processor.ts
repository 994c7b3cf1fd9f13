import { type BinLogEvent } from '../log/binlog-event.ts'
import { type BinlogTransaction } from '../transaction/binlog-transaction.ts'

/**
 * What is done with the events of one type. A user's own class may be named in a descriptor's `eventsMap` and takes the
 * place of the standard one. The event is valid during the call only; a promise that comes back holds the log.
 */
export interface BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined
}

/** Event type → processor. */
export type EventsMap = ReadonlyMap<number, BinLogEventProcessor>
