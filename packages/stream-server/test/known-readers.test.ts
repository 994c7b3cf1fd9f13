import { type ReadsFrom } from '@aesop/reading'
import { expect, test } from 'vitest'
import { type KnownReader, KnownReaders } from '../src/known-readers.ts'

const place = (name: string, scn: bigint, readsFrom: ReadsFrom = 'memory') => ({
  source: { served: { name } },
  scn,
  readsFrom,
})

const scns = (readers: readonly KnownReader[]): string[] =>
  readers.map(({ client, physicalSource, scn }) => `${client} ${physicalSource} ${scn}`)

test('who asks again and again is known between two answers, once, where it came to last', () => {
  const known = new KnownReaders()
  known.left('orders', '10.0.0.7', [place('shop', 5n), place('crm', 9n, 'log')])
  known.left('orders', '10.0.0.7', [place('shop', 7n)])
  known.left('orders', '10.0.0.8', [place('shop', 6n)])
  known.left('new', '10.0.0.8', [place('shop', -1n)])
  expect(known.all([])).toEqual([
    { client: 'orders', peer: '10.0.0.7', physicalSource: 'crm', scn: 9n, isLate: true },
    { client: 'orders', peer: '10.0.0.7', physicalSource: 'shop', scn: 7n, isLate: false },
    { client: 'orders', peer: '10.0.0.8', physicalSource: 'shop', scn: 6n, isLate: false },
  ])
  const open = { client: 'orders', peer: '10.0.0.7', physicalSource: 'shop', scn: 8n, isLate: false }
  expect(scns(known.all([open]))).toEqual(['orders shop 8', 'orders crm 9', 'orders shop 6'])
})

test('who does not say who it is is forgotten after a minute, and others when a thousand have come since', () => {
  let nowMs = 0
  const known = new KnownReaders(() => nowMs)
  known.left('10.0.0.7', '10.0.0.7', [place('shop', 5n)])
  known.left('orders', '10.0.0.7', [place('shop', 6n)])
  const endless = 'x'.repeat(201)
  known.left(endless, '10.0.0.7', [place('shop', 7n)])
  nowMs = 60_000
  expect(scns(known.all([]))).toEqual(['10.0.0.7 shop 5', 'orders shop 6', `${endless} shop 7`])
  nowMs = 60_001
  expect(scns(known.all([]))).toEqual(['orders shop 6'])
  for (let each = 1; each < 1_000; each++) known.left(`client ${each}`, 'p', [place('shop', 1n)])
  expect(scns(known.all([]))).toContain('orders shop 6')
  known.left('one more', 'p', [place('shop', 1n)])
  expect(known.all([]).length).toBe(1_000)
  expect(scns(known.all([]))).not.toContain('orders shop 6')
})
