import { type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { type LogFile } from './server-facts.ts'

const FORMAT_DESCRIPTION_EVENT = 15
const MS_PER_SECOND = 1000

/**
 * The newest log file that was begun before the second of a time, in milliseconds since 1970; the oldest one when all are
 * younger. A log has whole seconds: what was written in the second in which a file was begun may stand at the end of the one
 * before. Found by halving: each look reads the format description at the beginning of a file.
 */
export async function logFileWrittenAt(
  logs: readonly LogFile[],
  ms: number,
  streamAt: (at: BinlogPosition) => BinlogStream,
): Promise<string> {
  const wholeMs = Math.floor(ms / MS_PER_SECOND) * MS_PER_SECOND
  let low = 0
  let high = logs.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const begunSeconds = await logBegunSeconds(logs[middle]?.name ?? '', streamAt)
    if (begunSeconds * MS_PER_SECOND < wholeMs) low = middle
    else high = middle - 1
  }
  return logs[low]?.name ?? ''
}

/** When a log file was begun, in seconds since 1970. @throws AesopError of the stream */
export async function logBegunSeconds(file: string, streamAt: (at: BinlogPosition) => BinlogStream): Promise<number> {
  const at = { file, position: 4 }
  const stream = streamAt(at)
  try {
    return await new Promise<number>((resolve, reject) => {
      const handler = {
        onEvent(bytes: Buffer, offset: number): undefined {
          if (bytes[offset + 4] === FORMAT_DESCRIPTION_EVENT) resolve(bytes.readUInt32LE(offset))
        },
        onRotate(): void {
          // The file is known already.
        },
      }
      stream.open(at, handler, reject).catch(reject)
    })
  } finally {
    await stream.close()
  }
}
