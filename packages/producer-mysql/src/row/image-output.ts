import { decimalBytes } from '../table/binlog-column.ts'

/*
 * Values of the binary protocol in the form of row images. `p` is where a value begins in `b`, its length byte included; the
 * answer is the offset after what was written into `t` at `o`. See `temporal-value.ts` and `decimal-value.ts` for the forms.
 */

export function text(t: Buffer, o: number, b: Buffer, p: number, length: number): number {
  t[o] = length
  t[o + 1] = length >>> 8
  t[o + 2] = length >>> 16
  t[o + 3] = length >>> 24
  o += 4
  if (length > 24) b.copy(t, o, p, p + length)
  else for (let i = 0; i < length; i++) t[o + i] = b[p + i] as number
  return o + length
}

export function date(t: Buffer, o: number, b: Buffer, p: number): number {
  const packed = b[p] === 0 ? 0 : (b.readUInt16LE(p + 1) << 9) | ((b[p + 3] as number) << 5) | (b[p + 4] as number)
  t[o] = packed
  t[o + 1] = packed >> 8
  t[o + 2] = packed >> 16
  return o + 3
}

function microsAt(b: Buffer, p: number, length: number, from: number): number {
  return length > from ? b.readUInt32LE(p + 1 + from) : 0
}

function fraction(t: Buffer, o: number, micros: number, digits: number): number {
  const bytes = (digits + 1) >> 1
  if (bytes > 0) t.writeUIntBE(Math.floor(micros / 100 ** (3 - bytes)), o, bytes)
  return o + bytes
}

export function datetime(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  const length = b[p] as number
  const yearMonth = length === 0 ? 0 : b.readUInt16LE(p + 1) * 13 + (b[p + 3] as number)
  const day = length === 0 ? 0 : (b[p + 4] as number)
  const time = length > 4 ? ((b[p + 5] as number) << 12) | ((b[p + 6] as number) << 6) | (b[p + 7] as number) : 0
  t.writeUIntBE(0x8000000000 + ((yearMonth << 5) | day) * 0x20000 + time, o, 5)
  return fraction(t, o + 5, microsAt(b, p, length, 7), digits)
}

export function timestamp(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  const length = b[p] as number
  t.writeUInt32BE(length === 0 ? 0 : secondsAt(b, p, length), o)
  return fraction(t, o + 4, microsAt(b, p, length, 7), digits)
}

/** Of a day in the calendar, in UTC; the day number counts from March of the year 0, so that a leap day comes last. */
function secondsAt(b: Buffer, p: number, length: number): number {
  const month = b[p + 3] as number
  const year = b.readUInt16LE(p + 1) - (month < 3 ? 1 : 0)
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + (b[p + 4] as number) - 1
  const days = year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + dayOfYear - 719_468
  const clock = length > 4 ? (b[p + 5] as number) * 3600 + (b[p + 6] as number) * 60 + (b[p + 7] as number) : 0
  return days * 86_400 + clock
}

export function time(t: Buffer, o: number, b: Buffer, p: number, digits: number): number {
  const length = b[p] as number
  const bytes = (digits + 1) >> 1
  const scale = 256 ** bytes
  let magnitude = 0
  if (length > 0) {
    const hours = b.readUInt32LE(p + 2) * 24 + (b[p + 6] as number)
    const clock = (hours << 12) | ((b[p + 7] as number) << 6) | (b[p + 8] as number)
    magnitude = clock * scale + Math.floor(microsAt(b, p, length, 8) / 100 ** (3 - bytes))
  }
  const isNegative = length > 0 && b[p + 1] === 1
  t.writeUIntBE(0x800000 * scale + (isNegative ? -magnitude : magnitude), o, 3 + bytes)
  return o + 3 + bytes
}

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30

/** A printed decimal of `length` bytes at `p`, packed: all bits inverted below zero, and then the first one. */
export function decimal(
  t: Buffer,
  o: number,
  b: Buffer,
  p: number,
  length: number,
  precision: number,
  scale: number,
): number {
  const isNegative = b[p] === MINUS
  const from = isNegative ? p + 1 : p
  const end = p + length
  let point = from
  while (point < end && b[point] !== POINT) point++
  const whole = precision - scale
  const start = o
  o = digits(t, o, b, point - whole, whole, from, point, whole % 9)
  o = digits(t, o, b, point + 1, scale, point + 1, end, 9)
  if (isNegative) for (let i = start; i < o; i++) t[i] = ~(t[i] as number)
  t[start] = (t[start] as number) ^ 0x80
  return o
}

/**
 * `count` digits from `at` on, nine to a group, the first one of `first`, if that is not 0. What lies outside of `from` and `until`
 * is 0: zeros that the server did not print.
 */
function digits(
  t: Buffer,
  o: number,
  b: Buffer,
  at: number,
  count: number,
  from: number,
  until: number,
  first: number,
): number {
  for (let left = count, group = first === 0 ? 9 : first; left > 0; left -= group, group = 9) {
    if (group > left) group = left
    let value = 0
    for (let i = 0; i < group; i++, at++) {
      value = value * 10 + (at >= from && at < until ? (b[at] as number) - ZERO : 0)
    }
    const bytes = decimalBytes(group)
    for (let i = bytes - 1; i >= 0; i--, value = Math.floor(value / 256)) t[o + i] = value & 255
    o += bytes
  }
  return o
}
