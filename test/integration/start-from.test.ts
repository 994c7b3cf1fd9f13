import { Client, ClientConfig, ConsumerRegistration, type EventConsumer, RelayClientConfig } from '@aesop/client'
import { type BeanContext } from '@aesop/kernel'
import { type MysqlSourceOptions } from '@aesop/producer-mysql'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LateRig } from '../support/late-rig.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { OneProcess, type OneProcessOptions } from '../support/one-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { testLog } from '../support/test-log.ts'
import { until } from '../support/until.ts'

const SERVERS = {
  MariaDB: { start: () => MariadbServer.start(), notFull: 'NO_LOG' },
  MySQL: { start: () => MysqlServer.start(), notFull: 'MINIMAL' },
}

class Keys implements EventConsumer {
  readonly keys: number[] = []
  onDataEvent({ key }: { key: unknown }): void {
    this.keys.push(Number(key))
  }
}

describe.each(Object.entries(SERVERS))('who begins in the past of %s', (_kind, { start, notFull }) => {
  let server: MariadbServer | MysqlServer
  let folder = ''
  const open: { close(): Promise<unknown> }[] = []
  let databases = 0

  beforeAll(async () => {
    server = await start()
  })
  beforeEach(async () => {
    await server.query('SET GLOBAL binlog_row_metadata = FULL')
    folder = newFolder('start')
  })
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
    removeFolder(folder)
  })
  afterAll(() => server.destroy())

  async function database(): Promise<string> {
    const db = `shop${++databases}`
    await server.query(`CREATE DATABASE ${db}; CREATE TABLE ${db}.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL)`)
    return db
  }

  async function insert(db: string, ...ids: number[]): Promise<void> {
    for (const id of ids) await server.query(`INSERT INTO ${db}.item (id, name) VALUES (${id}, 'row ${id}')`)
  }

  async function rigOf(db: string, startFrom: NonNullable<MysqlSourceOptions['startFrom']>): Promise<LateRig> {
    const sources = [`${db}.item`]
    const rig = new LateRig({ uri: server.uri(), name: db, sources, startFrom, ddlText: true })
    open.push({ close: () => rig.producer.stop() })
    return rig.start()
  }

  /** The second of the server's clock that begins next. */
  async function nextSecond(): Promise<number> {
    const now = async (): Promise<number> => Number((await server.query('SELECT UNIX_TIMESTAMP() AS s'))[0]?.['s'])
    const begun = await now()
    await until('the next second', async () => (await now()) > begun)
    return (begun + 1) * 1000
  }

  it('gets what was written before its source was read, as who read it all: byte for byte, changes of tables among it', async () => {
    const db = await database()
    await insert(db, 1, 2, 3)
    await server.query(`ALTER TABLE ${db}.item ADD COLUMN price DECIMAL(10,2) NULL; FLUSH BINARY LOGS`)
    await insert(db, 11, 12)
    await server.query(`ALTER TABLE ${db}.item DROP COLUMN price`)
    await insert(db, 21)
    const rig = await rigOf(db, 'latest')
    await insert(db, 31, 32)
    await rig.reached(2)
    await rig.noteLast()
    expect((await rig.live(rig.beganAfterScn)).size).toBe(2)
    const whole = await rigOf(db, 'earliest')
    await whole.reached(10)
    whole.lastRowsScn = rig.lastRowsScn
    const found = await rig.producer.findStart?.({ kind: 'earliest' })
    expect(found).toMatchObject({ kind: 'found' })
    const scn = found?.kind === 'found' ? found.scn : 0n
    expect(scn <= whole.beganAfterScn).toBe(true)
    expect(await rig.late(scn)).toEqual(await whole.live(whole.beganAfterScn))
    // The place is kept: a restart of the source finds it.
    await rig.producer.stop()
    const again = rig.again({ startFrom: 'latest' })
    open.push({ close: () => again.producer.stop() })
    await again.start()
    again.lastRowsScn = rig.lastRowsScn
    expect(await again.late(scn)).toEqual(await whole.live(whole.beganAfterScn))
  })

  it('gets it without the names of columns in the log, and is told by name where they are not known', async () => {
    const db = await database()
    await server.query(`SET GLOBAL binlog_row_metadata = ${notFull}`)
    await insert(db, 1, 2)
    const rig = await rigOf(db, 'latest')
    await insert(db, 31, 32)
    await rig.reached(2)
    await rig.noteLast()
    const whole = await rigOf(db, 'earliest')
    await whole.reached(4)
    whole.lastRowsScn = rig.lastRowsScn
    const startOf = async (from: LateRig): Promise<bigint> => {
      const found = await from.producer.findStart?.({ kind: 'earliest' })
      return found?.kind === 'found' ? found.scn : -1n
    }
    expect(await rig.late(await startOf(rig))).toEqual(await whole.live(whole.beganAfterScn))
    await server.query(`ALTER TABLE ${db}.item ADD COLUMN price DECIMAL(10,2) NULL`)
    await insert(db, 41)
    const altered = await rigOf(db, 'latest')
    await insert(db, 51)
    await altered.reached(1)
    await altered.noteLast()
    await expect(startOf(altered).then((scn) => altered.late(scn))).rejects.toMatchObject({
      code: 'AESOP_MYSQL_TABLE_SHAPE_UNSURE',
    })
    await insert(db, 61)
    await altered.reached(2)
    expect([altered.producer.status().state, altered.failures]).toEqual(['running', []])
  })

  it('gets the first change at or after a time, and is refused a time that the log does not reach', async () => {
    const db = await database()
    await insert(db, 1, 2)
    const ms = await nextSecond()
    await insert(db, 3, 4)
    const rig = await rigOf(db, 'latest')
    await insert(db, 5)
    await rig.reached(1)
    await rig.noteLast()
    const whole = await rigOf(db, 'earliest')
    await whole.reached(5)
    whole.lastRowsScn = rig.lastRowsScn
    const all = [...(await whole.live(whole.beganAfterScn)).entries()].slice(-3)
    for (const at of [ms, ms + 999]) {
      const found = await rig.producer.findStart?.({ kind: 'time', ms: at })
      expect(found).toMatchObject({ kind: 'found' })
      expect([...(await rig.late(found?.kind === 'found' ? found.scn : 0n)).entries()]).toEqual(all)
    }
    const reasonOf = async (at: number): Promise<unknown> => rig.producer.findStart?.({ kind: 'time', ms: at })
    expect(await reasonOf(1_000_000_000_000)).toMatchObject({
      kind: 'gone',
      reason: expect.stringContaining('begins at') as string,
    })
    expect(await reasonOf(Date.now() + 3_600_000)).toMatchObject({
      kind: 'gone',
      reason: expect.stringContaining('not come yet') as string,
    })
  })

  it('is told of rows of an XA transaction that was prepared before the log where it begins', async () => {
    const db = await database()
    const session = await server.connect()
    open.push({ close: () => session.end() })
    await session.query(`XA START '${db}'; INSERT INTO ${db}.item VALUES (1, 'xa'); XA END '${db}'; XA PREPARE '${db}'`)
    await server.query('FLUSH BINARY LOGS')
    const ms = await nextSecond()
    await session.query(`XA COMMIT '${db}'`)
    await insert(db, 2)
    const rig = await rigOf(db, 'latest')
    await insert(db, 3)
    await rig.reached(1)
    await rig.noteLast()
    const found = await rig.producer.findStart?.({ kind: 'time', ms })
    expect((await rig.late(found?.kind === 'found' ? found.scn : 0n)).size).toBe(2)
    expect(rig.lines.filter((line) => line.includes('prepared before reading began: they are lost'))).toHaveLength(1)
  })

  describe.each(['direct', 'http'] as const)('read by %s', (relayTransport) => {
    async function process(
      db: string,
      consumers: OneProcessOptions['consumers'],
      startFromOf: NonNullable<OneProcessOptions['startFromOf']>,
      startFrom: 'latest' | 'earliest' = 'latest',
    ): Promise<OneProcess> {
      const sources = [`${db}.item`]
      const started = await OneProcess.start({
        ...{ folder, uri: server.uri(), sources, bufferBytes: 65_536, consumers, relayTransport },
        ...{ startFromOf, startFrom },
      })
      open.push({ close: () => started[Symbol.asyncDispose]() })
      return started
    }

    it('begins at the oldest change beside one that is at the newest, and beside another at a time', async () => {
      const db = await database()
      await insert(db, 1, 2)
      const ms = await nextSecond()
      await insert(db, 3)
      const [all, latest, timed] = [new Keys(), new Keys(), new Keys()]
      const made = await process(db, { all, latest, timed }, { all: 'earliest', latest: 'latest', timed: isoOf(ms) })
      await until('places', () => made.client.registrations.every(({ checkpoint }) => checkpoint?.isFlexible === false))
      await insert(db, 4, 5)
      await until('all', () => [all, latest, timed].every(({ keys }) => keys.at(-1) === 5))
      expect([all.keys, latest.keys, timed.keys]).toEqual([
        [1, 2, 3, 4, 5],
        [4, 5],
        [3, 4, 5],
      ])
      expect([made.failures, made.client.health().status]).toEqual([[], 'up'])
    })

    it('from "latest" misses nothing of what came while it was down, although it had no window before', async () => {
      const db = await database()
      await insert(db, 1)
      const first = await process(db, { late: new Keys() }, { late: 'latest' })
      await until('a place', () => first.client.registrations[0]?.checkpoint?.isFlexible === false)
      await open.pop()?.close()
      await insert(db, 2, 3)
      const keys = new Keys()
      await process(db, { late: keys }, { late: 'latest' })
      await insert(db, 4)
      await until('the newest', () => keys.keys.at(-1) === 4)
      expect(keys.keys).toEqual([2, 3, 4])
    })
  })

  it('begins so in a process of its own', async () => {
    const db = await database()
    await insert(db, 1, 2)
    const relay = await OneProcess.start({
      ...{
        folder,
        uri: server.uri(),
        sources: [`${db}.item`],
        bufferBytes: 65_536,
        consumers: {},
        startFrom: 'latest',
      },
    })
    open.push({ close: () => relay[Symbol.asyncDispose]() })
    const keys = new Keys()
    const port = relay.relay.address?.port ?? 0
    const client = new Client(
      new ClientConfig({ relayClientConfigs: [new RelayClientConfig({ relayPort: port })] }),
      [
        new ConsumerRegistration({
          id: 'far',
          logicalSources: [`${db}.item`],
          eventConsumer: keys,
          startFrom: 'earliest',
        }),
      ],
      contextOf(folder),
    )
    await client.init()
    await client.start()
    open.push({ close: () => client.stop() })
    await insert(db, 3)
    await until('all', () => keys.keys.at(-1) === 3)
    expect(keys.keys).toEqual([1, 2, 3])
  })
})

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}

function contextOf(folder: string): BeanContext {
  return {
    id: 'client',
    container: 'client',
    log: testLog('client'),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop-client'),
    shared: new Map(),
    fail: () => undefined,
  }
}
