import { type BinlogHandler, type BinlogPosition, type BinlogStream } from './binlog-stream.ts'

export interface FileBinlogStreamOptions {
  /** Path of the index file; the logs that it lists are looked for beside it. */
  readonly indexPath: string
  /** How often the end is looked at where the file system gives no notice; default 1000. */
  readonly pollMs?: number
}

export declare class FileBinlogStream implements BinlogStream {
  constructor(options: FileBinlogStreamOptions)
  /** The first log of the index, at its beginning. @throws BinlogFileError */
  earliest(): BinlogPosition
  /** The end of the last log. @throws BinlogFileError */
  latest(): BinlogPosition
  open(from: BinlogPosition, handler: BinlogHandler, onBroken: (error: Error) => void): Promise<void>
  pause(): void
  resume(): void
  close(): Promise<void>
}
