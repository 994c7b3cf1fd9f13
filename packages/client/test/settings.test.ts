import { parseClientProperties } from '@aesop/client'
import { describe, expect, it } from 'vitest'

const key = (name: string): string => `databus.client.${name}`

describe('the properties of a client', () => {
  it('default to those of Databus, but for a failing consumer', () => {
    expect(parseClientProperties({})).toMatchObject({
      pullerRetries: { initSleepMs: 100, sleepIncFactor: 1.1, sleepIncDeltaMs: 1, maxSleepMs: 60_000, maxRetryNum: -1 },
      dispatcherRetries: { maxRetryNum: 10 },
      numRetriesOnFallOff: undefined,
      consumerTimeBudgetMs: 300_000,
      readLatestScnOnError: false,
      checkpoints: 'FILE_SYSTEM',
      historySize: 0,
      relays: [],
      notes: [],
    })
  })

  it('take those of the sample client, text or typed', () => {
    const settings = parseClientProperties({
      [key('container.httpPort')]: 11125,
      [key('container.jmx.rmiEnabled')]: false,
      [key('connectionDefaults.pullerRetries.initSleep')]: '1',
      [key('checkpointPersistence.clearBeforeUse')]: 'false',
      [key('connectionDefaults.enablePullerMessageQueueLogging')]: false,
    })
    expect(settings.pullerRetries.initSleepMs).toBe(1)
    expect(settings.notes).toHaveLength(3)
    expect(settings.notes[0]).toContain('databus.client.container.httpPort has no effect')
  })

  it('that have no effect are noted with the reason, and those that ask for nothing are not', () => {
    const { notes } = parseClientProperties({
      [key('runtime.relay(1).name')]: 'first',
      [key('runtime.bootstrap.enabled')]: 'false',
      [key('connectionDefaults.eventBuffer.averageEventSize')]: 2048,
      [key('connectionDefaults.bstEventBuffer.averageEventSize')]: 2048,
      [key('connectionDefaults.bsPullerRetriesBeforeCkptCleanup.initSleep')]: 5,
      [key('runtime.bootstrap.service(1).name')]: 'first',
    })
    expect(notes).toEqual([
      expect.stringContaining('runtime.relay(1).name has no effect') as string,
      expect.stringContaining('eventBuffer.averageEventSize has no effect') as string,
      expect.stringContaining('bstEventBuffer.averageEventSize has no effect') as string,
      expect.stringContaining('bsPullerRetriesBeforeCkptCleanup.initSleep has no effect') as string,
      expect.stringContaining('runtime.bootstrap.service(1).name has no effect') as string,
    ])
  })

  it('of a bootstrap are those of the stream, where they are not said', () => {
    const { bootstrap, pullerRetries, dispatcherRetries } = parseClientProperties({
      [key('connectionDefaults.pullerRetries.initSleep')]: 7,
      [key('connectionDefaults.dispatcherRetries.maxRetryNum')]: 8,
      [key('connectionDefaults.consumerTimeBudgetMs')]: 9,
    })
    expect(bootstrap).toEqual({
      retries: pullerRetries,
      dispatcherRetries,
      retriesBeforeRestart: 60,
      timeBudgetMs: 9,
      batchBytes: 1024 * 1024,
    })
    const said = parseClientProperties({
      [key('connectionDefaults.bstPullerRetries.initSleep')]: 1,
      [key('connectionDefaults.bstDispatcherRetries.maxRetryNum')]: 2,
      [key('connectionDefaults.bstConsumerTimeBudgetMs')]: 3,
      [key('connectionDefaults.bsPullerRetriesBeforeCkptCleanup.maxRetryNum')]: 4,
      [key('connectionDefaults.bstEventBuffer.maxSize')]: 5000,
    }).bootstrap
    expect(said).toMatchObject({
      retries: { initSleepMs: 1 },
      dispatcherRetries: { maxRetryNum: 2 },
      timeBudgetMs: 3,
      retriesBeforeRestart: 4,
      batchBytes: 5000,
    })
  })

  it('name bootstrap servers one by one or in a list, and say whether any is asked', () => {
    const settings = parseClientProperties({
      [key('runtime.bootstrap.service(1).host')]: 'a',
      [key('runtime.bootstrap.service(2).port')]: 1000,
      [key('runtime.bootstrap.service(2).sources')]: 'x, y',
      [key('runtime.bootstrap.servicesList')]: 'b:2000:x,y',
      [key('runtime.bootstrap.enabled')]: 'false',
    })
    expect(settings.bootstrapServers).toEqual([
      { host: 'a', port: 6060, sources: [] },
      { host: 'localhost', port: 1000, sources: ['x', 'y'] },
      { host: 'b', port: 2000, sources: ['x', 'y'] },
    ])
    expect([settings.relays, settings.canBootstrap, parseClientProperties({}).canBootstrap]).toEqual([[], false, true])
  })

  it('name relays one by one or in a list', () => {
    const settings = parseClientProperties({
      [key('runtime.relay(1).host')]: 'a',
      [key('runtime.relay(1).port')]: 1000,
      [key('runtime.relay(2).sources')]: 'x, y',
      [key('runtime.relaysList')]: 'name)b:2000:x,y;c:3000',
    })
    expect(settings.relays).toEqual([
      { host: 'a', port: 1000, sources: [] },
      { host: 'localhost', port: 9000, sources: ['x', 'y'] },
      { host: 'b', port: 2000, sources: ['x', 'y'] },
      { host: 'c', port: 3000, sources: [] },
    ])
  })

  it.each([
    [
      'connectionDefaults.pullerRetries.initSlep',
      1,
      'did you mean "databus.client.connectionDefaults.pullerRetries.initSleep"',
    ],
    ['nonsense', 1, 'unknown client property "databus.client.nonsense"'],
    ['connectionDefaults.numRetriesOnFallOff', 'many', 'is many, expected an integer from 0'],
    ['connectionDefaults.pullerRetries.maxRetryNum', -2, 'is -2, expected an integer from -1'],
    ['connectionDefaults.consumeCurrent', 'yes', 'is yes, expected true or false'],
    ['connectionDefaults.pullerRetries.sleepIncFactor', '', 'expected a number'],
    ['checkpointPersistence.type', 'SHARED', 'is SHARED, expected FILE_SYSTEM or NONE'],
    ['runtime.relaysList', 'host', 'expected host:port:source,source'],
    ['connection(a,b).pullerRetries.initSleep', 1, "can't be honoured: give the registration a client of its own"],
    ['clientCluster(1).zkAddr', 'x', "can't be honoured: a client in a cluster is not available yet"],
    [
      'runtime.bootstrap.servicesList',
      'host',
      'client property "databus.client.runtime.bootstrap.servicesList" is host',
    ],
    ['runtime.bootstrap.service(1).port', 0, 'expected an integer from 1 to 65535'],
    ['connectionDefaults.bstEventBuffer.maxSize', 1000, 'expected an integer from 1024'],
    ['runtime.bootstrap.enabled', 'yes', 'expected true or false'],
    ['connectionDefaults.consumerTimeBudgetMs', 2 ** 31, 'expected an integer from -1 to 2147483647'],
    ['connectionDefaults.pullerRetries.initSleep', 2 ** 31, 'expected an integer from 0 to 2147483647'],
    ['connectionDefaults.dispatcherRetries.maxSleep', 2 ** 31, 'expected an integer from 0 to 2147483647'],
    ['connectionDefaults.dispatcherRetries.sleepIncDelta', 2 ** 31, 'expected an integer from 0 to 2147483647'],
  ])('are refused by name when they are wrong: %s=%s', (name, value, message) => {
    expect(() => parseClientProperties({ [key(name)]: value })).toThrow(message)
  })

  it('of something else are unknown', () => {
    expect(() => parseClientProperties({ 'databus.relay.container.httpPort': 1 })).toThrow('unknown client property')
  })
})
