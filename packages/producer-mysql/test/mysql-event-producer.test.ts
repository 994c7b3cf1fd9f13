import { appendFileSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileMaxScnStore } from '@aesop/checkpoint'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { PhysicalSourceConfig, type PhysicalSourceOptions } from '@aesop/producer'
import { MemorySchemaRegistry, SchemaRegistryUnwritableError } from '@aesop/schema'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { WindowLedger } from '../../../test/support/window-ledger.ts'
import { MysqlEventProducer } from '../src/mysql-event-producer.ts'
import { PlaceIndex } from '../src/place/place-index.ts'
import { PlaceIndexFile } from '../src/place/place-index-file.ts'

const LOGS = dirname(fileURLToPath(new URL('../../../samples/quickstart/binlog/mysql-bin.index', import.meta.url)))

describe('the MySQL producer with log files', () => {
  let folder: string
  let maxScn: FileMaxScnStore
  let schemas: MemorySchemaRegistry
  const failures: Error[] = []
  const running: MysqlEventProducer[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aesop-files-'))
    maxScn = new FileMaxScnStore(join(folder, 'maxscn.json'))
    schemas = new MemorySchemaRegistry()
    failures.length = 0
  })
  afterEach(async () => {
    for (const producer of running.splice(0)) await producer.stop()
    rmSync(folder, { recursive: true })
  })

  async function start(
    change: Partial<PhysicalSourceOptions> = {},
  ): Promise<[MysqlEventProducer, WindowLedger, bigint]> {
    const context: BeanContext = {
      id: 'producer',
      container: 'relay',
      log: silentLogger,
      signal: new AbortController().signal,
      projectsRoot: folder,
      stateDirectory: folder,
      shared: new Map(),
      fail: () => undefined,
    }
    const physicalSource = new PhysicalSourceConfig({
      uri: `binlog:${join(LOGS, 'mysql-bin.index')}`,
      name: 'bookshop',
      sources: ['bookshop.book', 'bookshop.customer', 'bookshop.sale'],
      ...change,
    })
    const producer = new MysqlEventProducer({ physicalSourceConfig: physicalSource }, context)
    running.push(producer)
    const fail = (error: Error): void => void failures.push(error)
    const since = await producer.prepare({ physicalSource, schemas, maxScn, initialScn: undefined, fail })
    const ledger = new WindowLedger(schemas)
    await producer.start(since, ledger)
    return [producer, ledger, since]
  }

  it('keeps places for those who are late: where it began, and each log', async () => {
    const [producer, ledger, since] = await start()
    await until('rows', () => ledger.ids.length > 0)
    await producer.stop()
    const index = new PlaceIndex(new PlaceIndexFile(join(folder, 'places', 'bookshop'), silentLogger), false)
    expect(index.places[0]?.point).toMatchObject({ scn: since, position: 4, generation: 0 })
    expect(index.places.every(({ configuration }) => configuration.length === 64)).toBe(true)
  })

  it('reads them from the beginning, and after a restart from where it was', async () => {
    const [whole, all, since] = await start()
    expect(since).toBe(4294967300n)
    await until('the last row', () => all.rows.at(-1)?.row['name'] === 'Ada')
    await whole.stop()
    expect(failures).toEqual([])
    const middle = all.windows[Math.floor(all.windows.length / 2)]?.scn ?? 0n
    await maxScn.save({ scn: middle, savedAtMs: 0 })
    const [, rest] = await start()
    await until('the last row', () => rest.rows.at(-1)?.row['name'] === 'Ada')
    const withRows = rest.windows.filter(({ rows }) => rows.length > 0)
    expect(withRows).toEqual(all.windows.filter(({ scn, rows }) => scn > middle && rows.length > 0))
  })

  it('counts a relative path from the projects root, and follows a log that grows', async () => {
    for (const file of ['mysql-bin.000001', 'mysql-bin.000002']) copyFileSync(join(LOGS, file), join(folder, file))
    appendFileSync(join(folder, 'mysql-bin.index'), './mysql-bin.000001\n')
    const [, ledger] = await start({ uri: 'binlog:mysql-bin.index' })
    await until('rows', () => ledger.rows.length > 3)
    const before = ledger.rows.length
    appendFileSync(join(folder, 'mysql-bin.index'), './mysql-bin.000002\n')
    await until('the last row', () => ledger.rows.at(-1)?.row['name'] === 'Ada')
    expect(ledger.rows.length).toBeGreaterThan(before)
  })

  it('goes on, degraded, while its place can not be saved, and saves it without a new window', async () => {
    const state = join(folder, 'state')
    maxScn = new FileMaxScnStore(join(state, 'maxscn.json'))
    for (const file of ['mysql-bin.000001', 'mysql-bin.000002']) copyFileSync(join(LOGS, file), join(folder, file))
    appendFileSync(join(folder, 'mysql-bin.index'), './mysql-bin.000001\n')
    const [producer, ledger] = await start({ uri: 'binlog:mysql-bin.index' })
    await until('rows', () => ledger.rows.length > 3)
    await until('the save', () => maxScn.load()?.scn === ledger.windows.at(-1)?.scn)
    // A file where the folder was: no write succeeds, as on a full disk.
    rmSync(state, { recursive: true })
    writeFileSync(state, '')
    appendFileSync(join(folder, 'mysql-bin.index'), './mysql-bin.000002\n')
    await until('degraded health', () => producer.health().status === 'degraded')
    expect(producer.health().detail).toContain('can not be written')
    expect(producer.status()).toMatchObject({ state: 'running', concern: producer.health().detail })
    await until('the last row', () => ledger.rows.at(-1)?.row['name'] === 'Ada')
    expect(failures).toEqual([])
    rmSync(state)
    await until('the save', () => maxScn.load()?.scn === ledger.windows.at(-1)?.scn)
    // The file is there a moment before the save has ended.
    await until('health', () => producer.health().status === 'up')
    expect(producer.health()).toEqual({ status: 'up' })
  })

  it('reads a transaction again until the schema of its table can be kept', async () => {
    let full = true
    const register = schemas.register.bind(schemas)
    schemas.register = (...args) => {
      if (full) throw new SchemaRegistryUnwritableError('/state/book.1.avsc', new Error('no space left'))
      return register(...args)
    }
    const [producer, ledger] = await start()
    await until('degraded health', () => producer.health().detail?.includes('no space left') === true)
    expect(producer.health().status).toBe('degraded')
    full = false
    await until('the last row', () => ledger.rows.at(-1)?.row['name'] === 'Ada')
    expect(failures).toEqual([])
    const scns = ledger.windows.map(({ scn }) => scn)
    expect(new Set(scns).size).toBe(scns.length)
    expect(producer.health()).toEqual({ status: 'up' })
  })

  it('forgets the SCNs of shapes when it begins anew, and keeps them when it goes on', async () => {
    const shape = '{"type":"record","name":"book","fields":[],"meta":"derived=true;"}'
    schemas.register('bookshop.book', shape, 1n << 50n)
    const [producer, ledger] = await start()
    await until('the last row', () => ledger.rows.at(-1)?.row['name'] === 'Ada')
    await producer.stop()
    const newest = schemas.latest('bookshop.book')
    expect(newest).toMatchObject({ version: 2 })
    expect(schemas.history('bookshop.book').map(({ version }) => version)).toEqual([2])
    await start()
    expect(schemas.history('bookshop.book')).toHaveLength(1)
  })

  it('refuses a path where there is no index, and a URI without one', async () => {
    await expect(start({ uri: 'binlog:nowhere.index' })).rejects.toMatchObject({ code: 'AESOP_MYSQL_BINLOG_FILE' })
    await expect(start({ uri: 'binlog:' })).rejects.toMatchObject({ code: 'AESOP_MYSQL_URI_INVALID' })
  })

  it('refuses a start that files can not have', async () => {
    await expect(start({ startFrom: 'gtid:0-1-1' })).rejects.toMatchObject({ code: 'AESOP_MYSQL_START_FROM' })
  })
})
