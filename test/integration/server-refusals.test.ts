import { silentLogger } from '@aesop/kernel'
import { type Connection } from 'mysql2/promise'
import { PhysicalSourceConfig } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseMysqlUri } from '../../packages/producer-mysql/src/server/mysql-uri.ts'
import { ServerOrigin } from '../../packages/producer-mysql/src/origin/server-origin.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

const STARTS = {
  MariaDB: () => MariadbServer.start({ lines: ['max-password-errors=1'] }),
  MySQL: () => MysqlServer.start(),
}
type Product = keyof typeof STARTS

/** An account that is not let in: what makes it so, and what the error must be called. */
interface Account {
  readonly name: string
  readonly setup: readonly string[]
  readonly code: string
  /** What the message must name. */
  readonly named: string
}

const ACCOUNTS: Readonly<Record<Product, readonly Account[]>> = {
  MariaDB: [
    {
      name: 'ed25519',
      setup: [
        "INSTALL SONAME 'auth_ed25519'",
        `CREATE USER u@'%' IDENTIFIED VIA ed25519 USING PASSWORD('${SERVER_PASSWORD}')`,
      ],
      code: 'AESOP_MYSQL_AUTHENTICATION_PLUGIN',
      named: 'client_ed25519',
    },
    {
      name: 'a socket',
      setup: ["CREATE USER u@'%' IDENTIFIED VIA unix_socket"],
      code: 'AESOP_MYSQL_AUTHENTICATION_PLUGIN',
      named: 'no password',
    },
    {
      name: 'a lock',
      setup: [`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}' ACCOUNT LOCK`],
      code: 'AESOP_MYSQL_ACCOUNT_LOCKED',
      named: 'locked',
    },
    {
      name: 'an expired password',
      setup: [`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}' PASSWORD EXPIRE`],
      code: 'AESOP_MYSQL_PASSWORD_EXPIRED',
      named: 'has expired',
    },
    {
      name: 'another password',
      setup: ["CREATE USER u@'%' IDENTIFIED BY 'other'"],
      code: 'AESOP_MYSQL_ACCESS_DENIED',
      named: '"u"',
    },
  ],
  MySQL: [
    {
      name: 'a plugin that is not loaded',
      setup: [
        `CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`,
        "UPDATE mysql.user SET plugin='mysql_native_password' WHERE user='u'; FLUSH PRIVILEGES",
      ],
      code: 'AESOP_MYSQL_AUTHENTICATION_PLUGIN',
      named: 'mysql_native_password',
    },
    {
      name: 'a lock',
      setup: [`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}' ACCOUNT LOCK`],
      code: 'AESOP_MYSQL_ACCOUNT_LOCKED',
      named: 'locked',
    },
    {
      name: 'an expired password',
      setup: [`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}' PASSWORD EXPIRE`],
      code: 'AESOP_MYSQL_PASSWORD_EXPIRED',
      named: 'has expired',
    },
    {
      name: 'another password',
      setup: ["CREATE USER u@'%' IDENTIFIED BY 'other'"],
      code: 'AESOP_MYSQL_ACCESS_DENIED',
      named: '"u"',
    },
  ],
}

