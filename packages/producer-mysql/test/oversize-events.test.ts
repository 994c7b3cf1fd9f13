import { type Quarantine } from '@aesop/checkpoint'
import { QuarantineRecord } from '@aesop/producer'
import { expect, it } from 'vitest'
import { firstTransaction, headOf, payloadEvent, zstdFrame, type Content } from './made-payload.ts'
import { decoderOf, type RecordingSink, sourceOf } from './recorded-log.ts'

const RECORDING = 'mysql9-shapes'
const LIMIT = 1024 * 1024
/** One more than twice the limit, and 1 MiB. */
const OVERSIZE_BYTES = 2 * LIMIT + 1024 * 1024 + 1
const AT_TYPE = 4
const [QUERY, FORMAT, TABLE_MAP, ROWS_QUERY, ROWS] = [2, 15, 19, 29, 30]

interface Read {
  readonly onTableFault?: string
  readonly recording?: string
  readonly tables?: readonly string[]
  readonly list?: readonly Quarantine[]
  /** Whether the log is read from within a transaction. */
  readonly isWithin?: boolean
}

const transactionOf = (recording: string) => {
  const { before, gtid, inner } = firstTransaction(recording)
  const tableMap = inner.find((event) => event[AT_TYPE] === TABLE_MAP) ?? Buffer.alloc(0)
  const rowsAt = inner.findIndex((event) => event[AT_TYPE] === ROWS)
  const rows = inner[rowsAt] ?? Buffer.alloc(0)
  return { before, gtid, inner, rows, upToRows: inner.slice(0, rowsAt + 1), behind: inner.slice(rowsAt + 1), tableMap }
}
const item = transactionOf(RECORDING)
const itemId = item.tableMap.readUIntLE(19, 6)

/** An event of this type, too large to be held, with a table id where rows have one. */
function oversize(type: number, tableId: number, like: Buffer = item.rows): Content[] {
  const head = headOf(like, OVERSIZE_BYTES, tableId)
  head[AT_TYPE] = type
  return [head, { byte: 1, count: OVERSIZE_BYTES - head.length }]
}

/** The transaction of a recording, compressed, with these events in it: what reached the sink, and what was left out. */
async function decode(contents: readonly Content[], { recording = RECORDING, ...read }: Read = {}) {
  const { before, gtid } = firstTransaction(recording)
  const tables = read.tables ?? ['shop.item', 'shop.pair']
  const record = new QuarantineRecord(
    read.list ?? [],
    () => undefined,
    () => undefined,
  )
  const { onTableFault = 'quarantine' } = read
  const { sink, decoder } = decoderOf(recording, tables, {
    physicalSource: sourceOf(recording, tables, { onTableFault, largestEventSizeInBytes: LIMIT }),
    quarantineRecord: record,
    emptyWindowEveryMs: Infinity,
  })
  decoder.onRotate('mysql-bin.000001', 4)
  if (read.isWithin !== true) decoder.resetTransaction(true)
  const begin = read.isWithin === true ? before.filter((event) => event[AT_TYPE] === FORMAT) : [...before, gtid]
  const events = [...begin, payloadEvent(gtid, zstdFrame(contents))]
  for (const each of events) await decoder.onEvent(each, 0, each.length - 4)
  return { sink, list: record.list }
}

const keysOf = ({ changes }: RecordingSink): unknown[] => changes.map(({ key }) => key)
const saidIn = ({ windows }: RecordingSink): unknown[] =>
  windows
    .flatMap(({ tableChanges }) => tableChanges.map(({ row }) => row['kind']))
    .filter((kind) => kind === 'QUARANTINED')

const refusal = (table?: string) => ({
  code: 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE',
  fields: expect.objectContaining({ bytes: OVERSIZE_BYTES, ...(table === undefined ? {} : { table }) }) as object,
})

