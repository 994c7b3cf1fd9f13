import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MariadbServer } from './mariadb-server.ts'
import { MysqlServer } from './mysql-server.ts'
import { type PrivateServer } from './private-server.ts'
import { SERVER_PASSWORD } from './markers.ts'

/** What happens to the history of a server, in the words of each product. */
export interface ServerKind {
  readonly name: string
  start(options?: { serverId?: number; lines?: readonly string[] }): Promise<PrivateServer>
  /** Forgets all logs and identifiers. */
  reset(server: PrivateServer): Promise<void>
  /** A server whose log says nothing of a table's columns. */
  startPlain(): Promise<PrivateServer>
  /** What a table is given that such a server has: columns, a row, and how it is read. */
  readonly plain: { readonly columns: string; readonly values: string; readonly row: Readonly<Record<string, unknown>> }
  /** Begins to follow another server by GTID. */
  replicate(replica: PrivateServer, primary: PrivateServer, user: string): Promise<void>
  endReplication(replica: PrivateServer): Promise<void>
  /** Follows another server until it has everything. */
  follow(replica: PrivateServer, primary: PrivateServer): Promise<void>
  readonly replicaLines: readonly string[]
  /** The variable that holds all transactions of the log. */
  readonly gtids: string
}

export const MARIADB: ServerKind = {
  name: 'MariaDB',
  start: (options = {}) => MariadbServer.start({ durable: true, ...options }),
  reset: async (server) => {
    await server.query('RESET MASTER')
  },
  startPlain: () => MariadbServer.start({ rowMetadata: 'NO_LOG' }),
  plain: { columns: 'name VARCHAR(9)', values: "'a'", row: { name: 'a' } },
  replicate: async (replica, primary, user) => {
    // The replica's own first statements would stand in the way of the primary's.
    await replica.query("DROP USER aesop@'%'; RESET MASTER; SET GLOBAL gtid_slave_pos=''")
    await replica.query(
      `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${primary.port}, MASTER_USER='${user}',
       MASTER_PASSWORD='${SERVER_PASSWORD}', MASTER_USE_GTID=slave_pos; START SLAVE`,
    )
  },
  endReplication: async (replica) => {
    await replica.query('STOP SLAVE')
  },
  follow: async (replica, primary) => {
    await MARIADB.replicate(replica, primary, 'follower')
    const [at] = await primary.query<{ pos: string }>('SELECT @@gtid_binlog_pos AS pos')
    await replica.query('SELECT MASTER_GTID_WAIT(?, 30)', [at?.pos])
    await MARIADB.endReplication(replica)
  },
  replicaLines: ['log-slave-updates'],
  gtids: 'gtid_binlog_pos',
}

export const MYSQL: ServerKind = {
  name: 'MySQL 9',
  start: (options = {}) => MysqlServer.start({ durable: true, ...options }),
  reset: async (server) => {
    await server.query('RESET BINARY LOGS AND GTIDS')
  },
  startPlain: () => MysqlServer.start({ rowMetadata: 'MINIMAL' }),
  plain: {
    columns: "kind ENUM('a','é'), name VARCHAR(9) COLLATE utf8mb4_ja_0900_as_cs, v VECTOR(2)",
    values: "'é', '日', STRING_TO_VECTOR('[1,2]')",
    row: { kind: 'é', name: '日' },
  },
  replicate: async (replica, primary, user) => {
    await replica.query("DROP USER aesop@'%'; RESET BINARY LOGS AND GTIDS")
    await replica.query(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=${primary.port}, SOURCE_USER='${user}',
       SOURCE_PASSWORD='${SERVER_PASSWORD}', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1; START REPLICA`,
    )
  },
  endReplication: async (replica) => {
    await replica.query('STOP REPLICA')
  },
  follow: async (replica, primary) => {
    await MYSQL.replicate(replica, primary, 'follower')
    const [at] = await primary.query<{ pos: string }>('SELECT @@gtid_executed AS pos')
    await replica.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 30)', [at?.pos.replace(/\s/g, '')])
    await MYSQL.endReplication(replica)
  },
  replicaLines: [],
  gtids: 'gtid_executed',
}

/** A copy of a stopped server's data, which can be put back later. */
export function copyData(server: PrivateServer): { putBack(): void; remove(): void } {
  const copy = join(server.folder, 'copy')
  rmSync(copy, { recursive: true, force: true })
  cpSync(server.dataFolder, copy, { recursive: true, preserveTimestamps: true })
  return {
    putBack: () => {
      rmSync(server.dataFolder, { recursive: true, force: true })
      cpSync(copy, server.dataFolder, { recursive: true, preserveTimestamps: true })
      server.ownData()
    },
    remove: () => {
      rmSync(copy, { recursive: true, force: true })
    },
  }
}
