import { type BinlogPosition } from '../log/binlog-stream.ts'

const HEARTBEAT_EVENT = 27
const AT_TYPE = 4
const AT_END_POSITION = 13
const HEADER_BYTES = 19
const LONG_POSITION_BYTES = 8
const LOG_NAME = /^[\x20-\x7e]+\.\d+$/

/**
 * Where the server stands that sends a heartbeat: it has sent all that lies before. A position has its low 32 bits only, except
 * where MariaDB puts one beyond 4 GiB before the name, and 0 into the header. Undefined: it does not say.
 */
export function heartbeatPlace(bytes: Buffer, offset: number, end: number): BinlogPosition | undefined {
  if (bytes[offset + AT_TYPE] !== HEARTBEAT_EVENT) return undefined
  const body = offset + HEADER_BYTES
  const position = bytes.readUInt32LE(offset + AT_END_POSITION)
  const file = bytes.toString('latin1', body, end)
  if (LOG_NAME.test(file)) return { file, position }
  if (position !== 0 || end - body <= LONG_POSITION_BYTES) return undefined
  const longFile = bytes.toString('latin1', body + LONG_POSITION_BYTES, end)
  return LOG_NAME.test(longFile) ? { file: longFile, position: Number(bytes.readBigUInt64LE(body)) } : undefined
}
