import { join } from 'node:path'
import { SqliteStore, type StoreReader, type StoreWriter } from '@aesop/bootstrap-store'
import { silentLogger } from '@aesop/kernel'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID } from '../../../test/support/stored-events.ts'
import { until } from '../../../test/support/until.ts'
import { Retention, RETENTION, type RetentionSettings } from '../src/retention.ts'
import { folderOf } from './shop.ts'

const DAY_MS = 86_400_000
const SOURCE = 'shop.item'

let writer: StoreWriter
let reader: StoreReader
let nowMs: number

beforeEach(async () => {
  const store = new SqliteStore({ path: join(folderOf(), 'bootstrap.db') })
  onTestFinished(() => store.close())
  writer = await store.openWriter({ rows: 1 })
  await writer.declare({ name: 'shop', sources: [SOURCE], schemaChangeId: SCHEMA_CHANGE_ID })
  await writer.activate(SOURCE)
  reader = await store.openReader()
  nowMs = Date.now()
})

function retentionOf(settings: Partial<RetentionSettings>): Retention {
  return new Retention({
    writer,
    stream: 'shop',
    sources: [SOURCE],
    settings: { ...RETENTION, ...settings },
    log: silentLogger,
    nowMs: () => nowMs,
  })
}

/** A window of one row; each has a log of its own. */
async function write(scn: bigint, value: string | undefined = 'x'.repeat(50)): Promise<void> {
  const pieces = [pieceOf(SOURCE, [eventOf({ scn, key: scn, value })])]
  await writer.writeWindows('shop', { scnSpace: 'space-1', pieces, endScn: scn })
}

async function logStart(): Promise<bigint> {
  return (await reader.states([SOURCE]))[0]?.logStartScn ?? -1n
}

describe('what leaves the store by itself', () => {
  it('is the oldest logs, by their number, and none that is not in the tables', async () => {
    for (let scn = 1n; scn <= 10n; scn++) await write(scn)
    const retention = retentionOf({ logs: 3 })
    await retention.once()
    expect(await logStart()).toBe(-1n)
    await writer.apply('shop', 1 << 20)
    await retention.once()
    expect(await logStart()).toBe(7n)
    expect(retention.metrics()[0]?.value).toBeGreaterThan(6)
  })

  it('is the oldest logs, by their bytes', async () => {
    for (let scn = 1n; scn <= 10n; scn++) await write(scn)
    await writer.apply('shop', 1 << 20)
    const bytes = eventOf({ scn: 1n, key: 1n, value: 'x'.repeat(50) }).length
    await retentionOf({ logBytes: 4 * bytes }).once()
    expect(await logStart()).toBe(6n)
  })

  it('is deletes of long ago, as far as it is known when they were applied', async () => {
    await write(1n)
    await write(1n + 1n, undefined)
    await writer.apply('shop', 1 << 20)
    const retention = retentionOf({ tombstoneMs: 2 * DAY_MS })
    await retention.once()
    expect(await reader.event(SOURCE, 2n)).toBeDefined()
    await write(3n)
    await writer.apply('shop', 1 << 20)
    nowMs += 3 * DAY_MS
    await retention.once()
    // What was applied up to SCN 2 is three days old; what is at it stays.
    expect((await reader.states([SOURCE]))[0]?.minScn).toBe(2n)
    expect(await reader.event(SOURCE, 2n)).toBeDefined()
  })

  it('says why it can not do its work, and goes on once it can', async () => {
    await write(1n)
    const retention = retentionOf({ everyMs: 5 })
    const purgeLog = writer.purgeLog.bind(writer)
    writer.purgeLog = () => Promise.reject(new Error('the disk is full'))
    retention.start()
    onTestFinished(() => retention.stop())
    await until('it says so', () => retention.fault === 'the disk is full')
    writer.purgeLog = purgeLog
    await until('it goes on', () => retention.fault === undefined)
  })
})
