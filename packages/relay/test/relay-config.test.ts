import {
  DefaultRelayFactory,
  ProducerRegistration,
  Relay,
  RelayConfig,
  relayProperties,
  relayPropertySchemas,
} from '@aesop/relay'
import { expect, test } from 'vitest'
import { makeRelay, testContext } from './support/relay-fixture.ts'

const config = (relayProperties: Record<string, string | number | bigint | boolean>) =>
  new RelayConfig({ relayProperties })

test('everything has a default', () => {
  expect(new RelayConfig()).toMatchObject({
    host: '127.0.0.1',
    port: 9000,
    healthPath: 'admin',
    source: { bufferBytes: 67108864 },
    maxPendingBytes: 67108864,
    notes: [],
  })
})

test('the properties of the classic sample are taken, and those without effect are noted', () => {
  const sample = config({
    'databus.relay.container.httpPort': 25021,
    'databus.relay.container.jmx.rmiEnabled': false,
    'databus.relay.eventBuffer.allocationPolicy': 'MMAPPED_MEMORY',
    'databus.relay.eventBuffer.queuePolicy': 'OVERWRITE_ON_WRITE',
    'databus.relay.eventLogReader.enabled': false,
    'databus.relay.eventLogWriter.enabled': false,
    'databus.relay.schemaRegistry.type': 'FILE_SYSTEM',
    'databus.relay.eventBuffer.maxSize': 10240000,
    'databus.relay.eventBuffer.readBufferSize': 10240,
    'databus.relay.eventBuffer.scnIndexSize': 10240000,
    'databus.relay.eventBuffer.restoreMMappedBuffers': true,
    'databus.relay.dataSources.sequenceNumbersHandler.file.initVal': 4294967300n,
  })
  expect(sample).toMatchObject({ port: 25021, source: { bufferBytes: 10240000, initialScn: 4294967300n } })
  expect(sample.notes.map((note) => note.split(/[ =]/)[0]?.split('.').at(-1))).toEqual([
    'rmiEnabled',
    'readBufferSize',
    'scnIndexSize',
  ])
  expect(sample.source.files).toEqual({
    directory: undefined,
    restores: true,
    residentBytes: 67108864,
    syncIntervalMs: 1000,
    scrubMBPerSecond: 4,
  })
})

test('a relay waits for the registrations of its own process unless it is told not to', () => {
  const policy = 'databus.relay.eventBuffer.queuePolicy'
  expect(new RelayConfig().source.waitsForOwnReaders).toBe(true)
  expect(config({ [policy]: 'BLOCK_ON_WRITE' }).source.waitsForOwnReaders).toBe(true)
  expect(config({ [policy]: 'OVERWRITE_ON_WRITE' }).source.waitsForOwnReaders).toBe(false)
})

test('a reader that falls off the buffer is told a minute before, or when it is said to be', () => {
  const key = 'databus.relay.eventBuffer.fallsOffAlarmMs'
  expect([new RelayConfig(), config({ [key]: 5 }), config({ [key]: 0 })].map((c) => c.source.fallsOffAlarmMs)).toEqual([
    60_000, 5, 0,
  ])
})

test('values that were text keep their digits', () => {
  const text = config({
    'databus.relay.container.httpPort': '0',
    'databus.relay.dataSources.sequenceNumbersHandler.file.initVal': '9223372036854775807',
  })
  expect([text.port, text.source.initialScn]).toEqual([0, 2n ** 63n - 1n])
})

test.each([
  ['databus.relay.container.htpPort', 1, /did you mean "databus.relay.container.httpPort"\?/],
  ['databus.relay.quite.something.else.entirely', 1, /is not known$/],
  ['databus.relay.container.httpPort', 'abc', /is abc, expected an integer from 0 to 65535/],
  ['databus.relay.container.httpPort', 70000, /expected an integer from 0 to 65535/],
  ['databus.relay.eventBuffer.allocationPolicy', 'DISK', /HEAP_MEMORY or DIRECT_MEMORY or MMAPPED_MEMORY/],
  ['databus.relay.eventLogReader.enabled', 'maybe', /expected true or false/],
  ['databus.relay.eventLogWriter.encoding', 'JSON', /output=json/],
  ['databus.relay.eventLogReader.readSessionDir', '../shop', /expected the name of a folder/],
  ['databus.relay.eventBuffer.queuePolicy', 'WAIT', /OVERWRITE_ON_WRITE or BLOCK_ON_WRITE/],
  ['databus.relay.startDbPuller', false, /producers always start/],
  ['databus.relay.container.host', '', /expected a text that is not empty/],
  ['databus.relay.container.healthcheckPath', 'health*', /expected a path/],
  ['databus.relay.container.healthcheckPath', '/sources', /expected a path .* that is none of/],
  ['databus.relay.dataSources.sequenceNumbersHandler.file.initVal', 2n ** 63n, /to 9223372036854775807/],
  ['databus.relay.dataSources.sequenceNumbersHandler.file.initVal', '-2', /from -1/],
  ['databus.relay.dataSources.sequenceNumbersHandler.file.initVal', '1.0', /expected an integer/],
  ['databus.relay.container.maxStreams', 0, /expected an integer from 1/],
  ['databus.relay.container.maxPendingBytes', 1000, /expected an integer from 1048576/],
  ['databus.relay.eventBuffer.fallsOffAlarmMs', -1, /expected an integer from 0/],
  ['databus.relay.eventBuffer.fsyncIntervalMs', 2 ** 31, /from 1 to 2147483647/],
  ['constructor', 1, /is not known/],
])('%s = %s is an error that names it', (key, value, message) => {
  expect(() => config({ [key]: value })).toThrow(message)
})

