import { type Connection } from 'mysql2/promise'
import { type Logger } from '@aesop/kernel'
import { type LogicalSourceConfig, type PhysicalSourceConfig, quotedTable } from '@aesop/producer'
import { type BinlogDecoder } from '../decoder/binlog-decoder.ts'
import { guestServerId } from '../server/guest-server-id.ts'
import { TableAnswerOfAnotherError } from '../error/shape-errors.ts'
import { LogAhead } from '../shape/log-ahead.ts'
import { examineLog } from './log-examination.ts'
import { type GateFacts } from '../place/resume-gate.ts'
import { transactionCounter } from '../decoder/transaction-counter.ts'
import { type BinlogOrigin, type SettledPoint } from './binlog-origin.ts'
import { checkGrants, checkHistory, checkPosition, checkServerId, checkServerSettings } from './binlog-preflight.ts'
import {
  fileNameOf,
  fileNumberOf,
  formatBinlogScn,
  parseBinlogScn,
  POSITION_BOUND,
  scnPosition,
} from '../log/binlog-scn.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { InformationSchemaCatalogue } from '../server/information-schema-catalogue.ts'
import { LiveBinlogStream, type LiveBinlogStreamOptions } from '../stream/live-binlog-stream.ts'
import { MysqlBinlogOffError, MysqlLogResetError, MysqlTableUnknownError } from '../error/live-errors.ts'
import { readLogFilter, unloggedChanges } from '../server/log-filter.ts'
import { logBegunSeconds, logFileWrittenAt } from '../server/log-file-time.ts'
import { LogWatch } from '../server/log-watch.ts'
import { type MysqlUri, serverNameOf } from '../server/mysql-uri.ts'
import { type ResumePoint, resumeAtScn } from '../place/resume-point.ts'
import {
  gtidsAt,
  type LogNow,
  readGrants,
  readIdentity,
  readLogNow,
  readReplicaIds,
  readServerFacts,
  readVariables,
  type ServerFacts,
} from '../server/server-facts.ts'
import { ServerQuestions } from '../server/server-questions.ts'
import { SourceTables } from '../table/source-tables.ts'
import { type StartPlace } from '../place/start-from.ts'
import { type TableName } from '../table/table-description.ts'
import { tlsRemark } from '../server/tls-remark.ts'
import { ToldOnce } from '../server/told-once.ts'
import { type MysqlChangesUnloggedError } from '../error/unlogged-errors.ts'

export interface ServerOriginOptions {
  readonly uri: MysqlUri
  readonly physicalSource: PhysicalSourceConfig
  readonly serverId: number
  readonly log: Logger
  /** The source was read before: a table that is not there was dropped since; a name is no mistake. Default false. */
  readonly tablesMayBeGone?: boolean
  /** Time limits of the dump connection. */
  readonly timing?: Pick<LiveBinlogStreamOptions, 'heartbeatMs' | 'readDeadlineMs' | 'connectTimeoutMs'>
}

const LOG_START = 4
/** The dump command has 32 bits for it. */
const DUMP_POSITION_MAX = 0xffffffff
/** As much of a log is read at a start from `latest`, to know the event that ends there: less than a second. */
const EXAMINED_BYTES_MAX = 64 * 1024 * 1024

/** The log of a running server. */
export class ServerOrigin implements BinlogOrigin {
  readonly name: string
  readonly defaultStart = { kind: 'latest' } as const
  readonly catalogue: InformationSchemaCatalogue
  readonly sourceTables: SourceTables
  readonly ahead: LogAhead
  logKeptSeconds: number | undefined
  oldestLog: string | undefined
  describedAfter: BinlogPosition | undefined
  /** Identity of the server whose log is read; undefined until a place was settled. */
  private readFrom: string | undefined
  private readonly options: ServerOriginOptions
  readonly gateFacts: GateFacts
  private readonly server: string
  private readonly questions: ServerQuestions
  /** Questions while the log is quiet: one that the server does not answer ends no other. */
  private readonly quietQuestions: ServerQuestions
  private readonly watch: LogWatch
  private readonly findings: ToldOnce
  private knewAllTables: boolean
  /** The sources whose tables were not there when they were looked for. */
  private missing: readonly LogicalSourceConfig[] = []
  private unlogged: MysqlChangesUnloggedError | undefined

  constructor(options: ServerOriginOptions) {
    this.options = options
    this.name = options.uri.masked
    this.server = serverNameOf(options.uri)
    const { uri, serverId, timing } = options
    this.sourceTables = new SourceTables(options.physicalSource.sources)
    this.findings = new ToldOnce(options.log)
    this.knewAllTables = options.tablesMayBeGone ?? false
    this.questions = new ServerQuestions({ uri, serverId, ...timing })
    this.quietQuestions = new ServerQuestions({ uri, serverId, ...timing, lingerMs: 0 })
    const begunSeconds = (file: string): Promise<number> =>
      logBegunSeconds(file, (at) => this.streamAt(at, guestServerId()))
    const now = (): Promise<LogNow> => this.quietQuestions.ask('the end of its log', readLogNow)
    this.watch = new LogWatch({ now, log: this.findings, begunSeconds })
    const newCounter = (): BinlogDecoder => transactionCounter(options.physicalSource)
    this.gateFacts = { server: this.server, seekMax: DUMP_POSITION_MAX, newCounter }
    const open = (at: BinlogPosition): LiveBinlogStream => this.streamAt(at, guestServerId())
    this.ahead = new LogAhead(open, this.sourceTables.all, DUMP_POSITION_MAX)
    this.catalogue = new InformationSchemaCatalogue((question) => this.askOfTables(question), this.sourceTables)
  }

