import { AesopError, formatJson, messageOf, parseJson } from '@aesop/kernel'
import { type SnapshotChunk, type SnapshotRequest, type SnapshotTable } from '@aesop/reading'
import * as errors from './errors.ts'
import { memberOf } from './json-parameter.ts'
import { headers, parameters, paths } from './paths.ts'
import { type HeaderMap, type RequestParameters } from './request-parameters.ts'
import { malformed } from './source-list.ts'

const ROWS_MAX = 1_000_000
const SCN_DIGITS_MAX = 19

/** @throws InvalidRequestError */
export function parseSnapshotRequest(request: RequestParameters): SnapshotRequest {
  return {
    source: request.requiredText(parameters.sources),
    maxRows: request.requiredInteger(parameters.rows, 1, ROWS_MAX),
    after: request.text(parameters.after),
    where: request.text(parameters.where),
  }
}

/** Path and query of the question. */
export function formatSnapshotRequest({ source, maxRows, after, where }: SnapshotRequest): string {
  const query = new URLSearchParams({ [parameters.sources]: source, [parameters.rows]: String(maxRows) })
  if (after !== undefined) query.set(parameters.after, after)
  if (where !== undefined) query.set(parameters.where, where)
  return `${paths.snapshot}?${query.toString()}`
}

/** What the headers of the answer say of a chunk. */
export function snapshotHeaders(chunk: SnapshotChunk): Readonly<Record<string, string>> {
  const { atScn, visibleScn, rows, next, readMs } = chunk
  return {
    [headers.snapshotAt]: String(atScn),
    [headers.snapshotVisible]: String(visibleScn),
    [headers.snapshotRows]: String(rows),
    ...(next === undefined ? {} : { [headers.snapshotNext]: next }),
    ...(readMs === undefined ? {} : { [headers.snapshotReadMs]: String(Math.round(readMs)) }),
  }
}

/** @throws ResponseMalformedError */
export function parseSnapshotHeaders(received: HeaderMap): Omit<SnapshotChunk, 'bytes'> {
  const next = received[headers.snapshotNext]
  const isTimed = received[headers.snapshotReadMs] !== undefined
  return {
    atScn: numberIn(received, headers.snapshotAt),
    visibleScn: numberIn(received, headers.snapshotVisible),
    rows: Number(numberIn(received, headers.snapshotRows)),
    ...(typeof next === 'string' ? { next } : {}),
    ...(isTimed ? { readMs: Number(numberIn(received, headers.snapshotReadMs)) } : {}),
  }
}

function numberIn(received: HeaderMap, name: string): bigint {
  const value = received[name]
  if (typeof value === 'string' && /^-?\d+$/.test(value) && value.length <= SCN_DIGITS_MAX) return BigInt(value)
  throw malformed(paths.snapshot, `a number in the header ${name}`, String(value))
}

/** @throws InvalidRequestError */
export function parseSnapshotTableRequest(request: RequestParameters): string {
  return request.requiredText(parameters.sources)
}

export function formatSnapshotTableRequest(source: string): string {
  return `${paths.snapshotTable}?${new URLSearchParams({ [parameters.sources]: source }).toString()}`
}

export function formatSnapshotTable(table: SnapshotTable): string {
  return formatJson(table)
}

/** @throws ResponseMalformedError */
export function parseSnapshotTable(body: string): SnapshotTable {
  const answer = jsonOf(body)
  const [source, key, isKeyless, schema] = ['source', 'key', 'isKeyless', 'schema'].map((name) =>
    memberOf(answer, name),
  )
  const estimate = memberOf(answer, 'estimatedRows')
  const isKey = Array.isArray(key) && key.every((column) => typeof column === 'string')
  if (typeof source !== 'string' || !isKey || typeof isKeyless !== 'boolean' || typeof schema !== 'string')
    throw malformed(paths.snapshotTable, 'an object with source, key, isKeyless and schema', body)
  const estimatedRows = typeof estimate === 'number' && estimate >= 0 ? estimate : undefined
  return { source, key: key, isKeyless, schema, estimatedRows }
}

function jsonOf(body: string): unknown {
  try {
    return parseJson(body)
  } catch (cause) {
    throw malformed(paths.snapshotTable, 'JSON', body, cause)
  }
}

/** What a relay says of an error of its reader: one of the protocol stays as it is. */
export function snapshotFailure(error: unknown): Error {
  if (!(error instanceof AesopError)) return new errors.SnapshotFailedError(messageOf(error), { cause: error })
  if (errors.wireErrors.some(({ kind }) => kind.code === error.code)) return error
  const ofKind = error.canRetry ? errors.SnapshotDelayedError : errors.SnapshotFailedError
  return new ofKind(`${error.code}: ${error.message}`, { cause: error, fields: error.fields, remedy: error.remedy })
}
