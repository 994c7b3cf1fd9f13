import { type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { type LogFile } from './server-facts.ts'

const FORMAT_DESCRIPTION_EVENT = 15

/**
 * The newest log file that was begun at or before a time, in milliseconds since 1970; the oldest one when all are
 * younger. Found by halving: each look reads the format description at the beginning of a file.
 */
export async function logFileWrittenAt(
  logs: readonly LogFile[],
  ms: number,
  streamAt: (at: BinlogPosition) => BinlogStream,
): Promise<string> {
  let low = 0
  let high = logs.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const begunMs = await beginningOf(logs[middle]?.name ?? '', streamAt)
    if (begunMs <= ms) low = middle
    else high = middle - 1
  }
  return logs[low]?.name ?? ''
}

async function beginningOf(file: string, streamAt: (at: BinlogPosition) => BinlogStream): Promise<number> {
  const at = { file, position: 4 }
  const stream = streamAt(at)
  try {
    return await new Promise<number>((resolve, reject) => {
      const handler = {
        onEvent(bytes: Buffer, offset: number): undefined {
          if (bytes[offset + 4] === FORMAT_DESCRIPTION_EVENT) resolve(bytes.readUInt32LE(offset) * 1000)
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
