import { MysqlEventConsumer, type EventConsumer, type MysqlChangeEvent, type Result } from '@aesop/client'

/** The consumer of Aesop's sample: it shows each row change. */
class PersonConsumer extends MysqlEventConsumer {
  override processEvent(event: MysqlChangeEvent): Result {
    console.log(
      JSON.stringify(
        { opcode: event.opcode, table: `${event.database}.${event.table}`, row: event.row },
        (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
      ),
    )
  }
}

export class ConsumerFactory {
  createConsumer(): EventConsumer {
    return new PersonConsumer()
  }
}
