import { describe, expect, test } from 'vitest'
import { ADDRESS, get, lines, online, PERSON, startRelay, streamPath, until } from './support/relay-fixture.ts'

const SCN_NOT_FOUND = 'com.linkedin.databus.core.ScnNotFoundException'
const INVALID = 'com.linkedin.databus2.core.container.request.InvalidRequestParamValueException'

describe('information', () => {
  test('/sources lists the logical sources with their ids', async () => {
    const { port } = await startRelay()
    const answer = await get(port, '/sources?protocolVersion=2')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; charset=UTF-8')
    expect(answer.headers['x-powered-by']).toBeUndefined()
    expect(answer.headers['etag']).toBeUndefined()
    expect(JSON.parse(answer.body.toString())).toEqual([
      { name: PERSON.name, id: 40 },
      { name: ADDRESS.name, id: 41 },
      { name: 'com.aesop.SchemaChange', id: 32767 },
    ])
  })

  test('/sources?v=2 gives the whole objects of Databus, and nothing else of the request counts', async () => {
    const { port } = await startRelay({ source: { sources: [PERSON] } })
    const body = async (path: string): Promise<unknown> => JSON.parse((await get(port, path)).body.toString())
    expect(await body('/sources?v=2')).toEqual([
      { id: 40, name: PERSON.name, wildcard: false, allSourcesWildcard: false },
      { id: 32767, name: 'com.aesop.SchemaChange', wildcard: false, allSourcesWildcard: false },
    ])
    const short = [
      { name: PERSON.name, id: 40 },
      { name: 'com.aesop.SchemaChange', id: 32767 },
    ]
    expect(await body('/sources?v=1&protocolVersion=abc')).toEqual(short)
    expect(await body('/sources?protocolVersion=-3')).toEqual(short)
  })

  test('/stream ignores the protocol version, /register does not', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const answer = await get(port, streamPath({ checkPoint: online(0), protocolVersion: 'abc' }))
    expect(lines(answer.body)).toEqual(['5:1', '5:end'])
    const refused = await get(port, '/register?protocolVersion=abc')
    expect(refused.headers['x-dbus-error-message']).toBe('Invalid value for register.protocolVersion: abc')
  })

  test('/register gives all schema versions of the sources and its protocol version', async () => {
    const { port } = await startRelay()
    const answer = await get(port, '/register?protocolVersion=2&sources=40&compress=false')
    expect(answer.headers['x-dbus-protocol-version']).toBe('2')
    const [first, ...others] = JSON.parse(answer.body.toString()) as { id: number; version: number; schema: string }[]
    expect(others).toEqual([])
    expect(first).toMatchObject({ id: 40, version: 1 })
    expect(JSON.parse(first?.schema ?? '')).toMatchObject({ type: 'record' })
  })

  test('/physicalSources shows no password', async () => {
    const { port } = await startRelay({ source: { uri: 'memory://me:secret@host:1/x' } })
    const answer = await get(port, '/physicalSources')
    expect(answer.body.toString()).toContain('memory://host:1/x')
    expect(answer.body.toString()).not.toContain('secret')
  })

  test.each([
    '/sources',
    '/register?sources=40',
    '/register?sources=40&compress=true',
    streamPath({ checkPoint: online(0) }),
  ])('%s comes in chunks of HTTP, without a length, however short it is', async (path) => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const { body, headers } = await get(port, path)
    expect(body.length).toBeGreaterThan(0)
    expect([headers['transfer-encoding'], headers['content-length']]).toEqual(['chunked', undefined])
  })

  test('/admin, /admin/status, /bufferInfo and /containerStats answer', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    expect((await get(port, '/admin')).body.toString()).toBe('GOOD\n')
    expect((await get(port, '/admin/status')).body.toString()).toContain('"status":"RUNNING"')
    const info = JSON.parse((await get(port, '/bufferInfo/inbound/test/1')).body.toString()) as Record<string, number>
    expect(info).toMatchObject({ minScn: 5, maxScn: 5 })
    expect(info['timestampFirstEvent']).toBeGreaterThan(1e12)
    const stats = JSON.parse((await get(port, '/containerStats/inbound/events/total')).body.toString()) as object
    expect(stats).toMatchObject({ numDataEvents: 1, numSysEvents: 1, maxScn: 5 })
  })
})

test('a relay whose producer is paused is PAUSED, and answers its health check with 503', async () => {
  const { port, relay } = await startRelay()
  relay.actions.pauseProducer()
  const health = await get(port, '/admin')
  expect([health.status, health.body.toString()]).toEqual([503, 'BAD\n'])
  const status = await get(port, '/admin/status')
  expect([status.status, JSON.parse(status.body.toString())]).toMatchObject([503, { status: 'PAUSED' }])
  relay.actions.resumeProducer()
  expect((await get(port, '/admin')).status).toBe(200)
  expect((await get(port, '/admin/status')).status).toBe(200)
})

