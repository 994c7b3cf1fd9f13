import { decimalBytes } from '../table/binlog-column.ts'
import { byteAt } from '../log/byte-at.ts'

/**
 * A packed decimal: nine digits in four bytes, big-endian, left-over digits in fewer bytes at both ends; the first bit
 * is inverted, and all bits of a negative value.
 */
export function readDecimal(value: Buffer, precision: number, scale: number): string {
  const bytes = Buffer.from(value)
  const negative = (byteAt(bytes, 0) & 0x80) === 0
  bytes[0] = byteAt(bytes, 0) ^ 0x80
  if (negative) for (let i = 0; i < bytes.length; i++) bytes[i] = byteAt(bytes, i) ^ 0xff
  const whole = precision - scale
  const groups = [whole % 9, ...nines(whole), ...nines(scale), scale % 9].filter((digits) => digits > 0)
  let at = 0
  const digits = groups
    .map((count) => {
      const size = decimalBytes(count)
      const group = bytes.readUIntBE(at, size)
      at += size
      return String(group).padStart(count, '0')
    })
    .join('')
  const integer = digits.slice(0, whole).replace(/^0+/, '') || '0'
  const text = scale === 0 ? integer : `${integer}.${digits.slice(whole)}`
  return negative && /[1-9]/.test(text) ? `-${text}` : text
}

function nines(digits: number): number[] {
  return Array.from({ length: Math.floor(digits / 9) }, () => 9)
}
