import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileMaxScnStore, type MaxScn } from '@aesop/checkpoint'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MemorySchemaRegistry } from '@aesop/schema'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { WindowLedger } from '../../../test/support/window-ledger.ts'
import { MysqlEventProducer } from '../src/mysql-event-producer.ts'
import { formatBinlogScn } from '../src/log/binlog-scn.ts'

const LOGS = dirname(fileURLToPath(new URL('../../../samples/quickstart/binlog/mysql-bin.index', import.meta.url)))
const [FIRST, SECOND] = ['mysql-bin.000001', 'mysql-bin.000002']

/** What the format description of a log says: time, and server id. */
function begunOf(file: string): string {
  const bytes = readFileSync(join(LOGS, file))
  return `${bytes.readUInt32LE(4)}-${bytes.readUInt32LE(4 + 5)}`
}

describe('the SCN space of log files', () => {
  let folder: string
  const running: MysqlEventProducer[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aesop-space-'))
    for (const file of [FIRST, SECOND]) copyFileSync(join(LOGS, file), join(folder, file))
    index(FIRST, SECOND)
  })
  afterEach(async () => {
    for (const producer of running.splice(0)) await producer.stop()
    rmSync(folder, { recursive: true })
  })

  function index(...files: string[]): void {
    writeFileSync(join(folder, 'mysql-bin.index'), files.map((file) => `./${file}\n`).join(''))
  }
  const storeOf = (state: string): FileMaxScnStore => new FileMaxScnStore(join(folder, state, 'maxscn.json'))

  /** A producer over the log files that keeps its place in a folder of its own. */
  async function prepared(
    state: string,
    more: { scnSpace?: string; initialScn?: bigint; startFrom?: string } = {},
  ): Promise<{ producer: MysqlEventProducer; since: bigint; schemas: MemorySchemaRegistry }> {
    const { initialScn, ...change } = more
    const context: BeanContext = {
      id: 'producer',
      container: 'relay',
      log: silentLogger,
      signal: new AbortController().signal,
      projectsRoot: folder,
      stateDirectory: join(folder, state),
      shared: new Map(),
      fail: () => undefined,
    }
    const physicalSource = new PhysicalSourceConfig({
      uri: 'binlog:mysql-bin.index',
      name: 'bookshop',
      sources: ['bookshop.book', 'bookshop.customer', 'bookshop.sale'],
      ...change,
    })
    const producer = new MysqlEventProducer({ physicalSourceConfig: physicalSource }, context)
    running.push(producer)
    const schemas = new MemorySchemaRegistry()
    const options = { physicalSource, schemas, maxScn: storeOf(state), initialScn, fail: () => undefined }
    return { producer, since: await producer.prepare(options), schemas }
  }

  it('is made from the first log’s begin: whoever reads them has the same, wherever reading begins', async () => {
    const expected = `binlog-${begunOf(FIRST)}-1`
    for (const [state, more] of [
      ['one', {}],
      ['other', { startFrom: 'latest' }],
      ['third', { initialScn: formatBinlogScn(0, 2, 4) }],
    ] as const) {
      const { producer } = await prepared(state, more)
      expect(producer.scnSpace).toBe(expected)
      expect(storeOf(state).load()?.scnSpace).toBe(expected)
    }
  })

  it('is another one where another log is the first, or the first is not there', async () => {
    index(SECOND)
    expect((await prepared('one')).producer.scnSpace).toBe(`binlog-${begunOf(SECOND)}-2`)
    index(FIRST, SECOND)
    rmSync(join(folder, FIRST))
    const { producer } = await prepared('other', { initialScn: formatBinlogScn(0, 2, 4) })
    expect(producer.scnSpace).toBe(`binlog-${begunOf(SECOND)}-2`)
  })

  it('stays when the first log is purged, as long as the place is stored', async () => {
    const first = await prepared('one', { startFrom: 'latest' })
    await first.producer.stop()
    index(SECOND)
    expect((await prepared('one')).producer.scnSpace).toBe(first.producer.scnSpace)
    expect((await prepared('other')).producer.scnSpace).not.toBe(first.producer.scnSpace)
  })

  it('is the one that it is given, in the place of the one that is stored', async () => {
    await prepared('one')
    expect((await prepared('one', { scnSpace: 'bookshop' })).producer.scnSpace).toBe('bookshop')
    expect(storeOf('one').load()?.scnSpace).toBe('bookshop')
    expect((await prepared('one')).producer.scnSpace).toBe('bookshop')
  })

  it('is on disk before the first row, with a place of a former version and without one', async () => {
    const scn = formatBinlogScn(0, 1, 4)
    for (const stored of [undefined, { scn, savedAtMs: 0, position: { position: 4, generation: 0 } }]) {
      const state = stored === undefined ? 'new' : 'former'
      if (stored !== undefined) await storeOf(state).save(stored)
      const { producer } = await prepared(state, { initialScn: scn })
      expect(storeOf(state).load()?.scnSpace).toBe(producer.scnSpace)
      expect(storeOf(state).load()?.position).toMatchObject(stored?.position ?? { anew: true })
    }
  })

  it('that is stored alone lets the configuration decide where reading begins', async () => {
    await prepared('one', { initialScn: formatBinlogScn(0, 1, 4) })
    expect((await prepared('one', { initialScn: formatBinlogScn(0, 2, 4) })).since).toBe(formatBinlogScn(0, 2, 4))
    expect((await prepared('one')).since).toBe(formatBinlogScn(0, 1, 4))
    const { producer } = await prepared('two', { initialScn: 5n })
    const stored = storeOf('two').load() as MaxScn
    expect(producer.placeFinder(sourceOf()).describe(stored)).toEqual({
      note: 'nothing: startFrom decides at the next start',
    })
  })

  it('goes with every place that is saved', async () => {
    const { producer, since, schemas } = await prepared('one')
    await producer.start(since, new WindowLedger(schemas))
    await until('a later place', () => (storeOf('one').load()?.scn ?? 0n) > since)
    expect(storeOf('one').load()?.scnSpace).toBe(`binlog-${begunOf(FIRST)}-1`)
  })

  it('stays when the place is moved by hand, under SCNs above those before', async () => {
    const { producer, since } = await prepared('one')
    const finder = producer.placeFinder(sourceOf())
    const { record } = await finder.recordAt('latest', since)
    await storeOf('one').save({ ...record, scnSpace: 'kept' })
    expect((await prepared('one')).producer.scnSpace).toBe('kept')
    await storeOf('one').save({ ...finder.recordAnew(since).record, scnSpace: 'kept' })
    expect((await prepared('one')).producer.scnSpace).toBe('kept')
  })

  function sourceOf(): PhysicalSourceConfig {
    return new PhysicalSourceConfig({ uri: 'binlog:mysql-bin.index', name: 'bookshop', sources: ['bookshop.book'] })
  }
})
