import { avroOutput } from '@aesop/schema'
import { decimalBytes } from '../table/binlog-column.ts'
import { type TextDecoding } from '../table/charset.ts'

/**
 * The runtime of compiled row writers: each function reads one value of a row at `p` of `b`, writes it as Avro into `t` at `o`,
 * and returns the offset after it, as those of `avroOutput` do.
 */
export const { bigLong, blob, long, natural, text, varint } = avroOutput
const { demandBytes } = avroOutput

/** Bytes whose trailing zeros the server has cut off. */
export function padded(t: Buffer, o: number, b: Buffer, p: number, length: number, bytes: number): number {
  const at = natural(t, o, bytes)
  b.copy(t, at, p, p + length)
  t.fill(0, at + length, at + bytes)
  return at + bytes
}

/** Text of a single-byte or multi-byte set that has ASCII as its lower half. */
export function asciiText(t: Buffer, o: number, b: Buffer, p: number, length: number, decoding: TextDecoding): number {
  demandBytes(b, p, length)
  for (let i = 0; i < length; i++) if ((b[p + i] as number) > 0x7f) return otherText(t, o, b, p, length, decoding)
  return blob(t, o, b, p, length)
}

export function otherText(t: Buffer, o: number, b: Buffer, p: number, length: number, decoding: TextDecoding): number {
  return text(t, o, decoding.decode(b.subarray(p, p + length)))
}

/** The two digits of 0–99, for which the product is the tenth part exactly. */
function pair(t: Buffer, o: number, value: number): number {
  const tens = (value * 103) >> 10
  t[o] = 48 + tens
  t[o + 1] = 48 + value - tens * 10
  return o + 2
}

function ymd(t: Buffer, o: number, year: number, month: number, day: number): number {
  const century = (year / 100) | 0
  pair(t, o, century)
  pair(t, o + 2, year - century * 100)
  t[o + 4] = 45
  pair(t, o + 5, month)
  t[o + 7] = 45
  return pair(t, o + 8, day)
}

function hms(t: Buffer, o: number, hours: number, minutes: number, seconds: number): number {
  pair(t, o, hours)
  t[o + 2] = 58
  pair(t, o + 3, minutes)
  t[o + 5] = 58
  return pair(t, o + 6, seconds)
}

/** The fraction bytes at `p` as `.` and so many digits. */
function fraction(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  return digits === 0 ? o : fractionDigits(t, o, fractionMicros(b, p, digits), digits)
}

function fractionDigits(t: Buffer, o: number, micros: number, digits: number): number {
  t[o] = 46
  const high = (micros / 10_000) | 0
  const rest = micros - high * 10_000
  const middle = (rest / 100) | 0
  pair(t, o + 1, high)
  pair(t, o + 3, middle)
  pair(t, o + 5, rest - middle * 100)
  return o + 1 + digits
}

function fractionMicros(b: Buffer, p: number, digits: number): number {
  demandBytes(b, p, (digits + 1) >> 1)
  const first = b[p] as number
  if (digits < 3) return first * 10_000
  const second = (first << 8) | (b[p + 1] as number)
  return digits < 5 ? second * 100 : (second << 8) | (b[p + 2] as number)
}

export function date(t: Buffer, o: number, b: Buffer, p: number): number {
  demandBytes(b, p, 3)
  const packed = (b[p] as number) | ((b[p + 1] as number) << 8) | ((b[p + 2] as number) << 16)
  t[o] = 20
  return ymd(t, o + 1, packed >> 9, (packed >> 5) & 15, packed & 31)
}

/** 40 bits, biased: the high 22 are the date, the low 17 the clock, and between them one bit of neither. */
export function datetime(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  demandBytes(b, p, 5)
  const high = (((b[p] as number) & 0x7f) << 16) | ((b[p + 1] as number) << 8) | (b[p + 2] as number)
  const days = high >> 1
  const clock = ((high & 1) << 16) | ((b[p + 3] as number) << 8) | (b[p + 4] as number)
  const yearMonth = days >> 5
  const year = (yearMonth / 13) | 0
  t[o] = (digits === 0 ? 19 : 20 + digits) << 1
  const at = ymd(t, o + 1, year, yearMonth - year * 13, days & 31)
  t[at] = 32
  return fraction(t, hms(t, at + 1, clock >> 12, (clock >> 6) & 63, clock & 63), b, p + 5, digits)
}

export function time(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  demandBytes(b, p, 3)
  let clock = (((b[p] as number) << 16) | ((b[p + 1] as number) << 8) | (b[p + 2] as number)) - 0x800000
  let micros = digits === 0 ? 0 : fractionMicros(b, p + 3, digits)
  const negative = clock < 0
  if (negative) {
    // Two's complement of the whole: a fraction has borrowed from the seconds.
    clock = micros === 0 ? -clock : -clock - 1
    micros = micros === 0 ? 0 : borrowed(micros, digits)
  }
  const hours = clock >> 12
  let at = o + 1
  if (negative) t[at++] = 45
  if (hours > 99) t[at++] = 48 + ((hours / 100) | 0)
  at = hms(t, at, hours % 100, (clock >> 6) & 63, clock & 63)
  if (digits > 0) at = fractionDigits(t, at, micros, digits)
  t[o] = (at - o - 1) << 1
  return at
}

