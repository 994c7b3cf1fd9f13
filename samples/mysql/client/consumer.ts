import type { ChangeEvent, ConsumerFactory, EventConsumer } from '@aesop/client'

/** Prints every change of a person as one line of JSON. */
export class PersonConsumerFactory implements ConsumerFactory {
  createConsumer(): EventConsumer {
    return {
      onDataEvent({ opcode, key, scn, row }: ChangeEvent): void {
        const person = { ...row, updated_at: String(row['updated_at']) }
        console.log(JSON.stringify({ opcode, key: String(key), scn: scn.toString(), person }))
      },
    }
  }
}
