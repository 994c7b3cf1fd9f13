import { silentLogger } from '@aesop/kernel'
import { FileSegments } from '@aesop/segment-files'
import { MemorySchemaRegistry } from '@aesop/schema'
import { ProducerRegistration, RelayConfig } from '@aesop/relay'
import { expect, test } from 'vitest'
import { ModelDisk } from '../../../test/support/model-disk.ts'
import { PhysicalSource } from '../src/physical-source.ts'
import { FaultyProducer } from './support/faulty-producer.ts'
import { testContext, until } from './support/relay-fixture.ts'

/** A folder that is slow to be taken. */
class SlowDisk extends ModelDisk {
  goOn: () => void = () => undefined
  isAsked = false
  holders = 0

  override async take(): Promise<() => Promise<void>> {
    this.isAsked = true
    await new Promise<void>((resolve) => (this.goOn = resolve))
    this.holders++
    return () => {
      this.holders--
      return Promise.resolve()
    }
  }
}

test('a source that is ended while its buffer is opened lets the folder go, and asks its producer nothing', async () => {
  const disk = new SlowDisk()
  const producer = new FaultyProducer()
  const source = new PhysicalSource({
    registration: new ProducerRegistration({
      physicalSourceConfig: { uri: 'memory:hr', name: 'hr', id: 3, sources: [{ id: 60, uri: 'hr.jobs' }] },
      eventProducer: producer,
    }),
    settings: new RelayConfig({ relayProperties: {} }).with({}).source,
    context: testContext(),
    producerFor: undefined,
    segmentStoreFor: () =>
      new FileSegments({ disk, physicalPartition: 3, segmentBytes: 4096, residentBytes: 8192, log: silentLogger }),
    schemas: new MemorySchemaRegistry(),
    futureGraceMs: 0,
    knownReaders: () => [],
    address: () => ({ host: '127.0.0.1', port: 0 }),
    fail: () => undefined,
  })
  const preparing = source.prepare().catch((error: unknown) => error)
  await until(() => disk.isAsked)
  const ending = source.end()
  disk.goOn()
  await ending
  expect(await preparing).toMatchObject({ code: 'AESOP_RELAY_SOURCE_LATE' })
  expect([disk.holders, producer.isPreparing, source.buffer]).toEqual([0, false, undefined])
})