test('the properties of a registration win over those of the relay', () => {
  const both = config({ 'databus.relay.eventBuffer.maxSize': 1000000 }).with({
    'databus.relay.eventBuffer.maxSize': 2000000,
  })
  expect(both.source.bufferBytes).toBe(2000000)
})

test('the folders of a registration win over those of the relay', () => {
  const { source } = new RelayConfig({
    schemaRegistryLocation: 'a',
    maxScnDirectoryLocation: 'b',
  }).with({
    'databus.relay.schemaRegistry.fileSystem.schemaDir': 'c',
    'databus.relay.dataSources.sequenceNumbersHandler.file.scnDir': 'd',
  })
  expect([source.schemaDirectory, source.maxScnDirectory]).toEqual(['c', 'd'])
})

test('each property is of the relay as a whole or of each source, and several sources can not speak for the whole', () => {
  const port = { 'databus.relay.container.httpPort': 7 }
  const size = { 'databus.relay.eventBuffer.maxSize': 1000000 }
  expect(new RelayConfig().withAll([{ properties: port }]).port).toBe(7)
  expect(() => new RelayConfig().withAll([{ properties: size }, { properties: port }])).toThrow(
    /httpPort" is 7: it is of the relay as a whole/,
  )
  expect(new RelayConfig().withAll([{ properties: size }, { properties: {} }]).port).toBe(9000)
  const scopes = Object.entries(relayProperties).map(([key, { scope }]) => [key.split('.')[2], scope])
  expect(scopes).toContainEqual(['container', 'relay'])
  expect(scopes).toContainEqual(['eventBuffer', 'source'])
  expect(scopes).not.toContainEqual(['container', 'source'])
  expect(scopes).not.toContainEqual(['eventBuffer', 'relay'])
})

test('the path of the health check may begin with a slash', () => {
  expect(config({ 'databus.relay.container.healthcheckPath': '/my/health' }).healthPath).toBe('my/health')
})

test('an allocation that is not done is noted', () => {
  expect(config({ 'databus.relay.eventBuffer.allocationPolicy': 'DIRECT_MEMORY' }).notes).toEqual([])
  expect(config({ 'databus.relay.eventBuffer.allocationPolicy': 'HEAP_MEMORY' }).notes).toHaveLength(1)
})

test('every known property has a schema, and says what it does or why it has no effect', () => {
  expect(Object.keys(relayPropertySchemas)).toEqual(Object.keys(relayProperties))
  for (const [key, property] of Object.entries(relayProperties)) {
    expect(property.noted ?? property.description, key).not.toBe('')
  }
})

test('no registration and a missing producer are named', async () => {
  const context = testContext()
  const registration = new ProducerRegistration({ physicalSourceConfig: { uri: 'gg:trail', sources: ['a.b'] } })
  const factory = new DefaultRelayFactory({ producerRegistrationList: [] }, testContext())
  expect(() => factory.createInstance()).toThrow(/no producer registrations, expected one for each physical source/)
  expect(() => new Relay({ config: new RelayConfig(), registrations: [] }, context)).toThrow(
    /no producer registrations/,
  )
  const relay = new Relay({ config: new RelayConfig(), registrations: [registration] }, context)
  await expect(relay.start()).rejects.toMatchObject({ code: 'AESOP_RELAY_PRODUCER_MISSING' })
})

test('two sources of one process whose places would meet in one file are refused, until one has ended', () => {
  const context = testContext()
  const relayOf = (name: string) => makeRelay({ source: { name } }, context).relay
  const first = relayOf('a b')
  first.init()
  expect(() => {
    relayOf('a b').init()
  }).toThrow('"a b" would use ')
  for (const name of ['ab', 'a_b', 'A b', 'A?B']) relayOf(name).init()
  first.destroy()
  relayOf('a b').init()
})

test('a source with a name of any length keeps its place', async () => {
  const { relay } = makeRelay({ source: { name: 'n'.repeat(400) } })
  relay.init()
  await relay.start()
  await relay.stop()
})

test('a relay of a test that names no port takes any free one; others stay at theirs', () => {
  expect(new RelayConfig().for('test').port).toBe(0)
  expect(config({ 'databus.relay.container.httpPort': 9100 }).for('test').port).toBe(9100)
  expect(new RelayConfig().for('server').port).toBe(9000)
  expect(new RelayConfig().for(undefined).port).toBe(9000)
})
