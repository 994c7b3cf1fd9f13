import { type EventConsumer } from '@aesop/client'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { OneProcess, type OneProcessOptions } from '../support/one-process.ts'
import { until } from '../support/until.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { ROW_TEXT } from '../support/markers.ts'

const BUFFER_BYTES = 65_536
/** Some 110 bytes each as events: more than ten buffers. */
const ROWS = 7_000
const DEADLINE_MS = 60_000

/** Keeps the keys that it was given; `slowly` takes 2,000 of them a second. */
class Ledger implements EventConsumer {
  readonly keys: number[] = []
  rollbacks = 0
  readonly #slowly: boolean
  constructor(slowly = false) {
    this.#slowly = slowly
  }
  onDataEvent({ key }: { key: unknown }): void | Promise<void> {
    this.keys.push(Number(key))
    if (this.#slowly && this.keys.length % 20 === 0) return new Promise((resolve) => setTimeout(resolve, 10))
  }
  onRollback(): void {
    this.rollbacks++
  }
}

/** Takes no row beyond the fifth. */
class Failing extends Ledger {
  override onDataEvent(event: { key: unknown }): void | Promise<void> {
    if (Number(event.key) > 5) throw new Error('the shelf is full')
    return super.onDataEvent(event)
  }
}

/** Takes nothing, and does not say so, until it is let go. */
class Stuck extends Ledger {
  letGo: () => void = () => undefined
  asked = false
  readonly #free = new Promise<void>((resolve) => (this.letGo = resolve))
  override async onDataEvent(event: { key: unknown }): Promise<void> {
    this.asked = true
    await this.#free
    await super.onDataEvent(event)
  }
}

const ALL = Array.from({ length: ROWS }, (_, i) => i + 1)

describe('consumers that are slower than their source, in the process of the relay', () => {
  let server: MariadbServer
  let folder = ''
  beforeAll(async () => {
    server = await MariadbServer.start()
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(80))')
    const rows = `SELECT seq, REPEAT('${ROW_TEXT}', 3) FROM shop.seq_1_to_${ROWS}`
    // One transaction of seven rows after the other: windows that are small against the buffer.
    for (let from = 1; from <= ROWS; from += 700) {
      const statements = Array.from({ length: 100 }, (_, i) => {
        const first = from + 7 * i
        return `INSERT INTO shop.item ${rows} WHERE seq BETWEEN ${first} AND ${first + 6}`
      })
      await server.query(statements.join(';'))
    }
  })
  afterAll(async () => {
    await server.destroy()
  })
  beforeEach(() => {
    folder = newFolder('slow')
  })
  afterEach(() => {
    removeFolder(folder)
  })

  const options = (consumers: OneProcessOptions['consumers'], more: Partial<OneProcessOptions> = {}) => ({
    folder,
    uri: server.uri(),
    sources: ['shop.item'],
    bufferBytes: BUFFER_BYTES,
    consumers,
    ...more,
  })
  /** From where the relay fills its buffer again, as it is stored; all of a short run has one place. */
  const storedBeginning = (): bigint => {
    const records = join(folder, '.aesop', 'maxscn')
    const texts = readdirSync(records).map((name) => readFileSync(join(records, name), 'utf8'))
    return BigInt(/"reread":\{"scn":(\d+)/.exec(texts.join(''))?.[1] ?? -1)
  }
  const isFull = ({ relay }: OneProcess): boolean => relay.buffer?.isBlocked === true

  test('get everything, once, when the backlog is ten times the buffer', async () => {
    const ledger = new Ledger(true)
    await using launched = await OneProcess.start(options({ slow: ledger }))
    await until('everything', () => ledger.keys.length >= ROWS, DEADLINE_MS)
    expect(launched.relay.buffer?.eventBytes).toBeGreaterThan(10 * BUFFER_BYTES)
    expect(ledger.keys).toEqual(ALL)
    expect([ledger.rollbacks, launched.client.health(), launched.failures]).toEqual([0, { status: 'up' }, []])
  })

  test.each([
    ['is suspended', { 'databus.client.connectionDefaults.dispatcherRetries.maxRetryNum': 2 }, 10_000],
    ['is tried for ever', { 'databus.client.connectionDefaults.dispatcherRetries.maxRetryNum': -1 }, 30_000],
  ])(
    'are not held up by one that fails for ever and %s; mended, it gets everything after a restart',
    async (_how, clientProperties, limitMs) => {
      const [healthy, failing] = [new Ledger(), new Failing()]
      {
        await using launched = await OneProcess.start(options({ healthy, failing }, { clientProperties }))
        await until('everything for the healthy one', () => healthy.keys.length >= ROWS, limitMs)
        expect(healthy.keys).toEqual(ALL)
        await until('the end of the other one', () => failing.keys.at(-1) === 5, limitMs)
        expect(Math.max(...failing.keys)).toBe(5)
        expect(launched.failures).toEqual([])
      }
      const began = storedBeginning()
      const [healthyAgain, mended] = [new Ledger(), new Ledger()]
      await using launched = await OneProcess.start(options({ healthy: healthyAgain, failing: mended }))
      // The relay fills its buffer again from the place that it has stored: what the mended one needs before that is read late.
      expect(launched.relay.buffer?.prevScn).toBeGreaterThanOrEqual(began)
      await until('everything for the mended one', () => mended.keys.length >= ROWS, DEADLINE_MS)
      expect(mended.keys).toEqual(ALL)
      expect(healthyAgain.keys).toEqual([])
      expect(launched.client.health()).toEqual({ status: 'up' })
    },
  )

  test('that rest hold nobody up; resumed behind the buffer they are served from the log, in the same process', async () => {
    const [healthy, resting] = [new Ledger(true), new Ledger(true)]
    await using launched = await OneProcess.start(options({ healthy, resting }))
    await until('a beginning', () => resting.keys.length > 100, DEADLINE_MS)
    launched.client.actions['pause']?.('resting')
    await until('everything for the other one', () => healthy.keys.length >= ROWS, DEADLINE_MS)
    const before = resting.keys.length
    launched.client.actions['resume']?.('resting')
    await until('the rest', () => resting.keys.at(-1) === ROWS, DEADLINE_MS)
    expect([before < ROWS, [...new Set(resting.keys)]]).toEqual([true, ALL])
    expect(launched.client.health()).toEqual({ status: 'up' })
    expect(launched.warnings.filter((line) => line.includes('suspended'))).toEqual([])
  })

  test('hold up no faster one: they are served from the log', async () => {
    const [fast, slow] = [new Ledger(), new Ledger(true)]
    await using launched = await OneProcess.start(options({ fast, slow }))
    await until('everything for the fast one', () => fast.keys.length >= ROWS, DEADLINE_MS)
    const before = slow.keys.length
    expect([before < ROWS / 2, fast.keys]).toEqual([true, ALL])
    await until('everything for the slow one', () => slow.keys.at(-1) === ROWS, DEADLINE_MS)
    expect([...new Set(slow.keys)]).toEqual(ALL)
    expect([launched.client.health(), launched.failures]).toEqual([{ status: 'up' }, []])
  })

  test('are named when the source waits for long; a connection that is cut meanwhile costs nothing', async () => {
    const stuck = new Stuck()
    await server.query('SET GLOBAL binlog_expire_logs_seconds = 86400')
    await using launched = await OneProcess.start(options({ stuck }))
    await until('a full buffer', () => isFull(launched), DEADLINE_MS)
    const dumps = await server.query("SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog%'")
    for (const { id } of dumps) await server.query(`KILL ${String(id)}`)
    await until('degraded', () => launched.relay.health().status === 'degraded', DEADLINE_MS)
    expect(launched.relay.health().detail).toMatch(
      /full for \d+ s: .* waits for the registration "stuck".*; from \d{4}-.*Z on its server may purge/,
    )
    expect(launched.warnings.filter((line) => line.includes('"stuck"'))).toHaveLength(1)
    stuck.letGo()
    await until('everything', () => stuck.keys.length >= ROWS, DEADLINE_MS)
    expect([stuck.keys, launched.failures]).toEqual([ALL, []])
    await until('health', () => launched.relay.health().status === 'up', DEADLINE_MS)
  })

  test('let their source go on when their client stops and gives up the window that they are in', async () => {
    const stuck = new Stuck()
    await using launched = await OneProcess.start(options({ stuck }))
    try {
      await until('a full buffer', () => stuck.asked && isFull(launched), DEADLINE_MS)
      void launched.stopClient(AbortSignal.timeout(100))
      await until('the rest', () => (launched.relay.buffer?.events ?? 0) >= ROWS, DEADLINE_MS)
      expect([stuck.keys, launched.failures]).toEqual([[], []])
    } finally {
      stuck.letGo()
    }
  })

  test('lose what the buffer loses where that was chosen and nothing is read late, and are told how to choose otherwise', async () => {
    const slow = new Ledger(true)
    {
      await using launched = await OneProcess.start(options({ slow }))
      await until('a beginning', () => slow.keys.length > 100 || launched.failures.length > 0, DEADLINE_MS)
    }
    const relayProperties = { 'databus.relay.eventBuffer.queuePolicy': 'OVERWRITE_ON_WRITE' }
    await using launched = await OneProcess.start(
      options({ slow }, { relayProperties, lateReaders: { max: 0 } }),
      (relay) => until('the end of the log', () => (relay.buffer?.eventBytes ?? 0) > 9 * BUFFER_BYTES, DEADLINE_MS),
    )
    const remedy = /"slow" is suspended.*queuePolicy=OVERWRITE_ON_WRITE\. Restart/
    await until('the remedy', () => launched.warnings.some((line) => remedy.test(line)), DEADLINE_MS)
    expect(launched.client.health().status).toBe('down')
  })
})
