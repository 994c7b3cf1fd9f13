import { type Logger } from '@aesop/kernel'
import { type ProducerContext } from '@aesop/producer'
import { type BinLogEventMapper } from '../row/binlog-event-mapper.ts'
import { type KeptPlace } from '../session/kept-place.ts'
import { type LogReader } from '../session/log-reader.ts'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'
import { type MysqlUri, serverNameOf } from '../server/mysql-uri.ts'
import { type ShapeHistory } from '../shape/shape-history.ts'
import { type SourceTables } from '../table/source-tables.ts'
import { ChunkTables } from './chunk-tables.ts'
import { KeylessReadings } from './keyless-readings.ts'
import { LiveLog, type LiveState } from './live-log.ts'
import { MysqlSnapshotReader } from './mysql-snapshot-reader.ts'
import { SessionPool } from './session-pool.ts'

export interface SnapshotsOfSource {
  readonly context: ProducerContext
  readonly server: { readonly uri: MysqlUri; readonly serverId: number; readonly sourceTables: SourceTables }
  readonly place: KeptPlace
  readonly shapes: ShapeHistory
  readonly mappers: ReadonlyMap<number, BinLogEventMapper>
  readonly log: Logger
  /** Undefined: nothing is read yet. */
  readonly reader: () => LogReader | undefined
}

/** How long a chunk waits for the stream of its source: who asks over HTTP waits two minutes. */
const LIVE_WAIT = { stillMs: 30_000, atMostMs: 90_000 }

/** What reads the tables of one source; undefined: its settings want none. */
export function snapshotsOfSource(options: SnapshotsOfSource): MysqlSnapshotReader | undefined {
  const { context, server, place, shapes, mappers, log, reader } = options
  const { physicalSource, schemas } = context
  const { snapshotConnections } = mysqlSettingsOf(physicalSource)
  if (snapshotConnections === 0) return undefined
  const live = new LiveLog(() => liveState(reader()), LIVE_WAIT)
  const { uri, serverId, sourceTables } = server
  const quarantines = (): KeptPlace['quarantines']['list'] => place.quarantines.list
  const tables = new ChunkTables({ physicalSource, schemas, mappers, sourceTables, shapes, live, quarantines })
  return new MysqlSnapshotReader({
    physicalSource,
    tables,
    live,
    pool: new SessionPool(uri, snapshotConnections),
    keyless: new KeylessReadings(),
    place: { server: serverNameOf(uri), user: uri.user, serverId },
    log,
  })
}

function liveState(reader: LogReader | undefined): LiveState | undefined {
  const reached = reader?.reached
  if (reached === undefined) return undefined
  const { scn, file, position, generation, serverIdentity, gtid } = reached
  return { scn, file, position, generation, serverIdentity, gtids: gtid }
}
