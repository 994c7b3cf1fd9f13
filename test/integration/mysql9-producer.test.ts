import { type PhysicalSourceOptions } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT } from '../support/markers.ts'

/*
 * The producer against a live MySQL 9. Debian's unstable suite, from which the server comes, moves: the decoder is held to
 * recorded logs of the same server in its own package, too.
 */
describe('the MySQL producer with what only MySQL 9 has', () => {
  let server: MysqlServer
  const open: { close(): Promise<void> }[] = []
  let nextId = 1

  beforeAll(async () => {
    server = await MysqlServer.start({ durable: true })
    await server.query(`CREATE DATABASE shop;
      CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(10,2));
      CREATE TABLE shop.other (id INT PRIMARY KEY)`)
  })
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })
  afterAll(async () => {
    await server.destroy()
  })

  function rig(change: Partial<PhysicalSourceOptions> = {}): ProducerRig {
    return keep(new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'], ...change }))
  }

  function keep(made: ProducerRig): ProducerRig {
    open.push({ close: () => made.producer.stop() })
    return made
  }

  /** Inserts rows with rising ids, one transaction each. */
  async function insert(count: number): Promise<number[]> {
    const ids: number[] = []
    for (let i = 0; i < count; i++) {
      const id = nextId++
      await server.query('INSERT INTO shop.item VALUES (?, ?, ?)', [id, `${ROW_TEXT} ${id}`, '1.50'])
      ids.push(id)
    }
    return ids
  }

  it('reads transactions that the server compresses, large ones too', async () => {
    const made = await rig().start()
    const session = await server.connect()
    await session.query('SET SESSION binlog_transaction_compression = ON')
    const ids = Array.from({ length: 5000 }, () => nextId++)
    await session.query(`INSERT INTO shop.item VALUES ${ids.map((id) => `(${id}, '${ROW_TEXT}', NULL)`).join(',')}`)
    await session.end()
    await made.arrived(5000)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.ledger.windows.filter(({ rows }) => rows.length > 0)).toHaveLength(1)
  })

  it('begins after a set of GTIDs, tagged ones included', async () => {
    const user = await server.connect()
    await user.query("SET gtid_next = 'AUTOMATIC:nightly'")
    await user.query('INSERT INTO shop.item VALUES (?, ?, NULL)', [nextId++, 'tagged'])
    const [executed] = await server.query<{ gtids: string }>('SELECT @@gtid_executed AS gtids')
    expect(executed?.gtids).toContain(':nightly:')
    const made = await rig({ startFrom: `gtid:${(executed?.gtids ?? '').replace(/\s/g, '')}` }).start()
    const id = nextId++
    await user.query('INSERT INTO shop.item VALUES (?, ?, NULL)', [id, 'tagged'])
    await user.end()
    const ids = [id, ...(await insert(2))]
    await made.arrived(3)
    expect(made.ledger.ids).toEqual(ids)
  })

  it('stores a set that equals what the server has executed, with what nobody captures and with tags', async () => {
    const made = await rig().start()
    const user = await server.connect()
    for (let i = 0; i < 3; i++) {
      await user.query("SET gtid_next = 'AUTOMATIC:night'")
      await user.query('INSERT INTO shop.other VALUES (?)', [nextId++])
      await user.query("SET gtid_next = 'AUTOMATIC'")
      await user.query('INSERT INTO shop.other VALUES (?)', [nextId++])
      await insert(1)
    }
    await user.end()
    await made.arrived(3)
    await made.producer.stop()
    const [executed] = await server.query<{ gtids: string }>('SELECT @@gtid_executed AS gtids')
    const stored = made.maxScn.load()?.position as { gtid?: string } | undefined
    expect(stored?.gtid).toBe(executed?.gtids.replace(/\s/g, ''))
  })

  it('ends by name at an update that logs only a part of a document', async () => {
    await server.query('CREATE TABLE shop.document (id INT PRIMARY KEY, j JSON)')
    const made = await rig({ sources: ['shop.document'] }).start()
    const session = await server.connect()
    await session.query("INSERT INTO shop.document VALUES (1, JSON_OBJECT('a', 1, 'b', REPEAT('long', 50)))")
    await session.query('SET SESSION binlog_row_value_options = PARTIAL_JSON')
    await session.query("UPDATE shop.document SET j = JSON_SET(j, '$.a', 2)")
    await session.end()
    await until('the failure', () => made.failures.length > 0)
    expect(made.failures).toMatchObject([{ code: 'AESOP_MYSQL_PARTIAL_JSON' }])
    expect(made.ledger.ids).toEqual([1])
  })
})
