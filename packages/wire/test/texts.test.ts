import { Checkpoint } from '@aesop/checkpoint'
import { AesopError } from '@aesop/kernel'
import {
  formatError,
  formatRegisterRequest,
  formatSchemas,
  formatSources,
  formatStartPlace,
  formatStartPlaceRequest,
  formatStreamRequest,
  headers,
  parameters,
  parseError,
  parseRegisterRequest,
  parseRequest,
  parseSchemas,
  parseSources,
  parseSourcesRequest,
  parseStartPlace,
  parseStartPlaceRequest,
  parseStreamRequest,
  paths,
  protocolDefaults,
  type SourceSchema,
  type StreamRequest,
} from '@aesop/wire'
import * as errors from '@aesop/wire/errors'
import { describe, expect, it } from 'vitest'
import { FOLLOW_MS_MAX } from '../src/stream-request.ts'
import { schemaPieces } from '../src/register.ts'
import { thrownBy } from '../../../test/support/thrown-by.ts'

describe('the names on the wire', () => {
  it('are those of Databus, and ours beside them', () => {
    expect(Object.values(paths).join(' ')).toBe(
      '/sources /register /stream /bootstrap /startSCN /targetSCN /physicalSources /bufferInfo /containerStats /relayStats ' +
        '/javaStats /physicalBuffers /config /controlSources /relayCommand /startPlace /snapshot /snapshotTable',
    )
    expect(Object.values(parameters).join(' ')).toBe(
      'sources subs checkPoint checkPointMult size output filters streamFromLatestScn maxev protocolVersion v compress ' +
        'reset enabled pretty follow startFrom after rows where source batchSize filter schemaChanges',
    )
    expect(Object.values(headers).join(' ')).toBe(
      'x-dbus-error x-dbus-error-message x-dbus-error-cause x-dbus-error-cause-message x-dbus-pending-event-size x-dbus-protocol-version ' +
        'x-dbus-client-host x-dbus-client-service x-dbus-server-host x-dbus-server-service x-dbus-req-id x-dbus-req-latency ' +
        'x-databus-response-code x-aesop-previous-scn x-aesop-scn-space ' +
        'x-aesop-snapshot-at x-aesop-snapshot-visible x-aesop-snapshot-next x-aesop-snapshot-rows x-aesop-snapshot-read-ms x-dbus2-bs-hostport x-aesop-bootstrap-store phasecompleted',
    )
    expect(protocolDefaults).toEqual({ protocolVersion: 2, registerProtocolVersion: 3, eventVersionMax: 0 })
  })
})

describe('the place where somebody begins', () => {
  it.each([{ kind: 'earliest' }, { kind: 'latest' }, { kind: 'time', ms: 1_774_994_400_000 }] as const)(
    'is asked for as it is understood: %j',
    (from) => {
      const { command, parameters: asked } = parseRequest(formatStartPlaceRequest({ sources: [40, 41], from }))
      expect([command, parseStartPlaceRequest(asked)]).toEqual(['startPlace', { sources: [40, 41], from }])
    },
  )

  it.each([
    { scn: 0n, scnSpace: undefined },
    { scn: 2n ** 63n - 1n, scnSpace: 'shop' },
  ])('is told as it is understood: %o', (place) => {
    expect(parseStartPlace(formatStartPlace(place))).toEqual(place)
  })

  it.each(['', 'null', '{}', '{"scn":-1}', '{"scn":1.5}', '{"scn":"7"}', '{"scn":7,"scnSpace":8}'])(
    'is none in the answer %s',
    (body) => {
      expect(thrownBy(() => parseStartPlace(body))).toMatchObject({ code: 'AESOP_WIRE_RESPONSE_MALFORMED' })
    },
  )
})

const REQUEST_PROCESSING = 'com.linkedin.databus2.core.container.request.RequestProcessingException'
const REQUEST = 'com.linkedin.databus2.core.container.request.'

