import { formatBinlogScn, scnPosition } from './binlog-scn.ts'
import { type LogCursor } from './log-cursor.ts'

const LOW_MAX = 0xffffffff
const LOW_AT = 4

/** SCNs of one generation. The parts that all of a log share are packed once, because every transaction needs one. */
export class ScnOfLog {
  private readonly generation: number
  private fileNumber = -1
  /** The SCN of the last place, as bytes: adding bigints costs more than writing four bytes and reading all. */
  private readonly packed = new DataView(new ArrayBuffer(8))

  constructor(generation: number) {
    this.generation = generation
  }

  /** The same as `formatBinlogScn` of the place. @throws BinlogScnOverflowError */
  of({ fileNumber, scnPosition }: LogCursor): bigint {
    if (fileNumber !== this.fileNumber) {
      this.packed.setBigInt64(0, formatBinlogScn(this.generation, fileNumber, 0))
      this.fileNumber = fileNumber
    }
    if (scnPosition > LOW_MAX) return formatBinlogScn(this.generation, fileNumber, scnPosition)
    this.packed.setUint32(LOW_AT, scnPosition)
    return this.packed.getBigInt64(0)
  }

  /** Where a transaction of the log begins: not below the SCN of the one before it, and below its own. */
  ofBegin({ fileNumber, ended }: LogCursor, position: number): bigint {
    return formatBinlogScn(this.generation, fileNumber, scnPosition(position, ended))
  }
}
