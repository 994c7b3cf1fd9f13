import { RelayConfig, relayProperties } from '@aesop/relay'
import { expect, test } from 'vitest'
import { refusalOf } from '../src/refused-keys.ts'

/** Every key of a Databus relay, below `databus.relay.`; what stands in brackets or for `*` is an example. */
const KEYS = `
container: httpPort id healthcheckPath readTimeoutMs bstReadTimeoutMs writeTimeoutMs enableHttpCompression containerBaseDir
  runtimeConfigPropertyPrefix runtime.requestProcessingBudgetMs runtime.defaultExecutor.maxThreadsNum
  runtime.defaultExecutor.coreThreadsNum runtime.defaultExecutor.keepAliveMs runtime.defaultExecutor.maxQueueSize jmx.rmiEnabled
  jmx.jmxServicePort jmx.rmiRegistryPort jmx.jmxServiceHost jmx.rmiRegistryHost tcp.enabled tcp.port
eventBuffer: maxSize defaultMemUsage maxIndividualBufferSize averageEventSize readBufferSize maxEventSize scnIndexSize enableScnIndex
  queuePolicy allocationPolicy mmapDirectory restoreMMappedBuffers restoreMMappedBuffersValidateEvents bufferRemoveWaitPeriodSec
  assertLevel trace.option trace.filename trace.appendOnly trace.needFileSuffix
schemaRegistry: type fileSystem.schemaDir fileSystem.refreshPeriodMs fileSystem.enabled fileSystem.fallbackToResources
dataSources.sequenceNumbersHandler: type file.scnDir file.key file.initVal file.flushItvl mysql.jdbcUrl mysql.scnTable mysql.driverClass
  mysql.dbUser mysql.dbPassword mysql.upsertSCNQuery mysql.getSCNQuery mysql.scnColumnName
eventLogWriter: enabled topLevelLogDir encoding writeBatchSizeInBytes individualFileMaxBytes maxFiles fsyncIntervalInMillis blockOnWrite
  maxPendingWrites
eventLogReader: enabled topLevelLogDir readSessionDir
randomProducer: eventRate
httpStatsCollector: enabled
inboundEventsStatsCollector: enabled
outboundEventsStatsCollector: enabled
: startDbPuller sourceName(40) physicalSourcesConfigsPattern physicalSourcesConfigs[0].name physicalSourcesConfigs[0].uri
`

function* keys(): Generator<string> {
  let group = ''
  for (const line of KEYS.split('\n')) {
    const [head, rest] = line.includes(': ') ? line.split(': ') : [undefined, line]
    group = head ?? group
    for (const key of rest.split(' ').filter((each) => each !== ''))
      yield `databus.relay.${group === '' ? '' : `${group}.`}${key}`
  }
}

test.each([...keys()])('%s is honoured, noted or refused by name', (key) => {
  const property = Object.hasOwn(relayProperties, key) ? relayProperties[key] : undefined
  expect(refusalOf(key) !== undefined).toBe(property === undefined)
  if (property === undefined)
    expect(() => new RelayConfig({ relayProperties: { [key]: 'what nobody is to see' } })).toThrow(
      expect.objectContaining({
        code: 'AESOP_RELAY_PROPERTY_REFUSED',
        message: expect.stringMatching(/^the relay property "[^"]+" is \*\*\*: .{20,}$/) as unknown,
      }) as Error,
    )
  else expect(property.noted ?? property.description).not.toBe('')
})

test('every word of the list is a key', () => {
  const words = KEYS.match(/\S+/g)?.filter((word) => !word.endsWith(':')) ?? []
  expect(new Set(keys()).size).toBe(words.length)
})
