import { headers } from '@aesop/wire'
import { Agent, request as httpRequest } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { assertReached } from '../../../test/support/property.ts'
import { sayingSeed, seedOf } from '../../../test/support/seed.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { type Answer, get, lines, online, startRelay, streamPath } from './support/relay-fixture.ts'

/* Requests that nobody sends, to a real relay: each is answered as Databus does or refused by name, and the next is answered as ever. */

const BEGINS_AFTER_100 = { 'databus.relay.dataSources.sequenceNumbersHandler.file.initVal': '100' }
const REQUESTS = 6_000
const AT_A_TIME = 8
/** Of one answer; all are there at once, or after a follow of a moment. */
const ANSWER_MS_MAX = 20_000
const HEAP_BYTES_MAX = 128 * 1024 * 1024

const COMMANDS = [
  'stream',
  'register',
  'sources',
  'physicalSources',
  'physicalBuffers',
  'bufferInfo/inbound/test/1',
  'bufferInfo/inbound/test:2',
  'bufferInfo/outbound',
  'containerStats/inbound/events/total',
  'containerStats/outbound/client/me',
  'containerStats/inbound/events/psource/test/1',
  'relayStats/outbound/http/source/40',
  'relayStats/outbound/http/total',
  'javaStats/memory/heap',
  'javaStats/gc/much',
  'config',
  'controlSources/status',
  'controlSources/pause',
  'relayCommand/printRelayInfo',
  'relayCommand/runGC',
  'relayCommand/resetRelayBuffer/test/7',
  'startPlace',
  'admin',
  'admin/status',
  'genDataEvents/start',
  '',
  '%',
  '%ff%00',
  '__proto__',
  'stream/%2e%2e/admin',
] as const

/** It ends an answer behind the events that came before the first text. */
const RANGE_OF_TEXTS = '{"41":{"partitionType":"RANGE","filters":[{"keyRange":{"start":0,"end":9}}]}}'

/** What is right for a name, or nearly. */
const VALUES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  sources: [
    '40',
    '41',
    '40,41',
    '40,32767',
    '40,40',
    '42',
    '-1',
    '40,',
    '4e1',
    '99999999999999999999',
    'test',
    'test,crm',
  ],
  subs: [
    '[]',
    '[{}]',
    '[{"logicalPartition":{"source":{"id":40}}}]',
    '{"a":',
    '[{"physicalPartition":{"id":-1,"name":"*"}}]',
    '[[[[[[[[[[[[[[[[[[',
  ],
  checkPoint: [
    online(110),
    online(110, 1),
    online(110, 999_999),
    online(50),
    online(140),
    online(99_999),
    online(-1),
    '{"consumption_mode":"INIT"}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":1e400,"prevScn":0,"windowOffset":-1}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":9223372036854775808,"prevScn":0,"windowOffset":-1}',
    '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":110,"prevScn":110,"windowOffset":-1,"scnSpace":"foreign"}',
    '{"consumption_mode":null}',
    '{"__proto__":{"windowScn":110}}',
    'null',
    '""',
  ],
  checkPointMult: [
    '{}',
    `{"{\\"id\\":1,\\"name\\":\\"test\\"}":${JSON.stringify(online(110))}}`,
    '{"x":"y"}',
    '{"cursorPartition":7}',
    '[]',
  ],
  size: ['1', '70', '100', '1000', '1048576', '2147483647', '2147483648', '0', '-1', '1.5', '0x10', ''],
  output: ['binary', 'BINARY', 'json', 'json_plain_value', 'xml', ''],
  filters: [
    '{}',
    '{"40":{"partitionType":"MOD","filters":[{"numBuckets":2,"bktRange":{"start":0,"end":1}}]}}',
    '{"40":{"partitionType":"RANGE","filters":[{"keyRange":{"start":0,"end":9}}]}}',
    RANGE_OF_TEXTS,
    '{"40":{"partitionType":"MOD","filters":[{"numBuckets":0,"bktRange":{"start":0,"end":1}}]}}',
    '{"40":{"partitionType":"NONE","filters":[]}}',
    '{"40":[]}',
    '{"40":{"partitionType":"MOD","filters":7}}',
    '{"40":{"partitionType":"SOME","filters":[{}]}}',
    '{"40":',
  ],
  streamFromLatestScn: ['true', 'TRUE', 'false', 'yes'],
  maxev: ['0', '2', '1', '3', '-1', 'two'],
  protocolVersion: ['2', '3', '4', '5', '1', 'x'],
  v: ['1', '2', '3', ''],
  compress: ['true', 'false', ''],
  follow: ['0', '20', '50', '-1', '600001', '1e9', 'long'],
  pretty: ['', 'true'],
  reset: ['', 'true'],
  enabled: ['true', 'false', ''],
  startFrom: ['earliest', 'latest', '0', '99999999999999', 'never'],
  scn: ['1'],
  prevScn: ['1'],
}
const OF_STREAMS = [
  'checkPoint',
  'checkPoint',
  'filters',
  'filters',
  'maxev',
  'follow',
  'streamFromLatestScn',
  'checkPointMult',
  'subs',
] as const
const NAMES = Object.keys(VALUES) as [string, ...string[]]
const JUNK = [
  '\0',
  '%',
  '%zz',
  '%ff%fe',
  '[',
  '{',
  '"',
  ',,,',
  'é',
  '\u{1f4a5}',
  '-0',
  'NaN',
  'true',
  'a'.repeat(5_000),
] as const
/** What every stream has to say, and what is right there. */
const SOUND: Readonly<Record<string, readonly [string, ...string[]]>> = {
  sources: ['40', '41', '40,41', '40,32767'],
  size: ['70', '1000', '1048576'],
  output: ['binary', 'BINARY', 'binary', 'binary', 'json', 'json_plain_value', 'xml'],
}
const HEADERS = [
  'x-dbus-size',
  'x-dbus-sources',
  'x-dbus-output',
  'x-dbus-client-service',
  'x-dbus-',
  'x-dbus-maxev',
] as const
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS'] as const

