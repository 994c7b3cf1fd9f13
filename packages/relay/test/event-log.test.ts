import { type Logger, silentLogger } from '@aesop/kernel'
import { type ProducerContext } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { NodeDisk, SegmentLog } from '@aesop/segment-files'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { PlacedProducer } from './support/placed-producer.ts'
import { ADDRESS, get, lines, online, PERSON, streamPath, testContext } from './support/relay-fixture.ts'

const WRITER = 'databus.relay.eventLogWriter'
const READER = 'databus.relay.eventLogReader'
const KEY_OF_SPACE = 'x-aesop-scn-space'
const OTHER_OF_110 = /set aside as .*segment\.other: the source has not what follows SCN 110$/

let folder: string
const running: Relay[] = []
beforeEach(() => {
  folder = newFolder('event-log')
})
afterEach(async () => {
  for (const relay of running.splice(0).reverse()) await relay.stop()
  removeFolder(folder)
})

interface Run {
  readonly relay: Relay
  readonly producer: PlacedProducer
  readonly logged: readonly string[]
  readonly failed: readonly Error[]
  readonly stream: (scn: bigint, sources?: string) => ReturnType<typeof get>
  readonly page: (path: string) => ReturnType<typeof get>
}

interface Options {
  /** Folder of the state. */
  readonly state?: string
  readonly beginsAfter?: bigint
  readonly scnSpace?: string
  readonly properties?: Record<string, string | number | boolean>
  readonly source?: object
  readonly context?: ReturnType<typeof testContext>
  readonly startsWith?: readonly bigint[]
}

async function started(options: Options): Promise<Run> {
  const {
    state = 'writer',
    beginsAfter,
    scnSpace = 'one',
    properties = {},
    source = {},
    context = testContext(),
    startsWith = [],
  } = options
  const logged: string[] = []
  const failed: Error[] = []
  const note = (message: string): void => void logged.push(message)
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note }
  const producer = new PlacedProducer(beginsAfter, scnSpace)
  producer.startsWith = startsWith
  const config = new RelayConfig({
    relayProperties: {
      'databus.relay.container.httpPort': 0,
      [`${WRITER}.topLevelLogDir`]: 'logs',
      [`${READER}.topLevelLogDir`]: 'logs',
      ...properties,
    },
  })
  const physicalSourceConfig = { uri: 'memory:test', name: 'shop', sources: [PERSON, ADDRESS], ...source }
  const registrations = [new ProducerRegistration({ eventProducer: producer, physicalSourceConfig })]
  const fail = (error: Error): void => void failed.push(error)
  const relay = new Relay(
    { config, registrations },
    { ...context, projectsRoot: folder, stateDirectory: join(folder, state), log, fail },
  )
  await relay.start()
  running.push(relay)
  const page = (path: string) => get(relay.address?.port ?? 0, path)
  const stream = (scn: bigint, sources = '40,41') => page(streamPath({ sources, checkPoint: online(scn) }))
  return { relay, producer, logged, failed, stream, page }
}

const written = (options: Options = {}): Promise<Run> =>
  started({ ...options, properties: { [`${WRITER}.enabled`]: true, ...options.properties } })
const replayed = (options: Options = {}): Promise<Run> =>
  started({ state: 'reader', ...options, properties: { [`${READER}.enabled`]: true, ...options.properties } })

const inLog = (name = 'shop'): string[] =>
  readdirSync(join(folder, 'logs', name)).filter((file) => !file.startsWith('.'))
const segments = (): string[] => inLog().filter((name) => name.endsWith('.segment'))

function add({ producer }: Run, from: bigint, to: bigint): void {
  for (let scn = from; scn <= to; scn += 1n)
    producer.addWindow(scn % 5n === 0n ? [] : [{ key: Number(scn) }, { key: `k${scn}`, source: ADDRESS.name }], scn)
}

const has = (run: Run, scn: bigint) => async (): Promise<boolean> =>
  lines((await run.stream(scn - 1n)).body).includes(`${scn}:end`)

