import { PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { CapturedTable } from '../src/row/captured-table.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { RowImageIncompleteError } from '../src/error/errors.ts'
import { eventLimits } from '../src/log/event-limits.ts'
import { RowChanges } from '../src/transaction/row-changes.ts'
import { RowsEvent, type RowsKind } from '../src/log/rows-event.ts'
import { type MappedColumn } from '../src/log/table-map.ts'
import { RecordingSink } from './recorded-log.ts'

const MAX_2038 = '7fffffff0f423f'
const MAX_2106 = 'ffffffff0f423f'
const STAMP = { type: ColumnType.TIMESTAMP2, meta: 6, nullable: false }
const TRANSACTION = { type: ColumnType.LONGLONG, meta: 0, nullable: false, unsigned: true }

/** How the end of a period is written: as a time by an older or a newer MariaDB, or as the number of a transaction. */
const KINDS = {
  'MariaDB 10.11': {
    version: '10.11.6-MariaDB-log',
    type: STAMP,
    current: MAX_2038,
    history: ['6553f101000000', MAX_2106],
  },
  'MariaDB 11.4': { version: '5.5.5-11.4.2-MariaDB', type: STAMP, current: MAX_2038, history: ['7fffffff0f423e'] },
  'MariaDB 11.5': { version: '11.5.1-MariaDB', type: STAMP, current: MAX_2106, history: ['6553f101000000', MAX_2038] },
  'MariaDB 12.0': { version: '12.0.2-MariaDB-log', type: STAMP, current: MAX_2106, history: ['ffffffff0f423e'] },
  transactions: {
    version: '10.11.6-MariaDB-log',
    type: TRANSACTION,
    current: 'ffffffffffffffff',
    history: ['0700000000000000', 'feffffffffffffff', '00000000ffffffff'],
  },
} as const

interface Image {
  readonly id: number
  readonly n: number
  readonly end: string
}

describe.each(Object.entries(KINDS))('rows of a versioned table, %s', (_kind, { version, type, current, history }) => {
  const named = (name: string, column: MappedColumn): MappedColumn => ({ ...column, name })
  const int = { type: ColumnType.LONG, meta: 0, nullable: false, unsigned: false }

  function tableOf(): { table: CapturedTable; schemas: MemorySchemaRegistry } {
    const physicalSource = new PhysicalSourceConfig({ uri: 'mysql://u:p@localhost', sources: ['d.t'] })
    const [source] = physicalSource.sources
    if (source === undefined) throw new Error('the source is missing')
    const schemas = new MemorySchemaRegistry()
    const columns = [named('id', int), named('n', int), named('from', type), named('to', type)]
    const map = { tableId: 1, database: 'd', table: 't', columns, primaryKey: [0, 3] }
    const plain = { unsigned: false, charset: undefined, labels: undefined, typeName: undefined }
    const description = {
      database: 'd',
      table: 't',
      columns: ['id', 'n', 'from', 'to'].map((name) => ({ ...plain, name })),
      primaryKey: ['id'],
      period: { start: 'from', end: 'to' },
    }
    const compiler = { physicalSource, schemas, mappers: new Map<number, never>(), sinceScn: () => 0n }
    return { table: new CapturedTable(compiler, source, map, description, false, version), schemas }
  }

  function bytesOf({ id, n, end }: Image): Buffer {
    const numbers = Buffer.alloc(8)
    numbers.writeInt32LE(id, 0)
    numbers.writeInt32LE(n, 4)
    return Buffer.concat([Buffer.of(0xf0), numbers, Buffer.alloc(end.length / 2, 1), Buffer.from(end, 'hex')])
  }

  /** What comes of one rows event, in short. */
  function changes(kind: RowsKind, ...images: Image[]): string[] {
    const { table, schemas } = tableOf()
    const sink = new RecordingSink(schemas)
    sink.beginWindow()
    new RowChanges(sink, eventLimits(1_000_000, 1)).appendAll(table, eventOf(0x0f, ...images), kind, 0n)
    return sink.pending.map(
      ({ opcode, key, row }) => `${opcode} ${String(key)} ${Number(row['id'])}:${Number(row['n'])}`,
    )
  }

  function eventOf(present: number, ...images: Image[]): RowsEvent {
    const rows = new RowsEvent(1_000_000)
    rows.frame = Buffer.of(present)
    rows.bitmapBytes = 1
    rows.bytes = Buffer.concat(images.map(bytesOf))
    rows.end = rows.bytes.length
    return rows
  }

  const now = (id: number, n: number): Image => ({ id, n, end: current })

  it('are delivered by the key of the user', () => {
    expect(changes('insert', now(1, 10), now(2, 20))).toEqual(['UPSERT 1 1:10', 'UPSERT 2 2:20'])
    expect(changes('update', now(1, 10), now(1, 11))).toEqual(['UPSERT 1 1:11'])
    expect(changes('update', now(1, 10), now(3, 10))).toEqual(['DELETE 1 1:10', 'UPSERT 3 3:10'])
    expect(changes('delete', now(1, 10))).toEqual(['DELETE 1 1:10'])
  })

  describe.each(history)('while a period that ends at %s is history', (end) => {
    const past = (id: number, n: number): Image => ({ id, n, end })

    it('that gives no event when it is inserted, deleted or changed', () => {
      expect(changes('insert', past(1, 10), now(1, 11), past(1, 9))).toEqual(['UPSERT 1 1:11'])
      expect(changes('delete', past(1, 10), now(2, 20), past(2, 19))).toEqual(['DELETE 2 2:20'])
      expect(changes('update', past(1, 10), past(1, 11))).toEqual([])
    })

    it('that ends a row and may come back', () => {
      expect(changes('update', now(1, 10), past(1, 10))).toEqual(['DELETE 1 1:10'])
      expect(changes('update', past(1, 10), now(1, 11))).toEqual(['UPSERT 1 1:11'])
      expect(changes('update', now(1, 10), past(1, 10), past(2, 5), now(2, 6), now(3, 1), now(3, 2))).toEqual([
        'DELETE 1 1:10',
        'UPSERT 2 2:6',
        'UPSERT 3 3:2',
      ])
    })
  })

  it('are as before in what an update does not say', () => {
    const { table, schemas } = tableOf()
    const sink = new RecordingSink(schemas)
    sink.beginWindow()
    const rows = eventOf(0x0f, now(1, 10))
    const changed = Buffer.alloc(5)
    changed.writeInt32LE(11, 1)
    rows.frame = Buffer.of(0x0f, 0x02)
    rows.presentAfter = 1
    rows.bytes = Buffer.concat([rows.bytes, changed])
    rows.end = rows.bytes.length
    new RowChanges(sink, eventLimits(1_000_000, 1)).appendAll(table, rows, 'update', 0n)
    expect(sink.pending.map(({ opcode, row }) => [opcode, row['id'], row['n']])).toEqual([['UPSERT', 1, 11]])
  })

  it('are refused where an image does not say whether it is history', () => {
    const { table, schemas } = tableOf()
    const sink = new RecordingSink(schemas)
    const changesOf = new RowChanges(sink, eventLimits(1_000_000, 1))
    for (const kind of ['delete', 'update'] as const) {
      sink.beginWindow()
      expect(() => {
        changesOf.appendAll(table, eventOf(0x07, now(1, 1), now(1, 2)), kind, 0n)
      }).toThrow(RowImageIncompleteError)
      sink.rollbackWindow()
    }
  })
})
