import { expect, test } from 'vitest'
import { type TableReport } from '../src/rows-reading.ts'
import { progressLine } from '../src/run-report.ts'

const TABLE: TableReport = {
  source: 'shop.item',
  state: 'reading',
  rows: 450_000,
  ofRows: 1_000_000,
  rowsPerSecond: 12_300,
  fault: undefined,
}
const REST: TableReport = { ...TABLE, source: 'shop.order', state: 'waiting', rows: 0 }

const BAR = '[#########...........] 45 %'

test.each([
  [[TABLE], `shop: shop.item ${BAR}, 450000 of about 1000000 rows, 12300 rows/s, 45 s left`],
  [[TABLE, REST], `shop: shop.item ${BAR}, 450000 of about 1000000 rows, 12300 rows/s, 45 s left; 1 more table`],
  [
    [{ ...TABLE, rowsPerSecond: 100 }],
    `shop: shop.item ${BAR}, 450000 of about 1000000 rows, 100 rows/s, 1 h 31 min left`,
  ],
  // An estimate may be wrong by half.
  [
    [{ ...TABLE, ofRows: 300_000 }],
    'shop: shop.item [####################] 99 %, 450000 of about 300000 rows, 12300 rows/s',
  ],
  [[{ ...TABLE, ofRows: undefined }], 'shop: shop.item 450000 rows, 12300 rows/s'],
  [
    [{ ...TABLE, rowsPerSecond: 0, fault: 'the source is behind' }],
    `shop: shop.item ${BAR}, 450000 of about 1000000 rows, waits: the source is behind`,
  ],
  [[REST], undefined],
])('the progress of %j is one line', (tables, text) => {
  expect(progressLine({ name: 'shop', tables })?.text).toBe(text)
})

test('a progress that stands still says so', () => {
  const waits = (table: TableReport): boolean | undefined => progressLine({ name: 'shop', tables: [table] })?.waits
  expect([waits(TABLE), waits({ ...TABLE, fault: 'the source is behind' })]).toEqual([false, true])
})
