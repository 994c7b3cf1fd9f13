import { Decompress } from 'fzstd'
import { byteAt } from './byte-at.ts'
import { BinlogEventCorruptError, BinlogEventUnsupportedError } from '../error/errors.ts'

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const CHECKSUM_BYTES = 4
const BLOCK_HEADER_BYTES = 3
const BLOCK_BYTES_MAX = 128 * 1024
/** zstd's own programs refuse more unless they are told otherwise, and no level that MySQL offers asks for it. */
const ZSTD_WINDOW_BYTES_MAX = 128 * 1024 * 1024

const Block = { RAW: 0, RLE: 1, COMPRESSED: 2 } as const

/** What the header of a frame says. */
interface Frame {
  readonly headerBytes: number
  /** Memory that its decoder needs. */
  readonly windowBytes: number
  readonly contentBytes: number | undefined
  readonly hasChecksum: boolean
}

/**
 * Decompresses zstd frames block by block: each piece has 128 KiB at most, and costs a millisecond or so. The next block is
 * looked at when the next piece is asked for, so that whoever asks bounds both time and memory.
 *
 * | bytes   | what                                                                                    |
 * |---------|-----------------------------------------------------------------------------------------|
 * | 4       | 28 b5 2f fd                                                                             |
 * | 1       | bits 6–7: size of the content length; 5: one segment; 2: checksum; 0–1: size of dictionary id |
 * | 0–1     | window, unless in one segment: bits 3–7 exponent above 10, bits 0–2 eighths             |
 * | 0–4     | dictionary id                                                                           |
 * | 0–8     | content length (of 2 bytes: less 256)                                                   |
 * | 3 + …   | blocks: bit 0 last, bits 1–2 kind, the rest size; of kind RLE one byte follows           |
 * | 0, 4    | checksum                                                                                |
 *
 * @throws BinlogEventCorruptError, and BinlogEventUnsupportedError for a window that is too large
 */
export function* zstdPieces(bytes: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < bytes.length;) {
    const magic = bytes.length - at < 8 ? 0 : bytes.readUInt32LE(at)
    if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) at += 8 + bytes.readUInt32LE(at + 4)
    else at = yield* framePieces(bytes, at)
  }
}

/** @returns the offset after the frame */
function* framePieces(bytes: Buffer, start: number): Generator<Buffer, number> {
  const frame = readFrame(bytes, start)
  const pieces: Uint8Array[] = []
  const decoder = new Decompress((piece) => pieces.push(piece))
  let from = start
  let at = start + frame.headerBytes
  let produced = 0
  for (let last = false; !last; from = at) {
    const block = readBlock(bytes, at, frame)
    last = block.last
    at = block.end
    pieces.length = 0
    push(decoder, bytes.subarray(from, at), last)
    for (const piece of pieces) {
      produced += piece.length
      if (piece.length > 0) yield Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    }
  }
  if (frame.contentBytes !== undefined && frame.contentBytes !== produced) {
    throw corrupt(`its header says ${frame.contentBytes} bytes, its blocks have ${produced}`)
  }
  return at
}

function push(decoder: Decompress, bytes: Buffer, last: boolean): void {
  try {
    decoder.push(bytes, last)
  } catch (error) {
    throw corrupt('it can not be decompressed', error)
  }
}

function readFrame(bytes: Buffer, at: number): Frame {
  if (bytes.length - at < 6 || bytes.readUInt32LE(at) !== FRAME_MAGIC) throw corrupt('no frame begins there')
  const flags = byteAt(bytes, at + 4)
  const isOneSegment = (flags & 0x20) !== 0
  const dictionaryBytes = (1 << (flags & 3)) >> 1
  const sizeBytes = flags >> 6 === 0 ? Number(isOneSegment) : 1 << (flags >> 6)
  const sizeAt = at + 6 - (isOneSegment ? 1 : 0) + dictionaryBytes
  if (sizeAt + sizeBytes > bytes.length) throw corrupt('its header ends early')
  const contentBytes = sizeBytes === 0 ? undefined : readSize(bytes, sizeAt, sizeBytes)
  const windowBytes = isOneSegment && contentBytes !== undefined ? contentBytes : windowOf(byteAt(bytes, at + 5))
  if (windowBytes > ZSTD_WINDOW_BYTES_MAX) {
    const refused = `a compressed transaction whose decoder needs ${windowBytes} bytes, more than ${ZSTD_WINDOW_BYTES_MAX},`
    throw new BinlogEventUnsupportedError(refused)
  }
  return { headerBytes: sizeAt + sizeBytes - at, windowBytes, contentBytes, hasChecksum: (flags & 4) !== 0 }
}

function readSize(bytes: Buffer, at: number, count: number): number {
  if (count === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, count) + (count === 2 ? 256 : 0)
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function readBlock(bytes: Buffer, at: number, frame: Frame): { last: boolean; end: number } {
  if (at + BLOCK_HEADER_BYTES > bytes.length) throw corrupt('it ends before its last block')
  const header = bytes.readUIntLE(at, BLOCK_HEADER_BYTES)
  const [last, kind, size] = [(header & 1) === 1, (header >> 1) & 3, header >> 3]
  const sizeMax = Math.min(BLOCK_BYTES_MAX, frame.windowBytes)
  if (kind > Block.COMPRESSED) throw corrupt('a block is of no known kind')
  if (size > sizeMax) throw corrupt(`a block of ${size} bytes, expected ${sizeMax} at most`)
  const end =
    at + BLOCK_HEADER_BYTES + (kind === Block.RLE ? 1 : size) + (last && frame.hasChecksum ? CHECKSUM_BYTES : 0)
  if (end > bytes.length) throw corrupt('it ends inside a block')
  return { last, end }
}

function corrupt(fault: string, cause?: unknown): BinlogEventCorruptError {
  return new BinlogEventCorruptError(`a zstd frame: ${fault}`, undefined, cause)
}
