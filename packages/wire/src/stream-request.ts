import { Checkpoint } from '@aesop/checkpoint'
import { parseJson } from '@aesop/kernel'
import { InvalidRequestError, OutputUnknownError } from './errors.ts'
import { formatSourceFilters, parseSourceFilters, type SourceFilters } from './filter-json.ts'
import { parameters, paths } from './paths.ts'
import { parseSourceIds } from './register.ts'
import { type RequestParameters } from './request-parameters.ts'

export type StreamOutput = 'binary' | 'json' | 'json_plain_value'

/** What a client asks of `/stream`. */
export interface StreamRequest {
  /** Ids of logical sources; undefined (only from `subs`): every source of the relay. */
  readonly sources: readonly number[] | undefined
  /** The events after it are wanted. */
  readonly checkpoint: Checkpoint
  /** Begin with the last window that the relay holds, whatever the checkpoint says. */
  readonly fromLatestScn: boolean
  /** Upper bound of the bytes of events in the answer; in follow mode the bound of one write. */
  readonly sizeBytes: number
  readonly output: StreamOutput
  /** Newest event version that the client reads: 0 is V1, 2 is V2. */
  readonly eventVersionMax: 0 | 2
  readonly filters: SourceFilters
  /** How long the response keeps streaming, in milliseconds; 0: it ends with what is there. It ends between windows. */
  readonly followMs: number
}

/** Longest time that a response may be asked to keep streaming. */
export const FOLLOW_MS_MAX = 10 * 60_000
const SIZE_BYTES_MAX = 0x7fffffff
const OUTPUTS: readonly StreamOutput[] = ['binary', 'json', 'json_plain_value']

/** @throws InvalidRequestError, OutputUnknownError */
export function parseStreamRequest(request: RequestParameters): StreamRequest {
  const subscriptions = request.text(parameters.subscriptions)
  return {
    sources:
      subscriptions === undefined
        ? parseSourceIds(request, request.requiredText(parameters.sources))
        : subscribedSources(request, subscriptions),
    checkpoint: checkpointOf(request, subscriptions !== undefined),
    fromLatestScn: request.flag(parameters.streamFromLatestScn),
    sizeBytes: request.requiredInteger(parameters.size, 1, SIZE_BYTES_MAX),
    output: outputOf(request.requiredText(parameters.output)),
    eventVersionMax: eventVersionOf(request),
    filters: parseSourceFilters(request.text(parameters.filters) ?? '{}'),
    followMs: request.integer(parameters.follow, 0, FOLLOW_MS_MAX) ?? 0,
  }
}

/** Path and query of a stream request. */
export function formatStreamRequest(request: StreamRequest): string {
  const query = new URLSearchParams({
    protocolVersion: '2',
    sources: (request.sources ?? []).join(','),
    streamFromLatestScn: String(request.fromLatestScn),
    checkPoint: request.checkpoint.format(),
    output: request.output,
    size: String(request.sizeBytes),
    maxev: String(request.eventVersionMax),
  })
  if (request.filters.size > 0) query.set(parameters.filters, formatSourceFilters(request.filters))
  if (request.followMs > 0) query.set(parameters.follow, String(request.followMs))
  return `${paths.stream}?${query.toString()}`
}

function outputOf(text: string): StreamOutput {
  const output = OUTPUTS.find((known) => known === text.toLowerCase())
  if (output === undefined) throw new OutputUnknownError(`No enum constant for output: ${text}`)
  return output
}

function eventVersionOf(request: RequestParameters): 0 | 2 {
  const version = request.integer(parameters.eventVersionMax, 0, 2) ?? 0
  if (version === 1) return request.refuse(parameters.eventVersionMax)
  return version === 2 ? 2 : 0
}

function checkpointOf(request: RequestParameters, subscribed: boolean): Checkpoint {
  const many = request.text(parameters.checkpointMult)
  const one = request.text(parameters.checkpoint)
  if (many !== undefined) return onlyCheckpointOf(request, many)
  if (one === undefined) return Checkpoint.flexible()
  if (subscribed) throw new InvalidRequestError('Both Subscriptions and CheckpointMult should be present')
  return parseCheckpoint(request, parameters.checkpoint, one)
}

/** One registration reads one timeline here, so that one checkpoint is all there can be. */
function onlyCheckpointOf(request: RequestParameters, text: string): Checkpoint {
  const byPartition = parseObject(request, parameters.checkpointMult, text)
  const texts = Object.entries(byPartition).filter(([name]) => name !== 'cursorPartition')
  const first = texts[0]?.[1]
  if (first === undefined) return Checkpoint.flexible()
  if (texts.length > 1 || typeof first !== 'string') return request.refuse(parameters.checkpointMult)
  return parseCheckpoint(request, parameters.checkpointMult, first)
}

function parseCheckpoint(request: RequestParameters, name: string, text: string): Checkpoint {
  try {
    return Checkpoint.parse(text)
  } catch (cause) {
    return request.refuse(name, cause)
  }
}

function subscribedSources(request: RequestParameters, text: string): readonly number[] | undefined {
  const list = parseAny(request, parameters.subscriptions, text)
  if (!Array.isArray(list) || list.length === 0) return request.refuse(parameters.subscriptions)
  const ids = list.map((item: unknown) => subscribedSource(request, item))
  return ids.includes(-1) ? undefined : ids
}

function subscribedSource(request: RequestParameters, item: unknown): number {
  const source = memberOf(memberOf(item, 'logicalPartition'), 'source')
  const id = memberOf(source, 'id')
  return typeof id === 'number' && Number.isInteger(id) ? id : request.refuse(parameters.subscriptions)
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Record<string, unknown>)[name]
}

function parseObject(request: RequestParameters, name: string, text: string): Record<string, unknown> {
  const value = parseAny(request, name, text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return request.refuse(name)
  return value as Record<string, unknown>
}

function parseAny(request: RequestParameters, name: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    return request.refuse(name, cause)
  }
}
