import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { TransactionOrderError } from '../src/error/errors.ts'
import { decodeMade, type Inserted } from './made-log.ts'
import { sourceOf } from './recorded-log.ts'

const TABLES = ['shop.item', 'shop.pair']

/** Keys of the changes, window by window. */
async function story(inserted: readonly Inserted[], tables: readonly string[] = TABLES): Promise<string[]> {
  const { windows } = await decodeMade('shapes', tables, inserted)
  return windows
    .map(({ changes }) => changes.map(({ key, source }) => (source === 1 ? String(key) : 'x')).join(' '))
    .filter((line) => line !== '')
}

const FOUR = 'four'
const FIVE = 'five'
const set = (after: string, name: string): Inserted => ({ after, sql: `SAVEPOINT \`${name}\`` })
const back = (after: string, name: string): Inserted => ({ after, sql: `ROLLBACK TO \`${name}\`` })

describe('rows of a log that goes back to a savepoint', () => {
  it('are those that no savepoint has undone, and what follows is whole', async () => {
    const whole = await story([])
    expect(whole).toContain('4 x 5')
    const cut = await story([set(FOUR, 's'), back(FIVE, 's')])
    expect(cut).toEqual(whole.map((line) => (line === '4 x 5' ? '4' : line)))
  })

  it.each<[string, readonly Inserted[], string | undefined]>([
    ['are undone up to the outer one', [back(FIVE, 'a'), set('x\ty', 'b'), set(FOUR, 'a')], '4'],
    ['are undone up to the inner one', [back(FIVE, 'b'), set('x\ty', 'b'), set(FOUR, 'a')], '4 x'],
    ['are undone once and again', [back(FIVE, 'a'), back('x\ty', 'a'), set(FOUR, 'a')], '4'],
    ['go on behind it', [back('x\ty', 'a'), set(FOUR, 'a')], '4 5'],
    [
      'are none where it was set before the first one',
      [back(FIVE, 'a'), { ...set(FOUR, 'a'), behind: 'text' }],
      undefined,
    ],
  ])('%s', async (_what, inserted, window) => {
    const windows = await story(inserted)
    expect(windows[4]).toBe(window ?? '7 10')
  })

  it('are undone of an XA transaction, too, before its verdict comes', async () => {
    const begun: Inserted = { after: "'xa', 20", behind: 'text', sql: 'SAVEPOINT `a`' }
    expect(await story([])).toContain('20')
    expect(await story([back('xa', 'a'), begun])).toEqual((await story([])).filter((line) => line !== '20'))
    expect(await story([begun])).toEqual(await story([]))
  })

  it('do not count in what names a row that is too large', async () => {
    const physicalSource = sourceOf('shapes', TABLES, { largestEventSizeInBytes: 5000 })
    const schemas = new MemorySchemaRegistry()
    schemas.register(
      'shop.item',
      JSON.stringify({ type: 'record', name: 'item', fields: [{ name: 'text', type: 'string' }] }),
    )
    const map = ({ row }: { row: Readonly<Record<string, unknown>> }): Record<string, unknown> => ({
      text: 'x'.repeat(Number(row['id']) === 5 ? 5000 : 1),
    })
    const options = { physicalSource, schemas, mappers: new Map([[1, { map }]]) }
    const refused = (inserted: readonly Inserted[]): Promise<unknown> => decodeMade('shapes', TABLES, inserted, options)
    await expect(refused([])).rejects.toMatchObject({ fields: { ordinal: 2 } })
    await expect(refused([back('x\ty', 's'), set(FOUR, 's')])).rejects.toMatchObject({ fields: { ordinal: 1 } })
  })

  it('are refused where nobody has set the savepoint, or another transaction has', async () => {
    await expect(story([back(FIVE, 'a')])).rejects.toThrow(TransactionOrderError)
    await expect(story([set(FOUR, 'a'), back('kept', 'a')])).rejects.toThrow('a savepoint that is not there')
  })
})
