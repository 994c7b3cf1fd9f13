import { describe, expect, it } from 'vitest'
import { type Logger } from '@aesop/kernel'
import { MemorySchemaRegistry } from '@aesop/schema'
import { RowImageIncompleteError, TableKeylessError, TableUndescribedError } from '../src/error/errors.ts'
import { decodeRecording, type RecordingSink, sourceOf } from './recorded-log.ts'

const TABLES = ['shop.item', 'shop.pair', 'shop.keyless', 'shop.my', 'shop.copied']

/** Opcode, source and key of each change, window by window. */
function story(sink: RecordingSink): string[][] {
  return sink.windows.map(({ changes }) =>
    changes.map(({ opcode, source, key }) => `${opcode} ${source} ${String(key)}`),
  )
}

describe('a recorded log of transactions of every shape', () => {
  it('gives one window per committed transaction, its rows in the order of the log', async () => {
    const sink = await decodeRecording('shapes', TABLES)
    expect(story(sink).filter((window) => window.length > 0)).toEqual([
      ['UPSERT 1 1', 'UPSERT 1 2', 'UPSERT 1 3'],
      ['UPSERT 1 1', 'UPSERT 1 2'],
      ['DELETE 1 1', 'UPSERT 1 9'],
      ['DELETE 1 2'],
      ['UPSERT 1 4', 'UPSERT 2 x\\\ty\\\\z\t1', 'UPSERT 1 5'],
      ['UPSERT 1 7', 'UPSERT 1 10'],
      ['UPSERT 1 3', 'UPSERT 1 11'],
      ['UPSERT 3 1\ta', 'UPSERT 3 \\N\tb\\\tc'],
      ['DELETE 3 1\ta', 'UPSERT 3 1\tz'],
      ['DELETE 3 1\tz', 'DELETE 3 \\N\tb\\\tc'],
      ['UPSERT 4 1'],
      ['UPSERT 5 10\tkept', 'UPSERT 5 11\tnew'],
      ['UPSERT 1 19'],
      ['UPSERT 1 20'],
      ['UPSERT 1 22'],
      ['UPSERT 1 3'],
      ['UPSERT 1 30'],
    ])
  })

  it('raises the SCN from window to window', async () => {
    const { windows } = await decodeRecording('shapes', TABLES)
    const scns = windows.map(({ scn }) => scn)
    expect(scns).toEqual([...new Set(scns)].sort((left, right) => (left < right ? -1 : 1)))
    expect(scns.every((scn) => scn >> 32n === 1n)).toBe(true)
  })

  it('drops the windows that have been delivered before, and no other', async () => {
    const all = await decodeRecording('shapes', TABLES)
    for (const [i, { scn }] of all.windows.entries()) {
      const rest = await decodeRecording('shapes', TABLES, { sinceScn: scn, emptyWindowEveryMs: Infinity })
      expect(rest.windows.map((window) => window.scn)).toEqual(all.windows.slice(i + 1).map((window) => window.scn))
    }
  })

  it('moves the SCN by an empty window where nobody captures anything', async () => {
    const positions: number[] = []
    const onWindow = (_scn: bigint, position: { position: number }): number => positions.push(position.position)
    const { windows } = await decodeRecording('shapes', ['shop.nothing'], { onWindow })
    expect(windows).toHaveLength(1)
    expect(positions).toHaveLength(1)
    const often = await decodeRecording('shapes', ['shop.nothing'], { emptyWindowEveryMs: 0 })
    expect(often.windows.length).toBeGreaterThan(20)
    expect(often.changes).toEqual([])
  })

  it('gives the position that ends each window, and its GTID', async () => {
    const seen: string[] = []
    await decodeRecording('shapes', ['shop.pair'], {
      emptyWindowEveryMs: Infinity,
      onWindow: (scn, { file, position, gtid }) => {
        expect(Number(scn & 0xffffffffn)).toBe(position)
        seen.push(`${file} ${gtid ?? 'no gtid'}`)
      },
    })
    // The table is made, filled, and dropped.
    expect(seen).toEqual(['0-1-3', '0-1-13', '0-1-32'].map((gtid) => `mysql-bin.000001 ${gtid}`))
  })

  it('says that resuming has to begin before an XA transaction that waits for its verdict', async () => {
    const early: bigint[] = []
    const onWindow = (scn: bigint, { position }: { position: number }): void => {
      if (position < Number(scn & 0xffffffffn)) early.push(scn)
    }
    const sink = await decodeRecording('shapes', ['shop.item'], { onWindow, emptyWindowEveryMs: Infinity })
    const waiting = sink.windows.filter(({ scn }) => early.includes(scn))
    expect(waiting.map(({ changes }) => changes.map(({ key }) => key))).toEqual([[19]])
  })

  it('raises an alarm for a captured change that was logged as a statement', async () => {
    const alarms: unknown[] = []
    const quiet = (): undefined => undefined
    const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: (message) => alarms.push(message) }
    await decodeRecording('shapes', ['shop.item'], { log })
    expect(alarms).toEqual([
      expect.stringMatching(/^a change of shop\.item was logged as a statement and is lost: SET GLOBAL/),
    ])
    alarms.length = 0
    await decodeRecording('shapes', ['shop.pair'], { log })
    expect(alarms).toEqual([])
  })

  it('registers a new schema version for each shape before the first row that has it', async () => {
    const schemas = new MemorySchemaRegistry()
    const sink = await decodeRecording('shapes', ['shop.item'], { schemas })
    expect(schemas.versions('shop.item').map(({ version }) => version)).toEqual([1, 2, 3])
    const rows = sink.changes.map(({ row }) => Object.keys(row).join(' '))
    expect([...new Set(rows)]).toEqual(['id name n', 'id extra name n', 'id extra n'])
  })

  it('refuses a table without a key when it was told to', async () => {
    const physicalSource = sourceOf('shapes', ['shop.keyless'], { keyless: 'refuse' })
    await expect(decodeRecording('shapes', ['shop.keyless'], { physicalSource })).rejects.toThrow(TableKeylessError)
  })

  it('refuses a table that neither the log nor a catalogue describes', async () => {
    await expect(decodeRecording('no-log', ['types.integers'])).rejects.toThrow(TableUndescribedError)
  })

  it('refuses a table whose column count the catalogue does not confirm', async () => {
    const description = { database: 'types', table: 'integers', columns: [], primaryKey: [] }
    const answer = { description, at: 'everywhere' } as const
    const catalogue = { describe: () => description, refresh: () => Promise.resolve(answer) }
    await expect(decodeRecording('no-log', ['types.integers'], { catalogue })).rejects.toThrow(/14 columns/)
  })
})

describe('partial row images', () => {
  it('are enough for a delete: the key is there, absent columns are null or empty', async () => {
    const sink = await decodeRecording('minimal', ['shop.gone'], { emptyWindowEveryMs: Infinity }).catch(
      (error: unknown) => error,
    )
    // The insert after it names two columns of three, and is refused.
    expect(sink).toBeInstanceOf(RowImageIncompleteError)
  })

  it('stop the source by name where a column of the new row is missing', async () => {
    await expect(decodeRecording('minimal', ['shop.item'])).rejects.toThrow('lacks column name')
  })

  it('tell an absent column from NULL in row objects', async () => {
    const rows: string[][] = []
    const map = ({ row }: { row: object }): null => {
      rows.push(Object.keys(row))
      return null
    }
    const mappers = new Map([[1, { map }]])
    await decodeRecording('minimal', ['shop.gone'], { mappers }).catch(() => undefined)
    expect(rows).toEqual([['id', 'name', 'n'], ['id']])
  })
})
