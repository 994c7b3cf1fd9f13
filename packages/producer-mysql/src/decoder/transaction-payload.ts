import { type BinLogEvent } from '../log/binlog-event.ts'
import { type BinLogEventProcessor } from './binlog-event-processor.ts'
import { type BinlogTransaction } from '../transaction/binlog-transaction.ts'
import { BinlogEventCorruptError, BinlogEventUnsupportedError } from '../error/errors.ts'
import { PacketReader } from '../log/packet-reader.ts'
import { PayloadEvents } from '../log/payload-events.ts'
import { zstdPieces } from '../log/zstd-frames.ts'

const Field = { END: 0, COMPRESSION: 2, UNCOMPRESSED_BYTES: 3 } as const
const COMPRESSION_ZSTD = 0
const COMPRESSION_NONE = 255
const PIECE_BYTES = 128 * 1024
/** How long a payload keeps the thread before timers, sockets and a stop get their turn. */
const SLICE_MS = 10

interface Payload {
  readonly bytes: Buffer
  readonly compression: number
  readonly uncompressedBytes: number | undefined
}

/**
 * The events of a compressed transaction of MySQL: fields of type, length and value (all length-encoded) until a 0,
 * then the events, compressed together, without checksums. A transaction of any size is read piece by piece: one event of it
 * is held, and the thread is given up between slices.
 */
export class TransactionPayloadEventProcessor implements BinLogEventProcessor {
  async process(event: BinLogEvent, transaction: BinlogTransaction): Promise<void> {
    const payload = readPayload(event)
    const events = eventsIn(event, transaction)
    const isForgotten = transaction.forgettable()
    let sliceEndsMs = performance.now() + SLICE_MS
    for (const piece of checkedPieces(payload)) {
      events.push(piece)
      await dispatchAll(events, transaction, isForgotten)
      if (performance.now() >= sliceEndsMs) {
        await new Promise((resolve) => setImmediate(resolve))
        sliceEndsMs = performance.now() + SLICE_MS
      }
      if (isForgotten()) return
    }
    if (events.pendingBytes > 0) throw new BinlogEventCorruptError('a transaction payload ends inside an event')
  }
}

function eventsIn(event: BinLogEvent, transaction: BinlogTransaction): PayloadEvents {
  return new PayloadEvents({
    endPosition: event.nextPosition,
    eventBytesMax: transaction.limits.loggedBytesMax,
    leaveOut: (head, bytes) => {
      transaction.leaveOut(head, bytes)
    },
  })
}

async function dispatchAll(
  events: PayloadEvents,
  transaction: BinlogTransaction,
  isForgotten: () => boolean,
): Promise<void> {
  for (let inner = events.next(); inner !== undefined; inner = events.next()) {
    const held = transaction.dispatch(inner)
    if (held !== undefined) await held
    if (isForgotten()) return
  }
}

function readPayload(event: BinLogEvent): Payload {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'transaction payload')
  let compression: number = COMPRESSION_ZSTD
  let uncompressedBytes: number | undefined
  for (let field = reader.lengthEncoded(); field !== Field.END; field = reader.lengthEncoded()) {
    const length = reader.lengthEncoded()
    const at = reader.take(length)
    const value = new PacketReader(event.bytes, at, at + length, 'transaction payload')
    if (field === Field.COMPRESSION) compression = value.lengthEncoded()
    if (field === Field.UNCOMPRESSED_BYTES) uncompressedBytes = value.lengthEncoded()
  }
  return { bytes: reader.view(reader.left), compression, uncompressedBytes }
}

/** What goes on beyond the length that it states is not read to its end first. */
function* checkedPieces(payload: Payload): Generator<Buffer, void> {
  let produced = 0
  for (const piece of piecesOf(payload)) {
    produced += piece.length
    if (produced > (payload.uncompressedBytes ?? produced)) throw contradiction(payload, produced)
    yield piece
  }
  if (produced !== (payload.uncompressedBytes ?? produced)) throw contradiction(payload, produced)
}

function piecesOf({ bytes, compression }: Payload): Iterable<Buffer> {
  if (compression === COMPRESSION_ZSTD) return zstdPieces(bytes)
  if (compression === COMPRESSION_NONE) return plainPieces(bytes)
  throw new BinlogEventUnsupportedError(`compression ${compression} of transactions`)
}

function* plainPieces(bytes: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield Buffer.from(bytes.subarray(at, at + PIECE_BYTES))
}

function contradiction({ uncompressedBytes }: Payload, produced: number): BinlogEventCorruptError {
  const stated = `its header says ${uncompressedBytes ?? '?'}`
  return new BinlogEventCorruptError(`a transaction payload has ${produced} bytes or more, ${stated}`)
}
