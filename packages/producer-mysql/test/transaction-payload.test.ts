import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@aesop/kernel'
import { MemorySchemaRegistry } from '@aesop/schema'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { BinlogDecoder } from '../src/decoder/binlog-decoder.ts'
import { BinlogSession } from '../src/session/binlog-session.ts'
import { FileOrigin } from '../src/origin/file-origin.ts'
import { type Content, firstTransaction, headOf, payloadEvent, zstdFrame } from './made-payload.ts'
import { RecordingSink, sourceOf } from './recorded-log.ts'

const MIB = 1024 * 1024
const LIMIT = MIB
/** Twice the limit, and 1 MiB. */
const LOGGED_MAX = 3 * MIB
const OTHER_TABLE_ID = 999
const { before, gtid, inner } = firstTransaction('mysql9-shapes')
const rows = inner.find((event) => event[4] === 30) ?? Buffer.alloc(0)
const tableMap = inner.find((event) => event[4] === 19) ?? Buffer.alloc(0)
const tableId = tableMap.readUIntLE(19, 6)
const [firstEvent = Buffer.alloc(0), ...innerRest] = inner

/** A table map that gives another id to another table. */
const otherTableMap = ((): Buffer => {
  const copy = Buffer.from(tableMap)
  copy.writeUIntLE(OTHER_TABLE_ID, 19, 6)
  const name = copy.indexOf('item')
  copy.write('none', name)
  return copy
})()

function decoderInto(sink: RecordingSink, schemas: MemorySchemaRegistry): BinlogDecoder {
  const physicalSource = sourceOf('mysql9-shapes', ['shop.item'], { largestEventSizeInBytes: LIMIT, name: 'payloads' })
  const log = silentLogger
  return new BinlogDecoder({ physicalSource, schemas, sink, generation: 0, log, onWindow: () => undefined })
}

