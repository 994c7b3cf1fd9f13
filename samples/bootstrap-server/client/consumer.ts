import type { ChangeEvent, ConsumerFactory, EventConsumer } from '@aesop/client'

/** Prints what it is given, and which part of it is a bootstrap. */
export class ItemConsumerFactory implements ConsumerFactory {
  createConsumer(): EventConsumer {
    const print = (part: string, { opcode, key, row }: ChangeEvent): void => {
      console.log(`${part}  ${opcode} item ${String(key)}  ${String(row['name'])}, stock ${String(row['stock'])}`)
    }
    return {
      onStartBootstrap() {
        console.log('bootstrap begins')
      },
      onBootstrapEvent(event) {
        print('bootstrap', event)
      },
      onStopBootstrap() {
        console.log('bootstrap ends')
      },
      onDataEvent(event) {
        print('live', event)
      },
    }
  }
}
