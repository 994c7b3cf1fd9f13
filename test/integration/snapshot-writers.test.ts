import { type EventAppend, type ValueWriter } from '@aesop/event'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { SnapshotRig } from '../support/snapshot-rig.ts'
import { sayingSeed, seedOf } from '../support/seed.ts'
import { SeededDraw } from '../support/seeded-draw.ts'
import { until } from '../support/until.ts'
import { type RowBytes, rowsOfChunk, ValueSink } from '../support/value-sink.ts'

const SEED = seedOf(20_260_611)
const KEYS = 60
const CHUNKS = 40

interface Change extends RowBytes {
  readonly scn: bigint
}

/** Every change of each key, in order. */
class HistorySink extends ValueSink {
  readonly changes = new Map<string, Change[]>()
  #window: [string, RowBytes][] = []

  override append(append: EventAppend, write: ValueWriter): void {
    const row = this.rowOf(append, write)
    super.append(append, write)
    this.#window.push([String(row.key), row])
  }
  override beginWindow(): void {
    super.beginWindow()
    this.#window = []
  }
  override endWindow(scn: bigint): void {
    super.endWindow(scn)
    for (const [key, row] of this.#window) this.changes.set(key, [...(this.changes.get(key) ?? []), { ...row, scn }])
    this.#window = []
  }
}

const servers: [string, () => Promise<PrivateServer>][] = [
  ['MariaDB', () => MariadbServer.start()],
  ['MySQL 9 with GTIDs', () => MysqlServer.start()],
  ['MySQL 9 without GTIDs', () => MysqlServer.start({ gtids: false })],
]

describe.each(servers)('chunks while others write on %s', (_name, begin) => {
  let server: PrivateServer
  beforeAll(async () => {
    server = await begin()
    await server.query('CREATE DATABASE w; CREATE TABLE w.t (id INT PRIMARY KEY, v BIGINT, pad VARCHAR(100))')
    const rows = Array.from({ length: KEYS }, (_unused, id) => `(${id}, 0, 'before')`)
    await server.query(`INSERT INTO w.t VALUES ${rows.join()}`)
  })
  afterAll(async () => {
    await server.destroy()
  })

  it('have every change up to their place, and with the stream they make the table', () =>
    sayingSeed(SEED, async () => {
      const draw = new SeededDraw(SEED)
      const sink = new HistorySink()
      const rig = await new SnapshotRig(
        { uri: server.uri(), name: 'writers', sources: [{ id: 1, uri: 'w.t' }] },
        sink,
      ).start()
      let isWriting = true
      let writes = 0
      const writer = async (): Promise<void> => {
        const connection = await server.connect()
        while (isWriting) {
          const [id, other, v] = [draw.below(KEYS), draw.below(KEYS), ++writes]
          const sql = [
            `REPLACE INTO w.t VALUES (${id}, ${v}, REPEAT('x', ${v % 90}))`,
            `UPDATE w.t SET v = ${v} WHERE id = ${id}`,
            `DELETE FROM w.t WHERE id = ${id}`,
            `UPDATE IGNORE w.t SET id = ${other}, v = ${v} WHERE id = ${id}`,
            `BEGIN; UPDATE w.t SET v = ${v} WHERE id = ${Math.min(id, other)}; UPDATE w.t SET v = ${v} WHERE id = ${Math.max(id, other)}; COMMIT`,
          ][draw.below(5)]
          await connection.query(sql ?? '').catch((error: unknown) => {
            if (!/Deadlock|Lock wait/.test(String(error))) throw error
          })
        }
        await connection.end()
      }
      const picture = new Map<string, { scn: bigint; value: string | undefined }>()
      let compared = 0

      /** The rule: a greater SCN wins, what a chunk covers and does not have was not there. */
      const take = (chunk: Awaited<ReturnType<SnapshotRig['read']>>, from: number, to: number): void => {
        const rows = new Map(rowsOfChunk(chunk).map((row) => [String(row.key), row]))
        for (let id = from; id <= to; id++) {
          const key = String(id)
          const value = rows.get(key)?.value
          const seen = sink.changes
            .get(key)
            ?.filter(({ scn }) => scn <= chunk.visibleScn)
            .at(-1)
          if (seen !== undefined && seen.scn <= chunk.atScn) {
            expect({ key, value }).toEqual({ key, value: seen.opcode === 'DELETE' ? undefined : seen.value })
            compared++
          }
          if ((picture.get(key)?.scn ?? -1n) < chunk.atScn) picture.set(key, { scn: chunk.atScn, value })
        }
      }

      const writers = [writer(), writer(), writer()]
      try {
        await until('writes', () => sink.changes.size > 5)
        for (let chunks = 0, after: string | undefined; chunks < CHUNKS; chunks++) {
          const from =
            after === undefined ? 0 : Number((JSON.parse(after) as { key: [[string, string]] }).key[0][1]) + 1
          const chunk = await rig.read({ source: 'w.t', maxRows: 1 + draw.below(30), after })
          expect(sink.scn).toBeGreaterThanOrEqual(chunk.visibleScn)
          const last = rowsOfChunk(chunk).at(-1)
          take(chunk, from, chunk.next === undefined ? KEYS - 1 : Number(last?.key))
          after = chunk.next
          await delay(draw.below(5))
        }
      } finally {
        isWriting = false
        await Promise.all(writers)
      }
      // One whole pass at the end, so that the picture has all keys; the stream comes to its end by that.
      for (let after: string | undefined, from = 0; ;) {
        const chunk = await rig.read({ source: 'w.t', maxRows: 7, after })
        const to = chunk.next === undefined ? KEYS - 1 : Number(rowsOfChunk(chunk).at(-1)?.key)
        take(chunk, from, to)
        if (chunk.next === undefined) break
        after = chunk.next
        from = to + 1
      }
      for (const [key, changes] of sink.changes) {
        for (const { scn, opcode, value } of changes) {
          if (scn < (picture.get(key)?.scn ?? -1n)) continue
          picture.set(key, { scn, value: opcode === 'DELETE' ? undefined : value })
        }
      }
      const table = await server.query<{ id: number }>('SELECT id FROM w.t ORDER BY id')
      const there = [...picture].filter(([, { value }]) => value !== undefined).map(([key]) => Number(key))
      expect(there.sort((a, b) => a - b)).toEqual(table.map(({ id }) => id))
      const whole = await rig.read({ source: 'w.t', maxRows: 999 })
      for (const { key, value } of rowsOfChunk(whole)) expect(picture.get(String(key))?.value).toBe(value)
      expect(compared).toBeGreaterThan(100)
      await rig.stop()
    }))
})
