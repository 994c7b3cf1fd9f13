import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { type BeanContext } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { type BinlogOrigin } from './binlog-origin.ts'
import { FileOrigin } from './file-origin.ts'
import { MysqlUriInvalidError } from '../error/live-errors.ts'
import { maskMysqlUri } from '../server/mysql-uri.ts'
import { ServerOrigin } from './server-origin.ts'
import { serverOfSource } from '../server/source-server.ts'
import { tlsBelow } from '../server/tls-settings.ts'

const FILE_SCHEME = 'binlog:'

export interface OriginOptions {
  /** How often an idle server tells that it is there. */
  readonly heartbeatMs?: number | undefined
  /** Something of the source is stored: a table that is not there was dropped since. Default false. */
  readonly wasRead?: boolean
  /** In the place of the one of the URI. */
  readonly serverId?: number
}

/** The origin that a physical source names. @throws MysqlUriInvalidError, SourceSettingTwiceError */
export function originOf(
  source: PhysicalSourceConfig,
  context: BeanContext,
  options: OriginOptions = {},
): BinlogOrigin {
  const { heartbeatMs, serverId, wasRead = false } = options
  if (source.uri.startsWith(FILE_SCHEME)) return fileOrigin(source, context)
  const server = serverOfSource(source)
  const uri = { ...server, tls: tlsBelow(context.projectsRoot, server.tls) }
  return new ServerOrigin({
    uri,
    physicalSource: source,
    serverId: serverId ?? uri.serverId ?? derivedServerId(`${hostname()}\n${context.stateDirectory}\n${source.name}`),
    tablesMayBeGone: wasRead,
    log: context.log,
    ...(heartbeatMs === undefined ? {} : { timing: { heartbeatMs } }),
  })
}

/**
 * The same for each start of one installation, so that the server drops the connection that a killed process left, and
 * different for two installations; far above the numbers that people give by hand.
 */
function derivedServerId(installation: string): number {
  return 0x40000000 + (crc32(installation) % 0x40000000)
}

/** Of one of several readings beside the live one; `attempt` counts those that were in use. */
export function lateServerId(
  source: PhysicalSourceConfig,
  context: BeanContext,
  slot: number,
  attempt: number,
): number {
  return derivedServerId(`${hostname()}\n${context.stateDirectory}\n${source.name}\nlate ${slot}, ${attempt}`)
}

function fileOrigin(source: PhysicalSourceConfig, context: BeanContext): FileOrigin {
  const { uri } = source
  const path = uri.slice(FILE_SCHEME.length).replace(/^\/\/(?=\/)/, '')
  if (path === '') throw new MysqlUriInvalidError(maskMysqlUri(uri), 'it names no index file')
  return new FileOrigin(uri, resolve(context.projectsRoot, path), source)
}
