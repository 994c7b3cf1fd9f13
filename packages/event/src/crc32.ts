import { crc32 as zlibCrc32 } from 'node:zlib'

/*
 * Databus' CRC: the reflected CRC-32 (polynomial 0xEDB88320) that starts at 0 and has no final XOR. The check value of
 * "123456789" is 2dfd2d88. Table look-ups of eight bytes at a time win on short ranges, zlib's call on long ones.
 */
const ZLIB_WINS_FROM_BYTES = 400
const TABLES = makeTables()
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES

/** The checksum of bytes [from, to), as an unsigned 32-bit number. */
export function eventCrc(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < ZLIB_WINS_FROM_BYTES) return crcByTables(bytes, from, to)
  return (zlibCrc32(bytes.subarray(from, to), 0xffffffff) ^ 0xffffffff) >>> 0
}

/** The readable form, one byte at a time: the oracle of the tests. */
export function crcByBytes(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let i = from; i < to; i++) crc = at(T0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8)
  return crc >>> 0
}

function crcByTables(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  let i = from
  for (const last = to - 8; i <= last; i += 8) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24)
    crc =
      at(T7, crc & 0xff) ^
      at(T6, (crc >>> 8) & 0xff) ^
      at(T5, (crc >>> 16) & 0xff) ^
      at(T4, crc >>> 24) ^
      at(T3, at(bytes, i + 4)) ^
      at(T2, at(bytes, i + 5)) ^
      at(T1, at(bytes, i + 6)) ^
      at(T0, at(bytes, i + 7))
  }
  for (; i < to; i++) crc = at(T0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8)
  return crc >>> 0
}

/** An element that is there by construction; inlined by V8. */
function at(array: Int32Array | Uint8Array, index: number): number {
  return array[index] as number
}

type EightTables = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]

function makeTables(): EightTables {
  const first = new Int32Array(256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    first[n] = crc
  }
  const tables: Int32Array[] = [first]
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] as Int32Array
    tables.push(before.map((crc) => at(first, crc & 0xff) ^ (crc >>> 8)))
  }
  return tables as EightTables
}
