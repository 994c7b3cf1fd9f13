/**
 * Dates and times in row images, as the server prints them. Zero and partial dates keep their digits, and no time zone
 * of the process takes part.
 */

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

/** DATE: day in bits 0–4, month in 5–8, year from 9. */
export function dateText(packed: number): string {
  return `${padded(packed >> 9, 4)}-${padded((packed >> 5) & 15, 2)}-${padded(packed & 31, 2)}`
}

/** Fraction bytes as microseconds: 1–3 big-endian bytes hold 2, 4 or 6 digits. */
function fractionMicros(bytes: Buffer): number {
  if (bytes.length === 0) return 0
  return bytes.readUIntBE(0, bytes.length) * 100 ** (3 - bytes.length)
}

function fractionText(micros: number, digits: number): string {
  return digits === 0 ? '' : `.${padded(micros, 6).slice(0, digits)}`
}

/** DATETIME: 40 bits big-endian, biased by 2^39: 17 bits year * 13 + month, 5 day, 5 hour, 6 minute, 6 second. */
export function datetimeText(value: Buffer, digits: number): string {
  const packed = value.readUIntBE(0, 5) - 0x8000000000
  const date = Math.floor(packed / 0x20000)
  const time = packed % 0x20000
  const yearMonth = date >> 5
  const text = `${padded(Math.floor(yearMonth / 13), 4)}-${padded(yearMonth % 13, 2)}-${padded(date & 31, 2)}`
  const clock = `${padded(time >> 12, 2)}:${padded((time >> 6) & 63, 2)}:${padded(time & 63, 2)}`
  return `${text} ${clock}${fractionText(fractionMicros(value.subarray(5)), digits)}`
}

/**
 * TIME: 24 bits big-endian, biased by 2^23: 10 bits hour, 6 minute, 6 second; then the fraction. A negative value is
 * the two's complement of the whole, fraction included, so that a fraction borrows from the seconds.
 */
export function timeText(value: Buffer, digits: number): string {
  const fractionBits = BigInt((value.length - 3) * 8)
  const biased = BigInt(`0x${value.toString('hex')}`) - (0x800000n << fractionBits)
  const magnitude = biased < 0n ? -biased : biased
  const clock = Number(magnitude >> fractionBits)
  const fraction = Number(magnitude & ((1n << fractionBits) - 1n)) * 100 ** (6 - value.length)
  const text = `${padded(clock >> 12, 2)}:${padded((clock >> 6) & 63, 2)}:${padded(clock & 63, 2)}`
  return `${biased < 0n ? '-' : ''}${text}${digits === 0 ? '' : fractionText(fraction, digits)}`
}

/** TIMESTAMP: seconds since 1970 and a fraction; null for the zero timestamp. */
export function timestampMicros(seconds: number, fraction: Buffer): bigint | null {
  const micros = fractionMicros(fraction)
  return seconds === 0 && micros === 0 ? null : BigInt(seconds) * 1_000_000n + BigInt(micros)
}

/** A timestamp as text, in UTC. */
export function timestampText(micros: bigint | null, digits: number): string {
  if (micros === null) return `0000-00-00 00:00:00${fractionText(0, digits)}`
  const text = new Date(Number(micros / 1000n)).toISOString().slice(0, 19).replace('T', ' ')
  return text + fractionText(Number(micros % 1_000_000n), digits)
}

/**
 * Milliseconds since 1970 of a printed date or datetime, taken as UTC, and its microseconds within the millisecond;
 * undefined for a zero, partial or impossible date.
 */
export function dateMicros(text: string): bigint | undefined {
  const [, year, month, day, clock, fraction] = /^(\d+)-(\d+)-(\d+)(?: ([\d:]+)(?:\.(\d+))?)?$/.exec(text) ?? []
  const iso = `${year ?? ''}-${month ?? ''}-${day ?? ''}T${clock ?? '00:00:00'}.000Z`
  const ms = Date.parse(iso)
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso) return undefined
  return BigInt(ms) * 1000n + BigInt((fraction ?? '').padEnd(6, '0'))
}

/** Microseconds of a printed TIME. */
export function clockMicros(text: string): bigint {
  const [, sign, hours, minutes, seconds, fraction] = /^(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const micros = BigInt(total) * 1_000_000n + BigInt((fraction ?? '').padEnd(6, '0'))
  return sign === '-' ? -micros : micros
}
