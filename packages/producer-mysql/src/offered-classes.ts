import type { OfferedClass } from '@aesop/producer'
import type * as mysqlModule from './index.ts'

type MysqlModule = typeof mysqlModule
type ClassName = {
  [Name in keyof MysqlModule]: MysqlModule[Name] extends Awaited<ReturnType<OfferedClass['load']>> ? Name : never
}[keyof MysqlModule]

const noProperties = { type: 'object', properties: {}, additionalProperties: false }

/** A class of the MySQL source that takes no properties. */
function plain(name: ClassName, description: string): OfferedClass {
  return { description, schema: noProperties, load: async () => (await import('./index.ts'))[name] }
}

/** The classes of the MySQL and MariaDB source, for descriptors. */
export const offeredClasses: Readonly<Record<string, OfferedClass>> = {
  MysqlEventProducer: {
    description: 'Follows the binary log of MySQL or MariaDB, live or from files.',
    load: async () => (await import('./index.ts')).MysqlEventProducer,
    schema: {
      type: 'object',
      properties: {
        physicalSourceConfig: { 'x-bean': 'PhysicalSourceConfig' },
        eventsMap: {
          'x-any': true,
          description: 'Event type (keys: MySQLConstants) to processor; left out: the standard ones.',
        },
        binLogEventMappers: {
          'x-any': true,
          description: 'Logical source id (keys: integer) to mapper; left out: the compiled one.',
        },
        schemaChangeEventProcessor: { 'x-methods': ['process'] },
      },
      required: ['physicalSourceConfig'],
      additionalProperties: false,
    },
  },
  DefaultBinLogEventMapper: {
    description: 'Writes rows as Avro by functions compiled per table.',
    load: async () => (await import('./index.ts')).DefaultBinLogEventMapper,
    schema: {
      type: 'object',
      properties: { orToAvroMapper: { 'x-bean': 'ORToAvroMapper' } },
      additionalProperties: false,
    },
  },
  ORToAvroMapper: plain('ORToAvroMapper', 'Says how a column becomes an Avro value.'),
  NopSchemaChangeEventProcessor: plain(
    'NopSchemaChangeEventProcessor',
    'Reports changes of tables in the log and does nothing more.',
  ),
  UpdateSchemaChangeEventProcessor: plain(
    'UpdateSchemaChangeEventProcessor',
    'Registers a new schema version when a table changes.',
  ),
  MutatingQueryEventProcessor: plain('MutatingQueryEventProcessor', 'BEGIN, COMMIT, ROLLBACK and schema changes.'),
  RotateEventProcessor: plain('RotateEventProcessor', 'The log goes on in another file.'),
  CommitEventProcessor: plain('CommitEventProcessor', 'The end of a transaction.'),
  TableMapEventProcessor: plain('TableMapEventProcessor', 'Which table the next rows belong to.'),
  InsertEventProcessor: plain('InsertEventProcessor', 'Inserted rows, version 1.'),
  UpdateEventProcessor: plain('UpdateEventProcessor', 'Updated rows, version 1.'),
  DeleteEventProcessor: plain('DeleteEventProcessor', 'Deleted rows, version 1.'),
  InsertEventV2Processor: plain('InsertEventV2Processor', 'Inserted rows, version 2.'),
  UpdateEventV2Processor: plain('UpdateEventV2Processor', 'Updated rows, version 2.'),
  DeleteEventV2Processor: plain('DeleteEventV2Processor', 'Deleted rows, version 2.'),
}
