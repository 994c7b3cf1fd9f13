import { describe, expect, it } from 'vitest'
import { MemorySchemaRegistry } from '@aesop/schema'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { DefaultBinLogEventMapper, ORToAvroMapper, type RowChange } from '../src/row/binlog-event-mapper.ts'
import { MapperFailedError, SchemaMismatchError, TransactionOrderError } from '../src/error/errors.ts'
import { UpdateSchemaChangeEventProcessor } from '../src/shape/schema-change.ts'
import { decoderFor, eventsOf, feed } from './fed-decoder.ts'
import { firstTransaction, payloadEvent } from './made-payload.ts'
import { decodeRecording, RecordingSink, sourceOf } from './recorded-log.ts'

const ITEM = ['shop.item']

describe('the order of events', () => {
  const events = eventsOf('shapes')
  const insert = events.findIndex((event) => event[4] === MySQLConstants.WRITE_ROWS_EVENT)

  it('may begin inside a transaction: everything up to the next boundary is skipped', async () => {
    const { decoder, sink } = decoderFor(ITEM)
    await feed(decoder, events.slice(insert, insert + 20))
    expect(sink.windows[0]?.changes.map(({ key }) => key)).toEqual([1, 2])
  })

  it('refuses rows that no table map announces, and rows outside a transaction', async () => {
    const { decoder } = decoderFor(ITEM)
    const before = events.slice(0, insert).filter((event) => event[4] !== MySQLConstants.TABLE_MAP_EVENT)
    await expect(feed(decoder, [...before, ...events.slice(insert, insert + 1)])).rejects.toThrow(TransactionOrderError)
    const { decoder: second } = decoderFor(ITEM)
    await feed(second, events.slice(0, insert + 2))
    expect(() => second.onEvent(events[insert] ?? Buffer.alloc(0), 0, events[insert]?.length ?? 0)).toThrow(/outside/)
  })

  it('forgets the open transaction on reset, and reads it again from its beginning', async () => {
    const { decoder, sink } = decoderFor(ITEM)
    await feed(decoder, events.slice(0, insert + 1))
    decoder.resetTransaction()
    expect(sink.rolledBack).toBe(1)
    decoder.onRotate('mysql-bin.000001', 4)
    await feed(decoder, events.slice(0, insert + 20))
    expect(sink.rowWindows[0]?.changes.map(({ key }) => key)).toEqual([1, 2, 3])
  })

  it('rolls back what a crashed server left open', async () => {
    const { decoder, sink } = decoderFor(ITEM)
    await feed(decoder, events.slice(0, insert + 1))
    await feed(decoder, events.slice(0, 1))
    expect(sink.rolledBack).toBe(1)
    expect(sink.rowWindows).toEqual([])
  })

  /** An incident event as a server writes it: number, length of the text, text. */
  function incident(text: string): Buffer {
    const event = Buffer.alloc(19 + 3 + text.length)
    event[4] = MySQLConstants.INCIDENT_EVENT
    event.writeUInt32LE(event.length, 9)
    event.writeUInt16LE(1, 19)
    event[21] = text.length
    event.write(text, 22, 'latin1')
    return event
  }

  it('stops by a name of its own where the server notes that changes are missing, with the place to pass', async () => {
    const { decoder } = decoderFor(ITEM)
    const events = eventsOf('shapes')
    const xid = events.findIndex((event) => event[4] === MySQLConstants.XID_EVENT)
    await feed(decoder, events.slice(0, xid + 1))
    const end = events[xid]?.readUInt32LE(13)
    const event = incident('error writing to the binary log')
    expect(() => decoder.onEvent(event, 0, event.length)).toThrow(
      expect.objectContaining({
        code: 'AESOP_MYSQL_INCIDENT',
        canRetry: false,
        fields: { file: 'mysql-bin.000001', position: end },
        message: expect.stringContaining('LOST_EVENTS (error writing to the binary log)') as string,
        remedy: expect.stringContaining(
          `state pass <bootstrap.yaml> --source <name> --at mysql-bin.000001:${end}`,
        ) as string,
      }) as object,
    )
  })

  it('names the beginning of the transaction that holds an incident', async () => {
    const { decoder } = decoderFor(ITEM, { physicalSource: sourceOf('mysql9-shapes', ITEM) })
    const events = eventsOf('mysql9-shapes')
    const gtid = events.findIndex((event) => event[4] === MySQLConstants.GTID_EVENT)
    await feed(decoder, events.slice(0, gtid + 1))
    const event = incident('')
    expect(() => decoder.onEvent(event, 0, event.length)).toThrow(
      expect.objectContaining({
        fields: { file: 'mysql-bin.000001', position: events[gtid - 1]?.readUInt32LE(13) },
      }) as object,
    )
  })

  it('passes the event that says how a log file is encrypted: a server sends what it holds in the clear', () => {
    const { decoder } = decoderFor(ITEM)
    const event = Buffer.alloc(36)
    event[4] = MySQLConstants.MARIADB_START_ENCRYPTION_EVENT
    event.writeUInt32LE(event.length, 9)
    expect(decoder.onEvent(event, 0, event.length)).toBeUndefined()
  })

  it('does not count an XA transaction of MySQL as read while it waits, nor when nothing else comes', async () => {
    const seen: string[] = []
    const { decoder } = decoderFor(ITEM, {
      physicalSource: sourceOf('mysql9-shapes', ITEM),
      emptyWindowEveryMs: 0,
      onPassed: (gtid) => seen.push(gtid.slice(37)),
      onWindow: (_scn, { gtid }) => seen.push(gtid?.slice(37) ?? 'none'),
    })
    for (const event of eventsOf('mysql9-shapes')) {
      await decoder.onEvent(event, 0, event.length)
      if (event[4] === MySQLConstants.XA_PREPARE_EVENT) break
    }
    decoder.onCaughtUp()
    expect(seen).not.toContain('22')
    expect(seen.at(-1)).toBe('none')
  })

  it('holds the log until the sink takes more', async () => {
    const schemas = new MemorySchemaRegistry()
    const sink = new RecordingSink(schemas)
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    let isFull = false
    const whenWritable = (): Promise<void> | undefined => (isFull ? gate : undefined)
    const { decoder } = decoderFor(ITEM, { schemas, sink: Object.assign(sink, { whenWritable }) })
    await feed(decoder, events.slice(0, insert + 1))
    isFull = true
    const commit = events[insert + 1] ?? Buffer.alloc(0)
    const held = decoder.onEvent(commit, 0, commit.length)
    expect(held).toBeInstanceOf(Promise)
    open()
    await held
  })
})

