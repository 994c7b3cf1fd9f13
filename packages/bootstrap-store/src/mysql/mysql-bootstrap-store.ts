import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type BeanContext, messageOf, type SecretText } from '@aesop/kernel'
import { StoreSettingInvalidError } from '../errors.ts'
import { MysqlStore, type MysqlStoreOptions } from './mysql-store.ts'

export interface MysqlBootstrapStoreOptions {
  /** `mysql://user%2Fpassword@host:port/database`, or `mysql://user:password@host:port/database`; `mariadb://` is the same. */
  readonly uri: string
  /** In the place of that in the uri: any characters, without escapes. */
  readonly password?: string | SecretText
  /** Whether the server proves itself; left out: with `sslCa` it does, and off loopback it has to be said. */
  readonly ssl?: 'verify-identity' | 'off'
  /** PEM file of the authorities that the server's certificate is proven by. Relative paths count from the projects root. */
  readonly sslCa?: string
}

const FORM = 'mysql://user%2Fpassword@host:port/database (or mariadb://)'
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

/** The bean of a store in a database of MySQL or MariaDB. */
export class MysqlBootstrapStore extends MysqlStore {
  /** @throws StoreSettingInvalidError */
  constructor(options: MysqlBootstrapStoreOptions, { projectsRoot }: BeanContext) {
    const account = accountOf(options)
    super({ ...account, ...proofOf(options, account.host, projectsRoot) })
  }

  destroy(): Promise<void> {
    return this.close()
  }
}

function accountOf({ uri, password: beside }: MysqlBootstrapStoreOptions): MysqlStoreOptions {
  const url = urlOf(uri)
  const { user, password } = credentialsOf(url)
  const database = decoded(url.pathname.slice(1))
  if (user === '') throw refusedUri('it has no user')
  if (database === '' || database.includes('/')) throw refusedUri('its path is no name of a database')
  if (beside !== undefined && password !== undefined)
    throw refusedUri('it has a password, and so has the store beside it')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? {} : { port: Number(url.port) }
  return { host, ...port, user, password: beside ?? password ?? '', database }
}

function urlOf(uri: string): URL {
  if (!/^(mysql|mariadb):\/\//.test(uri)) throw refusedUri('it does not begin with mysql:// or mariadb://')
  try {
    const url = new URL(uri)
    if (url.hostname !== '' && url.search === '' && url.hash === '') return url
  } catch {
    throw refusedUri('host or port can not be read; the property password takes any characters as they are')
  }
  throw refusedUri('it has no host, or parameters')
}

function credentialsOf(url: URL): { readonly user: string; readonly password: string | undefined } {
  const [user, password] = [decoded(url.username), decoded(url.password)]
  const slash = user.indexOf('/')
  if (slash >= 0 && password === '') return { user: user.slice(0, slash), password: user.slice(slash + 1) }
  return { user, password: password === '' ? undefined : password }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw refusedUri('it has a broken %-escape; write % as %25')
  }
}

function proofOf(
  { ssl, sslCa }: MysqlBootstrapStoreOptions,
  host: string,
  projectsRoot: string,
): Pick<MysqlStoreOptions, 'authority'> {
  const mode = ssl ?? (sslCa === undefined ? undefined : 'verify-identity')
  if (mode === undefined && !LOOPBACK.test(host))
    throw new StoreSettingInvalidError('sslCa', 'none', `a PEM file, or ssl: off: ${host} is not this machine`)
  if (mode === 'off' && sslCa !== undefined) throw new StoreSettingInvalidError('sslCa', sslCa, 'none with ssl: off')
  if (mode !== 'verify-identity') return {}
  if (sslCa === undefined) throw new StoreSettingInvalidError('sslCa', 'none', 'a PEM file, with ssl: verify-identity')
  try {
    return { authority: readFileSync(resolve(projectsRoot, sslCa), 'utf8') }
  } catch (error) {
    throw new StoreSettingInvalidError('sslCa', sslCa, `a PEM file that can be read: ${messageOf(error)}`)
  }
}

/** The URI itself is not shown: there may be a password in it. */
function refusedUri(fault: string): StoreSettingInvalidError {
  return new StoreSettingInvalidError('uri', '***', `${FORM}: ${fault}`)
}
