import { type EventAppend, EventDecoder, SCHEMA_CHANGE_ID_DEFAULT, type ValueWriter, writeEvent } from '@aesop/event'
import { shownKey } from '@aesop/kernel'
import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { decodeRecording, RecordingSink, sourceOf } from './recorded-log.ts'

const TABLES = ['shop.item', 'shop.pair', 'shop.keyless', 'shop.my', 'shop.copied']
const RECORDING = 'mysql9-shapes'

/** Keeps the length of each whole event, as a client gets it. */
class MeasuringSink extends RecordingSink {
  readonly lengths: number[] = []
  readonly reserved: number[] = []

  override append(append: EventAppend, write: ValueWriter): void {
    const target = Buffer.alloc(append.maxValueBytes + 4096)
    if (append.sourceId !== SCHEMA_CHANGE_ID_DEFAULT) this.lengths.push(writeEvent(target, 0, append, 1, 1, write))
    this.reserved.push(append.maxValueBytes)
    super.append(append, write)
  }
}

async function decodeUnder(
  largestEventSizeInBytes: number | undefined,
  recording = RECORDING,
  tables: readonly string[] = TABLES,
  options: object = {},
  more: { readonly eventVersion?: 1 | 2 } = {},
): Promise<MeasuringSink> {
  const schemas = new MemorySchemaRegistry()
  const sink = new MeasuringSink(schemas)
  const bound = largestEventSizeInBytes === undefined ? {} : { largestEventSizeInBytes }
  const physicalSource = sourceOf(recording, tables, { ...bound, ...more, name: 'shop-source' })
  await decodeRecording(recording, tables, { schemas, sink, physicalSource, emptyWindowEveryMs: Infinity, ...options })
  return sink
}

describe('largestEventSizeInBytes', () => {
  async function unbounded(): Promise<{ all: MeasuringSink; largest: number }> {
    const all = await decodeUnder(undefined)
    return { all, largest: Math.max(...all.lengths) }
  }

  it('lets the largest event through that it allows, and changes no byte of any', async () => {
    const { all, largest } = await unbounded()
    const same = await decodeUnder(largest)
    expect(all.changes.length).toBeGreaterThan(20)
    expect(same.changes).toEqual(all.changes)
  })

  it('counts the bytes that an event has in the version that is asked for', async () => {
    const { all, largest } = await unbounded()
    const inVersion2 = (bound: number): Promise<MeasuringSink> =>
      decodeUnder(bound, RECORDING, TABLES, {}, { eventVersion: 2 })
    expect((await inVersion2(largest + 14)).changes).toEqual(all.changes)
    await expect(inVersion2(largest + 13)).rejects.toMatchObject({ code: 'AESOP_MYSQL_ROW_TOO_LARGE' })
  })

  it('makes nobody reserve more than it', async () => {
    const { all, largest } = await unbounded()
    const same = await decodeUnder(largest)
    expect(Math.max(...all.reserved)).toBeGreaterThan(largest)
    expect(Math.max(...same.reserved)).toBeLessThanOrEqual(largest)
  })

  it('lets nothing through that a client of the same bound would refuse', async () => {
    const { largest } = await unbounded()
    const sink = await decodeUnder(largest)
    expect(Math.max(...sink.lengths)).toBe(largest)
    const header = Buffer.alloc(9)
    header.writeInt32BE(largest, 5)
    const client = new EventDecoder(largest)
    client.push(header)
    expect(client.next()).toBeUndefined()
  })

  it('ends the source at an event that is one byte larger, with table, key, sizes, place and both ways on', async () => {
    const { largest } = await unbounded()
    const refused = decodeUnder(largest - 1)
    await expect(refused).rejects.toMatchObject({
      code: 'AESOP_MYSQL_ROW_TOO_LARGE',
      canRetry: false,
      fields: {
        table: 'shop.item',
        ordinal: 0,
        key: shownKey(19, 'hash'),
        bytes: largest,
        bytesMax: largest - 1,
        file: 'mysql-bin.000001',
        position: expect.any(Number) as number,
      },
    })
    await expect(refused).rejects.toThrow(`${largest} bytes`)
    await expect(refused).rejects.toMatchObject({
      remedy: expect.stringMatching(
        /largestEventSizeInBytes.*maxEventSize.*aesop-launch state pass .* --source shop-source --at mysql-bin\.000001:\d+/,
      ) as string,
    })
  })

  it("bounds what a user's own mapper makes", async () => {
    const map = (): Record<string, unknown> => ({ text: 'x'.repeat(5000) })
    const schemas = new MemorySchemaRegistry()
    const text = JSON.stringify({ type: 'record', name: 'item', fields: [{ name: 'text', type: 'string' }] })
    schemas.register('shop.item', text)
    const mappers = new Map([[1, { map }]])
    const tables = ['shop.item']
    const through = async (largestEventSizeInBytes: number): Promise<number> => {
      const physicalSource = sourceOf(RECORDING, tables, { largestEventSizeInBytes })
      return (await decodeRecording(RECORDING, tables, { schemas, physicalSource, mappers })).changes.length
    }
    // A long key, and a length in front of the text.
    expect(await through(61 + 2 + 5000)).toBeGreaterThan(5)
    const refused = through(61 + 2 + 5000 - 1)
    await expect(refused).rejects.toMatchObject({
      code: 'AESOP_MYSQL_ROW_TOO_LARGE',
      fields: { ordinal: 0, key: shownKey(1, 'hash') },
    })
  })
  it.each([
    [2, 1],
    // Behind a row of another table.
    [5, 2],
    [10, 1],
    [30, 0],
  ])('names row %d, which is too large, by the events of its transaction before it: %d', async (id, ordinal) => {
    const map = ({ row }: { row: Readonly<Record<string, unknown>> }): Record<string, unknown> => ({
      text: 'x'.repeat(Number(row['id']) === id ? 5000 : 1),
    })
    const schemas = new MemorySchemaRegistry()
    schemas.register(
      'shop.item',
      JSON.stringify({ type: 'record', name: 'item', fields: [{ name: 'text', type: 'string' }] }),
    )
    const tables = ['shop.item', 'shop.pair']
    const physicalSource = sourceOf('shapes', tables, { largestEventSizeInBytes: 5000 })
    const mappers = new Map([[1, { map }]])
    await expect(decodeRecording('shapes', tables, { schemas, physicalSource, mappers })).rejects.toMatchObject({
      code: 'AESOP_MYSQL_ROW_TOO_LARGE',
      fields: { ordinal, key: shownKey(id, 'hash') },
    })
  })
})
