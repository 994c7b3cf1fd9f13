import { type ProcessReader } from '@aesop/checkpoint'
import { expect, test } from 'vitest'
import { watchedReaders } from '../src/watched-readers.ts'

const KNOWN = { client: 'orders', peer: '10.0.0.7', scn: 7n, isLate: false }

function own(id: string, checkpointScn: bigint | undefined): ProcessReader {
  return { id, logicalSources: [], readsFrom: () => true, isRunning: false, checkpointScn, readScn: -1n }
}

test('registrations of the process are watched where they stand, unless a stream says more of them, or they stand nowhere', () => {
  const all = watchedReaders([KNOWN], [own('orders', 3n), own('rests', 5n), own('new', undefined)], () => false)
  expect(all).toEqual([KNOWN, { client: 'rests', peer: 'this process', scn: 5n, isLate: false }])
})

test('who the buffer waits for falls off nothing', () => {
  expect(watchedReaders([KNOWN], [own('rests', 5n)], (id) => id === 'orders').map(({ client }) => client)).toEqual([
    'rests',
  ])
  expect(watchedReaders([KNOWN], [own('rests', 5n)], (id) => id === 'rests')).toEqual([KNOWN])
})