describe('a transaction payload', () => {
  it('gives the rows of the events inside it, under the position of the whole', async () => {
    const events = eventsOf('shapes')
    const insert = events.findIndex((event) => event[4] === MySQLConstants.WRITE_ROWS_EVENT)
    const inside = events.slice(insert - 1, insert + 2).map((event) => {
      const copy = Buffer.from(event)
      copy.writeUInt32LE(copy.length, 9)
      return copy
    })
    const head = Buffer.alloc(19)
    head[4] = MySQLConstants.TRANSACTION_PAYLOAD_EVENT
    head.writeUInt32LE(9999, 13)
    // Field 2, the compression, is 255: none. Then the end mark.
    const payload = Buffer.concat([head, Buffer.from([2, 3, 0xfc, 255, 0, 0]), ...inside])
    const { decoder, sink } = decoderFor(ITEM)
    await feed(decoder, [...events.slice(0, insert - 1), payload])
    expect(sink.rowWindows.map(({ scn, changes }) => [scn, changes.map(({ key }) => key)])).toEqual([
      [4294967296n + 9999n, [1, 2, 3]],
    ])
  })
})

const HAND_WRITTEN = JSON.stringify({
  type: 'record',
  name: 'Item',
  meta: 'dbFieldName=item;pk=key;',
  fields: [
    { name: 'count', type: ['long', 'null'], meta: 'dbFieldName=n;dbFieldPosition=2;' },
    { name: 'key', type: ['long', 'null'], meta: 'dbFieldName=id;dbFieldPosition=0;' },
    { name: 'title', type: ['string', 'null'], meta: 'dbFieldName=name;dbFieldPosition=1;' },
  ],
})

describe('a transaction payload that is being read', () => {
  it('adds nothing more when the connection is given up, not even behind an event that waits', async () => {
    let open = (): void => undefined
    let waits = 0
    class SpillingSink extends RecordingSink {
      readonly spills = true
      whenSpilled(): Promise<void> | undefined {
        return this.pending.length === 0 || waits++ > 0 ? undefined : new Promise((resolve) => (open = resolve))
      }
    }
    const { inner, gtid, before } = firstTransaction('mysql9-shapes')
    const schemas = new MemorySchemaRegistry()
    const sink = new SpillingSink(schemas)
    const physicalSource = sourceOf('mysql9-shapes', ITEM)
    const { decoder } = decoderFor(ITEM, { schemas, sink, physicalSource })
    const payload = payloadEvent(gtid, Buffer.concat(inner), undefined, 255)
    for (const event of [...before, gtid]) await decoder.onEvent(event, 0, event.length - 4)
    const reading = decoder.onEvent(payload, 0, payload.length - 4)
    while (waits === 0) await new Promise((resolve) => setImmediate(resolve))
    decoder.resetTransaction(true)
    open()
    await reading
    expect([sink.windows.filter(({ changes }) => changes.length > 0), sink.pending, sink.rolledBack]).toEqual([
      [],
      [],
      1,
    ])
  })
})

