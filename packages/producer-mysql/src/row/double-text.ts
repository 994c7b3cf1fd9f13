/**
 * A double as MySQL prints it in JSON: the shortest digits that give it back, without an exponent while the decimal
 * point stands at most 14 zeros before the first digit, within 15 digits, or within the digits themselves. A whole
 * number has `.0`, but none with an exponent.
 */
export function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  const digits = mantissa.replace(/[-.]/g, '')
  const point = Number(exponent) + 1
  if (point < -14 || (point > 15 && point >= digits.length)) return `${mantissa}e${Number(exponent)}`
  const sign = value < 0 ? '-' : ''
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point) || '0'}`
}
