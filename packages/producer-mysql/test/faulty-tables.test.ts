import { type Quarantine } from '@aesop/checkpoint'
import { QuarantineRecord } from '@aesop/producer'
import { expect, it } from 'vitest'
import { catalogueOf, decodeRecording, type RecordingSink, sourceOf } from './recorded-log.ts'

const INTEGERS = 'types.integers'

interface Outcome {
  readonly sink: RecordingSink
  readonly list: readonly Quarantine[]
}

/** Reads a recording of which some tables can't be understood, and says what was left out. */
async function leftOut(
  recording: string,
  tables: readonly string[],
  options: object = {},
  list: readonly Quarantine[] = [],
  onTableFault = 'quarantine',
): Promise<Outcome> {
  const record = new QuarantineRecord(
    list,
    () => undefined,
    () => undefined,
  )
  const sink = await decodeRecording(recording, tables, {
    physicalSource: sourceOf(recording, tables, { onTableFault }),
    quarantineRecord: record,
    emptyWindowEveryMs: Infinity,
    ...options,
  })
  return { sink, list: record.list }
}

const kinds = ({ windows }: RecordingSink): unknown[][] =>
  windows.flatMap(({ tableChanges }) => tableChanges.map(({ row }) => [row['kind'], row['source']]))

it('a table that nobody describes is left out from its first row on, and its events are counted, not its rows', async () => {
  const { sink, list } = await leftOut('no-log', [INTEGERS])
  expect(sink.changes).toEqual([])
  expect(kinds(sink).filter(([kind]) => kind === 'QUARANTINED')).toEqual([['QUARANTINED', INTEGERS]])
  expect(list).toMatchObject([{ source: INTEGERS, ordinal: 0, code: 'AESOP_MYSQL_TABLE_UNDESCRIBED', rows: 0 }])
  expect(list[0]?.uncountedEvents).toBeGreaterThan(0)
  // Read again nothing is counted twice, though the policy is another one.
  expect((await leftOut('no-log', [INTEGERS], {}, list, 'stop')).list).toEqual(list)
})

it('a table that the catalogue describes later than its map comes is left out by the answer of the catalogue', async () => {
  const description = { database: 'types', table: 'integers', columns: [], primaryKey: [] }
  const answer = { description, at: 'everywhere' } as const
  const catalogue = { describe: () => description, refresh: () => Promise.resolve(answer) }
  const { sink, list } = await leftOut('no-log', [INTEGERS], { catalogue })
  expect([sink.changes, list.map(({ ordinal }) => ordinal)]).toEqual([[], [0]])
  const fault = { refresh: () => Promise.reject(new Error('the server is away')) }
  await expect(leftOut('no-log', [INTEGERS], { catalogue: { ...catalogue, ...fault } })).rejects.toThrow('away')
})

it('only rows of the table with a fault are left out', async () => {
  const known = catalogueOf('no-log')
  const catalogue = {
    describe: (database: string, table: string) => (table === 'integers' ? undefined : known.describe(database, table)),
    refresh: async (database: string, table: string) =>
      table === 'integers' ? { description: undefined, at: 'everywhere' as const } : known.refresh(database, table),
  }
  const tables = [INTEGERS, 'types.decimals']
  const whole = await leftOut('no-log', tables, { catalogue: known })
  const { sink, list } = await leftOut('no-log', tables, { catalogue })
  expect(whole.sink.changes.filter(({ source }) => source === 1).length).toBeGreaterThan(0)
  expect(sink.changes).toEqual(whole.sink.changes.filter(({ source }) => source === 2))
  expect(list).toHaveLength(1)
})

it('rows that say only what changed inside a document are left out, behind those that are whole', async () => {
  const { sink, list } = await leftOut('mysql9-partial-json', ['shop.document'], {
    catalogue: undefined,
  })
  expect(sink.changes.map(({ key }) => key)).toEqual([1])
  expect(list).toMatchObject([{ ordinal: 0, code: 'AESOP_MYSQL_PARTIAL_JSON', rows: 0, uncountedEvents: 1 }])
})

it.each(['stop'])('with the policy "%s" the fault of a table ends its source', async (policy) => {
  await expect(leftOut('no-log', [INTEGERS], {}, [], policy)).rejects.toMatchObject({
    code: 'AESOP_MYSQL_TABLE_UNDESCRIBED',
  })
})
