import { EventDecoder, sealEvent, writeEvent } from '@aesop/event'
import { GeneratedScnProducer, MemoryEventProducer, type ScnGenerator } from '@aesop/producer'
import { type SnapshotReader } from '@aesop/reading'
import { describe, expect, test } from 'vitest'

const AT = (7n << 52n) | 0x9000_0001n
const raised: ScnGenerator = { scnSpaceOf: (space) => `raised:${space}`, scnOf: (scn) => scn + (1n << 60n) }

/** Two events at `AT`, as a reader of the log gives them. */
function chunkBytes(): Buffer {
  const bytes = Buffer.alloc(400)
  let end = 0
  for (const key of [1, 'two']) {
    const about = { sourceId: 40, schemaId: Buffer.alloc(16, 3), logicalPartition: 0, timestampNanos: 5n }
    const append = { opcode: 'UPSERT', key, maxValueBytes: 3, ...about } as const
    const from = end
    end = writeEvent(bytes, from, append, 1, 1, (target, at) => at + target.write('abc', at))
    sealEvent(bytes, from, Number(AT >> 32n), Number(BigInt.asIntN(32, AT)))
  }
  return bytes.subarray(0, end)
}

const ofLog: SnapshotReader = {
  describe: (source) => Promise.resolve({ source, key: ['id'], isKeyless: false, estimatedRows: 2, schema: '{}' }),
  readChunk: () => Promise.resolve({ bytes: chunkBytes(), rows: 2, atScn: AT, visibleScn: AT + 5n, next: 'there' }),
}

describe('chunks of a source with a generator', () => {
  test('have the SCNs that it makes, in their events, too', async () => {
    const inner = Object.defineProperty(new MemoryEventProducer(), 'snapshotReader', { value: ofLog })
    const { snapshotReader } = new GeneratedScnProducer(inner, 'shop', raised)
    const chunk = await snapshotReader?.readChunk({ source: 'a.b', maxRows: 2 }, new AbortController().signal)
    expect(chunk).toMatchObject({ atScn: raised.scnOf(AT), visibleScn: raised.scnOf(AT + 5n), rows: 2, next: 'there' })
    const decoder = new EventDecoder(1 << 20)
    decoder.push(chunk?.bytes ?? Buffer.alloc(0))
    const seen: unknown[] = []
    for (let view = decoder.next(); view !== undefined; view = decoder.next()) seen.push([view.key, view.scn])
    expect(seen.map((each) => String(each))).toEqual([`1,${raised.scnOf(AT)}`, `two,${raised.scnOf(AT)}`])
    await expect(snapshotReader?.describe('a.b')).resolves.toMatchObject({ key: ['id'] })
  })

  test('are not there where its producer reads none', () => {
    expect(new GeneratedScnProducer(new MemoryEventProducer(), 'shop', raised).snapshotReader).toBeUndefined()
  })
})
