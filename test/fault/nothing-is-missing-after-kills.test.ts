import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { extent } from '../support/extent.ts'
import { sayingSeed, seedOf } from '../support/seed.ts'
import { SeededDraw } from '../support/seeded-draw.ts'
import { until } from '../support/until.ts'
import { MariadbServer } from '../support/mariadb-server.ts'

/*
 * The ledger: a writer commits 40,000 rows and notes which commits the server acknowledged; meanwhile relay, client
 * and server are killed at moments drawn from a seed. At the end the consumer has seen exactly the ids that the
 * table holds, every acknowledged one among them, and first saw them in commit order.
 */
const ROWS = 40_000
const ROWS_PER_TRANSACTION = 50
const DEADLINE_MS = 120_000
const SEED = seedOf(20_161_119)

class Writer {
  next = 1
  acknowledged = 0
  readonly #server: MariadbServer

  constructor(server: MariadbServer) {
    this.#server = server
  }

  /** Writes until all rows are committed; an interrupted commit is looked up and, if it did not happen, done again. */
  async run(): Promise<void> {
    while (this.next <= ROWS) {
      try {
        const ids = Array.from({ length: ROWS_PER_TRANSACTION }, (_, i) => `(${this.next + i}, 'row ${this.next + i}')`)
        await this.#server.query(`INSERT INTO ledger.entry VALUES ${ids.join(',')}`)
        this.next += ROWS_PER_TRANSACTION
        this.acknowledged = this.next - 1
      } catch {
        await this.#lookUp()
      }
    }
  }

  async #lookUp(): Promise<void> {
    for (;;) {
      try {
        const [row] = await this.#server.query<{ last: number }>(
          'SELECT COALESCE(MAX(id), 0) AS last FROM ledger.entry',
        )
        this.next = (row?.last ?? 0) + 1
        return
      } catch {
        await delay(20)
      }
    }
  }
}

describe('every committed row reaches the consumer, in order, across kill -9', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ durable: true })
    await server.query('CREATE DATABASE ledger')
  })
  afterAll(async () => {
    await server.destroy()
  })

  test.each(extent(['server', 'all of them'], ['client', 'relay']))('of the %s', (victim) =>
    sayingSeed(SEED, () => killed(victim)),
  )

  async function killed(victim: string): Promise<void> {
    await server.query('DROP TABLE IF EXISTS ledger.entry')
    await server.query('RESET MASTER')
    await server.query('CREATE TABLE ledger.entry (id INT NOT NULL PRIMARY KEY, text VARCHAR(40))')
    await using path = await ChangePath.create({ uri: server.uri(), sources: ['ledger.entry'] })
    await path.startRelay()
    await path.startClient()
    const draw = new SeededDraw(SEED)
    const writer = new Writer(server)
    const writing = writer.run()
    for (let kill = 1; kill <= 4; kill++) {
      // The moment of a kill is counted in committed rows, so that a fast machine is hit as often as a slow one.
      const at = Math.floor(((kill - 1) * ROWS + draw.below(ROWS)) / 4.5)
      await until(`${at} rows were committed`, () => writer.acknowledged >= at, DEADLINE_MS)
      if (victim === 'client' || victim === 'all of them') {
        await path.stopClient('SIGKILL')
        await path.startClient()
      }
      if (victim === 'relay' || victim === 'all of them') {
        await path.stopRelay('SIGKILL')
        await path.startRelay()
      }
      if (victim === 'server' || victim === 'all of them') {
        await server.kill()
        await server.restart()
      }
    }
    await writing
    const lastIsSeen = (): boolean => path.client?.output.at(-1)?.startsWith(`UPSERT ledger.entry ${ROWS} `) ?? false
    await until('the consumer saw the last row', lastIsSeen, DEADLINE_MS)

    const table = await server.query<{ id: number }>('SELECT id FROM ledger.entry ORDER BY id')
    const seen = path.lines.map((line) => Number(line.split(' ')[2]))
    const firstSeen = [...new Set(seen)]
    expect(firstSeen).toEqual(table.map(({ id }) => id))
    expect(firstSeen).toHaveLength(ROWS)
  }
})