describe('an error on the wire', () => {
  it.each([
    [errors.ScnNotFoundError, REQUEST_PROCESSING, 'com.linkedin.databus.core.ScnNotFoundException'],
    [errors.ScnInFutureError, REQUEST_PROCESSING, 'aesop.ScnInFutureError'],
    [errors.OffsetNotFoundError, REQUEST_PROCESSING, 'com.linkedin.databus.core.OffsetNotFoundException'],
    [errors.BufferNotFoundError, 'com.linkedin.databus2.core.BufferNotFoundException', undefined],
    [errors.InvalidRequestError, `${REQUEST}InvalidRequestParamValueException`, undefined],
    [errors.OutputUnknownError, 'java.lang.IllegalArgumentException', undefined],
    [errors.UnknownCommandError, `${REQUEST}UnknownCommandException`, undefined],
    [errors.BootstrapTooOldError, REQUEST_PROCESSING, `${REQUEST}BootstrapDatabaseTooOldException`],
    [errors.BootstrapTooYoungError, REQUEST_PROCESSING, `${REQUEST}BootstrapDatabaseTooYoungException`],
    [errors.RequestFailedError, REQUEST_PROCESSING, undefined],
    [Error, REQUEST_PROCESSING, undefined],
  ])('has the class names of Databus (%o)', (ErrorClass, outer, cause) => {
    const answer = formatError(new ErrorClass('why'))
    expect(answer.headers).toEqual({
      'x-dbus-error': outer,
      'x-dbus-error-message': 'why',
      ...(cause === undefined ? {} : { 'x-dbus-error-cause': cause, 'x-dbus-error-cause-message': 'why' }),
    })
    expect([answer.status, answer.body]).toEqual([500, `${JSON.stringify({ error: outer, message: 'why' })}\r\n`])
    const simple = (cause ?? outer).split('.').at(-1) ?? ''
    const received = parseError({ 'x-dbus-error': `com.other.${simple}`, 'x-dbus-error-message': 'why' })
    const expected = ErrorClass === Error ? errors.RequestFailedError : ErrorClass
    expect(received).toBeInstanceOf(expected)
    expect(received?.fields).toEqual({ remote: `com.other.${simple}` })
  })

  it('is known by the whole last part of its name only', () => {
    for (const name of ['NotFoundException', 'com.x.NotFoundException', 'x.AScnNotFoundException', '']) {
      expect(parseError({ 'x-dbus-error': name, 'x-dbus-error-message': 'why' })).toBeInstanceOf(
        errors.RequestFailedError,
      )
    }
    expect(parseError({ 'x-dbus-error': 'ScnNotFoundException' })).toBeInstanceOf(errors.ScnNotFoundError)
  })

  const outer = (name: string): Record<string, string> => ({
    'x-dbus-error': name,
    'x-dbus-error-message': 'outer',
  })
  const cause = { 'x-dbus-error-cause': 'a.ScnNotFoundException', 'x-dbus-error-cause-message': 'cause' }
  const body = '{"message":"body"}'
  it.each([
    [outer('a.UnknownCommandException'), undefined, 'outer'],
    [outer('a.UnknownCommandException'), body, 'body'],
    [outer('a.UnknownCommandException'), 'no JSON', 'outer'],
    [outer('a.UnknownCommandException'), 'null', 'outer'],
    [outer('a.UnknownCommandException'), '5', 'outer'],
    [outer('a.UnknownCommandException'), '"message"', 'outer'],
    [outer('a.UnknownCommandException'), '{}', 'outer'],
    [outer('a.UnknownCommandException'), '{"message":5}', 'outer'],
    [{ ...outer(REQUEST_PROCESSING), ...cause }, undefined, 'cause'],
    [{ ...outer(REQUEST_PROCESSING), ...cause }, body, 'body'],
    [{ ...outer('a.OtherException'), ...cause }, body, 'cause'],
    [{ ...outer('a.OtherException'), 'x-dbus-error-cause': 'a.ScnNotFoundException' }, body, 'outer'],
    [{ 'x-dbus-error': 'a.ScnNotFoundException' }, undefined, 'a.ScnNotFoundException'],
    [{ ...outer('a.ScnNotFoundException'), 'x-dbus-error-message': ['a', 'b'] }, undefined, 'a.ScnNotFoundException'],
  ])('says what is nearest to its cause (%#)', (received, text, message) => {
    expect(parseError(received, text)?.message).toBe(message)
  })

  it('of an unknown class keeps its name', () => {
    const received = parseError(outer('java.io.IOException'))
    expect([received?.message, received?.fields]).toEqual([
      'outer (java.io.IOException)',
      { remote: 'java.io.IOException' },
    ])
  })

  it('needs a name', () => {
    expect(parseError({ 'x-dbus-error-message': 'outer' }, body)).toBeUndefined()
    expect(parseError({ 'x-dbus-error': ['a', 'b'] }, body)).toBeUndefined()
  })

  it('has one line of printable ASCII in a header', () => {
    const message = formatError(new Error('a \t\n b ~\x7f é \u0000')).headers['x-dbus-error-message']
    expect(message).toBe('a b ~? ? ?')
  })
})