  get account(): { readonly uri: MysqlUri; readonly serverId: number } {
    return this.options
  }

  get remark(): string | undefined {
    return tlsRemark(this.server, this.options.uri.tls)
  }

  get concern(): string | undefined {
    const gone = this.tablesUnknown()
    const concerns = [...(this.unlogged === undefined ? [] : [this.unlogged]), ...(gone === undefined ? [] : [gone])]
    return concerns.length === 0 ? undefined : concerns.map(({ message }) => message).join('; ')
  }

  async locate(start: StartPlace): Promise<ResumePoint> {
    const point = await this.locatePlace(start)
    return start.kind === 'latest' ? this.examined(point) : point
  }

  /** Adds what proves later that the log is still the same one, where that is cheap; else the next event brings it. */
  private async examined(point: ResumePoint): Promise<ResumePoint> {
    const { file, position } = point
    if (file === undefined || position === undefined) return point
    if (position > EXAMINED_BYTES_MAX && position < POSITION_BOUND) return point
    const { log, event, ended } = await examineLog(this, { file, position })
    return { ...point, scn: formatBinlogScn(0, fileNumberOf(file), scnPosition(position, ended)), ended, log, event }
  }

  private locatePlace(start: StartPlace): Promise<ResumePoint> {
    return this.ask('its log', async (connection) => {
      const facts = await this.preflight(connection)
      await this.readTables()
      const end = facts.end
      const first = facts.logs[0]?.name
      if (end === undefined || first === undefined) throw new MysqlBinlogOffError(this.server)
      switch (start.kind) {
        case 'earliest':
          return this.pointAt(facts, { file: first, position: LOG_START }, purgedIn(facts))
        case 'latest':
          return this.pointAt(facts, end, facts.gtids)
        case 'scn':
          return { ...resumeAtScn(start.scn), serverIdentity: facts.identity }
        case 'gtid':
          return { ...this.pointAt(facts, { file: first, position: LOG_START }, start.gtid), file: undefined }
        case 'timestamp': {
          const file = await logFileWrittenAt(facts.logs, start.ms, (at) => this.streamAt(at))
          return this.pointAt(facts, { file, position: LOG_START }, undefined)
        }
      }
    })
  }

  async settle(point: ResumePoint): Promise<SettledPoint> {
    const settled = await this.settlePlace(point)
    await this.readTables()
    return settled
  }

  private settlePlace(point: ResumePoint): Promise<SettledPoint> {
    return this.ask(`${point.file ?? 'SCN'}:${point.position ?? ''}`, async (connection) => {
      const facts = await this.preflight(connection)
      const now = await readLogNow(connection)
      const { identity: serverIdentity, flavour } = facts
      this.watch.settled({ ...now, lastLog: now.end?.file ?? '' })
      const describesTables = facts.rowMetadata === 'FULL'
      this.readFrom = serverIdentity
      const largeLogs = new Set(facts.logs.filter(({ bytes }) => bytes >= POSITION_BOUND).map(({ name }) => name))
      const isOther = point.serverIdentity !== undefined && point.serverIdentity !== serverIdentity
      if (isOther || (point.file === undefined && point.gtid !== undefined)) {
        const generation = isOther ? point.generation + 1 : point.generation
        return {
          ...point,
          ...this.placeByGtid(point, facts),
          generation,
          serverIdentity,
          flavour,
          describesTables,
          largeLogs,
          byGtid: true,
        }
      }
      const file = point.file ?? this.fileOf(point.scn, facts)
      const position = point.position ?? LOG_START
      checkPosition(facts, { file, position }, point.serverIdentity !== undefined, this.place())
      // The event itself proves more than any list of identifiers, of which a server may forget some on purpose.
      if (point.event === undefined) checkHistory(facts, point.gtid, this.place())
      const gtid = point.gtid ?? (await gtidsAt(connection, facts, { file, position }))
      return { ...point, file, gtid, serverIdentity, flavour, describesTables, largeLogs, byGtid: false }
    })
  }

  stream(point: SettledPoint): LiveBinlogStream {
    const { byGtid, gtid, file, position } = point
    const at = byGtid && gtid !== undefined ? gtid : { file, position: position ?? LOG_START }
    return this.streamAt(at, this.options.serverId, this.watch)
  }

  release(): Promise<void> {
    this.ahead.close()
    this.questions.release()
    this.quietQuestions.release()
    return Promise.resolve()
  }

