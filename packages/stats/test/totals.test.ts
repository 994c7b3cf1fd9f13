import { CallbackTotals, EventTotals, RequestTotals } from '@aesop/stats'
import { describe, expect, it } from 'vitest'

describe('event totals', () => {
  it('show sizes as the average of an event and keep SCNs whole', () => {
    const totals = new EventTotals('person', 1000)
    totals.dataEvent(100, 40)
    totals.dataEvents(2, 260, 100)
    totals.systemEvent(61)
    totals.windowClosed(2n ** 60n, 2000, 2007)
    expect(totals.toJson(2010)).toMatchObject({
      dimension: 'person',
      numDataEvents: 3,
      sizeDataEvents: 120,
      sizeDataEventsPayload: 47,
      numSysEvents: 1,
      minScn: 2n ** 60n,
      maxScn: 2n ** 60n,
      timeLag: 7,
      timeSinceLastEvent: 10,
    })
  })

  it('keep the oldest window until another one is the oldest', () => {
    const totals = new EventTotals('person', 0)
    totals.windowClosed(1n, 10, 10)
    totals.windowClosed(2n, 25, 25)
    expect(totals.toJson(30)).toMatchObject({ minScn: 1n, maxScn: 2n, timeSpan: 15 })
    totals.windowOldest(2n, 25)
    expect(totals.toJson(30)).toMatchObject({ minScn: 2n, timeSpan: 0 })
  })

  it('begin anew after a reset, positions kept', () => {
    const totals = new EventTotals('person', 0)
    totals.dataEvent(1, 1)
    totals.deliveredEvent(1)
    totals.windowClosed(5n, 1, 1)
    totals.reset()
    expect(totals.toJson(1)).toMatchObject({
      numDataEvents: 0,
      numDataEventsFiltered: 0,
      sizeDataEvents: 0,
      maxScn: 5n,
    })
  })
})

describe('request totals', () => {
  it('count calls, errors and the reach of streams by their Databus names', () => {
    const totals = new RequestTotals()
    totals.called('sources')
    totals.called('stream')
    totals.called('stream')
    totals.failed('stream', true)
    totals.scnNotFound()
    totals.streamEnded(9n, 5)
    totals.streamEnded(3n, 6)
    expect(totals.toJson()).toMatchObject({
      numSourcesCalls: 1,
      numStreamCalls: 2,
      numErrStream: 1,
      numErrStreamReq: 1,
      numScnNotFoundStream: 1,
      minStreamWinScn: 3n,
      maxStreamWinScn: 9n,
      latencyStreamCalls: 11,
      httpErrorRate: 1 / 3,
    })
  })
})

describe('callback totals', () => {
  it('tell the lag from commit to processing', () => {
    const totals = new CallbackTotals()
    expect(totals.timeLagSourceToReceiptMs).toBe(0)
    totals.numDataEventsReceived = 3
    totals.windowProcessed(7n, 100, 112)
    expect(totals.toJson()).toMatchObject({
      numEventsReceived: 3,
      numSysEventsProcessed: 1,
      scnOfLastEventProcessed: 7n,
      timeLagSourceToReceiptMs: 12,
    })
    expect(totals.metrics('aesop_client', 'r').map(({ name }) => name)).toContain('aesop_client_time_lag_ms')
  })
})
