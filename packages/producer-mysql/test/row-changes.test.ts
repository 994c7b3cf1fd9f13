import { type EventAppend, eventHeaderBytes, eventHeaderBytesMax, type ValueWriter } from '@aesop/event'
import { shownKey } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { ColumnType } from '../src/log/column-type.ts'
import { type EventLimits } from '../src/log/event-limits.ts'
import { RowsEvent, type RowsKind } from '../src/log/rows-event.ts'
import { type MappedColumn } from '../src/log/table-map.ts'
import { type BinLogEventMapper } from '../src/row/binlog-event-mapper.ts'
import { CapturedTable } from '../src/row/captured-table.ts'
import { RowChanges } from '../src/transaction/row-changes.ts'
import { RecordingSink } from './recorded-log.ts'

const UTF8 = 45
const LATIN1 = 8
/** Of the bound of a Latin-1 value, by each of its bytes. */
const LATIN1_GROWTH = 3
const ENOUGH: EventLimits = { eventBytesMax: 1_000_000, eventVersion: 1, loggedBytesMax: 3_000_000 }
const ID = { type: ColumnType.LONG, meta: 0, nullable: false, unsigned: false }
const BLOB = { type: ColumnType.BLOB, meta: 3, nullable: false }
const ALL = 0x03

/** Keeps what was reserved for each value. */
class ReservingSink extends RecordingSink {
  readonly reserved: number[] = []

  override append(append: EventAppend, write: ValueWriter): void {
    this.reserved.push(append.maxValueBytes)
    super.append(append, write)
  }
}

interface Rig {
  readonly table: CapturedTable
  readonly sink: ReservingSink
  readonly changes: RowChanges
}

/** Changes of a table with an id and one more column. */
function rigOf(limits = ENOUGH, value: MappedColumn = { ...BLOB, collation: UTF8 }, mapper?: BinLogEventMapper): Rig {
  const physicalSource = new PhysicalSourceConfig({ uri: 'mysql://u:p@localhost', sources: ['d.t'] })
  const [source] = physicalSource.sources
  if (source === undefined) throw new Error('the source is missing')
  const schemas = new MemorySchemaRegistry()
  const columns = [
    { ...ID, name: 'id' },
    { ...value, name: 'text' },
  ]
  const map = { tableId: 1, database: 'd', table: 't', columns, primaryKey: [0] }
  const mappers = new Map(mapper === undefined ? [] : [[source.id, mapper] as const])
  const table = new CapturedTable(
    { physicalSource, schemas, mappers, sinceScn: () => 0n },
    source,
    map,
    undefined,
    false,
  )
  const sink = new ReservingSink(schemas)
  sink.beginWindow()
  return { table, sink, changes: new RowChanges(sink, limits) }
}

/** A row whose image has so many bytes in all. */
function imageOf(id: number, bytes: number): Buffer {
  const image = Buffer.alloc(bytes, 'x')
  image[0] = 0xfc
  image.writeInt32LE(id, 1)
  image.writeUIntLE(bytes - 8, 5, 3)
  return image
}

function eventOf(images: readonly Buffer[], present = ALL, presentAfter = ALL): RowsEvent {
  const rows = new RowsEvent(1_000_000)
  rows.frame = Buffer.of(present, presentAfter)
  rows.presentAfter = 1
  rows.bitmapBytes = 1
  rows.bytes = Buffer.concat(images)
  rows.end = rows.bytes.length
  return rows
}

function append({ changes, table }: Rig, kind: RowsKind, ...images: Buffer[]): void {
  changes.appendAll(table, eventOf(images), kind, 7n)
}

const shown = ({ sink }: Rig): string[] =>
  sink.pending.map(({ opcode, key, row }) => `${opcode} ${String(key)} ${String(row['text']).length}`)