/** Resolves when who looks at the log now finds this window: before that a replay that begins is refused by name. */
async function logged(scn: bigint, eventVersion: 1 | 2 = 1): Promise<void> {
  const log = new SegmentLog(new NodeDisk(join(folder, 'logs', 'shop')), 1, eventVersion)
  await until(`the log has SCN ${scn}`, async () => {
    // A file may get another name while it is looked at.
    const view = await log.look().catch(() => undefined)
    if (view === undefined || 'aside' in view) return false
    await view.close()
    return view.lastScn >= scn
  })
}

test.each([1, 2] as const)(
  'what is replayed is what was served: bytes, schemas, SCNs and SCN space; and it follows: events V%i',
  async (eventVersion) => {
    const source = { eventVersion }
    const writer = await written({ beginsAfter: 100n, source })
    add(writer, 101n, 140n)
    await logged(140n, eventVersion)
    const reader = await replayed({ source })
    add(writer, 141n, 160n)
    await until('the reader has the newest window', has(reader, 160n))
    const [one, other] = [await writer.stream(100n), await reader.stream(100n)]
    expect(lines(one.body).filter((line) => line.endsWith(':end')).length).toBe(60)
    expect(other.body.equals(one.body)).toBe(true)
    expect(other.headers[KEY_OF_SPACE]).toBe('one')
    expect(one.headers[KEY_OF_SPACE]).toBe('one')
    expect((await reader.page('/register')).body.toString()).toBe((await writer.page('/register')).body.toString())
    expect((await reader.stream(99n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
    expect([reader.relay.health().status, reader.failed]).toEqual(['up', []])
  },
)

test('a shape that is the newest again is so for who replays it, too', async () => {
  const writer = await written({ beginsAfter: 100n })
  const { schemas } = writer.producer.context as ProducerContext
  const first = schemas.latest(PERSON.name)?.text ?? ''
  schemas.register(PERSON.name, first, 100n)
  add(writer, 101n, 103n)
  await logged(103n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 103n))
  schemas.register(PERSON.name, first.replace('"fields":[', '"fields":[{"name":"more","type":"int"},'), 104n)
  add(writer, 104n, 104n)
  schemas.register(PERSON.name, first, 105n)
  add(writer, 105n, 106n)
  await until('the reader has the newest window', has(reader, 106n))
  expect(schemas.versions(PERSON.name).map(({ version }) => version)).toEqual([1, 2, 3])
  expect((await reader.page('/register')).body.toString()).toBe((await writer.page('/register')).body.toString())
})

test('a reader that was stopped goes on where it was, when the writer is long gone', async () => {
  const writer = await written({ beginsAfter: 100n })
  add(writer, 101n, 120n)
  await logged(120n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 120n))
  await reader.relay.stop()
  add(writer, 121n, 125n)
  const wanted = (await writer.stream(120n)).body
  await writer.relay.stop()
  const next = await replayed()
  await until('the reader has the newest window', has(next, 125n))
  expect((await next.stream(120n)).body.equals(wanted)).toBe(true)
})

test('a log goes on over restarts without a hole, also where the source goes back a little', async () => {
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 110n)
  await first.relay.stop()
  const second = await written({ beginsAfter: 105n })
  add(second, 106n, 120n)
  await logged(120n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 120n))
  const ends = lines((await reader.stream(100n)).body).filter((line) => line.endsWith(':end'))
  expect(ends).toEqual(Array.from({ length: 20 }, (_, at) => `${101 + at}:end`))
})

