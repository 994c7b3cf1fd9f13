import { type ChangeEvent, type EventConsumer, type SchemaChange } from '@aesop/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { OneProcess } from '../support/one-process.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { type LedgerWindow } from '../support/window-ledger.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/* What becomes of captured tables, besides their rows: as events of `com.aesop.SchemaChange`, at their places in the log. */

const SOURCES = ['app.item', 'app.other', 'app.marker']
/** Each statement with what has to be told of it; the tables are there as SETUP makes them. */
const STATEMENTS: readonly (readonly [sql: string, told: readonly string[]])[] = [
  ['ALTER TABLE app.item ADD COLUMN more INT', ['ALTER app.item']],
  ['INSERT INTO app.item (id) VALUES (1)', []],
  ['TRUNCATE TABLE app.item', ['TRUNCATE app.item']],
  ['CREATE TABLE app.nobody (id INT PRIMARY KEY)', []],
  ['DROP TABLE app.nobody', []],
  ['DROP TABLE app.item, app.marker', ['DROP app.item', 'DROP app.marker']],
  ['CREATE TABLE app.marker (id INT PRIMARY KEY)', ['CREATE app.marker']],
  ['CREATE TABLE app.item (id INT PRIMARY KEY, name VARCHAR(9))', ['CREATE app.item']],
  [
    'RENAME TABLE app.item TO app.passing, app.other TO app.item, app.passing TO app.other',
    ['RENAME app.item', 'RENAME app.other'],
  ],
  ["/* led by a comment */ alter table `app`.`item` comment = 'DROP TABLE app.other'", ['ALTER app.item']],
  ['CREATE TABLE app.parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (9))', []],
  ['ALTER TABLE app.parts EXCHANGE PARTITION p WITH TABLE app.item', ['RENAME app.item']],
]
const ALL_TOLD = STATEMENTS.flatMap(([, told]) => told)

/** Writes down what it is told, in order. */
class TellingConsumer implements EventConsumer {
  readonly changes: SchemaChange[] = []
  readonly trace: string[] = []
  onDataEvent(event: ChangeEvent): void {
    this.trace.push(`row ${event.source.name} ${String(event.row['id'])}`)
  }
  onSchemaChange(change: SchemaChange): void {
    this.changes.push(change)
    this.trace.push(`${change.kind} ${change.source}`)
  }
}

describe.each(['MariaDB', 'MySQL'] as const)('of a %s, changes of captured tables', (product) => {
  let server: MariadbServer | MysqlServer
  let folder: string
  beforeAll(async () => {
    server = product === 'MariaDB' ? await MariadbServer.start() : await MysqlServer.start()
    folder = newFolder('changes')
  })
  afterAll(async () => {
    removeFolder(folder)
    await server.destroy()
  })

  async function setUp(): Promise<void> {
    await server.query('DROP DATABASE IF EXISTS app; CREATE DATABASE app')
    await server.query('CREATE TABLE app.item (id INT PRIMARY KEY)')
    await server.query('CREATE TABLE app.other (id INT PRIMARY KEY)')
    await server.query('CREATE TABLE app.marker (id INT PRIMARY KEY)')
  }

  it('are events at their places, and read again they have the same bytes', async () => {
    await setUp()
    const options = { uri: server.uri(), name: 'shop', sources: SOURCES, ddlText: true }
    const rig = await new ProducerRig(options).start()
    for (const [sql] of STATEMENTS) await server.query(sql)
    await server.query('INSERT INTO app.marker VALUES (99)')
    await rig.arrived(2)
    await rig.producer.stop()
    const { schemaChanges, windows } = rig.ledger
    const told = schemaChanges.map(({ kind, source }) => `${String(kind)} ${String(source)}`)
    expect([...told].sort()).toEqual([...ALL_TOLD].sort())
    for (const { sql, at, database } of schemaChanges) {
      expect(sql).toMatch(/alter|truncate|drop|create|rename/i)
      expect(database).toBe('app')
      expect(Math.abs(Date.now() - Number(at))).toBeLessThan(600_000)
    }
    const own = windows.filter(({ changes }) => changes.length > 0)
    for (const window of own) expect(window.rows).toEqual([])
    const { scn: first = -1n } = windows[0] ?? {}
    const again = await new ProducerRig({ ...options, startFrom: `scn:${first}` }).start()
    await until('the log read again', () => again.ledger.windows.at(-1)?.scn === windows.at(-1)?.scn)
    await again.producer.stop()
    const windowsOf = (each: ProducerRig): LedgerWindow[] =>
      each.ledger.windows.filter(({ scn, rows, changes }) => scn > first && rows.length + changes.length > 0)
    const same = windowsOf(rig)
    expect(windowsOf(again)).toEqual(same)
    expect(same.length).toBeGreaterThan(5)
  })

  it.each(['direct', 'http'] as const)(
    'reach the registrations of these tables, whatever their filters, and no others, read by %s',
    async (relayTransport) => {
      await setUp()
      const [both, other] = [new TellingConsumer(), new TellingConsumer()]
      const options = {
        folder,
        uri: server.uri(),
        sources: SOURCES,
        bufferBytes: 16 * 1024 * 1024,
        relayTransport,
        consumers: { both, other },
        sourcesOf: { other: ['app.other', 'app.marker'] },
        filtersOf: {
          both: { 'app.item': { partitionType: 'MOD', filters: [{ numBuckets: 2, bktRange: { start: 0, end: 0 } }] } },
        },
      }
      await using process = await OneProcess.start(options)
      for (const [sql] of STATEMENTS) await server.query(sql)
      await server.query('INSERT INTO app.marker VALUES (100)')
      for (const { trace } of [both, other]) await until('the marker', () => trace.includes('row app.marker 100'))
      const setUpTold = ['CREATE app.item', 'CREATE app.other']
      const told = both.changes.map(({ kind, source }) => `${kind} ${source}`)
      expect(told.slice(-ALL_TOLD.length).sort()).toEqual([...ALL_TOLD].sort())
      expect(told).toEqual(expect.arrayContaining(setUpTold))
      expect(new Set(other.changes.map(({ source }) => source))).toEqual(new Set(['app.other', 'app.marker']))
      expect(both.trace).not.toContain('row app.item 1')
      expect(both.changes.every(({ sql }) => sql === undefined)).toBe(true)
      expect(process.failures).toEqual([])
    },
  )
})
