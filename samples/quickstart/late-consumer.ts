import { setTimeout } from 'node:timers/promises'
import type { ChangeEvent, ConsumerFactory, EventConsumer } from '@aesop/client'

const LATE_MS = 1000

/** Comes a second late: it gets each row as it stands, and then what changes. It says in few lines what it has. */
export class LateConsumerFactory implements ConsumerFactory {
  createConsumer(): EventConsumer {
    const rows = new Map<string, Set<string>>()
    const keep = ({ opcode, source, key }: ChangeEvent): void => {
      const keys = rows.get(source.name) ?? new Set()
      rows.set(source.name, keys)
      if (opcode === 'DELETE') keys.delete(String(key))
      else keys.add(String(key))
    }
    return {
      async onStartBootstrap(signal, { complete }): Promise<void> {
        if (complete) rows.clear()
        await setTimeout(LATE_MS, undefined, { signal })
      },
      onBootstrapEvent: keep,
      onStopBootstrap(): void {
        const counts = [...rows].map(([name, keys]) => `${name} ${keys.size}`)
        console.log(`late: bootstrapped, rows of ${counts.join(', ')}; live from here on`)
      },
      onDataEvent({ opcode, source, key }: ChangeEvent): void {
        console.log(`late: live ${opcode} ${source.name} ${String(key)}`)
      },
    }
  }
}