it('rows that are too large to be held are left out with their table, behind those that were delivered', async () => {
  const contents = [...item.upToRows, ...oversize(ROWS, itemId), ...item.behind]
  const { sink, list } = await decode(contents)
  expect([keysOf(sink), saidIn(sink)]).toEqual([[1, 2, 3], ['QUARANTINED']])
  const { scn = -1n } = sink.windows.find(({ changes }) => changes.length > 0) ?? {}
  expect(list).toMatchObject([
    { source: 'shop.item', ...refusal('shop.item'), ordinal: 3, rows: 0, uncountedEvents: 1, scn, countedScn: scn },
  ])
  const [told] = sink.windows.flatMap(({ tableChanges }) =>
    tableChanges.filter(({ row }) => row['kind'] === 'QUARANTINED'),
  )
  expect(told?.timestampNanos).toBe(sink.changes[0]?.timestampNanos)
  // Read again, the record alone says so.
  const again = await decode(contents, { list, onTableFault: 'stop' })
  expect([again.sink.windows, again.list]).toEqual([sink.windows, list])
})

it('and what comes behind them of their table is left out, too', async () => {
  const [before, rest] = [item.upToRows.slice(0, -1), item.upToRows.slice(-1)]
  const { sink, list } = await decode([...before, ...oversize(ROWS, itemId), ...rest, ...item.behind])
  expect([keysOf(sink), saidIn(sink)]).toEqual([[], ['QUARANTINED']])
  expect(list).toMatchObject([{ ordinal: 0, rows: 3, uncountedEvents: 1 }])
})

it('the policy "stop" ends the source with them', async () => {
  const contents = [...item.upToRows, ...oversize(ROWS, itemId), ...item.behind]
  await expect(decode(contents, { onTableFault: 'stop' })).rejects.toMatchObject(refusal('shop.item'))
})

it.each([
  ['an event that is not of rows, with the number of a table where rows have it,', QUERY, itemId],
  ['rows of a table id that no table map has named', ROWS, 999],
])('%s, is the fault of no table, and ends the source', async (_what, type, tableId) => {
  const refused = decode([...item.upToRows, ...oversize(type, tableId), ...item.behind])
  await expect(refused).rejects.toMatchObject(refusal())
  await expect(refused).rejects.not.toHaveProperty('fields.table')
})

it('the text of a statement is passed by, and rows that nobody captures', async () => {
  const contents = [...item.upToRows, ...oversize(ROWS_QUERY, itemId), ...item.behind]
  const { sink, list } = await decode(contents)
  expect([keysOf(sink), saidIn(sink), list]).toEqual([[1, 2, 3], [], []])
  const other = [...item.upToRows, ...oversize(ROWS, itemId), ...item.behind]
  const passed = await decode(other, { tables: ['shop.pair'] })
  expect([keysOf(passed.sink), saidIn(passed.sink), passed.list]).toEqual([[], [], []])
})

it('before the first boundary of the log everything is passed by', async () => {
  // Without its BEGIN.
  const contents = [...item.upToRows.slice(1), ...oversize(ROWS, itemId), ...item.behind]
  const { sink, list } = await decode(contents, { isWithin: true, onTableFault: 'stop' })
  expect([sink.windows, sink.pending, list]).toEqual([[], [], []])
})

it('rows of a table that can not be understood are left out as those of it, whatever their size', async () => {
  const { tableMap, inner, behind, rows } = transactionOf('mysql9-minimal')
  const name = tableMap.subarray(19 + 8)
  const database = name.toString('latin1', 1, 1 + (name[0] ?? 0))
  const at = 1 + (name[0] ?? 0) + 1
  const table = name.toString('latin1', at + 1, at + 1 + (name[at] ?? 0))
  const read = { recording: 'mysql9-minimal', tables: [`${database}.${table}`] }
  const withOversize = (type: number) => [
    ...inner.slice(0, inner.indexOf(rows)),
    ...oversize(type, tableMap.readUIntLE(19, 6), rows),
    ...behind,
  ]
  const { sink, list } = await decode(withOversize(ROWS), read)
  expect([keysOf(sink), saidIn(sink)]).toEqual([[], ['QUARANTINED']])
  expect(list).toMatchObject([{ code: 'AESOP_MYSQL_TABLE_UNDESCRIBED', ordinal: 0, rows: 0, uncountedEvents: 1 }])
  await expect(decode(withOversize(QUERY), read)).rejects.toMatchObject(refusal())
})
