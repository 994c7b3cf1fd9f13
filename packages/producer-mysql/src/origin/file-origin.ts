import { existsSync, statSync } from 'node:fs'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { type BinlogDecoder } from '../decoder/binlog-decoder.ts'
import { NO_LARGE_LOGS, type BinlogOrigin, type SettledPoint } from './binlog-origin.ts'
import { fileNameOf, fileNumberOf, formatBinlogScn, parseBinlogScn, scnPosition } from '../log/binlog-scn.ts'
import { BinlogIndex } from '../log/binlog-index.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { BinlogFileError } from '../error/errors.ts'
import { FileBinlogStream } from '../stream/file-binlog-stream.ts'
import { MysqlLogResetError, MysqlPositionInFutureError, MysqlStartFromError } from '../error/live-errors.ts'
import { examineLog } from './log-examination.ts'
import { type GateFacts } from '../place/resume-gate.ts'
import { transactionCounter } from '../decoder/transaction-counter.ts'
import { type ResumePoint, resumeAtScn } from '../place/resume-point.ts'
import { SourceTables } from '../table/source-tables.ts'
import { type StartPlace } from '../place/start-from.ts'

const LOG_START = 4

/** Log files behind an index file; the log must describe its tables itself (`binlog_row_metadata=FULL`). */
export class FileOrigin implements BinlogOrigin {
  readonly name: string
  readonly defaultStart = { kind: 'earliest' } as const
  readonly catalogue = undefined
  readonly gateFacts: GateFacts
  readonly sourceTables: SourceTables
  private readonly indexPath: string

  constructor(name: string, indexPath: string, physicalSource: PhysicalSourceConfig) {
    this.name = name
    this.indexPath = indexPath
    this.sourceTables = new SourceTables(physicalSource.sources)
    const newCounter = (): BinlogDecoder => transactionCounter(physicalSource)
    this.gateFacts = { server: name, seekMax: Number.MAX_SAFE_INTEGER, newCounter }
  }

  get oldestLog(): string | undefined {
    try {
      return this.firstThere()
    } catch {
      // An index that can't be read now says nothing of its logs; whoever reads them says why.
      return undefined
    }
  }

  private firstThere(): string | undefined {
    const index = new BinlogIndex(this.indexPath)
    return index.files().find((file) => existsSync(index.pathOf(file)))
  }

  async locate(start: StartPlace): Promise<ResumePoint> {
    switch (start.kind) {
      case 'earliest':
        return pointAt(this.files().earliest(), 0)
      case 'latest':
        return this.latest()
      case 'scn':
        return resumeAtScn(start.scn)
      case 'timestamp':
      case 'gtid':
        throw new MysqlStartFromError(start.kind, 'log files begin at earliest, latest or scn:<number>')
    }
  }

  /** By the beginning of the first log that is there: where reading begins is another matter. */
  async scnSpace(): Promise<string> {
    const file = this.firstThere() ?? this.files().earliest().file
    const { log } = await examineLog(this, { file, position: LOG_START })
    return `binlog-${log.begunSeconds}-${log.serverId ?? 0}-${fileNumberOf(file)}`
  }

  private async latest(): Promise<ResumePoint> {
    const at = this.files().latest()
    const { ended, log, event } = await examineLog(this, at)
    return { ...pointAt(at, ended), ended, log, event }
  }

  async settle(point: ResumePoint): Promise<SettledPoint> {
    const file = point.file ?? this.fileOf(point.scn)
    const path = new BinlogIndex(this.indexPath).pathOf(file)
    if (!existsSync(path)) throw new BinlogFileError(path, 'the log is not there any more')
    this.checkLength(point, file, statSync(path).size)
    return Promise.resolve({
      ...point,
      file,
      flavour: undefined,
      byGtid: false,
      largeLogs: NO_LARGE_LOGS,
      describesTables: true,
    })
  }

  /** A place that was never read may be wrong; one that was read is lost when its log is shorter now. */
  private checkLength({ position, log }: ResumePoint, file: string, bytes: number): void {
    if (position === undefined || position <= bytes) return
    const [wanted, end] = [`${file}:${position}`, `${file}:${bytes}`]
    throw log === undefined
      ? new MysqlPositionInFutureError(this.name, wanted, end)
      : new MysqlLogResetError(this.name, wanted, `a log that ends at ${end}`)
  }

  stream(): FileBinlogStream {
    return this.files()
  }

  release(): Promise<void> {
    return Promise.resolve()
  }

  private files(): FileBinlogStream {
    return new FileBinlogStream({ indexPath: this.indexPath })
  }

  private fileOf(scn: bigint): string {
    const prefix = this.files()
      .earliest()
      .file.replace(/\.\d+$/, '')
    return fileNameOf(prefix, parseBinlogScn(scn).fileNumber)
  }
}

function pointAt(at: BinlogPosition, ended: number): ResumePoint {
  const scn = formatBinlogScn(0, fileNumberOf(at.file), scnPosition(at.position, ended))
  return { scn, ...at, gtid: undefined, serverIdentity: undefined, generation: 0 }
}