interface Drawn {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
}

/** Mostly what is right: a request that is wrong in each place shows one refusal. */
function drawnValue(draw: SeededDraw, name: string, isSound: boolean): string {
  const right = VALUES[name] ?? (['1'] as const)
  if (isSound && name in SOUND) return draw.of(SOUND[name] ?? right)
  if (draw.below(8) > 0) return draw.of(right)
  return draw.below(2) === 0 ? draw.of(JUNK) : draw.of(right) + draw.of(JUNK)
}

function drawn(draw: SeededDraw): Drawn {
  if (draw.below(100) === 0) return { method: 'GET', path: streamPath({ filters: RANGE_OF_TEXTS }), headers: {} }
  const command = draw.below(2) === 0 ? 'stream' : draw.of(COMMANDS)
  const isSound = command === 'stream' && draw.below(4) > 0
  const names: string[] = isSound ? Object.keys(SOUND) : []
  for (let i = draw.below(isSound ? 3 : 5); i > 0; i--) names.push(draw.of<string>(isSound ? OF_STREAMS : NAMES))
  const pairs = names.map((name) => {
    const value = drawnValue(draw, name, isSound)
    return `${name}=${draw.below(20) === 0 ? encodeURI(value).replaceAll('#', '%23') : encodeURIComponent(value)}`
  })
  if (draw.below(30) === 0) pairs.push('%', '=', '&&', 'a=%E0%A4%A')
  const given: Record<string, string> = {}
  if (draw.below(6) === 0) given[draw.of(HEADERS)] = draw.of(['40', '100', 'json', 'binary', '2', ''])
  if (draw.below(4) === 0) given['content-type'] = 'application/json'
  if (draw.below(6) === 0) given['authorization'] = draw.of(['Bearer wrong', 'Basic YQ==', ''])
  return {
    method: draw.of(METHODS),
    path: `/${command}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`,
    headers: given,
  }
}

/** Asks it, and waits for the end of the answer. */
function ask({ method, path, headers: given }: Drawn, port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, method, path, headers: given, agent, timeout: ANSWER_MS_MAX }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => undefined)
      response.on('close', () => {
        const { statusCode = 0, trailers } = response
        const body = Buffer.concat(chunks)
        resolve({ status: statusCode, headers: response.headers, trailers, body, broken: !response.complete })
      })
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)))
    asked.on('error', reject)
    asked.end()
  })
}

