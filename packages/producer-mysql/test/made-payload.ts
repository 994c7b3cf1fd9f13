import { crc32 } from 'node:zlib'
import { recordedEvents } from './recorded-origin.ts'

const HEADER_BYTES = 19
const AT_TYPE = 4
const AT_LENGTH = 9
const CHECKSUM_BYTES = 4
const GTID = 33
const XID = 16
const PAYLOAD = 40
const WINDOW_128_KIB = 0x38
const BLOCK_BYTES = 128 * 1024

/** A run of one byte, or bytes as they are. */
export type Content = Buffer | { readonly byte: number; readonly count: number }

/** The first transaction of a recording that was not compressed: what comes before it, its GTID, and the events in it. */
export function firstTransaction(recording: string): { before: Buffer[]; gtid: Buffer; inner: Buffer[] } {
  const events = recordedEvents(recording).map(({ bytes }) => bytes)
  const rows = events.findIndex((bytes) => bytes[AT_TYPE] === 30)
  const gtidAt = events.slice(0, rows).findLastIndex((bytes) => bytes[AT_TYPE] === GTID)
  const end = events.findIndex((bytes, i) => i > gtidAt && bytes[AT_TYPE] === XID)
  const gtid = events[gtidAt]
  if (gtid === undefined || end < rows) throw new Error(`no transaction with rows in ${recording}`)
  return { before: events.slice(0, gtidAt), gtid, inner: events.slice(gtidAt + 1, end + 1).map(withoutChecksum) }
}

/** As an event stands in a payload. */
function withoutChecksum(event: Buffer): Buffer {
  const copy = Buffer.from(event.subarray(0, -CHECKSUM_BYTES))
  copy.writeUInt32LE(copy.length, AT_LENGTH)
  return copy
}

/** The head of an event of `length` bytes that begins like another one and has this table id. */
export function headOf(like: Buffer, length: number, tableId: number): Buffer {
  const head = Buffer.from(like.subarray(0, HEADER_BYTES + 8))
  head.writeUInt32LE(length, AT_LENGTH)
  head.writeUIntLE(tableId, HEADER_BYTES, 6)
  return head
}

/** One frame of blocks that are stored, or runs of one byte: a megabyte of those takes 32 bytes. */
export function zstdFrame(contents: readonly Content[], windowDescriptor = WINDOW_128_KIB): Buffer {
  const blocks: { kind: number; size: number; bytes: Buffer }[] = []
  for (const content of contents) {
    const size = Buffer.isBuffer(content) ? content.length : content.count
    for (let at = 0; at < size; at += BLOCK_BYTES) {
      const blockBytes = Math.min(BLOCK_BYTES, size - at)
      blocks.push(
        Buffer.isBuffer(content)
          ? { kind: 0, size: blockBytes, bytes: content.subarray(at, at + blockBytes) }
          : { kind: 1, size: blockBytes, bytes: Buffer.from([content.byte]) },
      )
    }
  }
  const parts = blocks.map(({ kind, size, bytes }, i) => {
    const header = Buffer.alloc(3)
    header.writeUIntLE((size << 3) | (kind << 1) | (i === blocks.length - 1 ? 1 : 0), 0, 3)
    return Buffer.concat([header, bytes])
  })
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor]), ...parts])
}

/** An event with a checksum, as it stands in a log. */
export function payloadEvent(like: Buffer, compressed: Buffer, statedBytes?: number, compression = 0): Buffer {
  const stated =
    statedBytes === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([3, 9]), lengthEncoded(statedBytes)])
  const kind = Buffer.from(compression < 251 ? [2, 1, compression] : [2, 3, 0xfc, compression, 0])
  const body = Buffer.concat([kind, Buffer.from([1, 9]), lengthEncoded(compressed.length), stated, Buffer.from([0])])
  const header = Buffer.from(like.subarray(0, HEADER_BYTES))
  header[AT_TYPE] = PAYLOAD
  header.writeUInt32LE(HEADER_BYTES + body.length + compressed.length + CHECKSUM_BYTES, AT_LENGTH)
  return checked(Buffer.concat([header, body, compressed, Buffer.alloc(CHECKSUM_BYTES)]))
}

function lengthEncoded(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xfe)
  bytes.writeBigUInt64LE(BigInt(value), 1)
  return bytes
}

function checked(event: Buffer): Buffer {
  event.writeUInt32LE(crc32(event.subarray(0, -CHECKSUM_BYTES)), event.length - CHECKSUM_BYTES)
  return event
}