describe('what is reserved for a value', () => {
  const roughOf = (rig: Rig, bytes: number): number =>
    rig.table.bound.rough(bytes, imageOf(1, bytes), Int32Array.of(1, 5))
  const closeOf = (rig: Rig, bytes: number): number =>
    rig.table.bound.close(imageOf(1, bytes), Int32Array.of(1, 5)).bytesMax

  it('is its rough bound for each of the small rows of an event, and its close one for large ones', () => {
    const rig = rigOf()
    const [rough, close] = [roughOf(rig, 4096), closeOf(rig, 4097)]
    expect(rough).not.toBe(closeOf(rig, 4096))
    append(rig, 'insert', imageOf(1, 4096), imageOf(2, 4096), imageOf(3, 4097), imageOf(4, 4096))
    append(rig, 'delete', imageOf(5, 4096), imageOf(6, 4096), imageOf(7, 4097))
    expect(rig.sink.reserved).toEqual([rough, rough, close, rough, rough, rough, close])
  })

  it('is bounded by the image before for the end of an old key, and by both for the row', () => {
    const rig = rigOf()
    const pair = [imageOf(1, 2000), imageOf(2, 2096)]
    append(rig, 'update', ...pair, ...pair)
    const ofPair = [roughOf(rig, 2000), roughOf(rig, 4096)]
    expect(rig.sink.reserved).toEqual([...ofPair, ...ofPair])
  })

  it.each([
    ['the rough bound fits', 0, 'rough'],
    ['it does not', -1, 'close'],
  ] as const)('depends on largestEventSizeInBytes: %s', (_what, more, bound) => {
    const bytes = 1000
    const probe = rigOf()
    const eventBytesMax = eventHeaderBytesMax(1, 1) + roughOf(probe, bytes) + more
    const rig = rigOf({ ...ENOUGH, eventBytesMax })
    append(rig, 'insert', imageOf(1, bytes))
    expect(rig.sink.reserved).toEqual([bound === 'rough' ? roughOf(rig, bytes) : closeOf(rig, bytes)])
  })

  it('is what it takes, where not even the close bound fits', () => {
    const bytes = 5000
    const close = closeOf(rigOf(), bytes)
    const atBound = rigOf({ ...ENOUGH, eventBytesMax: eventHeaderBytes(1, 1) + close })
    append(atBound, 'insert', imageOf(1, bytes))
    const below = rigOf({ ...ENOUGH, eventBytesMax: eventHeaderBytes(1, 1) + close - 1 })
    append(below, 'insert', imageOf(1, bytes))
    const [taken] = below.sink.pending
    expect([atBound.sink.reserved, below.sink.reserved]).toEqual([[close], [taken?.bytes.length]])
    expect(below.sink.pending).toEqual(atBound.sink.pending)
  })

  it('is what it takes, where more than 16 KiB of the bound may stay empty', () => {
    const atBound = Math.floor((16 * 1024) / LATIN1_GROWTH)
    const rig = rigOf(ENOUGH, { ...BLOB, collation: LATIN1 })
    const slackOf = (length: number): number =>
      rig.table.bound.close(imageOf(1, length + 8), Int32Array.of(1, 5)).slackBytes
    expect([slackOf(atBound) <= 16 * 1024, slackOf(atBound + 1) > 16 * 1024]).toEqual([true, true])
    append(rig, 'insert', imageOf(1, atBound + 8), imageOf(2, atBound + 9))
    expect(rig.sink.reserved).toEqual([closeOf(rig, atBound + 8), rig.sink.pending[1]?.bytes.length])
    expect(shown(rig)).toEqual([`UPSERT 1 ${atBound}`, `UPSERT 2 ${atBound + 1}`])
  })
})

