import { SourceConfigInvalidError } from './errors.ts'

/** An integer option as a number, whatever scalar the descriptor made of it. @throws SourceConfigInvalidError */
export function integerWithin(where: string, property: string, value: unknown, min: number, max: number): number {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  const result = typeof number === 'bigint' ? Number(number) : number
  if (typeof result === 'number' && Number.isInteger(result) && result >= min && result <= max) return result
  const shown = typeof value === 'bigint' ? value.toString() : value
  throw new SourceConfigInvalidError(where, property, shown, `an integer from ${min} to ${max}`)
}
