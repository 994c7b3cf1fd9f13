import { type PhysicalSourceConfig, SourceSettingTwiceError } from '@aesop/producer'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'
import { type MysqlUri, mysqlUriOf, mysqlUriParts } from './mysql-uri.ts'

/**
 * The server of a source, from its URI and the properties beside it, or from properties alone.
 *
 * @throws MysqlUriInvalidError, SourceSettingTwiceError
 */
export function serverOfSource({
  name,
  uri,
  settings,
}: Pick<PhysicalSourceConfig, 'name' | 'uri' | 'settings'>): MysqlUri {
  const { server } = mysqlSettingsOf({ settings })
  const parts = mysqlUriParts(uri)
  if (server === undefined) return mysqlUriOf(parts, uri)
  const { host, ...given } = server
  // The URI was made of the properties then.
  if (host !== undefined) return mysqlUriOf({ ...given, host }, uri)
  const { ssl, ...account } = given
  const twice = [...inBoth(parts, account), ...inBoth(parts.ssl, ssl)][0]
  if (twice !== undefined) throw new SourceSettingTwiceError(name, twice)
  return mysqlUriOf({ ...parts, ...account, ssl: { ...parts.ssl, ...ssl } }, uri)
}

function inBoth(first: object, second: object): string[] {
  return Object.keys(second).filter((property) => property in first)
}
