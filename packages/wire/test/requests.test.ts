import { Checkpoint } from '@aesop/checkpoint'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatRegisterRequest,
  formatSchemas,
  formatSources,
  formatStreamRequest,
  parseRegisterRequest,
  parseRequest,
  parseSchemas,
  parseSources,
  parseStreamRequest,
  type RegisterRequest,
  type StreamRequest,
} from '@aesop/wire'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_260_101
const stream = (query: string): StreamRequest => parseStreamRequest(parseRequest(`/stream?${query}`).parameters)

describe('a request line', () => {
  it('is its command, what follows it, and its parameters', () => {
    const parsed = parseRequest('/containerStats/outbound/events/total?pretty=true&a=%7B%7D')
    expect(parsed.command).toBe('containerStats')
    expect(parsed.subPath).toBe('outbound/events/total')
    expect(parsed.parameters.text('a')).toBe('{}')
  })

  it('takes x-dbus- headers as parameters, and the query before them', () => {
    const { parameters } = parseRequest('/stream?size=2', { 'X-DBUS-size': '1', 'x-dbus-client-host': 'h', host: 'x' })
    expect(parameters.text('size')).toBe('2')
    expect(parameters.text('client-host')).toBe('h')
    expect(parameters.text('host')).toBeUndefined()
  })

  it('reads a parameter that is given twice as absent', () => {
    expect(parseRequest('/stream?size=1&size=2').parameters.text('size')).toBeUndefined()
  })

  it('is refused by name when its percent signs are no encoding', () => {
    expect(() => parseRequest('/%zz')).toThrow('Invalid value for path: /%zz')
  })
})

describe('a stream request', () => {
  const plain = 'sources=40,41&size=1000&output=binary'

  it('reads what a Databus client sends', () => {
    const request = stream(
      'protocolVersion=2&sources=40&streamFromLatestScn=false&checkPoint={"consumption_mode":"ONLINE_CONSUMPTION",' +
        '"windowScn":31525197391593572,"prevScn":31525197391593572,"windowOffset":-1}&output=binary&size=2621440&maxev=2',
    )
    expect(request.sources).toEqual([40])
    expect(request.checkpoint.windowScn).toBe(31525197391593572n)
    expect(request.eventVersionMax).toBe(2)
    expect(request.followMs).toBe(0)
  })

  it('begins anywhere without a checkpoint', () => {
    expect(stream(plain).checkpoint.isFlexible).toBe(true)
  })

  it.each([
    ['size', 'sources=1&output=binary', 'Invalid value for stream.size: null'],
    ['size', 'sources=1&output=binary&size=abc', 'Invalid value for stream.size: abc'],
    ['size', 'sources=1&output=binary&size=0', 'Invalid value for stream.size: 0'],
    ['sources', 'size=1&output=binary', 'Invalid value for stream.sources: null'],
    ['sources', 'sources=1,x&size=1&output=binary', 'Invalid value for stream.sources: 1,x'],
    ['sources', 'sources=40000&size=1&output=binary', 'Invalid value for stream.sources: 40000'],
    ['output', 'sources=1&size=1', 'Invalid value for stream.output: null'],
    ['output', 'sources=1&size=1&output=xml', 'No enum constant for output: xml'],
    ['maxev', `${plain}&maxev=1`, 'Invalid value for stream.maxev: 1'],
    ['maxev', `${plain}&maxev=-1`, 'Invalid value for stream.maxev: -1'],
    ['maxev', `${plain}&maxev=3`, 'Invalid value for stream.maxev: 3'],
    ['checkPoint', `${plain}&checkPoint={`, 'Invalid value for stream.checkPoint: {'],
    ['follow', `${plain}&follow=-1`, 'Invalid value for stream.follow: -1'],
    ['follow', `${plain}&follow=600001`, 'Invalid value for stream.follow: 600001'],
    ['filters', `${plain}&filters=[]`, 'Invalid value for stream.filters: the filters is no object'],
    ['subs', 'subs=1&size=1&output=binary', 'Invalid value for stream.subs: 1'],
    [
      'subs with checkPoint',
      'subs=[{"logicalPartition":{"source":{"id":4}}}]&size=1&output=binary&checkPoint={}',
      'Both Subscriptions and CheckpointMult should be present',
    ],
  ])('refuses a wrong %s with the text of Databus (%s)', (_name, query, message) => {
    expect(() => stream(query)).toThrow(message)
  })

  it('takes subscriptions and the checkpoint of their partition', () => {
    const checkpoint = JSON.stringify({ '{"id":1,"name":"p"}': Checkpoint.online(5n).format() })
    const subs = '[{"logicalPartition":{"source":{"id":4,"name":"a"},"id":-1}}]'
    const request = stream(`subs=${subs}&size=1&output=json&checkPointMult=${encodeURIComponent(checkpoint)}`)
    const anywhere = { id: undefined, name: undefined }
    expect(request.subscriptions).toEqual([{ partition: anywhere, physicalUri: undefined, sourceId: 4 }])
    expect(request.positions?.checkpoints).toMatchObject([{ partition: { id: 1, name: 'p' } }])
    expect(request.positions?.checkpoints[0]?.checkpoint.windowScn).toBe(5n)
    expect(request.output).toBe('json')
  })

  it('reads a subscription to everything as every source', () => {
    const request = stream('subs=[{"logicalPartition":{"source":{"id":-1}}}]&size=1&output=binary')
    expect(request.sources).toBeUndefined()
    expect(request.subscriptions).toMatchObject([{ sourceId: undefined }])
  })

  it('is read back as it was written', () => {
    const range = fc.tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(0n, 2n ** 40n))
    const ranges = fc.array(
      range.map(([start, size]) => ({ start, end: start + size })),
      { minLength: 1, maxLength: 3 },
    )
    const filter = fc.oneof(
      ranges.map((list) => ({ type: 'RANGE' as const, ranges: list })),
      ranges.map((list) => ({ type: 'MOD' as const, buckets: list.map((one) => ({ numBuckets: 10n, ...one })) })),
      fc.constant({ type: 'NONE' as const }),
    )
    const request = fc.record({
      sources: fc.array(fc.integer({ min: 1, max: 32767 }), { minLength: 1, maxLength: 5 }),
      checkpoint: fc.bigInt(0n, 2n ** 63n - 1n).map((scn) => Checkpoint.online(scn)),
      fromLatestScn: fc.boolean(),
      sizeBytes: fc.integer({ min: 1, max: 0x7fffffff }),
      output: fc.constantFrom('binary' as const, 'json' as const, 'json_plain_value' as const),
      eventVersionMax: fc.constantFrom(0 as const, 2 as const),
      filters: fc
        .dictionary(fc.integer({ min: 1, max: 32767 }).map(String), filter)
        .map((entries) => new Map(Object.entries(entries).map(([id, one]) => [Number(id), one]))),
      followMs: fc.integer({ min: 0, max: 600_000 }),
    })
    const reached = { filtered: 0, unfiltered: 0, binary: 0, followed: 0 }
    assertProperty(
      fc.property(request, (sent) => {
        reached[sent.filters.size > 0 ? 'filtered' : 'unfiltered']++
        if (sent.output === 'binary') reached.binary++
        if (sent.followMs > 0) reached.followed++
        const received = parseStreamRequest(parseRequest(formatStreamRequest(sent)).parameters)
        expect(received).toEqual(sent)
      }),
      { seed: SEED, numRuns: 300, reached, atLeast: 8 },
    )
  })
})

