import { fileNumberOf } from './binlog-scn.ts'
import { type BinlogPosition } from './binlog-stream.ts'
import { type LogCursor } from './log-cursor.ts'

/** A place of the log by its true offset, beyond 4 GiB, too, where an SCN counts transactions. */
export interface LogPlace {
  /** 0–2047: how often the server has been replaced by another. */
  readonly generation: number
  readonly fileNumber: number
  readonly position: number
}

export function placeOf(
  generation: number,
  { fileNumber, position }: Pick<LogCursor, 'fileNumber' | 'position'>,
): LogPlace {
  return { generation, fileNumber, position }
}

export function placeAt(generation: number, { file, position }: BinlogPosition): LogPlace {
  return { generation, fileNumber: fileNumberOf(file), position }
}

/** Below 0, 0 or above, as for sorting. */
export function comparePlaces(left: LogPlace, right: LogPlace): number {
  return left.generation - right.generation || left.fileNumber - right.fileNumber || left.position - right.position
}
