import { databasePlaceOf } from './mysql/database-place.ts'
import type { MysqlBootstrapStore } from './mysql/mysql-bootstrap-store.ts'
import type { SqliteBootstrapStore } from './sqlite/sqlite-bootstrap-store.ts'
import { sqlitePathOf, type StoreFolders } from './sqlite/sqlite-path.ts'

type Properties = Readonly<Record<string, unknown>>

const file = {
  type: 'string',
  minLength: 1,
  description: 'Its file, below the projects root; left out: bootstrap.db in the folder of the state.',
}

const placeOfServer = {
  uri: {
    type: 'string',
    description: 'mysql://user%2Fpassword@host:port/database, or mysql://user@host/database and a password beside it.',
  },
  password: {
    type: 'string',
    secret: true,
    description: 'Of the account, any characters, without escapes; read anew at every connect.',
  },
  ssl: {
    enum: ['verify-identity', 'off'],
    description: 'Left out: verify-identity where sslCa is given. Off loopback, one of both is needed.',
  },
  sslCa: { type: 'string', minLength: 1, description: "PEM file of the authorities of the server's certificate." },
}

/** The bootstrap stores, for descriptors. Data only: a class is imported when its first bean is made. */
export const offeredStores = {
  SqliteBootstrapStore: {
    description: 'A bootstrap store in one file of SQLite.',
    load: async (): Promise<typeof SqliteBootstrapStore> =>
      (await import('./sqlite/sqlite-bootstrap-store.ts')).SqliteBootstrapStore,
    placeOf: (properties: Properties, folders: StoreFolders): string =>
      sqlitePathOf(typeof properties['file'] === 'string' ? properties['file'] : undefined, folders),
    schema: { type: 'object', properties: { file }, additionalProperties: false },
  },
  MysqlBootstrapStore: {
    description: 'A bootstrap store in a database of MySQL or MariaDB.',
    load: async (): Promise<typeof MysqlBootstrapStore> =>
      (await import('./mysql/mysql-bootstrap-store.ts')).MysqlBootstrapStore,
    placeOf: ({ uri }: Properties): string | undefined => databasePlaceOf(uri),
    schema: { type: 'object', properties: placeOfServer, required: ['uri'], additionalProperties: false },
  },
}
