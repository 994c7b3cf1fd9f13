import { describe, expect, it } from 'vitest'
import { BootstrapProducerConfig } from '../src/index.ts'

const of = (properties: Readonly<Record<string, unknown>>): BootstrapProducerConfig =>
  new BootstrapProducerConfig({ bootstrapProperties: properties })

describe('the keys of a bootstrap producer', () => {
  it('are honoured where the store can do what they say', () => {
    const config = of({
      'databus.bootstrap.bootstrapLogSize': '1024000',
      'databus.bootstrap.retryTimer.initSleep': 5,
      'databus.bootstrap.retryTimer.maxSleep': 50,
      'databus.bootstrap.retryTimer.sleepIncFactor': 1.5,
      'databus.bootstrap.runApplierThreadOnStart': true,
    })
    expect(config.logRows).toBe(1_024_000)
    expect(config.storeRetries).toMatchObject({
      initSleepMs: 5,
      maxSleepMs: 50,
      sleepIncFactor: 1.5,
      maxRetryNum: Infinity,
    })
    expect(config.notes).toEqual([])
  })

  it('are noted with the reason where something else takes their place, as those of Aesop’s own descriptor', () => {
    const config = new BootstrapProducerConfig({
      relayClientBootstrapProperties: {
        'databus.bootstrap.client.container.httpPort': 11135,
        'databus.bootstrap.client.connectionDefaults.pullerRetries.initSleep': 50,
        'databus.bootstrap.client.connectionDefaults.dispatcherRetries.maxRetryNum': -1,
        'databus.bootstrap.client.connectionDefaults.eventBuffer.maxSize': 10240000,
        'databus.bootstrap.db.bootstrapBatchSize': 1000,
        'databus.bootstrap.enableMinScnCheck': false,
      },
    })
    expect(config.notes).toHaveLength(6)
    for (const note of config.notes) expect(note).toMatch(/^databus\.bootstrap\.\S+ has no effect: \w/)
  })

  it.each([
    ['databus.bootstrap.bootstrapDBPassword', 'a secret', "can't be honoured: the store is a bean of its own"],
    ['databus.bootstrap.cleaner.shop.retentionType', 'RETENTION_LOGS', 'of a physical source, and not of a table'],
    ['databus.bootstrap.client.runtime.relay(1).port', 9000, 'name the relays in the property relays'],
    ['databus.bootstrap.dataSources.sequenceNumbersHandler.file.initVal', 4, 'the place is kept in the store'],
    ['databus.bootstrap.runApplierThreadOnStart', false, 'expected true: without the applier'],
    ['databus.bootstrap.retryTimer.maxRetryNum', 3, 'expected -1: a store is asked again for ever'],
    ['databus.bootstrap.bootstrapLogSize', 0, 'is 0, expected an integer from 1'],
    ['databus.bootstrap.retryTimer.sleepIncFactor', '0.5', 'is 0.5, expected a number from 1'],
    ['databus.bootstrap.bootstrapLogSise', 10, 'did you mean "databus.bootstrap.bootstrapLogSize"?'],
    ['databus.relay.container.httpPort', 10, 'is not known'],
  ])('are refused by name: %s', (key, value, said) => {
    expect(() => of({ [key]: value })).toThrow(said)
    expect(() => of({ [key]: value })).not.toThrow('a secret')
  })

  it('says what seeding may be', () => {
    expect(new BootstrapProducerConfig().seeding).toBe('tables')
    expect(() => new BootstrapProducerConfig({ seeding: 'some' })).toThrow('"seeding" is some, expected tables or none')
  })
})
