import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { FileMaxScnStore } from '@aesop/checkpoint'
import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, MemoryEventProducer } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { headers, parseError, ScnSpaceForeignError } from '@aesop/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import { get, lines, makeRelay, online, PERSON, startRelay, streamPath, testContext } from './support/relay-fixture.ts'

/** A checkpoint that says of which SCN space it is. */
const checkpointOf = (scn: number, scnSpace: string): string => online(scn).replace('}', `,"scnSpace":"${scnSpace}"}`)
const spaceOf = async (port: number, path = '/sources'): Promise<unknown> =>
  (await get(port, path)).headers[headers.scnSpace]

describe('a relay says of which SCN space it is', () => {
  test('in every answer, errors included', async () => {
    const { port, producer } = await startRelay({ source: { scnSpace: 'shop' } })
    producer.addWindow([{ key: 1 }])
    for (const path of [
      '/sources',
      '/register?sources=40',
      streamPath({}),
      streamPath({ checkPoint: online(0) }),
      streamPath({ sources: '7' }),
      streamPath({ checkPoint: online(99) }),
      '/bufferInfo/inbound/test/1',
      '/containerStats/inbound/events/total',
      '/relayStats/outbound/http/total',
      '/nowhere',
    ]) {
      expect(await spaceOf(port, path), path).toBe('shop')
    }
  })

  test('which its own description names', async () => {
    const { relay } = await startRelay({ source: { scnSpace: 'shop' } })
    expect(relay.describe()).toMatchObject({ scnSpace: 'shop' })
  })

  test('the same one after a restart, another one when its state is gone', async () => {
    const context = testContext()
    const found: unknown[] = []
    for (const isLost of [false, false, true]) {
      if (isLost) rmSync(context.stateDirectory, { recursive: true })
      const { relay } = makeRelay({}, context)
      await relay.start()
      found.push(await spaceOf(relay.address?.port ?? 0))
      await relay.stop()
    }
    const [first, again, lost] = found
    expect(first).toMatch(/^[\w-]{36}$/)
    expect(again).toBe(first)
    expect(lost).not.toBe(first)
  })

  test('another one after each start when it keeps its place in memory', async () => {
    const properties = { 'databus.relay.dataSources.sequenceNumbersHandler.type': 'IN_MEMORY' }
    const found = new Set<unknown>()
    const context = testContext()
    for (let n = 0; n < 2; n++) {
      const { relay } = makeRelay({ properties }, context)
      await relay.start()
      found.add(await spaceOf(relay.address?.port ?? 0))
      await relay.stop()
    }
    expect(found.size).toBe(2)
  })

  test.each([
    ['what its producer hands on', 'upstream', undefined, 'upstream'],
    ['what its source is given, where the producer knows none', undefined, 'shop', 'shop'],
    ['nothing, where nobody knows', undefined, undefined, undefined],
  ])('%s', async (_what, handedOn, named, expected) => {
    const port = await startWith(testContext(), handedOn, named)
    expect(await spaceOf(port)).toBe(expected)
    const foreign = await get(port, streamPath({ sources: '40', checkPoint: checkpointOf(1, 'other') }))
    expect(foreign.status).toBe(expected === undefined ? 200 : 500)
  })
})

/** A relay whose producer tells of its SCN space what it is told, as one that reads from another relay. */
async function startWith(context: BeanContext, handedOn: string | undefined, named: string | undefined) {
  const memory = new MemoryEventProducer()
  const producer: EventProducer = {
    name: 'chained',
    scnSpace: handedOn,
    prepare: (given) => memory.prepare(given),
    start: (scn, sink) => memory.start(scn, sink),
    pause: () => undefined,
    resume: () => undefined,
    stop: () => memory.stop(),
    status: () => memory.status(),
  }
  const physicalSourceConfig = { uri: 'memory:test', name: 'test', sources: [PERSON] }
  const registration = new ProducerRegistration({
    eventProducer: producer,
    physicalSourceConfig: { ...physicalSourceConfig, ...(named === undefined ? {} : { scnSpace: named }) },
  })
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const relay = new Relay({ config, registrations: [registration], futureGraceMs: 0 }, context)
  await relay.start()
  onTestFinished(() => relay.stop())
  memory.addWindow([{ key: 1 }])
  return relay.address?.port ?? 0
}

describe('a checkpoint of a foreign SCN space', () => {
  test.each([
    ['that the buffer would have', 11],
    ['older than the buffer', 5],
    ['ahead of the relay', 99],
  ])('and an SCN %s is refused by name, with both spaces', async (_what, scn) => {
    const initVal = 'databus.relay.dataSources.sequenceNumbersHandler.file.initVal'
    const { port, producer } = await startRelay({ source: { scnSpace: 'after' }, properties: { [initVal]: 10n } })
    producer.addWindow([{ key: 1 }])
    producer.addWindow([{ key: 2 }])
    const answer = await get(port, streamPath({ checkPoint: checkpointOf(scn, 'before') }))
    expect(answer.status).toBe(500)
    const error = parseError(answer.headers, answer.body.toString())
    expect(error).toBeInstanceOf(ScnSpaceForeignError)
    expect(error?.message).toMatch(/is of the SCN space "before", and this relay serves the SCN space "after"/)
  })

  test.each([
    ['its own', { checkPoint: checkpointOf(1, 'shop') }],
    ['none', { checkPoint: online(1) }],
    [
      'a foreign one, and no place',
      { checkPoint: '{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":-1,"scnSpace":"x"}' },
    ],
    ['a foreign one that does not matter', { checkPoint: checkpointOf(1, 'x'), streamFromLatestScn: 'true' }],
  ])('is not one of %s', async (_what, parameters) => {
    const { port, producer } = await startRelay({ source: { scnSpace: 'shop' } })
    producer.addWindow([{ key: 1 }])
    producer.addWindow([{ key: 2 }])
    const answer = await get(port, streamPath(parameters))
    expect(answer.status).toBe(200)
    expect(lines(answer.body)).toContain('2:2')
  })
})

test('a max SCN that names an SCN space keeps it, one of a former version gets one', async () => {
  for (const [scnSpace, expected] of [
    [{ scnSpace: 'kept' }, /^kept$/],
    [{}, /^[\w-]{36}$/],
  ] as const) {
    const context = testContext()
    const path = join(context.stateDirectory, 'maxscn', 'test.json')
    await new FileMaxScnStore(path).save({ scn: 4n, savedAtMs: 0, ...scnSpace })
    const { relay } = makeRelay({}, context)
    await relay.start()
    expect(await spaceOf(relay.address?.port ?? 0)).toMatch(expected)
    await relay.stop()
  }
})