describe('the bodies of /sources and /register', () => {
  const schemas = [
    { id: 40, version: 1, schema: '{"type":"record","name":"päron"}' },
    { id: 40, version: 2, schema: ' { "n" : 9007199254740993 } ' },
  ]

  it('list sources as Databus does', () => {
    const body = formatSources([{ id: 40, name: 'com.x.Person' }])
    expect(body).toBe('[{"name":"com.x.Person","id":40}]')
    expect(parseSources(body)).toEqual([{ id: 40, name: 'com.x.Person' }])
  })

  it.each<RegisterRequest>([
    { protocolVersion: 2, compress: false },
    { protocolVersion: 3, compress: true, sources: [40, 41] },
    { protocolVersion: 4, compress: false, sources: [40] },
    { protocolVersion: 4, compress: true },
  ])('keep the text of a schema to the byte (%o)', async (request) => {
    expect(parseRegisterRequest(parseRequest(formatRegisterRequest(request)).parameters)).toEqual(request)
    expect(await parseSchemas(formatSchemas(schemas, request), request)).toEqual(schemas)
  })

  it('default to protocol version 3 and refuse versions that are not there', () => {
    const request = (query: string): RegisterRequest =>
      parseRegisterRequest(parseRequest(`/register?${query}`).parameters)
    expect(request('').protocolVersion).toBe(3)
    expect(() => request('protocolVersion=5')).toThrow('Invalid value for register.protocolVersion: 5')
    expect(() => request('sources=')).toThrow('Invalid value for register.sources: ')
  })

  it.each([
    ['/sources', () => parseSources('<html>')],
    ['/sources', () => parseSources('{}')],
    ['/sources', () => parseSources('[{"id":"a","name":"b"}]')],
    ['/register', () => parseSchemas('[{"id":1}]', { protocolVersion: 2, compress: false })],
    ['/register', () => parseSchemas('[]', { protocolVersion: 4, compress: false })],
    ['/register', () => parseSchemas('AAAA', { protocolVersion: 3, compress: true })],
  ])('are refused by name when they are something else (%s)', async (path, parse) => {
    await expect(Promise.resolve().then<unknown>(parse)).rejects.toThrow(`the answer to ${path} should be`)
  })

  it('take a plain answer of a relay that does not compress', async () => {
    const plain = formatSchemas(schemas, { protocolVersion: 2, compress: false })
    expect(await parseSchemas(plain, { protocolVersion: 2, compress: true })).toEqual(schemas)
  })
})
