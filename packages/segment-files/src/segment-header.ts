import { type SegmentStart } from '@aesop/buffer'
import { type EventVersion } from '@aesop/event'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * How a segment file begins, big-endian; its events follow. SPEC.md has the whole format.
 *
 * | offset | size | field                                                                               |
 * |--------|------|-------------------------------------------------------------------------------------|
 * | 0      | 8    | `AESOPSEG`                                                                          |
 * | 8      | 2    | version of this format, 1                                                           |
 * | 10     | 1    | version of the events, 1 or 2                                                       |
 * | 11     | 1    | 1: the first event goes on with a window that began in a file before; else 0         |
 * | 12     | 4    | physical partition id                                                               |
 * | 16     | 8    | number: grows from file to file                                                     |
 * | 24     | 8    | number of the file that this one follows; −1: it follows none                       |
 * | 32     | 4    | bytes of events in that file                                                        |
 * | 36     | 4    | capacity: bytes of events in this one, at most                                      |
 * | 40     | 8    | SCN of the newest window that was closed when this file was begun                   |
 * | 48     | 1    | bytes of the identity of the SCN space                                              |
 * | 49     | 100  | the identity, ASCII, and zeroes                                                     |
 * | 149    | 1    | 6: what follows is known; 0: it is not, as in files of former versions              |
 * | 150    | 6    | mark of the configuration of the source when the file was begun, or zeroes          |
 * | 156    | 4    | CRC-32 of all before                                                                |
 */
export const HEADER_BYTES = 160

const MAGIC = Buffer.from('AESOPSEG', 'latin1')
const FORMAT_VERSION = 1
const SPACE_BYTES_MAX = 100
const AT_SPACE = 49
const AT_MARK_LENGTH = 149
const AT_MARK = 150
const MARK_BYTES = 6
const AT_CRC = 156

export interface SegmentHeader extends SegmentStart {
  readonly eventVersion: EventVersion
  readonly physicalPartition: number
  readonly number: number
  /** −1: none. */
  readonly previousNumber: number
  /** Bytes of events in that. */
  readonly previousEnd: number
  readonly capacityBytes: number
  /** Identity of the SCN space. Empty: not known. */
  readonly scnSpace: string
  /** Mark of the configuration of the source. Undefined: not known. */
  readonly configuration?: string | undefined
}

/** What tells one configuration of a source from another one in a header: twelve hexadecimal digits. */
export function configurationMark(configuration: string): string {
  return createHash('sha256')
    .update(configuration)
    .digest('hex')
    .slice(0, 2 * MARK_BYTES)
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(bytes)
  bytes.writeUInt16BE(FORMAT_VERSION, 8)
  bytes[10] = header.eventVersion
  bytes[11] = header.continues ? 1 : 0
  bytes.writeInt32BE(header.physicalPartition, 12)
  bytes.writeBigInt64BE(BigInt(header.number), 16)
  bytes.writeBigInt64BE(BigInt(header.previousNumber), 24)
  bytes.writeUInt32BE(header.previousEnd, 32)
  bytes.writeUInt32BE(header.capacityBytes, 36)
  bytes.writeBigInt64BE(header.prevScn, 40)
  bytes[48] = Buffer.byteLength(header.scnSpace)
  bytes.write(header.scnSpace.slice(0, SPACE_BYTES_MAX), AT_SPACE, 'latin1')
  if (header.configuration !== undefined) {
    bytes[AT_MARK_LENGTH] = MARK_BYTES
    bytes.write(header.configuration, AT_MARK, MARK_BYTES, 'hex')
  }
  bytes.writeUInt32BE(crc32(bytes.subarray(0, AT_CRC)), AT_CRC)
  return bytes
}

/** @returns the header, or why these bytes are none */
export function decodeHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < HEADER_BYTES) return `it has ${bytes.length} bytes, fewer than its header`
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) return 'it does not begin with AESOPSEG'
  if (crc32(bytes.subarray(0, AT_CRC)) !== bytes.readUInt32BE(AT_CRC)) return 'its header proves false'
  const version = bytes.readUInt16BE(8)
  if (version !== FORMAT_VERSION) return `it is of version ${version}, expected ${FORMAT_VERSION}`
  const eventVersion = bytes[10]
  if (eventVersion !== 1 && eventVersion !== 2) return `its events are of version ${eventVersion}, expected 1 or 2`
  return {
    continues: bytes[11] === 1,
    eventVersion,
    physicalPartition: bytes.readInt32BE(12),
    number: Number(bytes.readBigInt64BE(16)),
    previousNumber: Number(bytes.readBigInt64BE(24)),
    previousEnd: bytes.readUInt32BE(32),
    capacityBytes: bytes.readUInt32BE(36),
    prevScn: bytes.readBigInt64BE(40),
    scnSpace: bytes.toString('latin1', AT_SPACE, AT_SPACE + (bytes[48] as number)),
    configuration:
      bytes[AT_MARK_LENGTH] === MARK_BYTES ? bytes.toString('hex', AT_MARK, AT_MARK + MARK_BYTES) : undefined,
  }
}
