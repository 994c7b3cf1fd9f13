import { type SegmentSummary } from '@aesop/buffer'
import { crc32 } from 'node:zlib'

/**
 * How a closed segment file ends, big-endian: what is known of its events, so that they need not be read at a start. It tells
 * of the moment in which the next file was begun: a window that was open then, and goes on there, is none of its windows.
 *
 * | offset   | size   | field                                                                           |
 * |----------|--------|---------------------------------------------------------------------------------|
 * | 0        | 4      | offset after the last window that ends here                                     |
 * | 4        | 4      | number of events up to there                                                    |
 * | 8        | 4      | offset after all events                                                         |
 * | 12       | 4      | number of all events                                                            |
 * | 16       | 4      | offset of the last event; −1: none                                              |
 * | 20       | 4      | offset of the last event of a window that ends here; −1: none                   |
 * | 24       | 4      | offset of the first window that begins and ends here; −1: none                  |
 * | 28       | 4      | offset of the last one; −1: none                                                |
 * | 32       | 8      | SCN of the last one                                                             |
 * | 40       | 8      | commit time of the first one, in nanoseconds since 1970                         |
 * | 48       | 8      | commit time of the last window that ends here                                   |
 * | 56       | 8      | commit time of the window that goes on in the next file; 0: none does            |
 * | 64       | 8      | SCN of the window that began before and ends here; −1: none does                 |
 * | 72       | 4      | number of entries of the index                                                  |
 * | 76       | 12 × n | SCN and offset of windows that begin here, in their order                       |
 * | 76 + 12n | 4      | bytes of the footer, up to here                                                 |
 * | 80 + 12n | 4      | CRC-32 of all before                                                            |
 * | 84 + 12n | 8      | `AESOPEND`                                                                      |
 */
export interface SegmentFooter {
  readonly summary: SegmentSummary
  /** Commit time of the window that goes on in the next file. */
  readonly openNanos: bigint
  /** SCN of the window that began in a file before and ends here; undefined: none does. */
  readonly continuedScn: bigint | undefined
}

const MAGIC = Buffer.from('AESOPEND', 'latin1')
const AT_INDEX = 76
const ENTRY_BYTES = 12
/** Length, checksum and mark, at the very end. */
export const TRAILER_BYTES = 16

export function encodeFooter({ summary, openNanos, continuedScn }: SegmentFooter): Buffer {
  const { indexScns, indexOffsets } = summary
  const length = AT_INDEX + ENTRY_BYTES * indexScns.length
  const bytes = Buffer.alloc(length + TRAILER_BYTES)
  const integers = [
    summary.visibleEnd,
    summary.visibleEvents,
    summary.writeEnd,
    summary.writtenEvents,
    summary.lastWrittenOffset,
    summary.lastEventOffset,
    summary.firstWindowOffset,
    summary.lastWindowOffset,
  ]
  for (const [at, value] of integers.entries()) bytes.writeInt32BE(value, 4 * at)
  const longs = [summary.lastWindowScn, summary.firstWindowNanos, summary.lastNanos, openNanos, continuedScn ?? -1n]
  for (const [at, value] of longs.entries()) bytes.writeBigInt64BE(value, 32 + 8 * at)
  bytes.writeUInt32BE(indexScns.length, 72)
  for (const [at, scn] of indexScns.entries()) {
    bytes.writeBigInt64BE(scn, AT_INDEX + ENTRY_BYTES * at)
    bytes.writeUInt32BE(indexOffsets[at] as number, AT_INDEX + ENTRY_BYTES * at + 8)
  }
  bytes.writeUInt32BE(length, length)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, length + 4)), length + 4)
  MAGIC.copy(bytes, length + 8)
  return bytes
}

/** @returns bytes of the footer with its trailer, of which the last `TRAILER_BYTES` are given; undefined: there is none */
export function footerBytes(trailer: Buffer): number | undefined {
  if (trailer.length < TRAILER_BYTES || !MAGIC.equals(trailer.subarray(8))) return undefined
  return trailer.readUInt32BE(0) + TRAILER_BYTES
}

/** @returns undefined: these bytes are no whole footer */
export function decodeFooter(bytes: Buffer, number: number, capacityBytes: number): SegmentFooter | undefined {
  const length = bytes.length - TRAILER_BYTES
  if (length < AT_INDEX || bytes.readUInt32BE(length) !== length) return undefined
  if (crc32(bytes.subarray(0, length + 4)) !== bytes.readUInt32BE(length + 4)) return undefined
  const entries = bytes.readUInt32BE(72)
  if (length !== AT_INDEX + ENTRY_BYTES * entries) return undefined
  const integer = (at: number): number => bytes.readInt32BE(4 * at)
  const long = (at: number): bigint => bytes.readBigInt64BE(32 + 8 * at)
  const index = Array.from({ length: entries }, (_, at) => AT_INDEX + ENTRY_BYTES * at)
  const lastEventOffset = integer(5)
  const continuedScn = long(4)
  const summary = {
    number,
    capacityBytes,
    visibleEnd: integer(0),
    visibleEvents: integer(1),
    writeEnd: integer(2),
    writtenEvents: integer(3),
    lastWrittenOffset: integer(4),
    lastEventOffset,
    firstWindowOffset: integer(6),
    lastWindowOffset: integer(7),
    lastWindowScn: long(0),
    firstWindowNanos: long(1),
    lastNanos: long(2),
    // What is visible of a file alone ends where a window does.
    endsWithWindow: lastEventOffset >= 0,
    unsealed: undefined,
    indexScns: index.map((at) => bytes.readBigInt64BE(at)),
    indexOffsets: index.map((at) => bytes.readUInt32BE(at + 8)),
  }
  return { summary, openNanos: long(3), continuedScn: continuedScn === -1n ? undefined : continuedScn }
}
