import { type Quarantine } from '@aesop/checkpoint'
import { QuarantineRecord } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { decodeMade, type Inserted } from './made-log.ts'
import { RecordingSink, sourceOf } from './recorded-log.ts'

const ITEM = 'shop.item'
const TABLES = [ITEM, 'shop.pair', 'shop.keyless', 'shop.my', 'shop.copied']
const SCHEMA = JSON.stringify({ type: 'record', name: 'item', fields: [{ name: 'id', type: 'long' }] })
/** The rows of shop.item, window by window: of the transaction with 4 and 5 a row of shop.pair stands between them. */
const WHOLE = ['1 2 3', '1 2', '1 9', '2', '4 x 5', '7 10', '3 11', '19', '20', '22', '3', '30']
/** Rows of shop.item in all of them: that with a changed key gives two events. */
const ROWS = WHOLE.join(' ').split(' ').length - 2

/** Rows of the recording whose table has a fault in the given ones, and what became of the record. */
class Run {
  readonly sink: RecordingSink
  readonly record: QuarantineRecord
  /** What was stored, and how many windows were visible then. */
  readonly stored: { readonly list: readonly Quarantine[]; readonly windows: number }[] = []
  /** Intervals that somebody was told of. */
  readonly begun: Quarantine[] = []
  readonly #schemas = new MemorySchemaRegistry()
  readonly #isFaulty: (id: number, nth: number) => boolean
  #rows = 0

