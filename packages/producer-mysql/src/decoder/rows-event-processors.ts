import { type BinLogEvent } from '../log/binlog-event.ts'
import { type BinLogEventProcessor } from './binlog-event-processor.ts'
import { type BinlogTransaction } from '../transaction/binlog-transaction.ts'

/** Keeps the shape of a table until the rows that need it. */
export class TableMapEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.tableMap(event)
  }
}

/** Inserted rows become UPSERT events. */
export class InsertEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.performChanges(event, 'insert')
  }
}

/** Updated rows become UPSERT events of the row after; a changed key deletes the old row first. */
export class UpdateEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.performChanges(event, 'update')
  }
}

/** Deleted rows become DELETE events that carry the row as it was. */
export class DeleteEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.performChanges(event, 'delete')
  }
}

/** Inserts of MySQL, which logs version 2 of the event. */
export class InsertEventV2Processor extends InsertEventProcessor {}

/** Updates of MySQL, which logs version 2 of the event. */
export class UpdateEventV2Processor extends UpdateEventProcessor {}

/** Deletes of MySQL, which logs version 2 of the event. */
export class DeleteEventV2Processor extends DeleteEventProcessor {}

/** Updates of MySQL that hold only what changed inside JSON documents: going on without them would lose changes. */
export class PartialUpdateEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.refusePartialRows(event)
  }
}
