import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BinlogOrigin, type SettledPoint } from './binlog-origin.ts'
import { fileNameOf, fileNumberOf, formatBinlogScn, parseBinlogScn } from './binlog-scn.ts'
import { type BinlogPosition } from './binlog-stream.ts'
import { BinlogFileError } from './errors.ts'
import { FileBinlogStream } from './file-binlog-stream.ts'
import { MysqlStartFromError } from './live-errors.ts'
import { type ResumePoint, resumeAtScn } from './resume-point.ts'
import { type StartPlace } from './start-from.ts'

/** Log files behind an index file; the log must describe its tables itself (`binlog_row_metadata=FULL`). */
export class FileOrigin implements BinlogOrigin {
  readonly name: string
  readonly defaultStart = { kind: 'earliest' } as const
  readonly catalogue = undefined
  private readonly indexPath: string

  constructor(name: string, indexPath: string) {
    this.name = name
    this.indexPath = indexPath
  }

  locate(start: StartPlace): Promise<ResumePoint> {
    switch (start.kind) {
      case 'earliest':
        return Promise.resolve(pointAt(this.files().earliest()))
      case 'latest':
        return Promise.resolve(pointAt(this.files().latest()))
      case 'scn':
        return Promise.resolve(resumeAtScn(start.scn))
      case 'timestamp':
      case 'gtid':
        return Promise.reject(
          new MysqlStartFromError(start.kind, 'log files begin at earliest, latest or scn:<number>'),
        )
    }
  }

  async settle(point: ResumePoint): Promise<SettledPoint> {
    const file = point.file ?? this.fileOf(point.scn)
    const path = join(dirname(this.indexPath), file)
    if (!existsSync(path)) throw new BinlogFileError(path, 'the log is not there any more')
    return Promise.resolve({ ...point, file, flavour: undefined, byGtid: false, describesTables: true })
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

function pointAt(at: BinlogPosition): ResumePoint {
  const scn = formatBinlogScn(0, fileNumberOf(at.file), at.position)
  return { scn, ...at, gtid: undefined, serverIdentity: undefined, generation: 0 }
}
