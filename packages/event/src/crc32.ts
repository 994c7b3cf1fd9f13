import { crc32 as zlibCrc32 } from 'node:zlib'
import { viewOf } from './byte-view.ts'

/*
 * Databus' CRC: the reflected CRC-32 (polynomial 0xEDB88320) that starts at 0 and has no final XOR. The check value of
 * "123456789" is 2dfd2d88. Table look-ups of sixteen bytes at a time win on short ranges, zlib's call on long ones.
 */

/** From this length on zlib is asked. */
const ZLIB_WINS_FROM_BYTES = 800
/** Sixteen tables of 256, one after the other: table k is the effect of a byte that has k more behind it. */
const TABLES = makeTables()

/** The checksum of bytes [from, to), as an unsigned 32-bit number. */
export function eventCrc(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < ZLIB_WINS_FROM_BYTES) return crcByTables(bytes, from, to)
  return (zlibCrc32(bytes.subarray(from, to), 0xffffffff) ^ 0xffffffff) >>> 0
}

/** The readable form, one byte at a time: the oracle of the tests. */
export function crcByBytes(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let i = from; i < to; i++) crc = afterByte(crc, bytes[i] as number)
  return crc >>> 0
}

/**
 * The look-ups are written out, because the compiler puts in calls of a helper only while its budget for the caller lasts. Those that wait
 * for the sum so far come last: the others are done meanwhile.
 */
function crcByTables(bytes: Uint8Array, from: number, to: number): number {
  const view = viewOf(bytes)
  const table = TABLES
  let crc = 0
  let i = from
  for (; i + 16 <= to; i += 16) {
    const a = crc ^ view.getInt32(i, true)
    const b = view.getInt32(i + 4, true)
    const c = view.getInt32(i + 8, true)
    const d = view.getInt32(i + 12, true)
    crc =
      (table[d >>> 24] as number) ^
      (table[0x100 | ((d >>> 16) & 0xff)] as number) ^
      (table[0x200 | ((d >>> 8) & 0xff)] as number) ^
      (table[0x300 | (d & 0xff)] as number) ^
      (table[0x400 | (c >>> 24)] as number) ^
      (table[0x500 | ((c >>> 16) & 0xff)] as number) ^
      (table[0x600 | ((c >>> 8) & 0xff)] as number) ^
      (table[0x700 | (c & 0xff)] as number) ^
      (table[0x800 | (b >>> 24)] as number) ^
      (table[0x900 | ((b >>> 16) & 0xff)] as number) ^
      (table[0xa00 | ((b >>> 8) & 0xff)] as number) ^
      (table[0xb00 | (b & 0xff)] as number) ^
      (table[0xc00 | (a >>> 24)] as number) ^
      (table[0xd00 | ((a >>> 16) & 0xff)] as number) ^
      (table[0xe00 | ((a >>> 8) & 0xff)] as number) ^
      (table[0xf00 | (a & 0xff)] as number)
  }
  for (; i + 4 <= to; i += 4) {
    const a = crc ^ view.getInt32(i, true)
    crc =
      (table[0x300 | (a & 0xff)] as number) ^
      (table[0x200 | ((a >>> 8) & 0xff)] as number) ^
      (table[0x100 | ((a >>> 16) & 0xff)] as number) ^
      (table[a >>> 24] as number)
  }
  for (; i < to; i++) crc = afterByte(crc, bytes[i] as number)
  return crc >>> 0
}

function afterByte(crc: number, byte: number): number {
  return (TABLES[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
}

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[n] = crc
  }
  for (let n = 256; n < tables.length; n++) {
    const before = tables[n - 256] as number
    tables[n] = (tables[before & 0xff] as number) ^ (before >>> 8)
  }
  return tables
}
