import Database from 'libsql'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EventView } from '@aesop/event'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BootstrapLaunch, SOURCE } from '../support/bootstrap-launch.ts'
import { type LaunchedProcess } from '../support/launched-process.ts'
import { SeededDraw } from '../support/seeded-draw.ts'
import { extent } from '../support/extent.ts'
import { type Product, ShopServer } from '../support/shop-server.ts'
import { eventOf } from '../support/stored-events.ts'
import { until } from '../support/until.ts'

const ROWS = 6000
const KEYS = 9000
const NO_KEY = 77_777_777
const LAST = 200_000

interface Told {
  readonly tables: readonly [
    { readonly outcome: string; readonly rows: number; readonly missing: number; readonly extra: number } & {
      readonly other: number
      readonly named: readonly { readonly key: string; readonly kind: string }[]
    },
  ]
}

async function told(command: LaunchedProcess, code: number): Promise<Told['tables'][0]> {
  expect(await command.untilExit(), command.errors).toBe(code)
  return (JSON.parse(command.output.join('\n')) as Told).tables[0]
}

/** One of several that change rows at random, until it is told to stop. */
async function write(shop: ShopServer, draw: SeededDraw, isOver: () => boolean): Promise<void> {
  const connection = await shop.server.connect()
  for (let n = 0; !isOver(); n++) {
    const key = draw.below(KEYS)
    const statement = [
      `REPLACE INTO shop.item VALUES (${key}, 'by ${draw.seed}, ${n}', ${n})`,
      `UPDATE shop.item SET more = more + 1 WHERE id BETWEEN ${key} AND ${key + 5}`,
      `DELETE FROM shop.item WHERE id = ${key}`,
    ][draw.below(3)]
    // Two of them may hold each other up: the server ends one, which goes on with the next.
    await connection.query(statement ?? '').catch(() => undefined)
    if (draw.below(10) === 0) await delay(1)
  }
  await connection.end()
}

/** How many rows the server has read of tables, one behind the other. */
async function rowsRead(shop: ShopServer): Promise<number> {
  const [row] = await shop.server.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
  return Number(row?.Value ?? 0)
}

/** The rows of the store's table, changed beside its writer. */
class Hand implements Disposable {
  readonly #database: Database.Database

  constructor(launch: BootstrapLaunch) {
    this.#database = new Database(join(launch.folder, 'store.db'))
    this.#database.exec('PRAGMA busy_timeout = 10000')
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  /** An event as it should be, with another value. */
  changeValue(key: number): void {
    const { scn } = this.#eventOf(key)
    this.#enter(key, eventOf({ scn, key: BigInt(key), value: 'another' }))
  }

  flipByte(key: number): void {
    const bytes = Buffer.from(this.#eventOf(key).bytes)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    this.#enter(key, bytes)
  }

  delete(key: number): void {
    expect(this.#database.prepare('DELETE FROM row_1 WHERE row_key = ?').run([keyBytes(key)]).changes).toBe(1)
  }

  add(like: number, key: number): void {
    const { scn } = this.#eventOf(like)
    const bytes = eventOf({ scn, key: BigInt(key), value: 'nobody' })
    this.#database
      .prepare('INSERT INTO row_1 (row_key, scn, is_deleted, seeding, bytes) VALUES (?, ?, 0, 1, ?)')
      .run([keyBytes(key), scn, bytes])
  }

  #eventOf(key: number): EventView {
    const select = this.#database.prepare('SELECT bytes FROM row_1 WHERE row_key = ?').raw(true)
    const [row] = select.all([keyBytes(key)]) as readonly (readonly [Buffer])[]
    return new EventView(Buffer.from(row?.[0] ?? Buffer.alloc(0)))
  }

  #enter(key: number, bytes: Buffer): void {
    this.#database.prepare('UPDATE row_1 SET bytes = ? WHERE row_key = ?').run([bytes, keyBytes(key)])
  }
}

function keyBytes(key: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes.writeBigInt64BE(BigInt(key), 1)
  return bytes
}

describe.each(extent<Product>(['MariaDB'], ['MySQL']))('bootstrap verify of %s', (product) => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start(product)
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  test('finds a store equal under four writers, names rows that were damaged, and needs no running producer', async () => {
    await shop.begin()
    await shop.fill(ROWS)
    await shop.server.query("INSERT INTO shop.item VALUES (100001, 'a', 0), (100002, 'b', 0), (100003, 'c', 0)")
    await shop.resetLog()
    const launch = await BootstrapLaunch.of(shop.server.uri())
    await launch.start('relay')
    const producer = await launch.start('bootstrap-producer')
    await launch.isServed()
    const verify = (...args: readonly string[]): LaunchedProcess =>
      launch.command('verify', 'bootstrap-producer.yaml', ...args, '--json')

    let isOver = false
    const writers = [1, 2, 3, 4].map((seed) => write(shop, new SeededDraw(seed), () => isOver))
    try {
      const report = await told(verify(), 0)
      expect(report).toMatchObject({ outcome: 'equal', missing: 0, extra: 0, other: 0, named: [] })
      expect(report.rows).toBeGreaterThan(2000)
    } finally {
      isOver = true
      await Promise.all(writers)
    }

    // What was changed while the producer stands still is awaited: until then it is compared with what there is.
    await shop.server.query(`INSERT INTO shop.item VALUES (${LAST}, 'z', 0)`)
    await until('the store has all that was written', async () => (await launch.picture()).has(LAST), 60_000)
    producer.child.kill('SIGSTOP')
    await shop.server.query(`UPDATE shop.item SET more = more + 1 WHERE id < ${KEYS} ORDER BY id DESC LIMIT 1`)
    const before = await rowsRead(shop)
    const interrupted = launch.command('verify', 'bootstrap-producer.yaml', SOURCE)
    await until('the whole table was read', async () => (await rowsRead(shop)) >= before + ROWS / 2, 60_000)
    interrupted.child.kill('SIGINT')
    expect(await interrupted.untilExit(), interrupted.errors).toBe(130)
    expect(interrupted.output.join('\n')).toMatch(/^shop\.item: interrupted, \d{4} rows compared/)
    producer.child.kill('SIGCONT')

    using hand = new Hand(launch)
    hand.changeValue(100_001)
    hand.flipByte(100_002)
    hand.add(100_001, NO_KEY)
    hand.delete(100_003)
    // There are as many rows as before: who only counts sees nothing.
    expect(await told(verify(SOURCE), 1)).toMatchObject({
      outcome: 'differs',
      missing: 1,
      extra: 1,
      other: 2,
      named: [
        { key: '100001', kind: 'other' },
        { key: '100002', kind: 'other' },
        { key: '100003', kind: 'missing' },
        { key: String(NO_KEY), kind: 'extra' },
      ],
    })

    expect(await producer.stop()).toBe(0)
    const lines = launch.command('verify', 'bootstrap-producer.yaml')
    expect(await lines.untilExit(), lines.errors).toBe(1)
    expect(lines.output.join('\n')).toMatch(
      /^shop\.item: differs, \d+ rows compared: 1 missing in the store, 1 only in the store, 2 other bytes\n {2}100001: other bytes/,
    )
    const unknown = launch.command('verify', 'bootstrap-producer.yaml', 'shop.nothing')
    expect(await unknown.untilExit()).toBe(2)
    expect(unknown.errors).toContain('there is no source "shop.nothing"')
  })
})