/** A name that is ours or Databus'; an error that nobody foresaw is one of processing without a cause. */
function errorName(from: Record<string, unknown>): string {
  const [outer, cause] = [from[headers.error], from[headers.errorCause]]
  expect(outer).toMatch(/^(com\.linkedin\.databus2?\.|java\.lang\.IllegalArgumentException$|aesop\.)/)
  expect(from[headers.errorMessage]).toMatch(/./)
  if (cause === undefined) expect(outer).not.toMatch(/RequestProcessingException$/)
  return String(cause ?? outer).replace(/^.*\./, '')
}

/** What kind of answer it is, once it has proven to be one. */
function kindOf({ method, path }: Drawn, answer: Answer): string {
  const { status, body, trailers } = answer
  expect(answer.broken).toBe(false)
  if (trailers[headers.responseCode] !== undefined) return `behind events: ${errorName(trailers)}`
  if (answer.headers[headers.error] !== undefined) {
    const name = errorName(answer.headers)
    if (method !== 'HEAD') expect(JSON.parse(body.toString())).toMatchObject({ error: answer.headers[headers.error] })
    expect([400, 401, 403, 415, 429, 500, 503]).toContain(status)
    return name
  }
  if (path.startsWith('/admin')) return 'health'
  expect(status).toBe(200)
  if (!path.startsWith('/stream') || method === 'HEAD') return path.slice(1).replace(/[/?].*/s, '')
  if (body.length === 0) return answer.headers[headers.pendingEventSize] === undefined ? 'no events' : 'pending event'
  if (body[0] !== 0x7b) {
    lines(body)
    return 'events'
  }
  for (const line of body.toString().trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sequence')
  return 'text'
}

test.each([1, 2] as const)(
  'whatever is asked is answered or refused by name, and the relay goes on as ever (events of version %d)',
  async (eventVersion) => {
    const seed = seedOf(30 + eventVersion)
    await sayingSeed(seed, async () => {
      const { relay, producer, port } = await startRelay({ source: { eventVersion }, properties: BEGINS_AFTER_100 })
      for (let scn = 101n; scn <= 140n; scn++) {
        const events = [
          { key: Number(scn), value: Buffer.alloc(40, 1) },
          { key: `text ${scn}`, source: 'com.x.Address' },
        ]
        producer.addWindow(events, scn)
      }
      const whole = async (): Promise<string[]> => lines((await get(port, streamPath({}))).body)
      const before = await whole()
      expect(before).toHaveLength(120)
      const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME })
      onTestFinished(() => {
        agent.destroy()
      })
      const draw = new SeededDraw(seed)
      const kinds = new Map<string, number>()
      const heapBytes = process.memoryUsage().heapUsed
      for (let asked = 0; asked < REQUESTS; asked += AT_A_TIME) {
        const requests = Array.from({ length: AT_A_TIME }, () => drawn(draw))
        const answers = await Promise.all(requests.map((request) => ask(request, port, agent)))
        for (const [i, answer] of answers.entries()) {
          const request = requests[i] as Drawn
          const kind = said(request, () => kindOf(request, answer))
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
        }
      }
      const reached = Object.fromEntries(KINDS.map((kind) => [kind, kinds.get(kind) ?? 0]))
      assertReached({ reached, atLeast: 3 })
      expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(HEAP_BYTES_MAX)
      expect(await whole()).toEqual(before)
      expect(relay.health().status).toBe('up')
    })
  },
)

/** What an answer has to be seen of each. */
const KINDS = [
  'events',
  'no events',
  'pending event',
  'text',
  'health',
  'sources',
  'register',
  'physicalSources',
  'InvalidRequestParamValueException',
  'UnknownCommandException',
  'IllegalArgumentException',
  'ScnNotFoundException',
  'ScnInFutureError',
  'BufferNotFoundException',
  'RequestRefusedError',
  'behind events: InvalidRequestParamValueException',
]

/** A failure says which request it is of. */
function said(request: Drawn, work: () => string): string {
  try {
    return work()
  } catch (error) {
    throw new Error(`${JSON.stringify(request)}: ${(error as Error).message}`, { cause: error })
  }
}
