/*
 * Each function writes one Avro value into `t` at `o` and returns the offset after it. The caller has made room; nothing here
 * checks bounds of the target. An Avro int or long is a zigzag varint; string and bytes are a long length and the bytes.
 */

/** For loops over bytes that have to be there: one look in place of one a byte. @throws RangeError */
export function demandBytes(bytes: Uint8Array, from: number, count: number): void {
  if (from + count > bytes.length) throw new RangeError(`no ${count} bytes at ${from} of ${bytes.length}`)
}

/** A zigzagged value of at most 32 bits. */
export function varint(t: Buffer, o: number, zigzag: number): number {
  let z = zigzag
  while (z > 0x7f) {
    t[o++] = (z & 0x7f) | 0x80
    z >>>= 7
  }
  t[o++] = z
  return o
}

/** A length or another integer from 0 to 2^52. */
export function natural(t: Buffer, o: number, value: number): number {
  let z = value * 2
  while (z > 0x7fffffff) {
    t[o++] = (z % 128) | 0x80
    z = Math.floor(z / 128)
  }
  return varint(t, o, z)
}

/** 64 bits as two halves of 32. */
export function long(t: Buffer, o: number, high: number, low: number): number {
  const sign = high >> 31
  let zl = ((low << 1) ^ sign) >>> 0
  let zh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0
  while (zh !== 0) {
    t[o++] = (zl & 0x7f) | 0x80
    zl = ((zl >>> 7) | (zh << 25)) >>> 0
    zh >>>= 7
  }
  return varint(t, o, zl)
}

/** Any 64-bit integer, the slow way. */
export function bigLong(t: Buffer, o: number, value: bigint): number {
  return long(t, o, Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asUintN(32, value)) | 0)
}

/** Bytes and text that is UTF-8 already. */
export function blob(t: Buffer, o: number, b: Buffer, p: number, length: number): number {
  if (length < 64) {
    demandBytes(b, p, length)
    t[o++] = length << 1
    for (let i = 0; i < length; i++) t[o + i] = b[p + i] as number
    return o + length
  }
  const at = natural(t, o, length)
  b.copy(t, at, p, p + length)
  return at + length
}

/** A string, for the ways that are not worth a compiled one. */
export function text(t: Buffer, o: number, value: string): number {
  const at = natural(t, o, Buffer.byteLength(value))
  return at + t.write(value, at, 'utf8')
}
