import { type Logger, silentLogger } from '@aesop/kernel'
import { MemoryEventProducer } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { get, lines, online, PERSON, streamPath, testContext } from './support/relay-fixture.ts'

let state: string
const running: Relay[] = []
beforeEach(() => {
  state = newFolder('buffer-files')
})
afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop()
  removeFolder(state)
})

type Properties = Record<string, string | number | boolean>

/** A source that begins where it is told to. */
class PlacedProducer extends MemoryEventProducer {
  readonly #space: string
  readonly #beginsAfter: bigint | undefined
  readonly #configuration: string | undefined
  asked: Parameters<MemoryEventProducer['prepare']>[0] | undefined

  constructor(beginsAfter: bigint | undefined, scnSpace: string, configuration: string | undefined) {
    super()
    this.#configuration = configuration
    this.#beginsAfter = beginsAfter
    this.#space = scnSpace
  }
  override get scnSpace(): string {
    return this.#space
  }
  get configurationOf(): (() => () => string) | undefined {
    const configuration = this.#configuration
    return configuration === undefined ? undefined : () => () => configuration
  }
  override async prepare(context: Parameters<MemoryEventProducer['prepare']>[0]): Promise<bigint> {
    this.asked = context
    await super.prepare(context)
    return this.#beginsAfter ?? context.restoredScn ?? 0n
  }
}

interface Run {
  readonly relay: Relay
  readonly producer: PlacedProducer
  readonly logged: readonly string[]
  readonly stream: (scn: bigint) => ReturnType<typeof get>
}

interface Options {
  readonly beginsAfter?: bigint
  readonly scnSpace?: string
  readonly configuration?: string
  readonly context?: ReturnType<typeof testContext>
}

async function started(
  properties: Properties = {},
  { beginsAfter, scnSpace = 'one', configuration, context = testContext() }: Options = {},
): Promise<Run> {
  const logged: string[] = []
  const note = (message: string): void => void logged.push(message)
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note }
  const producer = new PlacedProducer(beginsAfter, scnSpace, configuration)
  const config = new RelayConfig({
    relayProperties: {
      'databus.relay.container.httpPort': 0,
      'databus.relay.eventBuffer.allocationPolicy': 'MMAPPED_MEMORY',
      ...properties,
    },
  })
  const physicalSourceConfig = { uri: 'memory:test', name: 'shop', sources: [PERSON] }
  const registrations = [new ProducerRegistration({ eventProducer: producer, physicalSourceConfig })]
  const relay = new Relay({ config, registrations }, { ...context, stateDirectory: state, log })
  await relay.start()
  running.push(relay)
  const stream = (scn: bigint) => get(relay.address?.port ?? 0, streamPath({ sources: '40', checkPoint: online(scn) }))
  return { relay, producer, logged, stream }
}

const files = (): string[] => readdirSync(join(state, 'buffer', 'shop')).filter((name) => !name.startsWith('.'))

/** Flips a bit of an event in the first file. @returns its name */
function damageFirst(): string {
  const [name = ''] = files()
  const path = join(state, 'buffer', 'shop', name)
  const bytes = readFileSync(path)
  bytes[200] = (bytes[200] as number) ^ 1
  writeFileSync(path, bytes)
  return name
}

async function left(configuration?: string): Promise<void> {
  const options = { beginsAfter: 100n, ...(configuration === undefined ? {} : { configuration }) }
  const { relay, producer } = await started({}, options)
  for (let scn = 101n; scn <= 103n; scn += 1n) producer.addWindow([{ key: Number(scn) }], scn)
  await relay.stop()
}

const LEFT = ['101:101', '101:end', '102:102', '102:end', '103:103', '103:end']

test('files of a former process are served on, in front of what comes', async () => {
  await left()
  const { producer, stream, logged } = await started()
  producer.addWindow([{ key: 104 }], 104n)
  expect(lines((await stream(100n)).body)).toEqual([...LEFT, '104:104', '104:end'])
  expect(logged.join()).toContain('goes on with segment files of a former process')
})

