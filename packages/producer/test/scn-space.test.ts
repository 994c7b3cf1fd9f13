import { MemoryMaxScnStore } from '@aesop/checkpoint'
import { type Logger, silentLogger } from '@aesop/kernel'
import { MemoryEventProducer, PhysicalSourceConfig, scnSpaceOfSource, type WindowSink } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { describe, expect, test } from 'vitest'

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/
const stored = { scn: 5n, savedAtMs: 0, scnSpace: 'stored' }
const told = (): Promise<string> => Promise.resolve('told')
const sourceOf = (scnSpace?: string): PhysicalSourceConfig =>
  new PhysicalSourceConfig({ uri: 'memory:x', sources: ['a.b'], ...(scnSpace === undefined ? {} : { scnSpace }) })

describe('the SCN space of a source', () => {
  test.each([
    ['named', { physicalSource: sourceOf('named'), stored, told }],
    ['stored', { physicalSource: sourceOf(), stored, told }],
    ['told', { physicalSource: sourceOf(), stored: undefined, told }],
    ['told', { physicalSource: sourceOf(), stored: { scn: 5n, savedAtMs: 0 }, told }],
  ])('is the one that is %s', async (expected, options) => {
    expect(await scnSpaceOfSource(options)).toBe(expected)
  })

  test('is a new one each time where nothing is known', async () => {
    const options = { physicalSource: sourceOf(), stored: undefined }
    const [one, other] = [await scnSpaceOfSource(options), await scnSpaceOfSource(options)]
    expect(one).toMatch(UUID)
    expect(other).toMatch(UUID)
    expect(one).not.toBe(other)
  })

  test('says in the log that it is named otherwise than before, and says nothing else', async () => {
    const warnings: string[] = []
    const log: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) }
    await scnSpaceOfSource({ physicalSource: sourceOf('stored'), stored, log })
    await scnSpaceOfSource({ physicalSource: sourceOf('named'), stored: undefined, log })
    expect(warnings).toEqual([])
    await scnSpaceOfSource({ physicalSource: sourceOf('named'), stored, log })
    expect(warnings).toEqual([expect.stringMatching(/was "stored" and is "named"/)])
  })

  test.each(['', 'two words', 'x'.repeat(101), 'a\r\nb'])('can not be named %j', (name) => {
    expect(() => sourceOf(name)).toThrow(/scnSpace is .*, expected 1 to 100 of the letters/)
  })
})

describe('the SCN space of a memory source', () => {
  const nobody: WindowSink = {
    beginWindow: () => undefined,
    append: () => undefined,
    endWindow: () => undefined,
    rollbackWindow: () => undefined,
    whenWritable: () => undefined,
  }
  async function started(maxScn: MemoryMaxScnStore, scnSpace?: string): Promise<MemoryEventProducer> {
    const producer = new MemoryEventProducer()
    const context = {
      physicalSource: sourceOf(scnSpace),
      schemas: new MemorySchemaRegistry(),
      maxScn,
      initialScn: undefined,
      fail: () => undefined,
    }
    await producer.start(await producer.prepare(context), nobody)
    return producer
  }

  test('stays after a stop in order', async () => {
    const maxScn = new MemoryMaxScnStore()
    const first = await started(maxScn)
    expect(first.scnSpace).toMatch(UUID)
    first.addWindow([], 9n)
    await first.stop()
    const second = await started(maxScn)
    expect(second.scnSpace).toBe(first.scnSpace)
    await second.stop()
    expect(maxScn.load()).toMatchObject({ scn: 9n, scnSpace: first.scnSpace })
  })

  test('is a new one when it ended without a stop, because its SCNs begin anew', async () => {
    const maxScn = new MemoryMaxScnStore()
    const first = await started(maxScn)
    await first.stop()
    const killed = await started(maxScn)
    killed.addWindow([], 7n)
    const third = await started(maxScn)
    expect(third.scnSpace).not.toBe(killed.scnSpace)
  })

  test('is a new one when what was stored is gone', async () => {
    const first = await started(new MemoryMaxScnStore())
    await first.stop()
    expect((await started(new MemoryMaxScnStore())).scnSpace).not.toBe(first.scnSpace)
  })

  test('is the one that it is given, whatever happened', async () => {
    const maxScn = new MemoryMaxScnStore()
    await started(maxScn, 'demo')
    expect((await started(maxScn, 'demo')).scnSpace).toBe('demo')
  })
})
