import { describe, expect, test } from 'vitest'
import { blockingTreatmentOf, knownBlockingProperties } from '../src/blocking-properties.ts'
import { parseBlockingProperties } from '../src/blocking-settings.ts'

const RETRIES = 'databus.bootstrap.client.connectionDefaults.dispatcherRetries'
const HANDLER = 'databus.bootstrap.dataSources.sequenceNumbersHandler.file'

describe('keys of databus.bootstrap.*', () => {
  test('that are honoured are what they say, in the words of a client', () => {
    const settings = parseBlockingProperties({
      [`${RETRIES}.initSleep`]: 7,
      [`${RETRIES}.maxRetryNum`]: '3',
      'databus.bootstrap.client.connectionDefaults.consumerTimeBudgetMs': 900,
      [`${HANDLER}.initVal`]: '4294967300',
      [`${HANDLER}.scnDir`]: 'places',
      'databus.bootstrap.schemaRegistry.fileSystem.schemaDir': 'schemas',
    })
    expect(settings).toMatchObject({
      retries: { dispatcherRetries: { initSleepMs: 7, maxRetryNum: 3 }, consumerTimeBudgetMs: 900 },
      initialScn: 4_294_967_300n,
      placeDirectory: 'places',
      schemaDirectory: 'schemas',
      notes: [],
    })
  })

  test('that are left out are as those of a client', () => {
    expect(parseBlockingProperties({})).toMatchObject({
      retries: { dispatcherRetries: { maxRetryNum: 10 }, consumerTimeBudgetMs: 300_000 },
      initialScn: undefined,
    })
  })

  test.each([
    'bootstrapDBHostname',
    'bootstrapLogSize',
    'bootstrapBatchSize',
    'cleaner.shop.item.retentionType',
    'enableMinScnCheck',
    'defaultRowsThresholdForSnapshotBypass',
    'container.jmx.rmiEnabled',
    'client.container.httpPort',
    'client.connectionDefaults.pullerRetries.maxSleep',
    'retryTimer.initSleep',
  ])('%s has no effect, and says why', (name) => {
    const { notes } = parseBlockingProperties({ [`databus.bootstrap.${name}`]: 1 })
    expect(notes).toEqual([expect.stringMatching(/^databus\.bootstrap\.\S+ has no effect: ./)])
  })

  test.each([
    ['databus.bootstrap.db.bootstrapBatchSize', 1000, 'it is of a bootstrap server'],
    [`${HANDLER}.initVal`, 'soon', 'an integer from -1 on'],
    [`${HANDLER}.initval`, 1, `like ${HANDLER}.initVal`],
    ['databus.relay.container.httpPort', 1, 'a key that is known'],
    [`${RETRIES}.maxRetryNum`, 'often', 'an integer from -1'],
    [`${RETRIES}.maxRetries`, 1, 'a key that is known'],
  ])('%s: %s is refused by name', (key, value, fault) => {
    expect(() => parseBlockingProperties({ [key]: value })).toThrow(fault)
  })

  test('of a fixed name are known with what becomes of them', () => {
    for (const key of knownBlockingProperties()) expect([key, blockingTreatmentOf(key)]).not.toEqual([key, undefined])
  })
})
