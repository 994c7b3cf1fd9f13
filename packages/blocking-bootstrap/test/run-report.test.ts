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

test.each([
  [[TABLE], 'shop: shop.item 450,000 of about 1,000,000 rows (45 %), 12,300 rows/s, 0:45 left'],
  [[TABLE, REST], 'shop: shop.item 450,000 of about 1,000,000 rows (45 %), 12,300 rows/s, 0:45 left; 1 more table'],
  [
    [{ ...TABLE, rowsPerSecond: 100 }],
    'shop: shop.item 450,000 of about 1,000,000 rows (45 %), 100 rows/s, 1:31:40 left',
  ],
  // An estimate may be wrong by half.
  [[{ ...TABLE, ofRows: 300_000 }], 'shop: shop.item 450,000 of about 450,000 rows (99 %), 12,300 rows/s'],
  [[{ ...TABLE, ofRows: undefined }], 'shop: shop.item 450,000 rows, 12,300 rows/s'],
  [
    [{ ...TABLE, rowsPerSecond: 0, fault: 'the source is behind' }],
    'shop: shop.item 450,000 of about 1,000,000 rows (45 %), 0 rows/s, waits: the source is behind',
  ],
  [[REST], undefined],
])('the progress of %j is one line', (tables, line) => {
  expect(progressLine({ name: 'shop', tables })).toBe(line)
})