test('a log that the source can not go on from begins anew, says so, and what it had is set aside', async () => {
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 110n)
  await first.relay.stop()
  const second = await written({ beginsAfter: 115n })
  add(second, 116n, 120n)
  await until('the files are set aside', () => inLog().some((name) => name.endsWith('.segment.other')))
  expect(second.logged.join()).toContain('begins anew')
  expect(second.relay.health()).toEqual({ status: 'degraded', detail: expect.stringMatching(OTHER_OF_110) as string })
  await logged(120n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 120n))
  expect((await reader.stream(110n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
  expect(lines((await reader.stream(115n)).body)[0]).toBe('116:116')
})

test.each(['the files are removed', 'the buffer is reset', 'the process ends'])(
  'a log of another SCN space is set aside, which is told until it was seen to: %s',
  async (how) => {
    const first = await written({ beginsAfter: 100n })
    add(first, 101n, 110n)
    await first.relay.stop()
    const other = { beginsAfter: 110n, scnSpace: 'two', properties: { [`${WRITER}.fsyncIntervalInMillis`]: 20 } }
    const second = await written(other)
    const isThere = (): boolean => inLog().some((name) => name.endsWith('.segment.other'))
    await until('the files are set aside', isThere)
    expect(second.relay.health()).toEqual({
      status: 'degraded',
      detail: expect.stringMatching(/segment\.other: its SCN space is one, the source's is two$/) as string,
    })
    if (how === 'the files are removed') {
      for (const name of inLog().filter((each) => each.endsWith('.other')))
        rmSync(join(folder, 'logs', 'shop', name), { recursive: true })
    } else if (how === 'the buffer is reset') await second.relay.actions.resetBuffers()
    else await second.relay.stop()
    const { relay } = how === 'the process ends' ? await written(other) : second
    await until('health is good', () => relay.health().status === 'up')
    expect(isThere()).toBe(how !== 'the files are removed')
  },
)

test('a log that is new has what its source writes while it starts, however little its buffer holds', async () => {
  const startsWith = Array.from({ length: 400 }, (_, at) => 101n + BigInt(at))
  const properties = { 'databus.relay.eventBuffer.maxSize': 65536 }
  const writer = await written({ beginsAfter: 100n, startsWith, properties })
  await logged(500n)
  expect(writer.logged.join()).not.toContain('begins anew')
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 500n))
  expect(lines((await reader.stream(100n)).body)[0]).toBe('101:1')
})

test('a log that begins anew has its own schemas, and those of what was set aside lie beside that', async () => {
  const shaped = (run: Run, field: string): void => {
    const { schemas } = run.producer.context as ProducerContext
    const text = schemas.latest(PERSON.name)?.text ?? ''
    schemas.register(PERSON.name, text.replace('"fields":[', `"fields":[{"name":"${field}","type":"int"},`), 101n)
  }
  const first = await written({ beginsAfter: 100n })
  shaped(first, 'one')
  add(first, 101n, 110n)
  await first.relay.stop()
  // Its state was lost: it counts versions from the beginning.
  const second = await written({ state: 'lost', beginsAfter: 100n, scnSpace: 'two' })
  shaped(second, 'two')
  add(second, 101n, 105n)
  await logged(105n)
  expect([second.failed, inLog().filter((name) => name.includes('schemas'))]).toEqual([
    [],
    ['schemas', 'schemas.0.other'],
  ])
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 105n))
  expect((await reader.page('/register')).body.toString()).toBe((await second.page('/register')).body.toString())
})

test('a reader that stood before the hole fails by name, and serves nothing behind it', async () => {
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 110n)
  await logged(110n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 110n))
  await first.relay.stop()
  add(await written({ beginsAfter: 115n }), 116n, 120n)
  await until('the reader has failed', () => reader.failed.length > 0)
  expect(reader.failed[0]).toMatchObject({
    code: 'AESOP_RELAY_EVENT_LOG_GAP',
    fields: { afterScn: 110n, beginsAfterScn: 115n },
  })
  expect(lines((await reader.stream(109n)).body)).toEqual(['110:end'])
  expect(reader.relay.health().status).toBe('down')
})

test('a segment that is damaged ends the replay by name; nothing that lies behind it is served', async () => {
  const writer = await written({ beginsAfter: 100n })
  add(writer, 101n, 120n)
  await writer.relay.stop()
  const path = join(folder, 'logs', 'shop', segments()[0] ?? '')
  const bytes = readFileSync(path)
  bytes[1600] = (bytes[1600] as number) ^ 1
  writeFileSync(path, bytes)
  const reader = await replayed()
  await until('the reader has failed', () => reader.failed.length > 0)
  expect(reader.failed[0]).toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_GAP' })
  expect(reader.failed[0]?.message).toMatch(/CRC/)
  const served = lines((await reader.stream(100n)).body)
  expect(served.length).toBeLessThan(40)
  // The log itself is as it was: who replays it changes nothing there.
  expect(segments().length).toBe(1)
})