  constructor(
    isFaulty: (id: number, nth: number) => boolean,
    list: readonly Quarantine[] = [],
    kept: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#isFaulty = isFaulty
    this.sink = new RecordingSink(this.#schemas)
    this.#schemas.register(ITEM, SCHEMA)
    const save = (saved: readonly Quarantine[]): Promise<void> | undefined => {
      this.stored.push({ list: saved, windows: this.sink.windows.length })
      return kept()
    }
    this.record = new QuarantineRecord(list, save, (each) => this.begun.push(each))
  }

  async read(onTableFault = 'quarantine', inserted: readonly Inserted[] = []): Promise<this> {
    const map = ({ row }: { row: Readonly<Record<string, unknown>> }): Record<string, unknown> => {
      const id = Number(row['id'])
      if (this.#isFaulty(id, this.#rows++)) throw new Error(`row ${id} is refused`)
      return { id }
    }
    await decodeMade('shapes', TABLES, inserted, {
      schemas: this.#schemas,
      sink: this.sink,
      physicalSource: sourceOf('shapes', TABLES, { onTableFault }),
      mappers: new Map([[1, { map }]]),
      quarantineRecord: this.record,
      emptyWindowEveryMs: Infinity,
    })
    return this
  }

  /** The first column of each row of shop.item and shop.pair, and what is said of tables whose rows are left out. */
  get story(): string[] {
    return this.sink.windows
      .map(({ changes, tableChanges }) => {
        const rows = changes
          .filter(({ source }) => source <= 2)
          .map(({ row }) => (row['id'] === undefined ? 'x' : String(Number(row['id']))))
        const said = tableChanges
          .map(({ row }) => String(row['kind']))
          .filter((kind) => /QUARANTINED|RELEASED/.test(kind))
        return [...rows, ...said].join(' ')
      })
      .filter((line) => line !== '')
  }

  scnOf(nth: number): bigint {
    const windows = this.sink.windows.filter(({ changes }) => changes.some(({ source }) => source <= 2))
    return windows[nth]?.scn ?? -1n
  }
}

const never = (): boolean => false

it('no row is left out where there is no fault', async () => {
  const run = await new Run(never).read()
  expect(run.story).toEqual(WHOLE)
  expect([run.stored, run.record.list]).toEqual([[], []])
})

it.each([
  [0, ['QUARANTINED', 'x']],
  [1, ['1 QUARANTINED', 'x']],
  [2, ['1 2 QUARANTINED', 'x']],
])(
  'a fault of the row with ordinal %d of the first window leaves out that row and all that follow',
  async (n, story) => {
    const run = await new Run((_id, nth) => nth === n).read()
    expect(run.story).toEqual(story)
    const code = 'AESOP_MYSQL_MAPPER_FAILED'
    expect(run.begun).toMatchObject([{ source: ITEM, ordinal: n, code, scn: run.sink.windows.find(isFirst)?.scn }])
    expect(run.stored).toHaveLength(1)
    expect(run.record.list).toMatchObject([{ ordinal: n, rows: ROWS - n, uncountedEvents: 0 }])
  },
)

const isFirst = ({ tableChanges }: RecordingSink['windows'][number]): boolean =>
  tableChanges.some(({ row }) => row['kind'] === 'QUARANTINED')

it('the ordinal counts the events of the source in its window alone, whatever stands between them', async () => {
  const run = await new Run((id) => id === 5).read()
  expect(run.story).toEqual([...WHOLE.slice(0, 4), '4 x QUARANTINED'])
  expect(run.record.list).toMatchObject([{ ordinal: 1, scn: run.scnOf(4) }])
})

it('the ordinal counts both events of a changed key', async () => {
  const run = await new Run((id) => id === 9).read()
  expect(run.story).toEqual([...WHOLE.slice(0, 2), '1 QUARANTINED', 'x'])
  // The row is left out, though the end of its old key was delivered.
  expect(run.record.list).toMatchObject([{ ordinal: 1, rows: ROWS - 5 }])
})

describe('where the log goes back to a savepoint', () => {
  const undone = (from: Inserted['after'], to: Inserted['after']): Inserted[] => [
    { after: to, sql: 'ROLLBACK TO s' },
    { after: from, sql: 'SAVEPOINT s' },
  ]

  it('the ordinal counts none of what is undone', async () => {
    const plain = await new Run((id) => id === 5).read()
    expect(plain.record.list).toMatchObject([{ ordinal: 1 }])
    const begun: Inserted[] = [
      { after: 'four', sql: 'ROLLBACK TO s' },
      { after: "'four'", behind: 'text', sql: 'SAVEPOINT s' },
    ]
    const run = await new Run((id) => id === 5).read('quarantine', begun)
    expect(run.story).toEqual([...WHOLE.slice(0, 4), 'x QUARANTINED'])
    expect(run.record.list).toMatchObject([{ ordinal: 0 }])
    const later = await new Run((id) => id === 10).read('quarantine', undone('four', 'five'))
    expect(later.story).toEqual([...WHOLE.slice(0, 4), '4', '7 QUARANTINED'])
    expect(later.record.list).toMatchObject([{ ordinal: 1 }])
  })

  it('the ordinal counts what was delivered before the savepoint', async () => {
    const run = await new Run((id) => id === 5).read('quarantine', undone('four', 'x\ty'))
    expect(run.story).toEqual([...WHOLE.slice(0, 4), '4 QUARANTINED'])
    expect(run.record.list).toMatchObject([{ ordinal: 1 }])
  })

  it('a fault that is undone leaves nothing out, and nobody is told of it', async () => {
    const run = await new Run((id) => id === 5).read('quarantine', undone('four', 'five'))
    expect(run.story).toEqual([...WHOLE.slice(0, 4), '4', ...WHOLE.slice(5)])
    expect([run.stored, run.begun, run.record.list]).toEqual([[], [], []])
  })

  it('a fault before it stays, and rows that are undone are not counted', async () => {
    const plain = await new Run((id) => id === 4).read()
    const run = await new Run((id) => id === 4).read('quarantine', undone('four', 'five'))
    expect(run.story).toEqual([...WHOLE.slice(0, 4), 'QUARANTINED'])
    expect([plain, run].map(({ record }) => record.list[0]?.rows)).toEqual([ROWS - 7, ROWS - 8])
  })
})

it('rows are counted in every window up to the last that has some', async () => {
  const whole = await new Run(never).read()
  const run = await new Run((id) => id === 5).read()
  // Before it come nine events, of which two are one row, and the row of another table.
  expect(run.record.list).toMatchObject([{ rows: ROWS - 8, countedScn: whole.scnOf(WHOLE.length - 1) }])
})

describe('read again, the record alone decides', () => {
  /** The interval that begins with row 2 of the window of rows 4 and 5. */
  async function interval(): Promise<Quarantine> {
    const { record } = await new Run((id) => id === 5).read()
    const [first] = record.list
    if (first === undefined) throw new Error('nothing is left out')
    return first
  }

  it.each(['quarantine', 'stop'])('what it says is left out though there is no fault any more (%s)', async (policy) => {
    const list = [await interval()]
    const run = await new Run(never, list).read(policy)
    expect(run.story).toEqual([...WHOLE.slice(0, 4), '4 x QUARANTINED'])
    // What was counted before is not counted again, and nothing new has to be stored.
    expect([run.record.list, run.stored, run.begun]).toEqual([list, [], []])
  })

  it.each([
    [0, 'x QUARANTINED'],
    [1, '4 x QUARANTINED'],
    // One that names a row behind the window's last.
    [2, '4 x 5'],
  ])('the ordinal %d of it cuts its window: %s', async (ordinal, window) => {
    const run = await new Run(never, [{ ...(await interval()), ordinal }]).read()
    expect(run.story[4]?.split(' ').toSorted()).toEqual(window.split(' ').toSorted())
    expect(run.story.slice(5)).toEqual([])
  })

  it('a fault at its ordinal is the one that it is about, and one before it is another', async () => {
    const first = await interval()
    expect((await new Run((id) => id === 5, [first]).read('stop')).story).toHaveLength(5)
    await expect(new Run((id) => id === 4, [first]).read('stop')).rejects.toMatchObject({
      code: 'AESOP_MYSQL_MAPPER_FAILED',
    })
    const run = await new Run((id) => id === 4, [first]).read()
    expect(run.begun).toMatchObject([{ ordinal: 0 }])
  })

  it('rows come again with the first transaction behind its release, which is told of and stored first', async () => {
    const whole = await new Run(never).read()
    const first = await interval()
    const run = await new Run(never, [{ ...first, untilScn: whole.scnOf(6) }]).read()
    expect(run.story).toEqual([
      ...WHOLE.slice(0, 4),
      '4 x QUARANTINED',
      `${WHOLE[7] ?? ''} RELEASED`,
      ...WHOLE.slice(8),
    ])
    expect(run.stored).toHaveLength(1)
    expect(run.stored[0]?.list).toMatchObject([{ releasedScn: whole.scnOf(7), ordinal: 1 }])
    const again = await new Run(never, run.record.list).read()
    expect(again.story).toEqual(run.story)
    expect(again.stored).toEqual([])
  })
})

it('a release counts from the very transaction that begins where it says', async () => {
  const whole = await new Run(never).read()
  const { record } = await new Run((_id, nth) => nth === 1).read()
  // The second transaction begins where the first window ends.
  const list = record.list.map((each) => ({ ...each, untilScn: whole.scnOf(0) }))
  const run = await new Run(never, list).read()
  expect(run.story).toEqual(['1 QUARANTINED', `${WHOLE[1] ?? ''} RELEASED`, ...WHOLE.slice(2)])
  expect(run.stored[0]?.list).toMatchObject([{ releasedScn: whole.scnOf(1), releasedFromScn: whole.scnOf(0) }])
})

describe('a store that answers with promises', () => {
  it('has kept the interval before its window is visible', async () => {
    let keep = (): void => undefined
    const kept = new Promise<void>((resolve) => (keep = resolve))
    const run = new Run(
      (id) => id === 5,
      [],
      () => kept,
    )
    const reading = run.read()
    await until('the store is asked', () => run.stored.length === 1)
    await nextTurn()
    expect([run.story, run.begun, run.record.list]).toEqual([WHOLE.slice(0, 4), [], []])
    keep()
    await reading
    expect(run.story).toEqual([...WHOLE.slice(0, 4), '4 x QUARANTINED'])
    expect(run.begun).toMatchObject([{ ordinal: 1, scn: run.scnOf(4) }])
  })

  it('that refuses ends the source with its own error, and the window is never visible', async () => {
    const run = new Run(
      (id) => id === 5,
      [],
      () => Promise.reject(new Error('the disk is full')),
    )
    await expect(run.read()).rejects.toThrow('the disk is full')
    expect([run.story, run.begun, run.record.list]).toEqual([WHOLE.slice(0, 4), [], []])
  })

  it('gives the same windows, SCNs and counts as one that answers at once', async () => {
    const atOnce = await new Run((id) => id === 5).read()
    const later = await new Run(
      (id) => id === 5,
      [],
      async () => {
        await nextTurn()
      },
    ).read()
    expect(later.sink.windows).toEqual(atOnce.sink.windows)
    expect(later.record.list).toEqual(atOnce.record.list)
  })
})

it('the policy "stop" ends the source with the fault, and nothing is stored', async () => {
  const run = new Run((id) => id === 5)
  await expect(run.read('stop')).rejects.toMatchObject({ code: 'AESOP_MYSQL_MAPPER_FAILED' })
  expect([run.story, run.stored]).toEqual([WHOLE.slice(0, 4), []])
})
