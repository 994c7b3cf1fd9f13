import { formatJson, parseJson } from '@aesop/kernel'
import { memberOf } from './json-parameter.ts'
import { parameters, paths } from './paths.ts'
import { parseSourceIds } from './register.ts'
import { type RequestParameters } from './request-parameters.ts'
import { malformed } from './source-list.ts'

/** Where somebody wants to begin who has no place yet: the words of `startFrom`, without SCNs, which are places already. */
export type StartFrom =
  /** Before the oldest change that the log of the source still has. */
  | { readonly kind: 'earliest' }
  /** Behind the newest window that the relay has had. */
  | { readonly kind: 'latest' }
  /** Before the first change at or after this time, in milliseconds since 1970. */
  | { readonly kind: 'time'; readonly ms: number }

/** A question of ours, which Databus does not know: `/startPlace?sources=40,41&startFrom=earliest`. */
export interface StartPlaceRequest {
  /** Ids of logical sources, of one physical source. */
  readonly sources: readonly number[]
  readonly from: StartFrom
}

/** The answer, `{"scn":4711,"scnSpace":"…"}`: the first window that is wanted is the one that follows this SCN. */
export interface StartPlace {
  readonly scn: bigint
  /** Undefined: not known. */
  readonly scnSpace: string | undefined
}

const MS_DIGITS_MAX = 15

/** @throws InvalidRequestError */
export function parseStartPlaceRequest(request: RequestParameters): StartPlaceRequest {
  const sources = parseSourceIds(request, request.requiredText(parameters.sources))
  const from = request.requiredText(parameters.startFrom)
  if (from === 'earliest' || from === 'latest') return { sources, from: { kind: from } }
  if (!/^\d+$/.test(from) || from.length > MS_DIGITS_MAX) return request.refuse(parameters.startFrom)
  return { sources, from: { kind: 'time', ms: Number(from) } }
}

/** Path and query of the question. */
export function formatStartPlaceRequest({ sources, from }: StartPlaceRequest): string {
  const word = from.kind === 'time' ? String(from.ms) : from.kind
  const query = new URLSearchParams({ [parameters.sources]: sources.join(','), [parameters.startFrom]: word })
  return `${paths.startPlace}?${query.toString()}`
}

export function formatStartPlace({ scn, scnSpace }: StartPlace): string {
  return formatJson({ scn, ...(scnSpace === undefined ? {} : { scnSpace }) })
}

/** @throws ResponseMalformedError */
export function parseStartPlace(body: string): StartPlace {
  const answer = answerOf(body)
  const [scn, scnSpace] = [memberOf(answer, 'scn'), memberOf(answer, 'scnSpace')]
  const isScn = typeof scn === 'bigint' || (typeof scn === 'number' && Number.isSafeInteger(scn))
  if (!isScn || scn < 0 || (scnSpace !== undefined && typeof scnSpace !== 'string'))
    throw malformed(paths.startPlace, 'an object with an SCN', body)
  return { scn: BigInt(scn), scnSpace }
}

function answerOf(body: string): unknown {
  try {
    return parseJson(body)
  } catch (cause) {
    throw malformed(paths.startPlace, 'JSON', body, cause)
  }
}
