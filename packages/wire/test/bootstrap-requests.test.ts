import { bootstrapCheckpoint, type BootstrapPlace } from '@aesop/checkpoint'
import { describe, expect, it } from 'vitest'
import {
  formatBootstrapRequest,
  formatScn,
  formatStartScnRequest,
  formatTargetScnRequest,
  parseBootstrapRequest,
  parseRequest,
  parseScn,
  parseStartScnRequest,
  parseTargetScnRequest,
} from '../src/index.ts'

const place: BootstrapPlace = {
  phase: 'snapshot',
  sinceScn: 10n,
  startScn: 20n,
  targetScn: -1n,
  snapshotSource: 'shop.item',
  snapshotIndex: 0,
  snapshotOffset: 5n,
  catchupSource: '',
  catchupIndex: 0,
  windowScn: -1n,
  windowOffset: -1n,
  server: undefined,
  scnSpace: undefined,
}
const checkpoint = bootstrapCheckpoint(place)
const parametersOf = (target: string) => parseRequest(target).parameters

describe('requests of a bootstrap', () => {
  it('come back as they were sent', () => {
    const start = formatStartScnRequest(['shop.item', 'shop.order'], checkpoint)
    expect(parseStartScnRequest(parametersOf(start))).toEqual({
      sources: ['shop.item', 'shop.order'],
      place,
      takesSchemaChanges: true,
    })
    expect(parseTargetScnRequest(parametersOf(formatTargetScnRequest('shop.item', checkpoint)))).toEqual({
      source: 'shop.item',
      place,
    })
    const filter = { type: 'MOD' as const, buckets: [{ numBuckets: 4n, start: 0n, end: 1n }] }
    expect(parseBootstrapRequest(parametersOf(formatBootstrapRequest(['40'], checkpoint, 7000, filter)))).toEqual({
      place,
      placeBytes: checkpoint.format().length,
      batchBytes: 7000,
      output: 'binary',
      filter,
      eventVersionMax: 2,
      takesSchemaChanges: true,
    })
  })

  it('are read as Databus sends them', () => {
    const text = encodeURIComponent(checkpoint.format())
    const request = parseBootstrapRequest(
      parametersOf(`/bootstrap?sources=40&checkPoint=${text}&output=strange&batchSize=9`),
    )
    expect(request).toMatchObject({
      output: 'binary',
      eventVersionMax: 0,
      takesSchemaChanges: false,
      filter: undefined,
    })
  })

  it.each([
    ['no sources', `/startSCN?checkPoint=${encodeURIComponent(checkpoint.format())}`, parseStartScnRequest],
    [
      'an empty name',
      `/startSCN?sources=a,,b&checkPoint=${encodeURIComponent(checkpoint.format())}`,
      parseStartScnRequest,
    ],
    [
      'a checkpoint of the stream',
      '/targetSCN?source=a&checkPoint={"consumption_mode":"ONLINE_CONSUMPTION","windowScn":1}',
      parseTargetScnRequest,
    ],
    ['no batch size', `/bootstrap?checkPoint=${encodeURIComponent(checkpoint.format())}`, parseBootstrapRequest],
    [
      'a filter that is none',
      `/bootstrap?batchSize=9&filter=x&checkPoint=${encodeURIComponent(checkpoint.format())}`,
      parseBootstrapRequest,
    ],
  ])('are refused with %s', (_what, target, parse) => {
    expect(() => parse(parametersOf(target))).toThrow(/Invalid value for/)
  })

  it('are answered with an SCN between quotes', () => {
    expect(formatScn(9_007_199_254_740_993n)).toBe('"9007199254740993"')
    expect(parseScn('"9007199254740993"')).toBe(9_007_199_254_740_993n)
    for (const text of ['5', '"-1"', '"5', '', '"x"']) expect(() => parseScn(text)).toThrow(/the SCN is/)
  })
})
