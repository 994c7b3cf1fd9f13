import { InvalidRequestError } from './errors.ts'

/**
 * A choice among the rows of a source by their key: filters of one list are alternatives.
 *
 * MOD passes a key of which `start ≤ |key| mod numBuckets < end`; a text key counts as the number it spells, else as
 * its Java hash code. RANGE passes `start ≤ key < end`, and fails on text that is no number: to leave out rows that
 * can't be compared would be to lose them. NONE passes everything.
 */
export type KeyFilter =
  | { readonly type: 'NONE' }
  | { readonly type: 'MOD'; readonly buckets: readonly BucketRange[] }
  | { readonly type: 'RANGE'; readonly ranges: readonly KeyRange[] }

export interface BucketRange {
  readonly numBuckets: bigint
  /** First bucket that passes. */
  readonly start: bigint
  /** First bucket after `start` that does not. */
  readonly end: bigint
}

export interface KeyRange {
  readonly start: bigint
  readonly end: bigint
}

const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n

/** Whether an event with this key passes. @throws InvalidRequestError when a RANGE filter meets text that is no number */
export function keyPasses(filter: KeyFilter, key: bigint | string): boolean {
  switch (filter.type) {
    case 'NONE':
      return true
    case 'MOD': {
      const number = magnitude(typeof key === 'bigint' ? key : (parseLong(key) ?? BigInt(javaHashCode(key))))
      return filter.buckets.some((range) => contains(range, number % range.numBuckets))
    }
    case 'RANGE': {
      const number = typeof key === 'bigint' ? key : parseLong(key)
      if (number === undefined) {
        throw new InvalidRequestError('a RANGE filter met a key that is no number; use MOD for sources with text keys')
      }
      return filter.ranges.some((range) => contains(range, number))
    }
  }
}

/** The filter that passes what any of the given ones passes. */
export function anyOfKeyFilters(filters: readonly KeyFilter[]): KeyFilter {
  const mods = filters.flatMap((filter) => (filter.type === 'MOD' ? filter.buckets : []))
  const ranges = filters.flatMap((filter) => (filter.type === 'RANGE' ? filter.ranges : []))
  if (filters.some((filter) => filter.type === 'NONE') || (mods.length === 0 && ranges.length === 0)) {
    return { type: 'NONE' }
  }
  // The wire has one type per source: where both meet, only passing everything passes all of each.
  if (mods.length > 0 && ranges.length > 0) return { type: 'NONE' }
  return mods.length > 0 ? { type: 'MOD', buckets: mods } : { type: 'RANGE', ranges }
}

/** Java's String.hashCode: a signed 32-bit number. */
export function javaHashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

function contains(range: { readonly start: bigint; readonly end: bigint }, value: bigint): boolean {
  return range.start <= value && value < range.end
}

/** The magnitude is taken without 64-bit overflow: the smallest long and the smallest int have one too. */
function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

function parseLong(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined
  const value = BigInt(text)
  return value < LONG_MIN || value > LONG_MAX ? undefined : value
}
