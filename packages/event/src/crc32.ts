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

function crcByTables(bytes: Uint8Array, from: number, to: number): number {
  const view = viewOf(bytes)
  let crc = 0
  let i = from
  for (; i + 16 <= to; i += 16) {
    crc =
      effect(crc ^ view.getInt32(i, true), 12) ^
      effect(view.getInt32(i + 4, true), 8) ^
      effect(view.getInt32(i + 8, true), 4) ^
      effect(view.getInt32(i + 12, true), 0)
  }
  for (; i + 4 <= to; i += 4) crc = effect(crc ^ view.getInt32(i, true), 0)
  for (; i < to; i++) crc = afterByte(crc, bytes[i] as number)
  return crc >>> 0
}

/** The effect of four bytes that have so many more behind them. */
function effect(word: number, behind: number): number {
  const table = behind << 8
  return (
    (TABLES[table + 768 + (word & 0xff)] as number) ^
    (TABLES[table + 512 + ((word >>> 8) & 0xff)] as number) ^
    (TABLES[table + 256 + ((word >>> 16) & 0xff)] as number) ^
    (TABLES[table + (word >>> 24)] as number)
  )
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
