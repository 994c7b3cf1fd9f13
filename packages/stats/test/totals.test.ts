import { CallbackTotals, type EventCounts, EventTotals, type HeldEvents, RequestTotals, Tally } from '@aesop/stats'
import { describe, expect, it } from 'vitest'

const COUNTS: EventCounts = { dataEvents: 3, dataBytes: 361, payloadBytes: 140, systemEvents: 2, systemBytes: 122 }
const HELD: HeldEvents = {
  minScn: 1n,
  maxScn: 2n ** 60n,
  prevScn: undefined,
  freeBytes: 7,
  oldestMs: 1000,
  newestMs: 2000,
  arrivedMs: 2007,
  lagMs: 7,
}

describe('a tally', () => {
  it('counts since the last reset, and only while it is enabled', () => {
    let n = 5
    const tally = new Tally(() => ({ n }), 0)
    tally.reset(10)
    n = 7
    expect([tally.counts, tally.all, tally.resetMs]).toEqual([{ n: 2 }, { n: 7 }, 10])
    tally.enable(false)
    tally.enable(false)
    n = 17
    expect(tally.counts).toEqual({ n: 2 })
    tally.enable(true)
    tally.enable(true)
    n = 18
    expect(tally.counts).toEqual({ n: 3 })
    tally.enable(false)
    n = 20
    tally.reset(11)
    tally.enable(true)
    expect(tally.counts).toEqual({ n: 0 })
  })
})

describe('event totals', () => {
  it('show sizes as the average of an event and keep SCNs whole', () => {
    const totals = new EventTotals('person', () => COUNTS, 1000)
    const json = totals.toJson(HELD, 2010)
    expect(json).toMatchObject({
      dimension: 'person',
      numDataEvents: 3,
      sizeDataEvents: 120,
      sizeDataEventsPayload: 46,
      numSysEvents: 2,
      sizeSysEvents: 61,
      minScn: 1n,
      maxScn: 2n ** 60n,
      timeSpan: 1000,
      timeLag: 7,
      timeSinceLastEvent: 10,
      timeSinceLastAccess: 3,
      timeSinceCreation: 1010,
    })
    expect(json).not.toHaveProperty('prevScn')
  })

  it('say nothing of times that are not known, and never a time below zero', () => {
    const totals = new EventTotals('person', () => COUNTS, 0)
    const json = totals.toJson({ ...HELD, oldestMs: undefined, newestMs: 5000 }, 4000)
    expect(json).not.toHaveProperty('timeSpan')
    expect(json).toMatchObject({ timeSinceLastEvent: 0 })
  })

  it('as metrics leave out what is not known', () => {
    const totals = new EventTotals('person', () => COUNTS, 0)
    const names = (held: HeldEvents): string[] => totals.metrics('x', held).map(({ name }) => name)
    expect(names(HELD)).toEqual([
      'x_data_events_total',
      'x_data_bytes_total',
      'x_system_events_total',
      'x_scn',
      'x_time_lag_ms',
    ])
    expect(names({ ...HELD, maxScn: undefined, lagMs: undefined })).toHaveLength(3)
  })
})

describe('request totals', () => {
  it('count calls, errors, peers and the reach of streams by their Databus names', () => {
    const totals = new RequestTotals(0)
    totals.called('sources', 'a')
    totals.called('stream', 'a')
    totals.called('stream', 'b')
    totals.failed('stream', true)
    totals.scnNotFound()
    totals.streamAsked(9n)
    totals.streamAsked(3n)
    totals.streamEnded(5)
    totals.streamEnded(6)
    expect(totals.toJson(10)).toMatchObject({
      numPeers: 2,
      numSourcesCalls: 1,
      numStreamCalls: 2,
      numErrStream: 1,
      numErrStreamReq: 1,
      numScnNotFoundStream: 1,
      minStreamWinScn: 3n,
      maxStreamWinScn: 9n,
      latencyStreamCalls: 5.5,
      httpErrorRate: 1 / 3,
      timeSinceLastResetMs: 10,
    })
  })

  it('count a bounded number of peers', () => {
    const totals = new RequestTotals(0)
    for (let i = 0; i < 70_000; i++) totals.called('stream', `fd00::${i.toString(16)}`)
    expect(totals.toJson(10)).toMatchObject({ numPeers: 65_536, numStreamCalls: 70_000 })
  })

  it('count nothing while they are not enabled', () => {
    const totals = new RequestTotals(0)
    totals.enable(false)
    totals.called('stream', 'a')
    totals.failed('stream', true)
    totals.scnNotFound()
    totals.streamAsked(1n)
    totals.streamEnded(1)
    expect(totals.toJson(0)).toEqual(new RequestTotals(0).toJson(0))
  })
})

describe('callback totals', () => {
  it('tell the lag from commit to the end of the work in which it was processed', async () => {
    let now = 112
    const totals = new CallbackTotals(() => now)
    expect(totals.timeLagSourceToReceiptMs).toBe(0)
    totals.numDataEventsReceived = 3
    totals.windowProcessed(6n, 1_000_000n)
    totals.windowProcessed(7n, 100_999_999n)
    expect(totals.toJson()).toMatchObject({
      numEventsReceived: 3,
      numSysEventsProcessed: 2,
      scnOfLastEventProcessed: 7n,
      maxSeenWinTimestamp: 100,
      timestampLastProcessed: 112,
      timeLagSourceToReceiptMs: 12,
    })
    totals.windowProcessed(8n, 200_000_000n)
    now = 215
    await Promise.resolve()
    now = 300
    expect(totals.timeLagSourceToReceiptMs).toBe(15)
    expect(totals.metrics('aesop_client', 'r').map(({ name }) => name)).toContain('aesop_client_time_lag_ms')
  })
})