test('a log of another SCN space than what was replayed before is refused by name', async () => {
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 105n)
  await logged(105n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 105n))
  await reader.relay.stop()
  await first.relay.stop()
  add(await written({ beginsAfter: 105n, scnSpace: 'two' }), 106n, 110n)
  await until('the files are set aside', () => inLog().some((name) => name.endsWith('.segment.other')))
  await logged(110n)
  await expect(replayed()).rejects.toMatchObject({
    code: 'AESOP_RELAY_EVENT_LOG_SPACE',
    fields: { found: 'two', expected: 'one' },
  })
  await expect(replayed({ state: 'another', source: { scnSpace: 'three' } })).rejects.toMatchObject({
    code: 'AESOP_RELAY_EVENT_LOG_SPACE',
  })
})

test('a log that becomes one of another SCN space while it is followed ends the replay by name', async () => {
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 105n)
  await logged(105n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 105n))
  await first.relay.stop()
  add(await written({ beginsAfter: 105n, scnSpace: 'two' }), 106n, 110n)
  await until('the reader has failed', () => reader.failed.length > 0)
  expect(reader.failed[0]).toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_SPACE' })
  expect(lines((await reader.stream(104n)).body)).toEqual(['105:end'])
})

test('a replay whose place was reset has all of a log of another SCN space, whatever its files held', async () => {
  const inFiles = { properties: { 'databus.relay.eventBuffer.allocationPolicy': 'MMAPPED_MEMORY' } }
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 110n)
  const before = await replayed(inFiles)
  await until('the reader has the newest window', has(before, 110n))
  await before.relay.stop()
  await first.relay.stop()
  const second = await written({ beginsAfter: 100n, scnSpace: 'two' })
  add(second, 101n, 115n)
  await until('the files are set aside', () => inLog().some((name) => name.endsWith('.segment.other')))
  // What a reset of the place does.
  rmSync(join(folder, 'reader', 'maxscn'), { recursive: true })
  const after = await replayed(inFiles)
  await until('the reader has the newest window', has(after, 115n))
  expect((await after.stream(100n)).body.equals((await second.stream(100n)).body)).toBe(true)
})

test('a replay whose place was reset begins behind a gap, though its files end before it', async () => {
  const inFiles = { properties: { 'databus.relay.eventBuffer.allocationPolicy': 'MMAPPED_MEMORY' } }
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 110n)
  const before = await replayed(inFiles)
  await until('the reader has the newest window', has(before, 110n))
  await before.relay.stop()
  await first.relay.stop()
  rmSync(join(folder, 'logs', 'shop'), { recursive: true })
  const second = await written({ beginsAfter: 120n })
  add(second, 121n, 125n)
  await until('the log has windows', () => segments().length > 0)
  await expect(replayed(inFiles)).rejects.toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_GAP' })
  rmSync(join(folder, 'reader', 'maxscn'), { recursive: true })
  const after = await replayed(inFiles)
  await until('the reader has the newest window', has(after, 125n))
  expect(after.failed).toEqual([])
})

test('a replay goes on when the log is written anew, and its files count from the beginning', async () => {
  const first = await written({ beginsAfter: 100n })
  add(first, 101n, 105n)
  await logged(105n)
  const reader = await replayed()
  await until('the reader has the first windows', has(reader, 105n))
  await first.relay.stop()
  const second = await written({ beginsAfter: 105n })
  add(second, 106n, 110n)
  await until('the reader has what a later file has', has(reader, 110n))
  await second.relay.stop()
  rmSync(join(folder, 'logs', 'shop'), { recursive: true })
  add(await written({ beginsAfter: 100n }), 101n, 115n)
  await until('the reader has the newest window', has(reader, 115n))
  expect(reader.failed).toEqual([])
})

test('a folder has one writer, and a source does not replay what it writes', async () => {
  await written({ beginsAfter: 100n })
  await expect(written({ state: 'other' })).rejects.toMatchObject({ code: 'AESOP_SEGMENTS_FOLDER_HELD' })
  const both = { [`${READER}.enabled`]: true }
  await expect(written({ state: 'third', properties: both })).rejects.toMatchObject({
    code: 'AESOP_RELAY_PROPERTY_REFUSED',
  })
})