describe('a parameter', () => {
  const integer = (text: string): number | undefined =>
    parseRequest(`/stream?size=${encodeURIComponent(text)}`).parameters.integer('size', -3, 20)

  it.each([
    ['-3', -3],
    ['+5', 5],
    ['20', 20],
    ['007', 7],
  ])('is the integer that it spells: %s', (text, value) => {
    expect(integer(text)).toBe(value)
  })

  it.each(['-4', '21', '1.5', '1e1', '', ' 5', '5 ', '0x5', '--5', 'a5', '5a'])(
    'is refused as an integer: "%s"',
    (text) => {
      const error = thrownBy(() => integer(text))
      expect(error.message).toBe(`Invalid value for stream.size: ${text}`)
      expect([error.fields, error.cause]).toEqual([{ command: 'stream', parameter: 'size' }, undefined])
    },
  )

  it('may be absent, unless it is required', () => {
    const { parameters: none } = parseRequest('/stream')
    expect([none.text('size'), none.integer('size', 0, 1), none.flag('size')]).toEqual([undefined, undefined, false])
    for (const read of [() => none.requiredText('size'), () => none.requiredInteger('size', 0, 1)]) {
      expect(thrownBy(read).message).toBe('Invalid value for stream.size: null')
    }
    const { parameters: there } = parseRequest('/stream?size=1')
    expect([there.requiredText('size'), there.requiredInteger('size', 0, 1)]).toEqual(['1', 1])
  })

  it('is a flag when it is the word true', () => {
    const flags = ['true', 'TRUE', 'yes', '1', '', 'true '].map((text) =>
      parseRequest(`/x?a=${text}`).parameters.flag('a'),
    )
    expect(flags).toEqual([true, true, false, false, false, false])
  })

  it('comes from a header of its name in lower case, unless the query has it, once or twice', () => {
    const sent = {
      'x-dbus-checkpoint': 'header',
      'X-Dbus-Own': 'own',
      'x-dbus-size': ['1', '2'],
      'x-other-v': '2',
      v: '3',
    }
    const { parameters: read } = parseRequest('/stream?', sent)
    expect([read.text('checkPoint'), read.text('checkpoint'), read.text('own')]).toEqual(['header', undefined, 'own'])
    expect([read.text('size'), read.text('v'), read.text('other-v')]).toEqual([undefined, undefined, undefined])
    expect(parseRequest('/stream?checkPoint=q', sent).parameters.text('checkPoint')).toBe('q')
    expect(parseRequest('/stream?checkPoint=q&checkPoint=r', sent).parameters.text('checkPoint')).toBeUndefined()
    expect(parseRequest('/stream?checkPoint=', sent).parameters.text('checkPoint')).toBe('')
  })

  it.each([
    ['/stream', 'stream', ''],
    ['//stream', 'stream', ''],
    ['stream/', 'stream', ''],
    ['/stream/a/b', 'stream', 'a/b'],
    ['/a%20b/c%2Fd?x=1/2', 'a b', 'c/d'],
    ['/', '', ''],
    ['', '', ''],
    ['?a=1', '', ''],
  ])('follows its command: %s', (target, command, subPath) => {
    const parsed = parseRequest(target)
    expect([parsed.command, parsed.subPath, parsed.parameters.command]).toEqual([command, subPath, command])
  })

  it('of a path that is no encoding keeps the cause', () => {
    expect(thrownBy(() => parseRequest('/%e4/x?y=1')).message).toBe('Invalid value for path: /%e4/x')
    expect(thrownBy(() => parseRequest('/%e4')).cause).toBeInstanceOf(URIError)
  })
})

const stream = (query: string): StreamRequest => parseStreamRequest(parseRequest(`/stream?${query}`).parameters)
const query = (values: Record<string, string>): string => new URLSearchParams(values).toString()

