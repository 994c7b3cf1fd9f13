import { type TableChangeEvent, TableEventConsumer } from './table-consumer.ts'

/** A change of a row of MySQL or MariaDB. */
export type MysqlChangeEvent = TableChangeEvent

/** The base of consumers of MySQL tables: `TableEventConsumer` under the name that descriptors and Aesop have for it. */
export abstract class MysqlEventConsumer extends TableEventConsumer {}
