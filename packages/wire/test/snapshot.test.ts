import { expect, test } from 'vitest'
import { snapshotHeaders } from '../src/index.ts'
import { parseSnapshotHeaders } from '../src/snapshot.ts'

const chunk = { rows: 3, atScn: 9_223_372_036_854_775n, visibleScn: 9_223_372_036_854_776n }

test.each([{ ...chunk }, { ...chunk, next: '["a"]' }, { ...chunk, readMs: 0 }, { ...chunk, next: '1', readMs: 1234 }])(
  'what the headers of a chunk say is read as it was said: %o',
  (said) => {
    expect(parseSnapshotHeaders(snapshotHeaders({ ...said, bytes: Buffer.alloc(0) }))).toEqual(said)
  },
)

test('a time that is no number is refused by name', () => {
  const received = { ...snapshotHeaders({ ...chunk, bytes: Buffer.alloc(0) }), 'x-aesop-snapshot-read-ms': 'soon' }
  expect(() => parseSnapshotHeaders(received)).toThrow('x-aesop-snapshot-read-ms')
})
