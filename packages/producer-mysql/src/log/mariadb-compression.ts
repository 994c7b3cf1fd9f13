import { inflateRawSync, inflateSync } from 'node:zlib'
import { byteAt } from './byte-at.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'

/**
 * A value of a MariaDB COMPRESSED column.
 *
 * | bytes | what                                                                          |
 * |-------|-------------------------------------------------------------------------------|
 * | 0     | nothing at all: the empty value                                               |
 * | 1     | 0: stored as it is. Else bits 4–7: 8 (zlib); bit 3: no zlib wrapper; bits 0–2: n |
 * | n     | length of the original, big-endian                                            |
 * | …     | deflate stream                                                                |
 */
export function uncompressColumn(value: Buffer): Buffer {
  const header = value[0]
  if (header === undefined) return value
  if (header === 0) return value.subarray(1)
  if (header >> 4 !== 8) throw new BinlogEventCorruptError(`a compressed column begins with ${header}`)
  const lengthBytes = header & 7
  const original = originalLength(value, 1, lengthBytes)
  return inflate(value.subarray(1 + lengthBytes), original, (header & 8) !== 0)
}

/** Length of the value of a compressed column before compression. */
export function uncompressedColumnBytes(bytes: Buffer, at: number, length: number): number {
  const header = length === 0 ? 0 : byteAt(bytes, at)
  return header === 0 ? length : originalLength(bytes, at + 1, header & 7)
}

/**
 * The compressed rest of a MariaDB event (rows from the first image on, text of a query).
 *
 * | bytes | what                                             |
 * |-------|--------------------------------------------------|
 * | 1     | 0x80, bits 4–6: algorithm (0: zlib), bits 0–2: n |
 * | n     | length of the original, big-endian               |
 * | …     | zlib stream                                      |
 *
 * @param refuse called with a stated length above `bytesMax`, before anything is reserved for it; it throws
 */
export function uncompressEvent(bytes: Buffer, bytesMax: number, refuse: (bytes: number) => never): Buffer {
  const header = byteAt(bytes, 0)
  if ((header & 0xf0) !== 0x80) throw new BinlogEventCorruptError(`a compressed event begins with ${header}`)
  const length = originalLength(bytes, 1, header & 7)
  return length > bytesMax ? refuse(length) : inflate(bytes.subarray(1 + (header & 7)), length, false)
}

function originalLength(bytes: Buffer, at: number, count: number): number {
  if (count < 1 || count > 4 || at + count > bytes.length) {
    throw new BinlogEventCorruptError(`length of compressed data in ${count} bytes, expected 1 to 4`)
  }
  return bytes.readUIntBE(at, count)
}

function inflate(bytes: Buffer, length: number, raw: boolean): Buffer {
  let original: Buffer
  try {
    const options = { maxOutputLength: Math.max(1, length) }
    original = raw ? inflateRawSync(bytes, options) : inflateSync(bytes, options)
  } catch (error) {
    throw new BinlogEventCorruptError('compressed data can not be inflated', undefined, error)
  }
  if (original.length !== length) {
    throw new BinlogEventCorruptError(`compressed data has ${original.length} bytes, its header says ${length}`)
  }
  return original
}
