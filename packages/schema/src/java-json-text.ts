import { isJsonArray, isJsonObject, JsonNumber, type JsonNode } from './json-node.ts'

/** JSON as Jackson 1.4 prints it: `JSON.stringify` but for control characters and numbers. */
export function javaJsonText(node: JsonNode): string {
  if (typeof node === 'string') return javaStringText(node)
  if (node instanceof JsonNumber) return javaNumberText(node.literal)
  if (isJsonArray(node)) return `[${node.map(javaJsonText).join()}]`
  if (!isJsonObject(node)) return String(node)
  return `{${Array.from(node, ([name, value]) => `${javaStringText(name)}:${javaJsonText(value)}`).join()}}`
}

/** Control characters have capital digits. Half a surrogate pair can't be written in UTF-8: Java gives a question mark. */
export function javaStringText(text: string): string {
  const whole = text.replace(/\p{Surrogate}/gu, '?')
  return JSON.stringify(whole).replace(/\\(?:u00..|.)/g, (part) => (part.length > 2 ? upperDigits(part) : part))
}

function upperDigits(escaped: string): string {
  return `\\u${escaped.slice(2).toUpperCase()}`
}

function javaNumberText(literal: string): string {
  return /^-?\d+$/.test(literal) ? javaIntegerText(BigInt(literal)) : javaDoubleText(Number(literal))
}

/** Beyond 64 bits Jackson 1.4 prints the low 32. */
function javaIntegerText(value: bigint): string {
  return String(BigInt.asIntN(64, value) === value ? value : BigInt.asIntN(32, value))
}

/** `Double.toString`: at least one digit after the point, and powers of ten outside of 0.001 to 10,000,000. */
function javaDoubleText(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '"-Infinity"' : '"Infinity"'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value)
  const shortest = value.toExponential()
  // Two digits at least: 4.9E-324 where JavaScript has 5e-324.
  const [digits = '', power = ''] = (shortest.includes('.') ? shortest : value.toExponential(1)).split('e')
  return `${digits}E${Number(power)}`
}