function borrowed(micros: number, digits: number): number {
  if (digits < 3) return 256 * 10_000 - micros
  return digits < 5 ? 65_536 * 100 - micros : 16_777_216 - micros
}

/** Microseconds since 1970; the caller has told the zero timestamp apart. */
export function timestamp(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  demandBytes(b, p, 4)
  const seconds =
    (b[p] as number) * 0x1000000 + (((b[p + 1] as number) << 16) | ((b[p + 2] as number) << 8) | (b[p + 3] as number))
  return natural(t, o, seconds * 1_000_000 + (digits === 0 ? 0 : fractionMicros(b, p + 4, digits)))
}

/** Bits of a BIT column, big-endian. */
export function bits(t: Buffer, o: number, b: Buffer, p: number, bytes: number): number {
  demandBytes(b, p, bytes)
  let high = 0
  let low = 0
  for (let i = 0; i < bytes; i++) {
    high = (high << 8) | (low >>> 24)
    low = (low << 8) | (b[p + i] as number)
  }
  return long(t, o, high, low)
}

const GROUP_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]

/** Whether `shortDecimal` can write it: one group before the point, and one or none behind it. */
export function isShortDecimal(precision: number, scale: number): boolean {
  return precision > scale && precision - scale <= 9 && scale <= 9
}

/** What `decimal` writes, for the short ones that most are: both groups are read first, so the text is written once. */
export function shortDecimal(t: Buffer, o: number, b: Buffer, p: number, precision: number, scale: number): number {
  const wholeBytes = GROUP_BYTES[precision - scale] ?? 4
  const end = p + wholeBytes + (GROUP_BYTES[scale] ?? 4)
  demandBytes(b, p, end - p)
  const negative = ((b[p] as number) & 0x80) === 0
  const flip = negative ? 0xff : 0
  let whole = (b[p] as number) ^ 0x80 ^ flip
  for (let i = 1; i < wholeBytes; i++) whole = (whole << 8) | ((b[p + i] as number) ^ flip)
  let fraction = 0
  for (let i = p + wholeBytes; i < end; i++) fraction = (fraction << 8) | ((b[i] as number) ^ flip)
  let at = o + 1
  // A negative zero loses its sign, as the server prints it.
  if (negative && (whole | fraction) !== 0) t[at++] = 45
  at = freeDigits(t, at, whole)
  if (scale > 0) {
    t[at] = 46
    at = fixedDigits(t, at + 1, fraction, scale)
  }
  t[o] = (at - o - 1) << 1
  return at
}

/** The text of a packed decimal (see decimal-value), without objects. */
export function decimal(t: Buffer, o: number, b: Buffer, p: number, precision: number, scale: number): number {
  demandBytes(b, p, decimalBytes(precision - scale) + decimalBytes(scale))
  const flip = (b[p] as number) & 0x80 ? 0 : 0xff
  let at = o + 1
  if (flip !== 0) t[at++] = 45
  const digitsAt = at
  let first = 0x80
  let significant = false
  for (let left = precision - scale; left > 0;) {
    const digits = left % 9 === 0 ? 9 : left % 9
    const size = GROUP_BYTES[digits] ?? 4
    let group = 0
    for (let i = 0; i < size; i++) {
      group = group * 256 + ((b[p++] as number) ^ first ^ flip)
      first = 0
    }
    if (significant) at = fixedDigits(t, at, group, digits)
    else if (group !== 0) at = freeDigits(t, at, group)
    significant ||= group !== 0
    left -= digits
  }
  if (at === digitsAt) t[at++] = 48
  let zero = !significant
  if (scale > 0) {
    t[at++] = 46
    for (let left = scale; left > 0;) {
      const digits = left > 9 ? 9 : left
      const size = GROUP_BYTES[digits] ?? 4
      let group = 0
      for (let i = 0; i < size; i++) {
        group = group * 256 + ((b[p++] as number) ^ first ^ flip)
        first = 0
      }
      zero &&= group === 0
      at = fixedDigits(t, at, group, digits)
      left -= digits
    }
  }
  return finishDecimal(t, o, at, zero && flip !== 0)
}

/** Puts the length before the digits; a negative zero loses its sign, as the server prints it. */
function finishDecimal(t: Buffer, o: number, end: number, dropSign: boolean): number {
  let at = end
  if (dropSign) {
    t.copyWithin(o + 1, o + 2, at)
    at--
  }
  const length = at - o - 1
  if (length < 64) {
    t[o] = length << 1
    return at
  }
  t.copyWithin(o + 2, o + 1, at)
  natural(t, o, length)
  return at + 1
}

function fixedDigits(t: Buffer, o: number, value: number, digits: number): number {
  let v = value
  let at = o + digits
  while (at - 2 >= o) {
    const rest = (v / 100) | 0
    at -= 2
    pair(t, at, v - rest * 100)
    v = rest
  }
  if (at > o) t[o] = 48 + v
  return o + digits
}

function freeDigits(t: Buffer, o: number, value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return fixedDigits(t, o, value, digits)
}
