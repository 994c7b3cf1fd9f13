import { FileMaxScnStore, type MaxScn, PlaceJournal } from '@aesop/checkpoint'
import { PhysicalSourceConfig } from '@aesop/producer'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SourceDesk } from '../../packages/relay/src/source-desk.ts'
import { ROW_TEXT } from '../support/markers.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { type LedgerWindow } from '../support/window-ledger.ts'

/* A table that can't be captured any more is left out by name, and the others go on; read again, the same rows are left out. */

describe.each(['MariaDB', 'MySQL'] as const)('of a %s, a table with a fault', (product) => {
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = product === 'MariaDB' ? await MariadbServer.start() : await MysqlServer.start()
  })
  afterAll(() => server.destroy())
  beforeEach(async () => {
    await server.query('DROP DATABASE IF EXISTS app; CREATE DATABASE app')
    await server.query('CREATE TABLE app.item (id INT PRIMARY KEY, name VARCHAR(40), n INT)')
    await server.query('CREATE TABLE app.other (id INT PRIMARY KEY)')
  })

  const optionsOf = (more: object = {}): ConstructorParameters<typeof ProducerRig>[0] => ({
    uri: server.uri(),
    name: 'shop',
    sources: ['app.item', 'app.other'],
    onTableFault: 'quarantine',
    ...more,
  })

  /** One transaction: two rows of the table are whole, a third is not, and others stand between. */
  async function spoil(): Promise<void> {
    const session = await server.connect()
    await session.query('SET SESSION binlog_row_image=MINIMAL; BEGIN')
    await session.query("INSERT INTO app.item VALUES (10, 'a', 1), (11, 'b', 1)")
    await session.query('INSERT INTO app.other VALUES (10)')
    await session.query(`UPDATE app.item SET name='${ROW_TEXT} part' WHERE id IN (1, 10)`)
    await session.query('INSERT INTO app.other VALUES (11)')
    await session.query("INSERT INTO app.item VALUES (12, 'c', 1)")
    await session.query('COMMIT')
    await session.end()
  }

  const story = (windows: readonly LedgerWindow[]): unknown[] =>
    windows
      .filter(({ rows, changes }) => rows.length + changes.length > 0)
      .map(({ scn, rows, changes }) => ({
        scn,
        rows: rows.map(
          ({ opcode, row }) => `${opcode} ${String(row['id'])} ${String(row['name']).replace(`${ROW_TEXT} `, '')}`,
        ),
        changes: changes.map(({ kind, source, rowsBefore }) => `${String(kind)} ${String(source)} ${rowsBefore}`),
      }))

  it('is left out from its first faulty row on, which an event says in its place, and nothing else is', async () => {
    const rig = await new ProducerRig(optionsOf()).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await spoil()
    await server.query(`INSERT INTO app.item VALUES (2, '${ROW_TEXT} whole', 1)`)
    await server.query('INSERT INTO app.other VALUES (2)')
    await rig.arrived(6)
    const windows = story(rig.ledger.windows)
    expect(windows).toMatchObject([
      { rows: ['UPSERT 1 one'] },
      {
        rows: ['UPSERT 10 a', 'UPSERT 11 b', 'UPSERT 10 undefined', 'UPSERT 11 undefined'],
        changes: ['QUARANTINED app.item 3'],
      },
      { rows: ['UPSERT 2 undefined'], changes: [] },
    ])
    expect(rig.producer.health()).toMatchObject({
      status: 'degraded',
      detail: expect.stringMatching(/app\.item.*AESOP_MYSQL_ROW_IMAGE_INCOMPLETE/) as string,
    })
    await rig.producer.stop()
    const scn = rig.ledger.windows.find(({ changes }) => changes.some(({ kind }) => kind === 'QUARANTINED'))?.scn
    expect(rig.maxScn.load()?.quarantines).toMatchObject([
      { source: 'app.item', scn, ordinal: 2, code: 'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE', rows: 4, uncountedEvents: 0 },
    ])
  })

  /** Reads the log once more from a stored place, with what is stored of a later one about rows that are left out. */
  async function readAgain(from: MaxScn, { quarantines = [] }: MaxScn, more: object, last: bigint): Promise<unknown[]> {
    const again = new ProducerRig(optionsOf(more))
    again.maxScn.save({ ...from, quarantines })
    await again.start()
    await until('all windows', () => {
      if (again.failures[0] !== undefined) throw again.failures[0]
      return (again.ledger.windows.at(-1)?.scn ?? -1n) >= last
    })
    await again.producer.stop()
    return story(again.ledger.windows)
  }

  it('is left out in the same way when the log is read again, whatever is right or wrong by then', async () => {
    const before = await new ProducerRig(optionsOf()).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await before.arrived(1)
    await before.producer.stop()
    const from = storedOf(before)
    const rig = await before.again().start()
    await spoil()
    await server.query('INSERT INTO app.other VALUES (2)')
    await rig.arrived(6)
    await rig.producer.stop()
    const { windows } = rig.ledger
    const since = story(windows.filter(({ scn }) => scn > from.scn))
    expect(since).toHaveLength(2)
    const last = windows.at(-1)?.scn ?? -1n
    // Also where the policy is another one by now: the record decides.
    for (const onTableFault of ['quarantine', 'stop']) {
      expect(await readAgain(from, storedOf(rig), { onTableFault }, last)).toEqual(since)
    }
    // A row that would be a fault by now stands before the interval: only the record says where that begins.
    const [interval] = storedOf(rig).quarantines ?? []
    const earlier = { ...storedOf(rig), quarantines: interval === undefined ? [] : [{ ...interval, ordinal: 1 }] }
    expect(await readAgain(from, earlier, {}, last)).toMatchObject([
      { rows: ['UPSERT 10 a', 'UPSERT 10 undefined', 'UPSERT 11 undefined'], changes: ['QUARANTINED app.item 1'] },
      {},
    ])
  })

  it('is stored before its window is visible: killed in between, the same rows are left out', async () => {
    const rig = await new ProducerRig(optionsOf()).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await rig.arrived(1)
    const { ledger } = rig
    const endWindow = ledger.endWindow.bind(ledger)
    let intervals: unknown
    ledger.endWindow = (scn) => {
      intervals = rig.maxScn.load()?.quarantines
      if (intervals !== undefined) throw new Error('killed')
      endWindow(scn)
    }
    await spoil()
    await until('the kill', () => rig.failures.length > 0)
    await rig.producer.stop()
    ledger.endWindow = endWindow
    ledger.rollbackWindow()
    expect(intervals).toHaveLength(1)
    expect(ledger.ids).toEqual([1])
    const again = await rig.again({ onTableFault: 'stop' }).start()
    await server.query('INSERT INTO app.other VALUES (2)')
    await again.arrived(6)
    await again.producer.stop()
    expect(story(ledger.windows).slice(1)).toMatchObject([
      { rows: ['UPSERT 10 a', 'UPSERT 11 b', 'UPSERT 10 undefined', 'UPSERT 11 undefined'] },
      { rows: ['UPSERT 2 undefined'] },
    ])
    expect(storedOf(again).quarantines).toMatchObject([{ ordinal: 2, rows: 3 }])
  })

  it('is delivered again from the place that its source is set to by hand', async () => {
    const rig = await new ProducerRig(optionsOf()).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await spoil()
    await rig.arrived(5)
    await rig.producer.stop()
    const { scn, quarantines: [interval] = [] } = storedOf(rig)
    const { store, desk } = await deskOf(rig)
    const change = await desk.set({ to: 'latest', readersScn: -1n })
    expect(change.effects.join(' ')).toMatch(
      /rows of app\.item, left out from SCN \d+ on, are delivered again .* 3 rows/,
    )
    await change.apply('given up')
    expect(desk.journal()).toMatchObject([
      { what: 'set', reason: 'given up' },
      { what: 'release', source: 'app.item', fromScn: Number(interval?.scn), toScn: Number(scn), rows: 3 },
    ])
    rig.maxScn.save(store.load() ?? storedOf(rig))
    const again = await rig.again().start()
    await server.query(`INSERT INTO app.item VALUES (2, '${ROW_TEXT} whole', 1)`)
    await again.arrived(6)
    await again.producer.stop()
    expect(story(again.ledger.windows).at(-1)).toMatchObject({ rows: ['UPSERT 2 whole'], changes: [] })
    expect(again.producer.status().concern).toBeUndefined()
  })

  /** What the command works with, between two runs. */
  async function deskOf(rig: ProducerRig): Promise<{ store: FileMaxScnStore; desk: SourceDesk }> {
    const path = join(rig.stateDirectory, 'shop.json')
    const store = new FileMaxScnStore(path)
    await store.save(storedOf(rig))
    const finder = rig.producer.placeFinder(new PhysicalSourceConfig(optionsOf()))
    return { store, desk: new SourceDesk('shop', path, new PlaceJournal(rig.stateDirectory, 'source', 'shop'), finder) }
  }

  async function release(rig: ProducerRig): Promise<readonly object[]> {
    const { store, desk } = await deskOf(rig)
    const change = await desk.release({ to: 'app.item', readersScn: -1n })
    expect(store.load()).toEqual(storedOf(rig))
    await change.apply('mended')
    rig.maxScn.save(store.load() ?? storedOf(rig))
    return desk.journal()
  }

  it('is delivered again from the next row on once it is released, in the same way whenever it is read', async () => {
    const first = await new ProducerRig(optionsOf()).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await first.arrived(1)
    await first.producer.stop()
    const from = storedOf(first)
    const rig = await first.again().start()
    await spoil()
    await server.query(`INSERT INTO app.item VALUES (2, '${ROW_TEXT} lost', 1)`)
    await server.query('INSERT INTO app.other VALUES (2)')
    await rig.arrived(6)
    await rig.producer.stop()
    const { scn: untilScn, quarantines: [interval] = [] } = storedOf(rig)
    const [entry] = await release(rig)
    expect(entry).toMatchObject({
      what: 'release',
      source: 'app.item',
      reason: 'mended',
      fromScn: Number(interval?.scn),
      toScn: Number(untilScn),
      rows: 4,
    })
    const again = await rig.again().start()
    expect(again.producer.status().concern).toBeUndefined()
    await server.query(`INSERT INTO app.item VALUES (3, '${ROW_TEXT} whole', 1)`)
    await server.query(`INSERT INTO app.item VALUES (4, '${ROW_TEXT} whole', 1)`)
    await again.arrived(8)
    await again.producer.stop()
    const { windows } = again.ledger
    const since = story(windows.filter(({ scn }) => scn > from.scn))
    expect(since.slice(-2)).toMatchObject([
      { rows: ['UPSERT 3 whole'], changes: ['RELEASED app.item 0'] },
      { rows: ['UPSERT 4 whole'], changes: [] },
    ])
    const last = windows.at(-1)?.scn ?? -1n
    expect(await readAgain(from, storedOf(again), { onTableFault: 'stop' }, last)).toEqual(since)
    await expect(release(again)).rejects.toMatchObject({ code: 'AESOP_RELAY_RELEASE_REFUSED' })
  })

  it('is not released while the server would make the same fault again, which names the setting', async () => {
    const rig = await new ProducerRig(optionsOf()).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await spoil()
    await rig.arrived(5)
    await rig.producer.stop()
    await server.query("SET GLOBAL binlog_row_image='MINIMAL'")
    try {
      await expect(release(rig)).rejects.toMatchObject({
        code: 'AESOP_RELAY_RELEASE_REFUSED',
        message: expect.stringContaining('binlog_row_image=MINIMAL') as string,
      })
    } finally {
      await server.query("SET GLOBAL binlog_row_image='FULL'")
    }
    await release(rig)
  })

  it('ends its source by name where the policy is to stop, which is the default', async () => {
    const rig = await new ProducerRig(optionsOf({ onTableFault: 'stop' })).start()
    await server.query(`INSERT INTO app.item VALUES (1, '${ROW_TEXT} one', 1)`)
    await spoil()
    await until('the end', () => rig.failures.length > 0)
    expect(rig.failures[0]).toMatchObject({
      code: 'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE',
      remedy: expect.stringContaining('onTableFault: quarantine') as string,
    })
    expect(rig.ledger.ids).toEqual([1])
    await rig.producer.stop()
  })
})