test('a source that goes on with a concern makes the relay degraded, and says which', async () => {
  const { relay, producer } = await startRelay()
  const status = producer.status.bind(producer)
  producer.status = () => ({ ...status(), concern: 'maxscn.json can not be written' })
  expect(relay.health()).toEqual({ status: 'degraded', detail: 'maxscn.json can not be written' })
})

describe('/stream', () => {
  test('gives the windows after a checkpoint, byte for byte as they lie in the buffer', async () => {
    const { port, producer, relay } = await startRelay()
    producer.addWindow([{ key: 1 }, { key: 'two' }], 1001n)
    producer.addWindow([{ key: 3 }], 1002n)
    const all = await get(port, streamPath({ checkPoint: online(0) }))
    expect(lines(all.body)).toEqual(['1001:1', '1001:two', '1001:end', '1002:3', '1002:end'])
    const segment = relay.buffer?.segments[0]
    expect(all.body.equals(segment?.bytes.subarray(0, segment.visibleEnd) ?? Buffer.alloc(0))).toBe(true)
    expect(lines((await get(port, streamPath({ checkPoint: online(1001) }))).body)).toEqual(['1002:3', '1002:end'])
    const caughtUp = await get(port, streamPath({ checkPoint: online(1002) }))
    expect(caughtUp.body.length).toBe(0)
    expect(caughtUp.headers['content-length']).toBe('0')
  })

  test('an SCN above 2^53 keeps all its digits', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 2n ** 62n)
    producer.addWindow([{ key: 2 }], 2n ** 62n + 1n)
    expect(lines((await get(port, streamPath({ checkPoint: online(2n ** 62n) }))).body)).toEqual([
      '4611686018427387905:2',
      '4611686018427387905:end',
    ])
  })

  test('parameters come from x-dbus- headers too', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    producer.addWindow([{ key: 2 }], 6n)
    const answer = await get(port, '/stream', {
      'x-dbus-sources': '40',
      'x-dbus-size': '10000',
      'X-DBUS-output': 'binary',
      'x-dbus-checkPoint': online(5),
    })
    expect(lines(answer.body)).toEqual(['6:2', '6:end'])
  })

  test('size is an upper bound, and a window cut in two goes on at its offset', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }, { key: 2 }, { key: 3 }], 7n)
    const first = await get(port, streamPath({ checkPoint: online(0), size: 150 }))
    expect(first.body.length).toBeLessThanOrEqual(150)
    expect(lines(first.body)).toEqual(['7:1', '7:2'])
    const second = await get(port, streamPath({ checkPoint: online(7, 2), size: 150 }))
    expect(lines(second.body)).toEqual(['7:3', '7:end'])
  })

  test('an event above size is announced in a header, and nothing is sent', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1, value: Buffer.alloc(1000) }])
    const answer = await get(port, streamPath({ checkPoint: online(0), size: 500 }))
    expect(answer.body.length).toBe(0)
    expect(answer.headers['x-dbus-pending-event-size']).toBe('1061')
  })

  test('a filter by source passes other windows’ ends, and counts offsets in sent events', async () => {
    const { port, producer } = await startRelay()
    const address = { source: ADDRESS.name }
    producer.addWindow([{ key: 1, ...address }, { key: 2 }, { key: 3, ...address }, { key: 4 }], 5n)
    producer.addWindow([{ key: 5, ...address }], 6n)
    const all = await get(port, streamPath({ sources: 40, checkPoint: online(0) }))
    expect(lines(all.body)).toEqual(['5:2', '5:4', '5:end', '6:end'])
    const rest = await get(port, streamPath({ sources: 40, checkPoint: online(5, 1) }))
    expect(lines(rest.body)).toEqual(['5:4', '5:end', '6:end'])
  })

  test('an event of another source that is larger than size is no obstacle', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1, source: ADDRESS.name, value: Buffer.alloc(5000) }, { key: 2 }], 5n)
    const answer = await get(port, streamPath({ sources: 40, size: 400, checkPoint: online(0) }))
    expect(lines(answer.body)).toEqual(['5:2', '5:end'])
  })

  test('a MOD filter chooses by key', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 10 }, { key: 11 }, { key: 12 }], 5n)
    const filters = '{"40":{"partitionType":"MOD","filters":[{"numBuckets":2,"bktRange":{"start":0,"end":1}}]}}'
    const answer = await get(port, streamPath({ checkPoint: online(0), filters }))
    expect(lines(answer.body)).toEqual(['5:10', '5:12', '5:end'])
  })

  test('a RANGE filter that meets text fails by name', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 'text' }], 5n)
    const filters = '{"40":{"partitionType":"RANGE","filters":[{"keyRange":{"start":0,"end":100}}]}}'
    const answer = await get(port, streamPath({ checkPoint: online(0), filters }))
    expect(answer.headers['x-dbus-error']).toBe(INVALID)
  })

  test('a RANGE filter that meets text in the middle sends what came before, then fails by name', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }, { key: 2 }], 5n)
    producer.addWindow([{ key: 200 }, { key: 3 }, { key: 'text' }, { key: 4 }], 6n)
    const filters = '{"40":{"partitionType":"RANGE","filters":[{"keyRange":{"start":0,"end":100}}]}}'
    const answer = await get(port, streamPath({ checkPoint: online(0), filters }))
    expect(lines(answer.body)).toEqual(['5:1', '5:2', '5:end', '6:3'])
    expect(answer.status).toBe(200)
    expect(answer.trailers).toMatchObject({ 'x-databus-response-code': '500', 'x-dbus-error': INVALID })
    const again = await get(port, streamPath({ checkPoint: online(6, 1), filters }))
    expect(again.headers['x-dbus-error']).toBe(INVALID)
  })

  test('streamFromLatestScn gives the newest window whole, whatever part of it the checkpoint has', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }, { key: 2 }, { key: 3 }], 5n)
    const filters = '{"40":{"partitionType":"MOD","filters":[{"numBuckets":1,"bktRange":{"start":0,"end":1}}]}}'
    for (const more of [{}, { filters }, { sources: 40 }]) {
      const path = streamPath({ checkPoint: online(5, 2), streamFromLatestScn: 'true', ...more })
      expect(lines((await get(port, path)).body)).toEqual(['5:1', '5:2', '5:3', '5:end'])
    }
  })

  test('without a checkpoint it begins with the oldest window, with streamFromLatestScn with the newest', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    producer.addWindow([{ key: 2 }], 6n)
    expect(lines((await get(port, streamPath({}))).body)).toEqual(['5:1', '5:end', '6:2', '6:end'])
    const latest = await get(port, streamPath({ checkPoint: online(0), streamFromLatestScn: 'true' }))
    expect(lines(latest.body)).toEqual(['6:2', '6:end'])
  })

  test('begins inside a window also for a client that does not know the window before it', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }, { key: 2 }], 5n)
    expect(lines((await get(port, streamPath({ checkPoint: online(5, 1) }))).body)).toEqual(['5:2', '5:end'])
  })

  test('tells a client without a place after which SCN its answer begins, and nobody else', async () => {
    const { port, producer, relay } = await startRelay({
      properties: { 'databus.relay.dataSources.sequenceNumbersHandler.file.initVal': 3n },
    })
    const flexible = '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"prevScn":-1,"windowOffset":-1}'
    const early = get(port, streamPath({ checkPoint: flexible, follow: 60_000 }))
    await until(() => (relay.describe() as { streams: number }).streams === 1)
    producer.addWindow([{ key: 1 }], 7n)
    const known = await get(port, streamPath({ checkPoint: online(3) }))
    expect(known.headers['x-aesop-previous-scn']).toBeUndefined()
    await relay.stop()
    expect((await early).headers['x-aesop-previous-scn']).toBe('3')
    expect(lines((await early).body)).toEqual(['7:1', '7:end'])
  })

  test('output=json and json_plain_value give one object per line', async () => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1, value: Buffer.from('hello') }], 2n ** 60n)
    const json = await get(port, streamPath({ checkPoint: online(0), output: 'json' }))
    const [event, end] = json.body.toString().trim().split('\n')
    expect(event).toMatch(
      /^\{"opcode":"UPSERT","key":1,"sequence":1152921504606846976,"logicalPartitionId":0,"physicalPartitionId":1,/,
    )
    expect(JSON.parse(event ?? '')).toMatchObject({
      srcId: 40,
      valueEnc: 'JSON',
      value: 'aGVsbG8=',
      isReplicated: false,
    })
    expect(JSON.parse(end ?? '')).toMatchObject({ srcId: -2, endOfPeriod: true })
    const plain = await get(port, streamPath({ checkPoint: online(0), output: 'json_plain_value' }))
    expect(JSON.parse(plain.body.toString().split('\n')[0] ?? '')).toMatchObject({ value: 'hello' })
  })
})