test('what was read under another configuration of the source is served to nobody: it goes on behind it, and says so', async () => {
  await left('with the salary')
  const { relay, producer, stream, logged } = await started({}, { configuration: 'without it' })
  const { restoredScn, restoredAfterScn, restoredScnSpace } = producer.asked ?? {}
  expect([restoredScn, restoredAfterScn, restoredScnSpace]).toEqual([103n, 100n, 'one'])
  producer.addWindow([{ key: 104 }], 104n)
  expect((await stream(100n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
  expect(lines((await stream(103n)).body)).toEqual(['104:104', '104:end'])
  expect(relay.health()).toEqual({
    status: 'degraded',
    detail: expect.stringMatching(/shop.\d+\.segment\.other: its source had another configuration/) as string,
  })
  expect(logged.join()).toContain('its source had another configuration')
  await relay.actions.resetBuffers()
  expect(relay.health().status).toBe('up')
  expect(files().filter((name) => name.endsWith('.other')).length).toBe(1)
})

test('what was read under the same configuration, or one that nobody told, is served on', async () => {
  await left()
  const { relay, producer } = await started({}, { configuration: 'one' })
  producer.addWindow([{ key: 104 }], 104n)
  await relay.stop()
  const { stream } = await started({}, { configuration: 'one' })
  expect(lines((await stream(100n)).body)).toEqual([...LEFT, '104:104', '104:end'])
})

test('a source that goes on within them has its windows passed over', async () => {
  await left()
  const { producer, stream } = await started({}, { beginsAfter: 102n })
  producer.addWindow([{ key: 103 }], 103n)
  producer.addWindow([{ key: 104 }], 104n)
  expect(lines((await stream(100n)).body)).toEqual([...LEFT, '104:104', '104:end'])
})

test.each([
  ['behind a hole', { beginsAfter: 110n }],
  ['in another SCN space', { beginsAfter: 103n, scnSpace: 'two' }],
])('a source that goes on %s has an empty buffer, and says so', async (_where, options) => {
  await left()
  const { producer, stream, logged } = await started({}, options)
  producer.addWindow([{ key: 111 }], 111n)
  expect((await stream(100n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
  expect(lines((await stream(options.beginsAfter)).body)).toEqual(['111:111', '111:end'])
  expect(logged.join()).toContain('are not served: the source goes on elsewhere')
  const others = (): boolean => files().some((name) => name.endsWith('.other'))
  if (options.beginsAfter === 103n) await until('files are set aside', others)
  else expect(others()).toBe(false)
})

test('restoreMMappedBuffers: false begins with an empty folder', async () => {
  await left()
  const { stream } = await started({ 'databus.relay.eventBuffer.restoreMMappedBuffers': false }, { beginsAfter: 103n })
  expect((await stream(100n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
})

test('a file that was damaged is set aside, health says so, and what is behind it is served', async () => {
  await left()
  const name = damageFirst()
  const { relay, stream } = await started({ 'databus.relay.eventBuffer.scrubMBPerSecond': 0 })
  expect(relay.health().status).toBe('up')
  expect((await stream(100n)).headers['x-dbus-error-cause'] ?? 'cut').toMatch(/OffsetNotFound|ScnNotFound|cut/)
  expect(relay.health()).toEqual({
    status: 'degraded',
    detail: expect.stringMatching(/shop.\d+\.segment\.damaged: .*CRC/) as string,
  })
  await until('the file is set aside', () => files().includes(`${name}.damaged`))
  expect((await stream(100n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
})

test('damage that no reader meets is found all the same', async () => {
  const memory = {
    'databus.relay.eventBuffer.maxSize': 4 * 1024 * 1024,
    'databus.relay.eventBuffer.residentBytes': 65536,
  }
  await left()
  const name = damageFirst()
  const { relay } = await started(memory)
  await until('the file is set aside', () => files().includes(`${name}.damaged`))
  expect(relay.health().status).toBe('degraded')
})

test.each(['the file is removed', 'the buffer is reset'])(
  'damage that was seen to is told no more: %s',
  async (how) => {
    await left()
    const name = damageFirst()
    const properties = {
      'databus.relay.eventBuffer.scrubMBPerSecond': 0,
      'databus.relay.eventBuffer.fsyncIntervalMs': 20,
    }
    const { relay, stream, producer } = await started(properties)
    await stream(100n)
    await until('the file is set aside', () => files().includes(`${name}.damaged`))
    expect(relay.health().status).toBe('degraded')
    if (how === 'the file is removed') rmSync(join(state, 'buffer', 'shop', `${name}.damaged`))
    else await relay.actions.resetBuffers()
    await until('health is good', () => relay.health().status === 'up')
    producer.addWindow([{ key: 104 }], 104n)
    expect(lines((await stream(103n)).body)).toEqual(['104:104', '104:end'])
  },
)

test('a buffer that was reset has left the folder, and the next process goes on after it', async () => {
  await left()
  const { relay, producer } = await started({}, { beginsAfter: 103n })
  const before = files()
  await relay.actions.resetBuffers()
  producer.addWindow([{ key: 104 }], 104n)
  await until('the files are gone', () => files().every((name) => !before.includes(name)) && files().length === 1)
  await relay.stop()
  const next = await started()
  next.producer.addWindow([{ key: 105 }], 105n)
  expect((await next.stream(102n)).headers['x-dbus-error-cause']).toMatch(/ScnNotFound/)
  expect(lines((await next.stream(103n)).body)).toEqual(['104:104', '104:end', '105:105', '105:end'])
})

test('two sources of one process do not share a folder', async () => {
  const context = testContext()
  const memory = { 'databus.relay.dataSources.sequenceNumbersHandler.type': 'IN_MEMORY' }
  await started(memory, { context })
  await expect(started(memory, { context })).rejects.toThrow(join(state, 'buffer', 'shop'))
})

test('windows that are older than retentionMs leave by themselves', async () => {
  const { producer, relay } = await started(
    { 'databus.relay.eventBuffer.retentionMs': 1, 'databus.relay.eventBuffer.maxSize': 65536 },
    { beginsAfter: 0n },
  )
  for (let scn = 1n; scn <= 2000n; scn += 1n) producer.addWindow([{ key: Number(scn) }], scn)
  await until('old windows have left', () => (relay.buffer?.segments.length ?? 0) === 1)
})