  private streamAt(at: BinlogPosition | string, serverId = this.options.serverId, watch?: LogWatch): LiveBinlogStream {
    const { uri, timing } = this.options
    const gtidSet = typeof at === 'string' ? { gtidSet: at } : {}
    return new LiveBinlogStream({ ...uri, serverId, ...timing, ...gtidSet, ...(watch === undefined ? {} : { watch }) })
  }

  /** The coordinates are unknown or another server's: the GTID tells the place, and the server finds the file. */
  private placeByGtid(point: ResumePoint, facts: ServerFacts): BinlogPosition {
    if (point.gtid === undefined || point.gtid === '') {
      const read = `${point.file ?? ''}:${point.position ?? ''} of server ${point.serverIdentity ?? ''}, without a GTID,`
      throw new MysqlLogResetError(this.server, read, `server ${facts.identity}, at GTID "${facts.gtids}"`)
    }
    // A MySQL server compares the set with its own and sends what is missing, also while it is still behind.
    if (facts.flavour === 'mariadb') checkHistory(facts, point.gtid, this.place())
    return { file: facts.logs[0]?.name ?? '', position: LOG_START }
  }

  private async preflight(connection: Connection): Promise<ServerFacts> {
    const place = this.place()
    checkGrants(await readGrants(connection), place)
    const facts = await readServerFacts(connection)
    this.logKeptSeconds = facts.logKeptSeconds
    this.oldestLog = facts.logs[0]?.name
    this.describedAfter = facts.end
    this.sourceTables.compare(facts.caselessNames ? 'withoutCase' : 'exactly')
    const names = this.sourceTables.all.map(({ database, table }) => `${database}.${table}`)
    checkServerSettings(facts, place, this.findings, names)
    checkServerId(facts, await readReplicaIds(connection), place)
    this.noteUnlogged(unloggedChanges(await readLogFilter(connection, facts), this.server, this.sourceTables.settled))
    return facts
  }

  /** A name that was never there is a mistake; a table that was dropped meanwhile holds up no other one. */
  private async readTables(): Promise<void> {
    await this.catalogue.refreshAll(this.sourceTables.all)
    this.sourceTables.settle((name) => this.isThere(name))
    this.missing = this.options.physicalSource.sources
    const unknown = this.tablesUnknown()
    if (unknown === undefined) this.knewAllTables = true
    else if (!this.knewAllTables) throw unknown
    else {
      const { code, remedy } = unknown
      this.findings.warn(`${unknown.message}; the other tables go on`, { code, remedy })
    }
  }

  /** A table that was made since has been described when its first row came. */
  private tablesUnknown(): MysqlTableUnknownError | undefined {
    this.missing = this.missing.filter((source) => {
      return !this.sourceTables.tablesOf(source).some((name) => this.isThere(name))
    })
    if (this.missing.length === 0) return undefined
    const names = this.missing.map(({ uri }) => uri)
    const [first] = this.missing.flatMap((source) => this.sourceTables.tablesOf(source))
    return new MysqlTableUnknownError(this.server, this.options.uri.user, names, first && quotedTable(first))
  }

  /** Its answers come with places of the log: those of another server would be taken for places of this one. */
  private askOfTables<Answer>(question: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    return this.ask('its tables', async (connection) => {
      const [answers, read] = [await readIdentity(connection), this.readFrom]
      if (read !== undefined && answers !== read) {
        throw new TableAnswerOfAnotherError(`the server ${answers}`, `the server ${read}`)
      }
      return question(connection)
    })
  }

  private isThere({ database, table }: TableName): boolean {
    return this.catalogue.describe(database, table) !== undefined
  }

  /** Said once for each new finding. */
  private noteUnlogged(found: MysqlChangesUnloggedError | undefined): void {
    if (found !== undefined && found.message !== this.unlogged?.message) {
      this.options.log.warn(found.message, { code: found.code, remedy: found.remedy })
    }
    this.unlogged = found
  }

  async setting(name: string): Promise<string | undefined> {
    return (await this.ask('its settings', (connection) => readVariables(connection, [name]))).get(name)
  }

  private pointAt(facts: ServerFacts, at: BinlogPosition, gtid: string | undefined): ResumePoint {
    const scn = formatBinlogScn(0, fileNumberOf(at.file), scnPosition(at.position, 0))
    return { scn, ...at, gtid, serverIdentity: facts.identity, generation: 0 }
  }

  private fileOf(scn: bigint, facts: ServerFacts): string {
    const prefix = this.options.uri.binlogPrefix ?? facts.logs[0]?.name.replace(/\.\d+$/, '') ?? 'mysql-bin'
    return fileNameOf(prefix, parseBinlogScn(scn).fileNumber)
  }

  private place(): { server: string; user: string; serverId: number } {
    return { server: this.server, user: this.options.uri.user, serverId: this.options.serverId }
  }

  private ask<Answer>(wanted: string, question: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    return this.questions.ask(wanted, question)
  }
}

/** What came before the oldest log: known on MySQL; MariaDB is asked later. */
function purgedIn(facts: ServerFacts): string | undefined {
  return facts.flavour === 'mysql' ? facts.purgedGtids : undefined
}