test.each([
  ['is empty', {}, /has no windows$/],
  ['is of another physical source', { source: { id: 2 } }, /physical source 1, expected 2/],
  ['has events of another version', { source: { eventVersion: 2 } }, /events are of version 1, expected 2/],
])('a log that %s is refused by name', async (why, options, text) => {
  if (why !== 'is empty') {
    const writer = await written({ beginsAfter: 100n })
    add(writer, 101n, 105n)
    await writer.relay.stop()
  } else await (await written({ beginsAfter: 100n })).relay.stop()
  const error: unknown = await replayed(options).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_EMPTY', message: expect.stringMatching(text) as string })
})

test('a log without its schemas is refused by name before a row of it is served', async () => {
  const writer = await written({ beginsAfter: 100n })
  add(writer, 101n, 105n)
  await writer.relay.stop()
  rmSync(join(folder, 'logs', 'shop', 'schemas'), { recursive: true })
  const reader = await replayed()
  await until('the reader has failed', () => reader.failed.length > 0)
  expect(reader.failed[0]).toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_SCHEMA_MISSING' })
  expect(lines((await reader.stream(100n)).body)).toEqual([])
})

test.each([
  ['latest', [] as string[]],
  ['scn:103', ['104:104', '104:k104', '104:end', '105:end']],
])('a replay begins where startFrom says: %s', async (startFrom, expected) => {
  const writer = await written({ beginsAfter: 100n })
  add(writer, 101n, 105n)
  await writer.relay.stop()
  const reader = await replayed({ source: { startFrom } })
  if (expected.length > 0) await until('the reader has the newest window', has(reader, 105n))
  const since = startFrom === 'latest' ? 105n : 103n
  expect(lines((await reader.stream(since)).body)).toEqual(expected)
  // What lies before is in the log, and read late.
  expect(reader.relay.buffer?.prevScn).toBe(since)
  await until('the one before', async () => lines((await reader.stream(since - 1n)).body).includes(`${since}:end`))
})

test('a log keeps as many bytes as it may, and windows for as long as it may', async () => {
  const sizes = {
    [`${WRITER}.individualFileMaxBytes`]: 65536,
    [`${WRITER}.maxFiles`]: 4,
    [`${WRITER}.retentionMs`]: 3_600_000,
  }
  const writer = await written({ beginsAfter: 100n, properties: sizes })
  for (let scn = 101n; scn <= 900n; scn += 1n) writer.producer.addWindow([{ key: 1, value: Buffer.alloc(1000) }], scn)
  await until(
    'the oldest files have left',
    () => segments().length <= 6 && !segments().includes('000000000000000.segment'),
  )
  await writer.relay.stop()
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 900n))
  const old = await written({ beginsAfter: 900n, properties: { ...sizes, [`${WRITER}.retentionMs`]: 1 } })
  old.producer.addWindow([{ key: 1 }], 901n)
  await until('old windows have left', () => segments().length <= 2)
})

test('a buffer is reset when its log has what goes', async () => {
  const writer = await written({ beginsAfter: 100n })
  add(writer, 101n, 120n)
  await writer.relay.actions.resetBuffers()
  add(writer, 121n, 125n)
  await logged(125n)
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, 125n))
  const ends = lines((await reader.stream(100n)).body).filter((line) => line.endsWith(':end'))
  expect(ends.length).toBe(25)
})

test('a buffer is reset behind a window that is open, when its log has that, too, however fast its source is', async () => {
  const writer = await written({ beginsAfter: 100n })
  const { sink } = writer.producer
  add(writer, 101n, 120n)
  sink?.beginWindow()
  const state = { isReset: false }
  const resetting = writer.relay.actions.resetBuffers().then(() => (state.isReset = true))
  await until('the log has what was closed', () => logged(120n).then(() => true))
  sink?.endWindow(121n)
  // A source that never waits for anything but room.
  let scn = 121n
  while (!state.isReset) {
    sink?.beginWindow()
    await new Promise((resolve) => setImmediate(resolve))
    sink?.endWindow(++scn)
    await sink?.whenWritable()
  }
  await resetting
  add(writer, scn + 1n, scn + 5n)
  await logged(scn + 5n)
  expect(writer.logged.join()).not.toContain('has not what follows')
  const reader = await replayed()
  await until('the reader has the newest window', has(reader, scn + 5n))
  expect(lines((await reader.stream(100n)).body)[0]).toBe('101:101')
  expect((await writer.stream(100n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
})
