import { ColumnType } from './column-type.ts'

/**
 * TIME, DATETIME and TIMESTAMP as MariaDB keeps them with `mysql56_temporal_format=OFF`. Without fractional seconds they are
 * what they were before MySQL 5.6: decimal hhmmss and yyyymmddhhmmss, seconds since 1970, little-endian. With n digits of them a value is one big-endian number in units of 10⁻ⁿ seconds; the log
 * has the same type codes for both, and no n.
 *
 * | type      | the number                                                          | bytes for n = 1 … 6 |
 * |-----------|---------------------------------------------------------------------|---------------------|
 * | TIME      | seconds + 3020400 (one more than its greatest)                      | 4, 4, 5, 5, 5, 6    |
 * | DATETIME  | ((((year × 13 + month) × 32 + day) × 24 + hour) × 60 + minute) × 60 + second | 6, 6, 7, 7, 7, 8 |
 * | TIMESTAMP | seconds since 1970 in 4 bytes, then the digits in bytes of their own | 5, 5, 6, 6, 7, 7    |
 */
const BYTES = new Map<number, readonly number[]>([
  [ColumnType.TIME, [3, 4, 4, 5, 5, 5, 6]],
  [ColumnType.DATETIME, [8, 6, 6, 7, 7, 7, 8]],
  [ColumnType.TIMESTAMP, [4, 5, 5, 6, 6, 7, 7]],
])
const TIME_ZERO_SECONDS = 3_020_400n

/** Whether values of this type may have fractional seconds of which a log of MariaDB says nothing. */
export function hidesFraction(type: number): boolean {
  return BYTES.has(type)
}

/** Bytes of a value; undefined for any other type. */
export function oldTemporalBytes(type: number, digits: number): number | undefined {
  return BYTES.get(type)?.[digits]
}

/** Digits of `datetime(3) /* mariadb-5.3 *\/`; undefined when the name is of no such type. */
export function digitsOfTypeName(typeName: string): number | undefined {
  const match = /^(?:time|datetime|timestamp)\b(?:\((\d)\))?/i.exec(typeName)
  return match === null ? undefined : Number(match[1] ?? 0)
}

function big(value: Buffer): bigint {
  return BigInt(`0x${value.toString('hex')}`)
}

function fractionText(fraction: bigint, digits: number): string {
  return `.${String(fraction).padStart(digits, '0')}`
}

function padded(value: number | bigint, digits = 2): string {
  return String(value).padStart(digits, '0')
}

function clockText(seconds: bigint): string {
  return `${padded(seconds / 3600n)}:${padded((seconds / 60n) % 60n)}:${padded(seconds % 60n)}`
}

export function timeText(value: Buffer, digits: number): string {
  if (digits === 0) return decimalTimeText(value.readIntLE(0, 3))
  const unit = 10n ** BigInt(digits)
  const units = big(value) - TIME_ZERO_SECONDS * unit
  const magnitude = units < 0n ? -units : units
  return `${units < 0n ? '-' : ''}${clockText(magnitude / unit)}${fractionText(magnitude % unit, digits)}`
}

function decimalTimeText(packed: number): string {
  const clock = Math.abs(packed)
  const parts = [Math.floor(clock / 10_000), Math.floor(clock / 100) % 100, clock % 100]
  return `${packed < 0 ? '-' : ''}${parts.map((part) => padded(part)).join(':')}`
}

export function datetimeText(value: Buffer, digits: number): string {
  if (digits === 0) return decimalDatetimeText(value.readBigUInt64LE())
  const unit = 10n ** BigInt(digits)
  const units = big(value)
  const seconds = units / unit
  const days = seconds / 86_400n
  const months = days / 32n
  const date = `${padded(months / 13n, 4)}-${padded(months % 13n)}-${padded(days % 32n)}`
  return `${date} ${clockText(seconds % 86_400n)}${fractionText(units % unit, digits)}`
}

function decimalDatetimeText(packed: bigint): string {
  return padded(packed, 14).replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3 $4:$5:$6')
}

/** Microseconds since 1970; null for the zero timestamp. */
export function timestampMicros(value: Buffer, digits: number): bigint | null {
  const seconds = digits === 0 ? value.readUInt32LE() : value.readUInt32BE()
  const fraction = digits === 0 ? 0n : big(value.subarray(4)) * 10n ** BigInt(6 - digits)
  const micros = BigInt(seconds) * 1_000_000n + fraction
  return micros === 0n ? null : micros
}
