import type { ChangeEvent, ConsumerFactory, EventConsumer } from '@aesop/client'

/** Prints every change of a person as one line of JSON. */
export class PersonConsumerFactory implements ConsumerFactory {
  createConsumer(): EventConsumer {
    return {
      onDataEvent(event: ChangeEvent): void {
        console.log(JSON.stringify(event))
      },
    }
  }
}