describe('errors', () => {
  test('an SCN that is no longer held is ScnNotFound inside a RequestProcessingException', async () => {
    const { port, producer } = await startRelay({
      properties: { 'databus.relay.dataSources.sequenceNumbersHandler.file.initVal': 100n },
    })
    producer.addWindow([{ key: 1 }])
    const answer = await get(port, streamPath({ checkPoint: online(99) }))
    expect(answer.status).toBe(500)
    expect(answer.headers['x-dbus-error']).toBe(
      'com.linkedin.databus2.core.container.request.RequestProcessingException',
    )
    expect(answer.headers['x-dbus-error-cause']).toBe(SCN_NOT_FOUND)
    expect(answer.body.toString()).toMatch(/^\{"error":.*\}\r\n$/)
  })

  const mode = (name: string, more = ''): string => `{"consumption_mode":"${name}","windowScn":-1${more}}`
  test.each([
    mode('INIT'),
    mode('BOOTSTRAP_SNAPSHOT', ',"snapshot_offset":0,"bootstrap_since_scn":0'),
    '{"consumption_mode":"BOOTSTRAP_CATCHUP","windowScn":5,"bootstrap_since_scn":1,"bootstrap_start_scn":2,"bootstrap_target_scn":9}',
  ])('a checkpoint that is not of consumption online is ScnNotFound: %s', async (checkPoint) => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const answer = await get(port, streamPath({ checkPoint }))
    expect([answer.status, answer.headers['x-dbus-error-cause']]).toEqual([500, SCN_NOT_FOUND])
  })

  test.each([
    mode('ONLINE_CONSUMPTION', ',"tsNsecs":5'),
    mode('BOOTSTRAP_SNAPSHOT'),
    '{"consumption_mode":"ONLINE_CONSUMPTION"}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-2}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":9223372036854775808}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"prevScn":6}',
  ])('a checkpoint that breaks a rule is an invalid parameter: %s', async (checkPoint) => {
    const { port, producer } = await startRelay()
    producer.addWindow([{ key: 1 }], 5n)
    const answer = await get(port, streamPath({ checkPoint }))
    expect([answer.status, answer.headers['x-dbus-error']]).toEqual([500, INVALID])
  })

  test('an SCN ahead of the relay is an error of its own', async () => {
    const { port } = await startRelay()
    const answer = await get(port, streamPath({ checkPoint: online(10) }))
    expect(answer.headers['x-dbus-error-cause']).toBe('aesop.ScnInFutureError')
  })

  test('soon after the start an SCN ahead of the relay waits for the producer to come there', async () => {
    const { port, producer } = await startRelay({ futureGraceMs: 60_000 })
    expect((await get(port, streamPath({ checkPoint: online(2) }))).body.length).toBe(0)
    const following = get(port, streamPath({ checkPoint: online(2), follow: 300 }))
    for (const key of [1, 2, 3]) producer.addWindow([{ key }])
    expect(lines((await following).body)).toEqual(['3:3', '3:end'])
  })

  test.each([
    ['/stream?size=1&output=binary', 'Invalid value for stream.sources: null'],
    [streamPath({ sources: 99 }), 'Invalid value for stream.sources: 99'],
    [streamPath({ size: 'x' }), 'Invalid value for stream.size: x'],
    [streamPath({ maxev: 1 }), 'Invalid value for stream.maxev: 1'],
    ['/register?sources=99', 'Invalid value for register.sources: 99'],
    ['/sources?v=3', 'Invalid value for sources.v: 3'],
    ['/sources?v=abc', 'Invalid value for sources.v: abc'],
    ['/relayStats/outbound/total', 'Invalid value for relayStats.category: outbound/total'],
    ['/bufferInfo/outbound/test/1', 'Invalid value for bufferInfo.prefix: /bufferInfo/outbound/test/1'],
    ['/containerStats/none', 'Invalid value for containerStats.category: none'],
  ])('%s is refused with the parameter named', async (path, message) => {
    const { port } = await startRelay()
    const answer = await get(port, path)
    expect(answer.status).toBe(500)
    expect(answer.headers['x-dbus-error']).toBe(INVALID)
    expect(answer.headers['x-dbus-error-message']).toBe(message)
  })

  test('unknown commands, outputs and partitions have names of their own', async () => {
    const { port } = await startRelay()
    const unknown = await get(port, '/nothing')
    expect(unknown.headers['x-dbus-error']).toMatch(/UnknownCommandException$/)
    const output = await get(port, streamPath({ output: 'xml' }))
    expect(output.headers['x-dbus-error']).toBe('java.lang.IllegalArgumentException')
    const partition = await get(port, '/bufferInfo/inbound/other/1')
    expect(partition.headers['x-dbus-error']).toMatch(/BufferNotFoundException$/)
  })
})
