import { setTimeout } from 'node:timers/promises'
import type { ChangeEvent, ConsumerFactory, EventConsumer } from '@aesop/client'

/** Prints what it is given as lines of JSON: what a search index would be told, and in which phase. */
export class ItemConsumerFactory implements ConsumerFactory {
  readonly #rowMs: number

  /** @param options a pause for each row of a snapshot, so that people see it */
  constructor({ rowMs = 0 }: { readonly rowMs?: number | string }) {
    this.#rowMs = Number(rowMs)
  }

  createConsumer(): EventConsumer {
    const rowMs = this.#rowMs
    /** The snapshot has everything up to it, the catch-up what follows. */
    let startScn: bigint | undefined
    return {
      onStartBootstrap(_signal, { complete }): void {
        startScn = undefined
        // Complete: rows as they stand, without those that were deleted. What one has is forgotten.
        say({ bootstrap: complete ? 'complete' : 'begins' })
      },
      onStartBootstrapSequence(scn: bigint): void {
        startScn ??= scn
      },
      async onBootstrapEvent(event: ChangeEvent): Promise<void> {
        const phase = event.scn <= (startScn ?? 0n) ? 'snapshot' : 'catch-up'
        say({ phase, event })
        if (phase === 'snapshot') await setTimeout(rowMs)
      },
      onStopBootstrap(): void {
        say({ bootstrap: 'ends' })
      },
      onDataEvent(event: ChangeEvent): void {
        say({ phase: 'live', event })
      },
    }
  }
}

function say(line: object): void {
  console.log(JSON.stringify(line))
}
