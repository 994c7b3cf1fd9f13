import { type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { type LogAhead } from '../shape/log-ahead.ts'
import { type GateFacts } from '../place/resume-gate.ts'
import { type ResumePoint } from '../place/resume-point.ts'
import { type MysqlUri } from '../server/mysql-uri.ts'
import { type SourceTables } from '../table/source-tables.ts'
import { type StartPlace } from '../place/start-from.ts'
import { type TableCatalogue } from '../table/table-description.ts'

/** A resume point whose file is known, with what is needed to go on from there. */
export interface SettledPoint extends ResumePoint {
  readonly file: string
  /** Form of the GTIDs; undefined: the source has none to resume by. */
  readonly flavour: 'mysql' | 'mariadb' | undefined
  /** Resume by GTID, because the coordinates are another server's. */
  readonly byGtid: boolean
  /** Names of the logs that lie beyond 4 GiB − 1 MiB, where a server that finds the place itself may begin. */
  readonly largeLogs: ReadonlySet<string>
  /** Whether the log describes its tables itself, so that an old range is read as it was written. */
  readonly describesTables: boolean
}

export const NO_LARGE_LOGS: ReadonlySet<string> = new Set()

/** Where binary logs come from: a server, or files. It lives as long as its producer; each attempt asks it anew. */
export interface BinlogOrigin {
  /** For people, without password. */
  readonly name: string
  readonly defaultStart: StartPlace
  readonly gateFacts: GateFacts
  /** How long its logs are kept, as far as it has been asked; undefined: not known, or until somebody purges them. */
  readonly logKeptSeconds?: number | undefined
  /** The oldest log that is there, as the last `settle` found it; undefined: not known. */
  readonly oldestLog?: string | undefined
  /** The server and the account there; left out: there is none. */
  readonly account?: { readonly uri: MysqlUri; readonly serverId: number }
  /** Which tables the sources capture; left out: those that their uris mean, names compared exactly. */
  readonly sourceTables?: SourceTables
  /** Tables that the log does not describe; undefined: the log must describe them all. */
  readonly catalogue: TableCatalogue | undefined
  /** End of the log just before the last `settle` read the tables of the catalogue; undefined: it has read none. */
  readonly describedAfter?: BinlogPosition | undefined
  /** Looks for changes of captured tables further on in the log; undefined: nobody is asked for tables. */
  readonly ahead?: LogAhead
  /** What, as far as the last `settle` showed, keeps changes of captured tables from being read; for people. */
  readonly concern?: string | undefined
  /** What somebody has given up by a setting, for people; it is no fault. Left out: nothing. */
  readonly remark?: string | undefined
  /** The global value of a setting of the server; undefined: it has none of that name. Left out: there is no server. */
  setting?(name: string): Promise<string | undefined>
  /** The SCN space that the log itself tells of, the same for whoever reads it. Left out: it tells none. @throws AesopError */
  scnSpace?(): Promise<string>
  /** The place of `startFrom`, as the log is now. @throws AesopError */
  locate(start: StartPlace): Promise<ResumePoint>
  /** Checks everything that must hold, and that the log goes on from `point`. @throws AesopError */
  settle(point: ResumePoint): Promise<SettledPoint>
  /** A new stream that will begin at `point`. */
  stream(point: SettledPoint): BinlogStream
  /** Ends the connections that the origin holds; a later call opens new ones. Never throws. */
  release(): Promise<void>
}
