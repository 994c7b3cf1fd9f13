import { type PropertySchema } from '../component.ts'
import { type Scalar, type ScalarValue } from './definition.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

export interface Converted {
  readonly value: Scalar
  /** What is wrong, as the end of `"x" must be …`. */
  readonly fault?: string
}

/** The types that a schema names; empty when it names none. */
export function typesOf(schema: PropertySchema): readonly string[] {
  const type = schema['type']
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((each): each is string => typeof each === 'string') : []
}

/**
 * The value of a scalar as its property wants it: text from a placeholder takes the type of the property, integers of
 * format int64 are bigint, all others numbers. What does not fit is left as it is, for the validation to report.
 */
export function convertScalar(scalar: ScalarValue, schema: PropertySchema): Converted {
  const types = typesOf(schema)
  const value = scalar.origin === undefined ? scalar.value : convertText(scalar.value, types)
  if (schema['format'] === 'int64') return asInt64(value)
  if (typeof value !== 'bigint') return { value }
  const number = Number(value)
  if (Number.isSafeInteger(number)) return { value: number }
  if (types.includes('integer') || types.includes('number'))
    return { value: number, fault: 'an integer within ±(2^53 - 1)' }
  return { value }
}

function asInt64(value: Scalar): Converted {
  const whole = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof whole !== 'bigint' || (whole >= INT64_MIN && whole <= INT64_MAX)) return { value: whole }
  return { value: whole, fault: 'an integer of 64 bits' }
}

function convertText(value: Scalar, types: readonly string[]): Scalar {
  if (typeof value !== 'string' || types.includes('string')) return value
  const text = value.trim()
  if ((types.includes('integer') || types.includes('number')) && /^[+-]?\d+$/.test(text)) return BigInt(text)
  if (types.includes('number') && text !== '' && Number.isFinite(Number(text))) return Number(text)
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.includes('null') && (text === '' || text === 'null')) return null
  return value
}
