import { type BinLogEvent } from '../log/binlog-event.ts'
import { type BinLogEventProcessor } from './binlog-event-processor.ts'
import { type BinlogTransaction } from '../transaction/binlog-transaction.ts'
import { BinlogIncidentError } from '../error/errors.ts'
import { parseGtid } from '../log/gtid-event.ts'
import { incidentOf } from '../log/incident-event.ts'
import { PacketReader } from '../log/packet-reader.ts'
import { logIdentityOf, serverVersionIn } from '../log/place-proof.ts'
import { parseQuery } from '../log/query-event.ts'
import { xidOfPrepare } from '../transaction/xa-transactions.ts'

/** BEGIN, COMMIT and ROLLBACK, XA, changes of tables, and statements that carry no rows. */
export class MutatingQueryEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.query(parseQuery(event, transaction.limits.loggedBytesMax), event)
  }
}

/** The log goes on in another file. */
export class RotateEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): undefined {
    const reader = new PacketReader(event.bytes, event.body, event.end, 'rotate event')
    const position = Number(reader.uint64())
    transaction.rotate(reader.text(reader.left), position)
  }
}

/** The end of a transaction of a transactional engine. */
export class CommitEventProcessor implements BinLogEventProcessor {
  process(_event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.commit()
  }
}

/** The beginning of a transaction, with its global identifier. */
export class GtidEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): undefined {
    transaction.beginGroup(parseGtid(event))
  }
}

/** The log begins anew, or goes on after a restart: table ids may mean other tables now. */
export class FormatDescriptionEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): undefined {
    const version = serverVersionIn(event)
    transaction.formatDescription(version, logIdentityOf(event, version))
  }
}

/** The rows of an XA transaction are complete; its verdict comes later. */
export class XaPrepareEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> | undefined {
    return transaction.xaPrepare(xidOfPrepare(event), event)
  }
}

/** The server could not write changes to its log: going on would lose them. */
export class IncidentEventProcessor implements BinLogEventProcessor {
  process(event: BinLogEvent, transaction: BinlogTransaction): undefined {
    throw new BinlogIncidentError(incidentOf(event), transaction.groupPlace)
  }
}
