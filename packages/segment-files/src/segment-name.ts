const SUFFIX = '.segment'
const DIGITS = 15

/** What is added to the name of a file that is no longer what was written. */
export const DAMAGED = '.damaged'
/** The same, of a file of another source. */
export const OF_OTHERS = '.other'

/** Named by number, because a file is begun before its first SCN is known; in the order of names. */
export function nameOf(number: number): string {
  return String(number).padStart(DIGITS, '0') + SUFFIX
}

/** Undefined: it is the name of no segment file. */
export function numberOf(name: string): number | undefined {
  const digits = /^(\d{15})\.segment$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