describe.each(['MariaDB', 'MySQL'] as const)('what a %s refuses', (product) => {
  let server: MariadbServer | MysqlServer
  const open: { close(): Promise<unknown> }[] = []

  beforeAll(async () => {
    server = await STARTS[product]()
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY, text TEXT)')
  })
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
    await server.query("DROP USER IF EXISTS u@'%'")
  })
  afterAll(async () => {
    await server.destroy()
  })

  function origin(uri = server.uri(server.port, 'u')): ServerOrigin {
    const physicalSource = new PhysicalSourceConfig({ uri, sources: ['shop.item'] })
    const made = new ServerOrigin({ uri: parseMysqlUri(uri), physicalSource, serverId: 4711, log: silentLogger })
    open.push({ close: () => made.release() })
    return made
  }

  const connecting = (uri?: string): Promise<unknown> => origin(uri).locate({ kind: 'latest' })

  /** Runs the statements of a remedy, with the password filled in, as the administrator that it asks. */
  async function run(remedy: string): Promise<void> {
    const mine = product === 'MariaDB' ? remedy.replace(/on MySQL: .*/, '') : remedy.replace(/on MariaDB: [^;]*;/, '')
    const statements = mine.match(/\b(?:ALTER USER|SET GLOBAL) [^;]*;/g) ?? []
    expect(statements).not.toEqual([])
    for (const statement of statements) await server.query(statement.replaceAll('<password>', SERVER_PASSWORD))
    await server.query("GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO u@'%'")
  }

  const failureOf = (attempt: Promise<unknown>): Promise<{ code: string; message: string; remedy: string }> =>
    attempt.then(
      () => expect.fail('it was let in'),
      (error: unknown) => error as { code: string; message: string; remedy: string },
    )

  it.each(ACCOUNTS[product])('an account with $name is named, and its remedy lets it in', async (account) => {
    for (const sql of account.setup) await server.query(sql)
    const error = await failureOf(connecting())
    expect(error).toMatchObject({ code: account.code, canRetry: false })
    expect(error.message).toContain(account.named)
    await run(error.remedy)
    await connecting()
  })

  it('an account that is blocked after wrong passwords is named, and its remedy lets it in', async () => {
    const limit = product === 'MySQL' ? ' FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED' : ''
    await server.query(`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}'${limit}`)
    await failureOf(connecting(server.uri(server.port, 'u', 'wrong')))
    const error = await failureOf(connecting())
    expect(error).toMatchObject({ code: 'AESOP_MYSQL_ACCOUNT_LOCKED', canRetry: false })
    await run(error.remedy)
    await connecting()
  })

  it('an account that demands encryption is told what it lacks', async () => {
    await server.query(`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}' REQUIRE SSL`)
    // This MariaDB offers no TLS; with MySQL somebody has to do without on purpose.
    const error = await failureOf(connecting(`${server.uri(server.port, 'u')}${product === 'MySQL' ? '?ssl=off' : ''}`))
    expect(error).toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED', canRetry: false })
    expect(error.remedy).toContain('the server must offer TLS')
    if (product === 'MariaDB') return
    await server.query("GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO u@'%'")
    await connecting()
  })

  it('an account without a connection left is tried again', async () => {
    await server.query(`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}' WITH MAX_CONNECTIONS_PER_HOUR 1`)
    await failureOf(connecting())
    const error = await failureOf(connecting())
    expect(error).toMatchObject({ code: 'AESOP_MYSQL_CONNECTIONS_EXHAUSTED', canRetry: true })
    await run(error.remedy)
    await connecting()
  })

  /** Ends of an event, at which it does not begin. */
  async function insideAnEvent(): Promise<{ file: string; position: number }[]> {
    await server.query('FLUSH BINARY LOGS')
    await server.query("INSERT INTO shop.item VALUES (1, REPEAT('x', 300)); DELETE FROM shop.item")
    const file = (await server.query<{ Log_name: string }>('SHOW BINARY LOGS')).at(-1)?.Log_name ?? ''
    const events = await server.query<{ Event_type: string; Pos: number }>(`SHOW BINLOG EVENTS IN '${file}'`)
    const xid = events.find(({ Event_type }) => Event_type === 'Xid')?.Pos ?? 0
    expect(xid).toBeGreaterThan(0)
    return [1, 5].map((inside) => ({ file, position: xid + inside }))
  }

  it('a place inside an event ends the source by name, at once', async () => {
    const codes: string[] = []
    for (const at of await insideAnEvent()) {
      const made = origin(server.uri())
      const settled = await made.settle({ ...(await made.locate({ kind: 'latest' })), ...at, gtid: undefined })
      const handler = { onEvent: () => undefined, onRotate: () => undefined }
      const stream = made.stream(settled)
      open.push({ close: () => stream.close() })
      const broken = await new Promise<unknown>((resolve) => {
        stream.open(at, handler, resolve).catch(resolve)
      })
      expect(broken).toMatchObject({ canRetry: false, fields: { wanted: `${at.file}:${at.position}` } })
      const { code, remedy } = broken as { code: string; remedy: string }
      expect(['AESOP_MYSQL_LOG_UNREADABLE', 'AESOP_MYSQL_EVENT_TOO_LARGE']).toContain(code)
      codes.push(code)
      const [look] = /SHOW BINLOG EVENTS IN '[^']+' FROM \d+ LIMIT 1/.exec(remedy) ?? []
      if (look === undefined) continue
      const begins = server.query<{ Pos: number }>(look).then(
        ([event]) => event?.Pos === at.position,
        () => false,
      )
      expect(await begins).toBe(false)
    }
    expect(codes).toContain('AESOP_MYSQL_LOG_UNREADABLE')
  })

  it('an account that is locked in mid-stream ends the source by the same name as at the start', async () => {
    await server.query(`CREATE USER u@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`)
    await server.query("GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO u@'%'")
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    const made = new ProducerRig({ uri: server.uri(proxy.port, 'u'), name: 'shop', sources: ['shop.item'] })
    open.push({ close: () => made.producer.stop() })
    await made.start()
    await server.query("ALTER USER u@'%' ACCOUNT LOCK")
    proxy.cut()
    await until('the failure', () => made.failures.length > 0)
    expect(made.failures).toMatchObject([{ code: 'AESOP_MYSQL_ACCOUNT_LOCKED' }])
    expect(made.producer.health().status).toBe('down')
  })

  it('a server that takes encrypted connections only says so where it can', async () => {
    await server.query('SET GLOBAL require_secure_transport=ON')
    try {
      const error = await failureOf(connecting(`${server.uri()}${product === 'MySQL' ? '?ssl=off' : ''}`))
      // MariaDB gives the answer of a wrong password.
      const code = product === 'MySQL' ? 'AESOP_MYSQL_TLS_NEEDED' : 'AESOP_MYSQL_ACCESS_DENIED'
      expect(error).toMatchObject({ code, canRetry: false })
      expect(error.remedy).toContain(product === 'MySQL' ? 'Take ssl: off' : 'the server must offer TLS')
    } finally {
      await server.query('SET GLOBAL require_secure_transport=OFF')
    }
  })

  it('a server that is full is tried again', async () => {
    const [before] = await server.query<{ n: number }>('SELECT @@max_connections AS n')
    await server.query(`SET GLOBAL max_connections=${product === 'MySQL' ? 1 : 10}`)
    const taken: Connection[] = []
    try {
      await expect(
        (async () => {
          for (let i = 0; i < 20; i++) taken.push(await server.connect())
        })(),
      ).rejects.toMatchObject({ errno: 1040 })
      expect(await failureOf(connecting(server.uri()))).toMatchObject({
        code: 'AESOP_MYSQL_CONNECTIONS_EXHAUSTED',
        canRetry: true,
      })
    } finally {
      for (const connection of taken) connection.destroy()
      await server.query(`SET GLOBAL max_connections=${before?.n ?? 151}`)
    }
  })
})
