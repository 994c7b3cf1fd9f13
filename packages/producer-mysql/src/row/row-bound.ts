import { type BinlogColumn } from '../table/binlog-column.ts'
import { uncompressedColumnBytes } from '../log/mariadb-compression.ts'
import { missing } from '../error/missing.ts'

/** Bytes that the longest text form of a value of fixed size takes, its own length included. */
const FIXED_TEXT_BYTES = 80
/** Bytes of text that one byte of a binary JSON document becomes at most. */
const JSON_GROWTH = 8

/** Bytes that a row takes in the Avro record at most, and how many of them are for values that may grow or not. */
export interface CloseBound {
  readonly bytesMax: number
  readonly slackBytes: number
}

/** A column with a length before its values. */
interface SizedColumn {
  readonly column: BinlogColumn
  /** Bytes that one byte of it can become at most. */
  readonly growth: number
}

/** Upper bounds of the Avro value of a row, from the bytes of its image: `rough` costs nothing, `close` a look at each column. */
export class RowBound {
  private readonly fixedBytes: number
  private readonly growth: number
  private readonly sized: readonly SizedColumn[]
  private readonly compressed: readonly BinlogColumn[]
  /** Whether values may be compressed. */
  readonly inflates: boolean

  constructor(columns: readonly BinlogColumn[]) {
    this.fixedBytes = columns.reduce(
      (sum, column) => sum + FIXED_TEXT_BYTES + labelBytesMax(column) + column.paddedBytes,
      0,
    )
    this.sized = columns
      .filter(({ prefixBytes }) => prefixBytes > 0)
      .map((column) => ({ column, growth: growthOf(column) }))
    this.growth = Math.max(1, ...this.sized.map(({ growth }) => growth))
    this.compressed = columns.filter((column) => column.compressed)
    this.inflates = this.compressed.length > 0
  }

  /** As if every byte were of the column that grows the most. */
  rough(imageBytes: number, bytes: Buffer, at: Int32Array): number {
    const bound = this.fixedBytes + imageBytes * this.growth
    return this.inflates ? bound + this.inflated(bytes, at) * this.growth : bound
  }

  /** Each value by the growth of its own column. */
  close(bytes: Buffer, at: Int32Array): CloseBound {
    let plainBytes = 0
    let grownBytes = 0
    for (const { column, growth } of this.sized) {
      const length = valueBytes(column, bytes, at)
      if (growth === 1) plainBytes += length
      else grownBytes += length * growth
    }
    return { bytesMax: this.fixedBytes + plainBytes + grownBytes, slackBytes: grownBytes }
  }

  /** Bytes that the compressed values say they have when they are inflated. */
  inflated(bytes: Buffer, at: Int32Array): number {
    return this.compressed.reduce((sum, column) => sum + valueBytes(column, bytes, at), 0)
  }
}

/** Bytes of a value without its length prefix, inflated; none where there is no value. */
function valueBytes(column: BinlogColumn, bytes: Buffer, at: Int32Array): number {
  const from = at[column.index] ?? missing(`the place of column ${column.name}`)
  if (from < 0) return 0
  const length = bytes.readUIntLE(from, column.prefixBytes)
  return column.compressed ? uncompressedColumnBytes(bytes, from + column.prefixBytes, length) : length
}

function growthOf(column: BinlogColumn): number {
  return column.kind === 'json' ? JSON_GROWTH : (column.text?.growth ?? 1)
}

/** The longest label of an ENUM; of a SET all of them, with the commas between. */
function labelBytesMax({ kind, labels }: BinlogColumn): number {
  const lengths = labels.map((label) => Buffer.byteLength(label) + 1)
  return lengths.reduce((all, bytes) => (kind === 'enum' ? Math.max(all, bytes) : all + bytes), 0)
}