/** Decodes a payload that stands behind the beginning of a log. */
async function decode(
  event: Buffer,
  sinkFor = (schemas: MemorySchemaRegistry) => new RecordingSink(schemas),
): Promise<{ sink: RecordingSink; turns: number }> {
  const schemas = new MemorySchemaRegistry()
  const sink = sinkFor(schemas)
  const decoder = decoderInto(sink, schemas)
  decoder.onRotate('mysql-bin.000001', 4)
  decoder.resetTransaction(true)
  for (const each of [...before, gtid]) await decoder.onEvent(each, 0, each.length - 4)
  let turns = 0
  let counting = true
  const count = (): void => {
    turns++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  await decoder.onEvent(event, 0, event.length - 4)?.finally(() => (counting = false))
  counting = false
  return { sink, turns }
}

const payloadOf = (...contents: Content[]): Buffer => payloadEvent(gtid, zstdFrame(contents))
const keysOf = (sink: RecordingSink): unknown[] => sink.changes.map(({ key }) => key)

describe('a compressed transaction of MySQL', () => {
  it('waits within a payload for a sink that spills, behind each event of it', async () => {
    let waits = 0
    class SpillingSink extends RecordingSink {
      readonly spills = true
      whenSpilled(): Promise<void> {
        waits++
        return Promise.resolve()
      }
    }
    const { sink } = await decode(payloadOf(...inner), (schemas) => new SpillingSink(schemas))
    expect(keysOf(sink).length).toBeGreaterThan(0)
    expect(waits).toBe(before.length + 1 + inner.length)
  })

  it('is read the same, in one block, in many, not compressed at all, and in several frames', async () => {
    const whole = Buffer.concat(inner)
    const cut = (size: number): Buffer[] =>
      Array.from({ length: Math.ceil(whole.length / size) }, (_unused, i) => whole.subarray(i * size, (i + 1) * size))
    const { sink } = await decode(payloadOf(whole))
    expect(keysOf(sink)).toEqual([1, 2, 3])
    const frames = Buffer.concat([zstdFrame(cut(40).slice(0, 2)), zstdFrame(cut(40).slice(2))])
    const skippable = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]), zstdFrame([whole])])
    for (const event of [
      payloadOf(...cut(1)),
      payloadOf(...cut(7)),
      payloadEvent(gtid, zstdFrame([whole]), whole.length),
      payloadEvent(gtid, whole, whole.length, 255),
      payloadEvent(gtid, frames, whole.length),
      payloadEvent(gtid, skippable),
    ]) {
      expect((await decode(event)).sink.windows).toEqual(sink.windows)
    }
  })

  it('may hold an event up to the limit of the log, in however many pieces it comes', async () => {
    const length = LOGGED_MAX
    const head = headOf(rows, length, OTHER_TABLE_ID)
    const { sink } = await decode(
      payloadOf(firstEvent, otherTableMap, head, { byte: 1, count: length - head.length }, ...innerRest),
    )
    expect(keysOf(sink)).toEqual([1, 2, 3])
  })

  it('is refused by name, with its place, where an event of a captured table states more', async () => {
    const length = LOGGED_MAX + 1
    const head = headOf(rows, length, tableId)
    const refused = decode(payloadOf(firstEvent, tableMap, head, { byte: 1, count: length - head.length }))
    await expect(refused).rejects.toMatchObject({
      code: 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE',
      fields: { table: 'shop.item', bytes: length, bytesMax: LOGGED_MAX, file: 'mysql-bin.000001' },
      remedy: expect.stringContaining('aesop-launch state pass') as string,
    })
  })

  it('is refused before anything is reserved for what it states', async () => {
    const head = headOf(rows, 0xfffffff0, tableId)
    const reserved = process.memoryUsage().arrayBuffers
    await expect(decode(payloadOf(firstEvent, tableMap, head))).rejects.toThrow('4294967280 bytes')
    expect(process.memoryUsage().arrayBuffers - reserved).toBeLessThan(100 * MIB)
  })

  it('goes past gigabytes of a table that nobody captures, and lets others have their turns', async () => {
    const length = 0xfffffff0
    const head = headOf(rows, length, OTHER_TABLE_ID)
    const bomb = payloadOf(firstEvent, otherTableMap, head, { byte: 0, count: length - head.length }, ...innerRest)
    expect(bomb.length).toBeLessThan(200_000)
    const { sink, turns } = await decode(bomb)
    expect(keysOf(sink)).toEqual([1, 2, 3])
    expect(turns).toBeGreaterThan(10)
  })

  it.each([
    ['ends inside an event', payloadOf(...inner.slice(0, -1), (inner.at(-1) ?? rows).subarray(0, -1)), 'ends inside'],
    ['has more than it states', payloadEvent(gtid, zstdFrame(inner), Buffer.concat(inner).length - 1), 'header says'],
    ['has less than it states', payloadEvent(gtid, zstdFrame(inner), Buffer.concat(inner).length + 1), 'header says'],
    ['holds an event of no length', payloadOf({ byte: 0, count: 1 << 30 }), 'an event of 0 bytes'],
    ['is no frame', payloadEvent(gtid, Buffer.concat(inner)), 'no frame'],
    ['ends inside a block', payloadEvent(gtid, zstdFrame(inner).subarray(0, -1)), 'inside a block'],
    [
      'ends before its last block',
      payloadEvent(gtid, zstdFrame([firstEvent, tableMap]).subarray(0, -tableMap.length - 3)),
      'last block',
    ],
  ])('that %s is refused as corrupt', async (_what, event, fault) => {
    const refused = decode(event)
    await expect(refused).rejects.toMatchObject({ code: 'AESOP_MYSQL_EVENT_CORRUPT' })
    await expect(refused).rejects.toThrow(fault)
  })

  it('whose decoder would need more than 128 MiB is refused by name, and one of that is read', async () => {
    const exponent = (bits: number): number => (bits - 10) << 3
    const event = (descriptor: number): Buffer => payloadEvent(gtid, zstdFrame(inner, descriptor))
    expect(keysOf((await decode(event(exponent(27)))).sink)).toEqual([1, 2, 3])
    const refused = decode(event(exponent(27) | 1))
    await expect(refused).rejects.toMatchObject({ code: 'AESOP_MYSQL_EVENT_UNSUPPORTED' })
    await expect(refused).rejects.toThrow(`${(128 + 16) * MIB} bytes`)
    await expect(decode(event(0xff))).rejects.toMatchObject({ code: 'AESOP_MYSQL_EVENT_UNSUPPORTED' })
  })
})

describe('closing in the middle of a compressed transaction', () => {
  let folder = ''
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('ends its reading, and nothing of it reaches the sink', async () => {
    folder = mkdtempSync(join(tmpdir(), 'aesop-payload-'))
    const length = 0xfffffff0
    const head = headOf(rows, length, OTHER_TABLE_ID)
    const long = { byte: 0, count: length - head.length }
    // The rows first, so that a window is open; then enough to be in the middle of it for seconds.
    const last = inner.at(-1) ?? rows
    const event = payloadOf(...inner.slice(0, -1), otherTableMap, head, long, head, long, head, long, last)
    writeFileSync(
      join(folder, 'mysql-bin.000001'),
      Buffer.concat([Buffer.from('fe62696e', 'hex'), ...before, gtid, event]),
    )
    writeFileSync(join(folder, 'mysql-bin.index'), 'mysql-bin.000001\n')
    const schemas = new MemorySchemaRegistry()
    const sink = new RecordingSink(schemas)
    const decoder = decoderInto(sink, schemas)
    const physicalSource = sourceOf('mysql9-shapes', ['shop.item'])
    const origin = new FileOrigin('made', join(folder, 'mysql-bin.index'), physicalSource)
    const session = new BinlogSession({
      origin,
      from: await origin.locate({ kind: 'earliest' }),
      handlerFor: () => decoder,
      onProven: () => undefined,
    })
    onTestFinished(() => session.close())
    await session.open()
    while (sink.pending.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await session.close()
    expect(sink.rolledBack).toBe(1)
    expect(sink.windows.filter(({ changes }) => changes.length > 0)).toEqual([])
    expect(sink.pending).toEqual([])
  })
})