describe('an image that is larger than the log may have it', () => {
  const BYTES = 5000

  it('is refused by name, one of the bound is not', () => {
    const rig = rigOf({ ...ENOUGH, loggedBytesMax: BYTES })
    append(rig, 'insert', imageOf(1, BYTES), imageOf(2, BYTES))
    const less = rigOf({ ...ENOUGH, loggedBytesMax: BYTES - 1 })
    const fields = { table: 'd.t', bytes: BYTES, bytesMax: BYTES - 1 }
    const refusal = expect.objectContaining({ code: 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE', fields }) as Error
    for (const kind of ['insert', 'delete', 'update'] as const) {
      expect(() => {
        append(less, kind, imageOf(1, BYTES), imageOf(1, BYTES))
      }).toThrow(refusal)
    }
    expect(() => {
      append(less, 'insert', imageOf(1, BYTES))
    }).toThrow(/^table d\.t: a row of 5000 bytes/)
    expect([shown(rig).length, less.sink.pending]).toEqual([2, []])
  })

  it('is measured by what its compressed values become', () => {
    const inflated = 70_000
    const compressed = (id: number): Buffer => {
      const image = imageOf(id, 12)
      // Its length, the length of what it becomes, and what nobody reads before it is allowed.
      image.writeUIntLE(4, 5, 3)
      image[8] = 0x80 | 3
      image.writeUIntBE(inflated, 9, 3)
      return image
    }
    const column = { type: ColumnType.BLOB_COMPRESSED, meta: 3, nullable: false, collation: UTF8 }
    const less = rigOf({ ...ENOUGH, loggedBytesMax: 12 + inflated - 1 }, column)
    expect(() => {
      append(less, 'insert', compressed(1))
    }).toThrow(expect.objectContaining({ fields: { table: 'd.t', bytes: 12 + inflated, bytesMax: 12 + inflated - 1 } }))
    const rig = rigOf({ ...ENOUGH, loggedBytesMax: 12 + inflated }, column)
    expect(() => {
      append(rig, 'insert', compressed(1))
    }).toThrow('can not be inflated')
  })
})

describe('an event that contradicts its table', () => {
  const corrupt = (message: string): Error =>
    expect.objectContaining({
      code: 'AESOP_MYSQL_EVENT_CORRUPT',
      message: expect.stringContaining(message) as string,
    }) as Error

  it('is refused where it has another number of columns', () => {
    const rig = rigOf()
    const rows = eventOf([imageOf(1, 20)])
    rows.bitmapBytes = 2
    expect(() => {
      rig.changes.appendAll(rig.table, rows, 'insert', 0n)
    }).toThrow(corrupt('rows of d.t: their columns are not the 2 of the table map'))
    expect(rig.sink.pending).toEqual([])
  })

  it.each(['insert', 'delete', 'update'] as const)(
    'is refused where an image of its %s goes beyond its end',
    (kind) => {
      const images = [imageOf(1, 20), imageOf(2, 20), imageOf(3, 20), imageOf(4, 20)]
      for (const missing of [1, 12, 16]) {
        const rig = rigOf()
        const rows = eventOf(images)
        rows.end -= missing
        expect(() => {
          rig.changes.appendAll(rig.table, rows, kind, 0n)
        }).toThrow(corrupt(`rows of d.t: an image ends at 80, the event at ${80 - missing}`))
        const cut = rigOf()
        expect(() => {
          append(cut, kind, Buffer.concat(images).subarray(0, 80 - missing))
        }).toThrow(corrupt('rows of d.t: an image ends at'))
      }
    },
  )

  it.each([
    ['insert', 0x01, 'text'],
    ['insert', 0x02, 'id'],
    ['delete', 0x02, 'id'],
    ['update', 0x02, 'id'],
  ] as const)(
    'is refused where the %s of the columns %d lacks one that is needed, by its name',
    (kind, present, name) => {
      const { changes, table } = rigOf()
      expect(() => {
        changes.appendAll(table, eventOf([imageOf(1, 20)], present), kind, 0n)
      }).toThrow(expect.objectContaining({ message: expect.stringContaining(`column ${name}`) as string }))
    },
  )
})

it('what an update does not say is as before', () => {
  const { changes, table, sink } = rigOf()
  const textOnly = Buffer.concat([imageOf(1, 20).subarray(0, 1), imageOf(1, 28).subarray(5)])
  changes.appendAll(table, eventOf([imageOf(1, 20), textOnly], ALL, 0x02), 'update', 0n)
  const idOnly = imageOf(2, 20).subarray(0, 5)
  changes.appendAll(table, eventOf([imageOf(1, 20), idOnly], ALL, 0x01), 'update', 0n)
  expect(shown({ changes, table, sink })).toEqual(['UPSERT 1 20', 'DELETE 1 12', 'UPSERT 2 12'])
  expect(() => {
    changes.appendAll(table, eventOf([idOnly, idOnly], 0x01, 0x01), 'update', 0n)
  }).toThrow('column text')
})

describe('up to a row', () => {
  it.each([0, 1, 2])('so many changes are appended: %d', (eventsMax) => {
    const rig = rigOf()
    const images = [1, 2, 3].map((id) => imageOf(id, 20))
    expect(() => {
      rig.changes.appendUpTo(eventsMax, rig.table, eventOf(images), 'insert', 7n)
    }).toThrow(expect.objectContaining({ constructor: expect.objectContaining({ name: 'RowsLeftOut' }) as object }))
    expect([rig.sink.pending.map(({ key }) => key), rig.changes.count]).toEqual([
      [1, 2, 3].slice(0, eventsMax),
      eventsMax,
    ])
    // Nothing of the bound stays.
    append(rig, 'insert', imageOf(9, 20), imageOf(10, 20), imageOf(11, 20))
    expect(rig.sink.pending.slice(eventsMax).map(({ key }) => key)).toEqual([9, 10, 11])
  })

  it('that an event does not reach, it is appended as a whole', () => {
    const rig = rigOf()
    rig.changes.appendUpTo(2, rig.table, eventOf([imageOf(1, 20), imageOf(2, 20)]), 'insert', 7n)
    expect(rig.sink.pending.map(({ key, timestampNanos }) => [key, timestampNanos])).toEqual([
      [1, 7n],
      [2, 7n],
    ])
  })
})

describe('a mapper of a user', () => {
  it('gets both rows of an update, and one of the others', () => {
    const seen: unknown[] = []
    const map: BinLogEventMapper['map'] = ({ opcode, row, before }) => {
      seen.push([opcode, row['id'], before === undefined ? 'none' : before['id']])
      return row
    }
    const rig = rigOf(ENOUGH, undefined, { map })
    append(rig, 'insert', imageOf(1, 20))
    append(rig, 'update', imageOf(1, 20), imageOf(1, 30), imageOf(1, 30), imageOf(2, 30))
    append(rig, 'delete', imageOf(2, 30))
    expect(seen).toEqual([
      ['UPSERT', 1, 'none'],
      ['UPSERT', 1, 1],
      ['DELETE', 1, 'none'],
      ['UPSERT', 2, 1],
      ['DELETE', 2, 'none'],
    ])
  })

  it('that throws is the fault of its table, with what it threw', () => {
    const fault = new Error('no')
    const map = (): never => {
      throw fault
    }
    const rig = rigOf(ENOUGH, undefined, { map })
    expect(() => {
      append(rig, 'insert', imageOf(1, 20))
    }).toThrow(expect.objectContaining({ code: 'AESOP_MYSQL_MAPPER_FAILED', cause: fault }))
  })
})

it('a row that is too large is named by its place in the window, whatever was appended before and rolled back', () => {
  const rig = rigOf({ ...ENOUGH, eventBytesMax: 1000 })
  append(rig, 'insert', imageOf(1, 20), imageOf(2, 20))
  rig.changes.ordinal = 1
  append(rig, 'insert', imageOf(3, 20))
  expect(rig.changes.ordinal).toBe(2)
  expect(() => {
    append(rig, 'insert', imageOf(4, 20), imageOf(5, 2000))
  }).toThrow(
    expect.objectContaining({
      code: 'AESOP_MYSQL_ROW_TOO_LARGE',
      fields: expect.objectContaining({ ordinal: 3, key: shownKey(5, 'hash') }) as object,
    }),
  )
})
