import { RequestBook } from '@aesop/stats'
import { expect, test } from 'vitest'

const page = (totals: RequestBook['total'] | undefined) => totals?.toJson(0)

test('a request counts for all, for its client, and for each source that it is about, once', () => {
  const book = new RequestBook([40, 50], true, 0)
  const first = book.called('stream', '10.0.0.1', 'one')
  first.about([40, 50, 40, 99])
  first.streamAsked(7n)
  first.failed(true)
  first.scnNotFound()
  first.streamEnded(20)
  book.called('sources', '10.0.0.2', 'two')
  const wanted = {
    numStreamCalls: 1,
    numErrStreamReq: 1,
    numScnNotFoundStream: 1,
    latencyStreamCalls: 20,
    minStreamWinScn: 7n,
  }
  for (const totals of [book.total, book.client('one'), book.source(40), book.source(50)])
    expect(page(totals)).toMatchObject(wanted)
  expect(page(book.total)).toMatchObject({ numPeers: 2, numSourcesCalls: 1, httpErrorRate: 0.5 })
  expect(page(book.client('two'))).toMatchObject({ numSourcesCalls: 1, numStreamCalls: 0 })
  expect([book.source(99), book.sourceIds, book.clients]).toEqual([undefined, [40, 50], ['one', 'two']])
  expect(book.total.failures).toBe(1)
})

test('SCNs of several physical sources are kept by source alone', () => {
  const book = new RequestBook([40], false, 0)
  const request = book.called('stream', '10.0.0.1', 'one')
  request.about([40])
  request.streamAsked(7n)
  expect(page(book.source(40))).toMatchObject({ minStreamWinScn: 7n })
  for (const totals of [book.total, book.client('one')]) expect(page(totals)).not.toHaveProperty('minStreamWinScn')
})

test('clients and their addresses are bounded: whoever asks names himself', () => {
  const book = new RequestBook([], true, 0)
  for (let n = 0; n < 1_200; n++) book.called('sources', `10.0.${n}.1`, `client ${n}`)
  book.called('sources', '10.0.0.1', 'x'.repeat(201))
  expect(book.clients).toHaveLength(1_000)
  expect(page(book.total)).toMatchObject({ numPeers: 1_200, numSourcesCalls: 1_201 })
  for (let n = 0; n < 1_200; n++) book.called('sources', `10.1.${n}.1`, 'client 1')
  expect(page(book.client('client 1'))).toMatchObject({ numPeers: 1_000, numSourcesCalls: 1_201 })
})

test('other sources: those that stay keep their counts, and SCNs of before are in no total', () => {
  const book = new RequestBook([40, 50], true, 0)
  const request = book.called('stream', '10.0.0.1', 'one')
  request.about([40, 50])
  request.streamAsked(7n)
  book.serve([40, 60], false, 5)
  expect(book.sourceIds).toEqual([40, 60])
  expect(page(book.source(40))).toMatchObject({ numStreamCalls: 1, minStreamWinScn: 7n })
  expect(page(book.source(60))).toMatchObject({ numStreamCalls: 0, timestampLastResetMs: 5 })
  expect(book.source(50)).toBeUndefined()
  for (const totals of [book.total, book.client('one')]) {
    expect(page(totals)).toMatchObject({ numStreamCalls: 1 })
    expect(page(totals)).not.toHaveProperty('minStreamWinScn')
  }
  book.called('stream', '10.0.0.1', 'one').streamAsked(8n)
  expect(page(book.total)).not.toHaveProperty('minStreamWinScn')
})
