import { MysqlEventConsumer, type EventConsumer, type MysqlChangeEvent, type Result } from '@aesop/client'

/** The consumer of Aesop's sample: it shows each row change. */
class PersonConsumer extends MysqlEventConsumer {
  override processEvent(event: MysqlChangeEvent): Result {
    console.log(JSON.stringify({ database: event.database, table: event.table, ...event.toJSON() }))
  }
}

export class ConsumerFactory {
  createConsumer(): EventConsumer {
    return new PersonConsumer()
  }
}
