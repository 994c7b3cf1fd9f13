import { EventBuffer } from '@aesop/buffer'
import { silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { expect, test } from 'vitest'
import { UpstreamReading } from '../src/upstream-reading.ts'
import { type UpstreamRelay } from '../src/upstream-relay.ts'
import { UpstreamRelays } from '../src/upstream-relays.ts'
import { UpstreamSchemas } from '../src/upstream-schemas.ts'

/** A relay that answers when it is told to. */
class SlowRelays extends UpstreamRelays {
  readonly closed: string[] = []
  answer: () => void = () => undefined

  override ask<Answer>(question: (upstream: UpstreamRelay) => Promise<Answer>): Promise<Answer> {
    const answer = {
      pendingBytes: 0,
      next: () => Promise.resolve(undefined),
      close: () => {
        this.closed.push('answer')
        return Promise.resolve()
      },
    }
    const upstream = {
      address: 'the relay',
      windowsAfter: () =>
        new Promise(
          (resolve) =>
            (this.answer = () => {
              resolve(answer)
            }),
        ),
      close: () => this.closed.push('connection'),
    }
    return question(upstream as unknown as UpstreamRelay)
  }
}

test('an attempt that is closed just as the relay answers leaves no connection, and reads nothing', async () => {
  const physicalSource = PhysicalSourceConfig.from({ uri: 'relay://127.0.0.1:1', name: 'shop', sources: ['a.b'] })
  const schemas = new UpstreamSchemas(new MemorySchemaRegistry(), physicalSource.servedSources)
  const relays = new SlowRelays({ relays: [], physicalSource, schemas, silenceMs: 1000, log: silentLogger })
  const reading = new UpstreamReading({
    relays,
    schemas,
    scnSpace: 'one',
    sink: new EventBuffer({ maxBytes: 4096, segmentBytes: 1024, physicalPartition: 1 }),
    physicalPartition: 1,
    reachedScn: () => 0n,
    onWindow: () => undefined,
  })
  const connecting = reading.connect()
  relays.answer()
  await reading.close()
  await connecting
  expect(await reading.ended).toBeUndefined()
  expect(relays.closed).toEqual(['answer', 'connection'])
  expect(reading.address).toBeUndefined()
})