it('leaves out rows too large to be held, too, of a table whose shape nobody knows', async () => {
  const server = await MysqlServer.start({ rowMetadata: 'MINIMAL' })
  try {
    await server.query('CREATE DATABASE app; CREATE TABLE app.other (id INT PRIMARY KEY)')
    await server.query('CREATE TABLE app.item (id INT PRIMARY KEY, a LONGTEXT, b LONGTEXT)')
    const sources = ['app.item', 'app.other']
    const options = { uri: server.uri(), name: 'shop', sources, onTableFault: 'quarantine' as const }
    const before = await new ProducerRig(options).start()
    await before.producer.stop()
    const session = await server.connect()
    await session.query('SET SESSION binlog_transaction_compression = ON')
    await session.query(`INSERT INTO app.item VALUES (1, REPEAT('a', ${4 * 1024 * 1024}), '')`)
    await session.query('ALTER TABLE app.item RENAME COLUMN a TO b, RENAME COLUMN b TO a')
    await session.query('INSERT INTO app.other VALUES (2)')
    await session.end()
    rmSync(join(before.stateDirectory, 'tables'), { recursive: true })
    const rig = await before.again({ largestEventSizeInBytes: 1024 * 1024 }).start()
    await rig.arrived(1)
    await rig.producer.stop()
    expect(storedOf(rig).quarantines).toMatchObject([
      { source: 'app.item', code: 'AESOP_MYSQL_TABLE_SHAPE_UNSURE', ordinal: 0, uncountedEvents: 1 },
    ])
  } finally {
    await server.destroy()
  }
})

function storedOf(rig: ProducerRig): MaxScn {
  const stored = rig.maxScn.load()
  if (stored === undefined) throw new Error('nothing is stored')
  return stored
}
