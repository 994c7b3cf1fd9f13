import { formatJson, messageOf, parseJson } from '@aesop/kernel'
import { InvalidRequestError } from './errors.ts'
import { type BucketRange, type KeyFilter, type KeyRange } from './key-filter.ts'

/** Key filters by the id of their source; a source that is not named passes whole. */
export type SourceFilters = ReadonlyMap<number, KeyFilter>

/**
 * Reads the parameter `filters` of a stream request:
 * `{"40":{"partitionType":"MOD","filters":[{"numBuckets":10,"bktRange":{"start":0,"end":2}}]}}`.
 * @throws InvalidRequestError
 */
export function parseSourceFilters(text: string): SourceFilters {
  const filters = new Map<number, KeyFilter>()
  for (const [id, item] of Object.entries(objectOf(parse(text), 'filters'))) {
    if (!/^\d{1,5}$/.test(id)) throw invalid(`source id "${id}" is no number`)
    filters.set(Number(id), keyFilterOf(item))
  }
  return filters
}

/** Reads one filter, the form of bootstrap requests. @throws InvalidRequestError */
export function parseKeyFilter(text: string): KeyFilter {
  return keyFilterOf(parse(text))
}

/** The parameter `filters` of a stream request. */
export function formatSourceFilters(filters: SourceFilters): string {
  return formatJson(Object.fromEntries([...filters].map(([id, filter]) => [id, filterData(filter)])))
}

/** One filter, the form of bootstrap requests. */
export function formatKeyFilter(filter: KeyFilter): string {
  return formatJson(filterData(filter))
}

function filterData(filter: KeyFilter): object {
  switch (filter.type) {
    case 'NONE':
      return { partitionType: 'NONE', filters: [] }
    case 'MOD': {
      const filters = filter.buckets.map(({ numBuckets, start, end }) => ({ numBuckets, bktRange: { start, end } }))
      return { partitionType: 'MOD', filters }
    }
    case 'RANGE':
      return { partitionType: 'RANGE', filters: filter.ranges.map(({ start, end }) => ({ keyRange: { start, end } })) }
  }
}

function keyFilterOf(item: unknown): KeyFilter {
  const { partitionType, filters } = objectOf(item, 'filter')
  if (partitionType === 'NONE') return { type: 'NONE' }
  if (!Array.isArray(filters)) throw invalid('"filters" is no list')
  if (partitionType === 'MOD') return { type: 'MOD', buckets: filters.map(bucketRangeOf) }
  if (partitionType === 'RANGE') return { type: 'RANGE', ranges: filters.map(keyRangeOf) }
  throw invalid(`partitionType ${JSON.stringify(partitionType)} is not MOD, RANGE or NONE`)
}

function bucketRangeOf(item: unknown): BucketRange {
  const { numBuckets, bktRange } = objectOf(item, 'MOD filter')
  const count = integerOf(numBuckets, 'numBuckets')
  if (count <= 0n) throw invalid(`numBuckets is ${count}, expected at least 1`)
  return { numBuckets: count, ...rangeOf(bktRange, 'bktRange') }
}

function keyRangeOf(item: unknown): KeyRange {
  return rangeOf(objectOf(item, 'RANGE filter')['keyRange'], 'keyRange')
}

function rangeOf(item: unknown, name: string): KeyRange {
  const { start, end } = objectOf(item, name)
  const range = { start: integerOf(start, `${name}.start`), end: integerOf(end, `${name}.end`) }
  if (range.end < range.start) throw invalid(`${name} ends at ${range.end}, before its start ${range.start}`)
  return range
}

function integerOf(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw invalid(`${name} is no integer`)
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`the ${name} is no object`)
  return value as Record<string, unknown>
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw invalid(messageOf(cause), cause)
  }
}

function invalid(fault: string, cause?: unknown): InvalidRequestError {
  return new InvalidRequestError(`Invalid value for stream.filters: ${fault}`, cause === undefined ? {} : { cause })
}
