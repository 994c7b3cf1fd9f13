import { MySQLConstants } from '../log/binlog-event.ts'
import { type BinLogEventProcessor, type EventsMap } from './binlog-event-processor.ts'
import {
  DeleteEventProcessor,
  DeleteEventV2Processor,
  InsertEventProcessor,
  InsertEventV2Processor,
  PartialUpdateEventProcessor,
  TableMapEventProcessor,
  UpdateEventProcessor,
  UpdateEventV2Processor,
} from './rows-event-processors.ts'
import {
  CommitEventProcessor,
  FormatDescriptionEventProcessor,
  GtidEventProcessor,
  IncidentEventProcessor,
  MutatingQueryEventProcessor,
  RotateEventProcessor,
  XaPrepareEventProcessor,
} from './transaction-event-processors.ts'
import { TransactionPayloadEventProcessor } from './transaction-payload.ts'

/** The processor of each event type, unless a descriptor says otherwise. Types that are not listed carry no changes. */
export function standardEvents(): EventsMap {
  const query = new MutatingQueryEventProcessor()
  const gtid = new GtidEventProcessor()
  const insert = new InsertEventProcessor()
  const update = new UpdateEventProcessor()
  const remove = new DeleteEventProcessor()
  return new Map<number, BinLogEventProcessor>([
    [MySQLConstants.QUERY_EVENT, query],
    [MySQLConstants.MARIADB_QUERY_COMPRESSED_EVENT, query],
    [MySQLConstants.ROTATE_EVENT, new RotateEventProcessor()],
    [MySQLConstants.FORMAT_DESCRIPTION_EVENT, new FormatDescriptionEventProcessor()],
    [MySQLConstants.XID_EVENT, new CommitEventProcessor()],
    [MySQLConstants.TABLE_MAP_EVENT, new TableMapEventProcessor()],
    [MySQLConstants.WRITE_ROWS_EVENT, insert],
    [MySQLConstants.UPDATE_ROWS_EVENT, update],
    [MySQLConstants.DELETE_ROWS_EVENT, remove],
    [MySQLConstants.WRITE_ROWS_EVENT_V2, new InsertEventV2Processor()],
    [MySQLConstants.UPDATE_ROWS_EVENT_V2, new UpdateEventV2Processor()],
    [MySQLConstants.DELETE_ROWS_EVENT_V2, new DeleteEventV2Processor()],
    [MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1, insert],
    [MySQLConstants.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1, update],
    [MySQLConstants.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1, remove],
    [MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT, insert],
    [MySQLConstants.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT, update],
    [MySQLConstants.MARIADB_DELETE_ROWS_COMPRESSED_EVENT, remove],
    [MySQLConstants.GTID_EVENT, gtid],
    [MySQLConstants.ANONYMOUS_GTID_EVENT, gtid],
    [MySQLConstants.GTID_TAGGED_EVENT, gtid],
    [MySQLConstants.MARIADB_GTID_EVENT, gtid],
    [MySQLConstants.XA_PREPARE_EVENT, new XaPrepareEventProcessor()],
    [MySQLConstants.TRANSACTION_PAYLOAD_EVENT, new TransactionPayloadEventProcessor()],
    [MySQLConstants.INCIDENT_EVENT, new IncidentEventProcessor()],
    [MySQLConstants.PARTIAL_UPDATE_ROWS_EVENT, new PartialUpdateEventProcessor()],
  ])
}
