import { type LogicalSource } from '@aesop/event'
import { answerLimits, checkAnswer } from './answer-limits.ts'
import { ResponseMalformedError } from './errors.ts'
import { parameters } from './paths.ts'
import { type RequestParameters } from './request-parameters.ts'

/** The form of the answer: 1, unless the parameter `v` says 2. Nothing else of the request counts. @throws InvalidRequestError */
export function parseSourcesRequest(request: RequestParameters): 1 | 2 {
  return request.integer(parameters.version, 1, 2) === 2 ? 2 : 1
}

/** The body of `/sources`: `[{"name":"or_test.person","id":41}]`, or with version 2 all that Databus' objects say. */
export function formatSources(sources: readonly LogicalSource[], version: 1 | 2 = 1): string {
  if (version === 1) return JSON.stringify(sources.map(({ name, id }) => ({ name, id })))
  return JSON.stringify(sources.map(({ name, id }) => ({ id, name, wildcard: false, allSourcesWildcard: false })))
}

/** @throws ResponseMalformedError, ResponseTooLargeError */
export function parseSources(body: string): LogicalSource[] {
  checkAnswer('/sources', body, answerLimits.sources)
  return parseArray(body, '/sources').map((item) => {
    if (!isSource(item)) throw malformed('/sources', 'objects with name and id', JSON.stringify(item))
    return { id: item.id, name: item.name }
  })
}

function isSource(item: unknown): item is LogicalSource {
  if (typeof item !== 'object' || item === null || !('id' in item) || !('name' in item)) return false
  return Number.isInteger(item.id) && typeof item.name === 'string'
}

/** A body that must be a JSON array. @throws ResponseMalformedError */
export function parseArray(body: string, path: string): unknown[] {
  const parsed = parseBody(body, path)
  if (!Array.isArray(parsed)) throw malformed(path, 'a JSON array', body)
  return parsed
}

/** @throws ResponseMalformedError */
export function parseBody(body: string, path: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw malformed(path, 'JSON', body, cause)
  }
}

/** The error for a body of `path` that is not what was `expected`; it shows the beginning of the body. */
export function malformed(path: string, expected: string, body: string, cause?: unknown): ResponseMalformedError {
  const message = `the answer to ${path} should be ${expected}, but begins with ${JSON.stringify(body.slice(0, 80))}`
  return new ResponseMalformedError(message, cause === undefined ? {} : { cause })
}
