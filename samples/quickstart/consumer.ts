import type { ChangeEvent, ConsumerFactory, EventConsumer } from '@aesop/client'

/** Prints every change as one line: what happened, to which table and key, and the row. */
export class BookShopConsumerFactory implements ConsumerFactory {
  createConsumer(): EventConsumer {
    return {
      onDataEvent({ opcode, source, key, row }: ChangeEvent): void {
        const values = Object.entries(row).map(([column, value]) => `${column}=${String(value)}`)
        console.log(`${opcode} ${source.name} ${String(key)}  ${values.join(' ')}`)
      },
    }
  }
}
