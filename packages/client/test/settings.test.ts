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
      [key('connectionDefaults.bstEventBuffer.maxSize')]: 2048,
    })
    expect(notes).toEqual([
      expect.stringContaining('runtime.relay(1).name has no effect') as string,
      expect.stringContaining('eventBuffer.averageEventSize has no effect') as string,
      expect.stringContaining('bstEventBuffer.maxSize has no effect') as string,
    ])
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
    ['runtime.bootstrap.enabled', true, "can't be honoured: this client does not bootstrap yet"],
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
