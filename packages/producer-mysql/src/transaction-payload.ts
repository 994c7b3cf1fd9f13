import { decompress } from 'fzstd'
import { BinLogEvent, EVENT_HEADER_BYTES } from './binlog-event.ts'
import { type BinLogEventProcessor } from './binlog-event-processor.ts'
import { type BinlogTransaction } from './binlog-transaction.ts'
import { BinlogEventCorruptError, BinlogEventUnsupportedError } from './errors.ts'
import { PacketReader } from './packet-reader.ts'

const Field = { END: 0, COMPRESSION: 2 } as const
const COMPRESSION_ZSTD = 0
const COMPRESSION_NONE = 255

/**
 * The events of a compressed transaction of MySQL: fields of type, length and value (all length-encoded) until a 0,
 * then the events, compressed together, without checksums.
 */
export class TransactionPayloadEventProcessor implements BinLogEventProcessor {
  async process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> {
    const end = event.nextPosition
    const payload = readPayload(event)
    const inner = new BinLogEvent()
    for (let at = 0; at < payload.length;) {
      if (at + EVENT_HEADER_BYTES > payload.length)
        throw new BinlogEventCorruptError('a transaction payload ends early')
      const next = at + payload.readUInt32LE(at + 9)
      if (next < at + EVENT_HEADER_BYTES || next > payload.length) {
        throw new BinlogEventCorruptError('an event in a transaction payload goes beyond its end')
      }
      payload.writeUInt32LE(end, at + 13)
      await transaction.dispatch(inner.set(payload, at, next))
      at = next
    }
  }
}

function readPayload(event: BinLogEvent): Buffer {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'transaction payload')
  let compression: number = COMPRESSION_ZSTD
  for (let field = reader.lengthEncoded(); field !== Field.END; field = reader.lengthEncoded()) {
    const length = reader.lengthEncoded()
    const value = new PacketReader(event.bytes, reader.take(length), reader.at, 'transaction payload')
    if (field === Field.COMPRESSION) compression = value.lengthEncoded()
  }
  const bytes = reader.view(reader.left)
  if (compression === COMPRESSION_NONE) return Buffer.from(bytes)
  if (compression !== COMPRESSION_ZSTD)
    throw new BinlogEventUnsupportedError(`compression ${compression} of transactions`)
  return inflate(bytes)
}

function inflate(bytes: Buffer): Buffer {
  try {
    const inflated = decompress(bytes)
    return Buffer.from(inflated.buffer, inflated.byteOffset, inflated.byteLength)
  } catch (error) {
    throw new BinlogEventCorruptError('a transaction payload can not be decompressed', undefined, error)
  }
}