describe('a hand-written schema', () => {
  it('is obeyed: its fields, their order and its key', async () => {
    const schemas = new MemorySchemaRegistry()
    schemas.register('shop.item', HAND_WRITTEN)
    const { decoder, sink } = decoderFor(ITEM, { schemas })
    await feed(decoder, eventsOf('shapes').slice(0, 30))
    expect(sink.changes[0]).toMatchObject({ key: 1, row: { count: 1n, key: 1n, title: 'one' } })
    expect(schemas.versions('shop.item')).toHaveLength(1)
  })

  it('is mapped by position alone when it names no column that exists', async () => {
    const schemas = new MemorySchemaRegistry()
    schemas.register('shop.item', HAND_WRITTEN.replace(/dbFieldName=(n|id|name);/g, ''))
    const { decoder, sink } = decoderFor(ITEM, { schemas })
    await feed(decoder, eventsOf('shapes').slice(0, 30))
    expect(sink.changes[0]?.row).toEqual({ count: 1n, key: 1n, title: 'one' })
  })

  it('that the table can not fill is refused by both names', async () => {
    const schemas = new MemorySchemaRegistry()
    schemas.register('shop.item', HAND_WRITTEN.replace('"pk=key;', '"pk=nothing;').replace('pk=key', 'pk=nothing'))
    await expect(decodeRecording('shapes', ITEM, { schemas })).rejects.toThrow(SchemaMismatchError)
  })

  it('gives way to a derived one when the table changes and the update processor is there', async () => {
    const schemas = new MemorySchemaRegistry()
    schemas.register('shop.item', HAND_WRITTEN)
    const schemaChangeEventProcessor = new UpdateSchemaChangeEventProcessor()
    const sink = await decodeRecording('shapes', ITEM, { schemas, schemaChangeEventProcessor })
    expect(schemas.versions('shop.item').length).toBeGreaterThan(1)
    expect(sink.changes.at(-1)?.row).toEqual({ id: 30n, extra: 'x', n: 30 })
  })
})

describe('a mapper of the user', () => {
  it('gets row objects with the row before, and its answer is encoded by the schema; null leaves a change out', async () => {
    const changes: RowChange[] = []
    const map = (change: RowChange): Record<string, unknown> | null => {
      changes.push(change)
      return change.opcode === 'DELETE' ? null : { ...change.row, name: `mapped ${String(change.row['name'])}` }
    }
    const { decoder, sink } = decoderFor(ITEM, { mappers: new Map([[1, { map }]]) })
    await feed(decoder, eventsOf('shapes').slice(0, 45))
    expect(sink.changes[0]?.row).toEqual({ id: 1n, name: 'mapped one', n: 1 })
    const update = changes.find(({ before }) => before !== undefined)
    expect(update).toMatchObject({ opcode: 'UPSERT', before: { id: 1n, n: 1 }, row: { id: 1n, n: 11 } })
    expect(sink.changes.every(({ opcode }) => opcode === 'UPSERT')).toBe(true)
  })

  it('that throws, or answers what the schema can not hold, stops the source by name', async () => {
    const map = (): Record<string, unknown> => ({ id: 'text' })
    await expect(decodeRecording('shapes', ITEM, { mappers: new Map([[1, { map }]]) })).rejects.toThrow(
      MapperFailedError,
    )
  })

  it('may be the default one with another idea of a column', async () => {
    class Shouting extends ORToAvroMapper {
      override conversion(...pair: Parameters<ORToAvroMapper['conversion']>): ReturnType<ORToAvroMapper['conversion']> {
        const plain = super.conversion(...pair)
        if (plain.column.kind !== 'text') return plain
        return { ...plain, direct: false, read: (bytes, at) => String(plain.read(bytes, at)).toUpperCase() }
      }
    }
    const mappers = new Map([[1, new DefaultBinLogEventMapper({ orToAvroMapper: new Shouting() })]])
    const sink = await decodeRecording('shapes', ITEM, { mappers })
    expect(sink.changes[0]?.row['name']).toBe('ONE')
  })
})

describe('a processor of the user', () => {
  it('takes the place of the standard one for its event type alone', async () => {
    let deletes = 0
    const process = (): undefined => {
      deletes++
    }
    const eventsMap = new Map([[MySQLConstants.DELETE_ROWS_EVENT, { process }]])
    const sink = await decodeRecording('shapes', ITEM, { eventsMap })
    expect(deletes).toBeGreaterThan(0)
    expect(sink.changes.length).toBeGreaterThan(10)
  })
})