describe('the text of a stream request', () => {
  const request: StreamRequest = {
    sources: [40, 41],
    checkpoint: Checkpoint.online(7n),
    fromLatestScn: true,
    sizeBytes: 1000,
    output: 'json',
    eventVersionMax: 2,
    filters: new Map(),
    followMs: 0,
  }
  const read = (sent: StreamRequest): [string, Record<string, string>] => {
    const [path = '', text = ''] = formatStreamRequest(sent).split('?')
    return [path, Object.fromEntries(new URLSearchParams(text))]
  }
  const plain = {
    protocolVersion: '2',
    sources: '40,41',
    streamFromLatestScn: 'true',
    checkPoint: Checkpoint.online(7n).format(),
    output: 'json',
    size: '1000',
    maxev: '2',
  }

  it('names what is asked for, and nothing that is not', () => {
    expect(read(request)).toEqual(['/stream', plain])
    expect(read({ ...request, sources: undefined })).toEqual(['/stream', { ...plain, sources: '' }])
    expect(read({ ...request, followMs: 1 })).toEqual(['/stream', { ...plain, follow: '1' }])
    const filters = new Map([
      [40, { type: 'RANGE' as const, ranges: [{ start: -5n, end: 2n ** 60n }] }],
      [41, { type: 'MOD' as const, buckets: [{ numBuckets: 3n, start: 0n, end: 1n }] }],
      [42, { type: 'NONE' as const }],
    ])
    expect(read({ ...request, filters })[1]['filters']).toBe(
      '{"40":{"partitionType":"RANGE","filters":[{"keyRange":{"start":-5,"end":1152921504606846976}}]},' +
        '"41":{"partitionType":"MOD","filters":[{"numBuckets":3,"bktRange":{"start":0,"end":1}}]},' +
        '"42":{"partitionType":"NONE","filters":[]}}',
    )
  })

  it('has limits that are included', () => {
    expect(FOLLOW_MS_MAX).toBe(600_000)
    const largest = stream(query({ ...plain, size: '2147483647', follow: '600000', sources: '0,32767' }))
    expect([largest.sizeBytes, largest.followMs, largest.sources]).toEqual([2147483647, 600_000, [0, 32767]])
    expect(() => stream(query({ ...plain, size: '2147483648' }))).toThrow('Invalid value for stream.size: 2147483648')
    expect(() => stream(query({ ...plain, sources: '32768' }))).toThrow('Invalid value for stream.sources: 32768')
  })

  it('takes its parts in any case and with spaces, and defaults', () => {
    const { output, sources, fromLatestScn, eventVersionMax, filters } = stream(
      query({ output: 'JSON_Plain_Value', sources: ' 1 ,2', size: '1' }),
    )
    expect([output, sources, fromLatestScn, eventVersionMax, filters.size]).toEqual([
      'json_plain_value',
      [1, 2],
      false,
      0,
      0,
    ])
    for (const sources of ['1 2', 'x1', '1x', '-1', '1,,2']) {
      expect(() => stream(query({ ...plain, sources }))).toThrow(`Invalid value for stream.sources: ${sources}`)
    }
  })

  const subs = '[{"logicalPartition":{"source":{"id":4}}},{"logicalPartition":{"source":{"id":5}}}]'
  const many = (entries: Record<string, unknown>, more = {}): StreamRequest =>
    stream(query({ subs, size: '1', output: 'binary', checkPointMult: JSON.stringify(entries), ...more }))

  const place = Checkpoint.online(9n)
  const text = place.format()

  it('reads every subscription, and the checkpoint of each partition', () => {
    const request = many({ cursorPartition: '{"id":2,"name":"q"}', '{"id":1}': text, '{"name":"q","id":2}': text })
    expect(request.subscriptions?.map(({ sourceId }) => sourceId)).toEqual([4, 5])
    expect(request.positions).toEqual({
      checkpoints: [
        { partition: { id: 1, name: undefined }, checkpoint: place },
        { partition: { id: 2, name: 'q' }, checkpoint: place },
      ],
      cursor: { id: 2, name: 'q' },
    })
    expect(many({}).positions).toEqual({ checkpoints: [], cursor: undefined })
    // Where there are checkpoints of partitions, the one for all is not looked at.
    expect(many({ '{"id":-1,"name":"*"}': text }, { checkPoint: 'is not read' }).checkpoint.isFlexible).toBe(true)
  })

  it.each<Record<string, unknown>>([
    { a: text },
    { '5': text },
    { '{"id":1.5}': text },
    { '{"id":"1"}': text },
    { '{"name":1}': text },
    { '{"id":1}': 5 },
    { '{"id":1}': '{}' },
    { '{"id":1,"name":"p"}': text, '{"name":"p","id":1}': text },
    { cursorPartition: 'x' },
    { cursorPartition: 5 },
  ])('refuses %j as checkpoints of partitions', (entries) => {
    expect(() => many(entries)).toThrow(`Invalid value for stream.checkPointMult: ${JSON.stringify(entries)}`)
  })

  it('reads the partition and the physical source of a subscription, where it names any', () => {
    const of = (...items: object[]) => stream(query({ subs: JSON.stringify(items), size: '1', output: 'binary' }))
    const logicalPartition = { source: { id: 4 } }
    const anywhere = { partition: { id: undefined, name: undefined }, physicalUri: undefined, sourceId: 4 }
    const any = { uri: 'databus:physical-source:ANY', role: 'ANY' }
    expect(
      of(
        { logicalPartition },
        { logicalPartition, physicalPartition: { id: -1, name: '*' }, physicalSource: any },
        { logicalPartition, physicalPartition: { id: 2, name: 'crm' }, physicalSource: { uri: 'memory:crm' } },
      ).subscriptions,
    ).toEqual([anywhere, anywhere, { partition: { id: 2, name: 'crm' }, physicalUri: 'memory:crm', sourceId: 4 }])
    for (const wrong of [{ physicalPartition: 5 }, { physicalPartition: [] }, { physicalSource: { uri: 5 } }])
      expect(() => of({ logicalPartition, ...wrong })).toThrow('Invalid value for stream.subs: ')
  })

  it.each(['[]', '5', 'null', '"a"', '{'])('refuses %s as checkpoints of partitions', (text) => {
    const error = thrownBy(() => stream(query({ ...plain, checkPointMult: text })))
    expect(error.message).toBe(`Invalid value for stream.checkPointMult: ${text}`)
    expect(error.cause !== undefined).toBe(text === '{')
  })

  it.each([
    '{}',
    '[]',
    '{',
    '[5]',
    '[null]',
    '[{"logicalPartition":null}]',
    '[{"logicalPartition":{"source":5}}]',
    '[{"logicalPartition":{"source":{"id":"4"}}}]',
    '[{"logicalPartition":{"source":{"id":4.5}}}]',
    '[{"logicalPartition":{"source":{"id":4}}},{}]',
  ])('refuses %s as subscriptions', (text) => {
    const error = thrownBy(() => stream(query({ subs: text, size: '1', output: 'binary' })))
    expect(error.message).toBe(`Invalid value for stream.subs: ${text}`)
  })

  it('refuses a checkpoint that is none, with the cause', () => {
    const error = thrownBy(() => stream(query({ ...plain, checkPoint: '{"a":1}' })))
    expect(error.message).toBe('Invalid value for stream.checkPoint: {"a":1}')
    expect(error.cause).toBeInstanceOf(Error)
  })
})

