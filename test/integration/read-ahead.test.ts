import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'

/* Whoever needs the shape of rows that it does not know looks at the log between them and what the server says. */

const SERVERS = {
  MariaDB: () => MariadbServer.start({ rowMetadata: 'NO_LOG' }),
  MySQL: () => MysqlServer.start({ rowMetadata: 'MINIMAL' }),
}

describe.each(['MariaDB', 'MySQL'] as const)('the log of a %s, read ahead', (product) => {
  let server: MariadbServer | MysqlServer
  beforeAll(async () => {
    server = await SERVERS[product]()
  })
  afterAll(() => server.destroy())

  it('is read in two pieces when a table is described later than another one, behind older files, too', async () => {
    const query = (sql: string): Promise<unknown> => server.query(sql)
    await query('CREATE DATABASE app')
    for (const table of ['first', 'second', 'other']) await query(`CREATE TABLE app.${table} (id INT PRIMARY KEY)`)
    const rig = await new ProducerRig({
      uri: server.uri(),
      name: 'app',
      sources: ['app.first', 'app.second'],
    }).start()
    await rig.producer.stop()
    rmSync(join(rig.stateDirectory, 'tables'), { recursive: true })
    await query('FLUSH BINARY LOGS')
    await query('FLUSH BINARY LOGS')
    await query('INSERT INTO app.first VALUES (1)')
    await query('INSERT INTO app.second VALUES (2)')
    const locker = await server.connect()
    await locker.query('LOCK TABLES app.second WRITE')
    const again = await rig.again().start()
    await again.arrived(1)
    await query('INSERT INTO app.other VALUES (3)')
    await locker.end()
    await again.arrived(2)
    expect(again.ledger.rows.map(({ row }) => row['id'])).toEqual([1, 2])
    await again.producer.stop()
  })

  it('says nothing of a change that is not logged: what the server says at the next start counts from there on', async () => {
    await server.query(
      'CREATE DATABASE silent; CREATE TABLE silent.item (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9))',
    )
    const rig = await new ProducerRig({ uri: server.uri(), name: 'silent', sources: ['silent.item'] }).start()
    await server.query("INSERT INTO silent.item VALUES (1, 'a1', 'b1')")
    await rig.arrived(1)
    await rig.producer.stop()
    const session = await server.connect()
    await session.query('SET SESSION sql_log_bin = 0')
    await session.query('ALTER TABLE silent.item RENAME COLUMN a TO b, RENAME COLUMN b TO a')
    await session.end()
    const again = await rig.again().start()
    await server.query("INSERT INTO silent.item (id, a, b) VALUES (2, 'a2', 'b2')")
    await again.arrived(2)
    expect(again.ledger.rows.map(({ row }) => row)).toEqual([
      { id: 1, a: 'a1', b: 'b1' },
      { id: 2, a: 'a2', b: 'b2' },
    ])
    await again.producer.stop()
  })
})
