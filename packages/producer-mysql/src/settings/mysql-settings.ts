import {
  type GivenSettings,
  integerWithin,
  nameFromUri,
  PhysicalSourceConfig,
  type PhysicalSourceOptions,
  SourceConfigInvalidError,
  SourceSettingTwiceError,
} from '@aesop/producer'
import { LATE_DEFAULTS, type LateSettings, lateSettings } from './late-settings.ts'
import { sourceProperties } from './source-properties.ts'
import { type ServerOptions, type ServerProperties, serverProperties, uriOfServer } from './server-properties.ts'

/** What only sources of MySQL and MariaDB have. */
export interface MysqlSettings {
  /** What was given beside the URI, or in its place; undefined: nothing. */
  readonly server: ServerProperties | undefined
  /** Zero timestamps: `null` makes TIMESTAMP a nullable long, `text` a string. */
  readonly zeroTimestamp: 'null' | 'text'
  readonly lateReaders: LateSettings
  /** Memory of one reading for XA transactions that wait for their verdict; what is above lies on disk. */
  readonly xaMemoryBytes: number
  /** Connections at a time for snapshots of tables; 0: none are read. */
  readonly snapshotConnections: number
}

const XA_MEMORY_BYTES_DEFAULT = 32 * 1024 * 1024
const XA_MEMORY_BYTES_MIN = 65_536
const SNAPSHOT_CONNECTIONS_MAX = 64

const DEFAULTS: MysqlSettings = {
  server: undefined,
  zeroTimestamp: 'null',
  lateReaders: LATE_DEFAULTS,
  xaMemoryBytes: XA_MEMORY_BYTES_DEFAULT,
  snapshotConnections: 2,
}

/** The settings of a source of this package; one that was given none has the defaults. */
export function mysqlSettingsOf({ settings }: Pick<PhysicalSourceConfig, 'settings'>): MysqlSettings {
  return settings === undefined ? DEFAULTS : (settings as MysqlSettings)
}

/** @throws SourceConfigInvalidError, SourceSettingTwiceError */
export function readMysqlSettings({ name, uri: given, properties }: GivenSettings): {
  readonly uri: string
  readonly settings: MysqlSettings
} {
  const {
    zeroTimestamp = DEFAULTS.zeroTimestamp,
    lateReaders,
    xaMemoryBytes,
    snapshotConnections,
    ...options
  } = properties
  const server = serverProperties('physical source', options)
  const uri = given ?? uriOfHost(server)
  const shown = name ?? nameFromUri(uri)
  if (given !== undefined && server !== undefined) refuseServer(given, server, shown)
  if (zeroTimestamp !== 'null' && zeroTimestamp !== 'text') {
    throw new SourceConfigInvalidError(`physical source ${shown}`, 'zeroTimestamp', zeroTimestamp, 'null or text')
  }
  const late = lateSettings(`physical source ${shown}`, lateReaders)
  if (late.serverIds !== undefined && !isOfServer(uri)) {
    const expected = `nothing: a source of ${schemeOf(uri)}: has no server`
    throw new SourceConfigInvalidError(`physical source ${shown}`, 'lateReaders.serverIds', '***', expected)
  }
  const where = `physical source ${shown}`
  if (snapshotConnections !== undefined && !isOfServer(uri)) {
    const expected = `nothing: a source of ${schemeOf(uri)}: has no server`
    throw new SourceConfigInvalidError(where, 'snapshotConnections', snapshotConnections, expected)
  }
  const connections = snapshotConnectionsOf(where, snapshotConnections)
  const xaBytes = xaMemoryBytesOf(`physical source ${shown}`, xaMemoryBytes)
  return {
    uri,
    settings: { server, zeroTimestamp, lateReaders: late, xaMemoryBytes: xaBytes, snapshotConnections: connections },
  }
}

function xaMemoryBytesOf(where: string, given: unknown = DEFAULTS.xaMemoryBytes): number {
  return integerWithin(where, 'xaMemoryBytes', given, XA_MEMORY_BYTES_MIN, Number.MAX_SAFE_INTEGER)
}

function snapshotConnectionsOf(where: string, given: unknown = DEFAULTS.snapshotConnections): number {
  return integerWithin(where, 'snapshotConnections', given, 0, SNAPSHOT_CONNECTIONS_MAX)
}

function uriOfHost(server: ServerProperties | undefined): string {
  if (server?.host !== undefined) return uriOfServer(server.host, server.port)
  const expected = 'a URI that begins with mysql:, mariadb: or binlog:, or a host in its place'
  throw new SourceConfigInvalidError('physical source', 'uri', undefined, expected)
}

function refuseServer(uri: string, server: ServerProperties, name: string): void {
  if (!isOfServer(uri)) {
    const { ssl, ...rest } = server
    const [property = 'host'] = Object.keys({ ...rest, ...ssl })
    const expected = `nothing: a source of ${schemeOf(uri)}: has no server`
    throw new SourceConfigInvalidError('physical source', property, '***', expected)
  }
  if (server.host !== undefined) throw new SourceSettingTwiceError(name, 'host')
}

function schemeOf(uri: string): string {
  return uri.slice(0, uri.indexOf(':'))
}

function isOfServer(uri: string): boolean {
  return /^(mysql|mariadb)$/i.test(schemeOf(uri))
}

/** What a descriptor says of a source of this package; all but `sources`, and `uri` or `host`, has a default. */
export interface MysqlSourceOptions extends Omit<PhysicalSourceOptions, 'settings' | 'uri'>, ServerOptions {
  readonly uri?: string | undefined
  readonly zeroTimestamp?: string
  readonly lateReaders?: Partial<LateSettings>
  readonly xaMemoryBytes?: number
  readonly snapshotConnections?: number
}

/** A source from code, with the properties that a descriptor's may have. @throws AesopError that names what is wrong */
export function mysqlSource(options: MysqlSourceOptions): PhysicalSourceConfig {
  const isOwn = ([property]: [string, unknown]): boolean => Object.hasOwn(sourceProperties, property)
  const entries = Object.entries(options)
  const properties = Object.fromEntries(entries.filter(isOwn))
  const common = Object.fromEntries(entries.filter((entry) => !isOwn(entry)))
  const { uri, settings } = readMysqlSettings({ name: options.name, uri: options.uri, properties })
  return new PhysicalSourceConfig({ ...(common as Pick<MysqlSourceOptions, 'sources'>), uri, settings })
}