describe('the texts of sources and schemas', () => {
  const request = (text: string) => parseRequest(text).parameters

  it('have two forms of sources', () => {
    expect([undefined, '1', '2'].map((v) => parseSourcesRequest(request(v ? `/sources?v=${v}` : '/sources')))).toEqual([
      1, 1, 2,
    ])
    expect(() => parseSourcesRequest(request('/sources?v=3'))).toThrow('Invalid value for sources.v: 3')
    expect(() => parseSourcesRequest(request('/sources?v=0'))).toThrow('Invalid value for sources.v: 0')
    const sources = [{ id: 4, name: 'a' }]
    expect(formatSources(sources)).toBe('[{"name":"a","id":4}]')
    expect(formatSources(sources, 2)).toBe('[{"id":4,"name":"a","wildcard":false,"allSourcesWildcard":false}]')
    expect(parseSources(formatSources(sources, 2))).toEqual(sources)
  })

  it.each([
    ['[5]', 'objects with name and id', '5'],
    ['[null]', 'objects with name and id', 'null'],
    ['[{"id":1}]', 'objects with name and id', '{"id":1}'],
    ['[{"name":"a"}]', 'objects with name and id', '{"name":"a"}'],
    ['[{"id":1.5,"name":"a"}]', 'objects with name and id', '{"id":1.5,"name":"a"}'],
    ['[{"id":1,"name":2}]', 'objects with name and id', '{"id":1,"name":2}'],
    ['{}', 'a JSON array', '{}'],
    [`<${'x'.repeat(100)}`, 'JSON', `<${'x'.repeat(79)}`],
  ])('are refused when they are no sources: %s', (body, expected, shown) => {
    const error = thrownBy(() => parseSources(body))
    expect(error).toBeInstanceOf(errors.ResponseMalformedError)
    expect(error.message).toBe(`the answer to /sources should be ${expected}, but begins with ${JSON.stringify(shown)}`)
    expect(error.cause !== undefined).toBe(expected === 'JSON')
  })

  const schema: SourceSchema = { id: 1, version: 2, schema: '{}' }
  it.each([
    ['5'],
    ['null'],
    ['{"version":2,"schema":"{}"}'],
    ['{"id":1,"schema":"{}"}'],
    ['{"id":1,"version":2}'],
    ['{"id":1.5,"version":2,"schema":"{}"}'],
    ['{"id":1,"version":2.5,"schema":"{}"}'],
    ['{"id":1,"version":2,"schema":{}}'],
  ])('are refused when they are no schemas: %s', async (item) => {
    await expect(parseSchemas(`[${item}]`, { protocolVersion: 3, compress: false })).rejects.toThrow(
      `the answer to /register should be objects with id, version and schema, but begins with ${JSON.stringify(item)}`,
    )
  })

  it.each(['null', '5', '[]', '{}', '{"sourceSchemas":{}}'])('are refused in version 4: %s', async (body) => {
    await expect(parseSchemas(body, { protocolVersion: 4, compress: false })).rejects.toThrow(
      `should be an object with sourceSchemas, but begins with ${JSON.stringify(body)}`,
    )
  })

  it('are unpacked when they are packed, and taken plain when they are not', async () => {
    for (const protocolVersion of [2, 3, 4] as const) {
      const packed = formatSchemas([schema], { protocolVersion, compress: true })
      expect(packed).toMatch(/^[A-Za-z0-9+/=]+$/)
      expect(await parseSchemas(packed, { protocolVersion, compress: true })).toEqual([schema])
      const plain = formatSchemas([schema], { protocolVersion, compress: false })
      for (const text of [plain, ` \n${plain}`])
        expect(await parseSchemas(text, { protocolVersion, compress: true })).toEqual([schema])
    }
    const error: unknown = await parseSchemas('x[', { protocolVersion: 3, compress: true }).catch(
      (fault: unknown) => fault,
    )
    if (!(error instanceof AesopError)) throw new Error('nothing was thrown')
    expect(error.message).toBe('the answer to /register should be gzip in base64, but begins with "x["')
    expect(error.cause).toBeInstanceOf(Error)
  })

  it.each([2, 4] as const)('come in pieces of some 64 KiB that are one text (version %d)', (protocolVersion) => {
    const many = Array.from({ length: 9 }, (_, id) => ({ id, version: 1, schema: 'x'.repeat(30_000) }))
    const pieces = [...schemaPieces(many, { protocolVersion, compress: false })]
    expect(pieces.map(({ length }) => Math.round(length / 30_000))).toEqual([3, 3, 3, 0])
    const items = many.map((item) => JSON.stringify(item)).join(',')
    expect(pieces.join('')).toBe(protocolVersion === 4 ? `{"sourceSchemas":[${items}]}` : `[${items}]`)
    expect([...schemaPieces([], { protocolVersion, compress: false })]).toHaveLength(1)
    const exact = { id: 1, version: 1, schema: '' }
    const begin = (protocolVersion === 4 ? '{"sourceSchemas":[' : '[').length
    const room = 64 * 1024 - begin - JSON.stringify(exact).length
    for (const [length, count] of [
      [room, 2],
      [room - 1, 1],
    ] as const) {
      const list = [{ ...exact, schema: 'x'.repeat(length) }]
      expect([...schemaPieces(list, { protocolVersion, compress: false })]).toHaveLength(count)
    }
  })

  it('are asked for in this form', () => {
    expect(formatRegisterRequest({ protocolVersion: 4, compress: true, sources: [1, 2] })).toBe(
      '/register?protocolVersion=4&sources=1%2C2&compress=true',
    )
    expect(formatRegisterRequest({ protocolVersion: 2, compress: false })).toBe(
      '/register?protocolVersion=2&compress=false',
    )
    expect(parseRegisterRequest(request('/register'))).toEqual({ protocolVersion: 3, compress: false })
    for (const version of [1, 5]) {
      expect(() => parseRegisterRequest(request(`/register?protocolVersion=${version}`))).toThrow(
        `protocolVersion: ${version}`,
      )
    }
  })
})
