import { Checkpoint } from '@aesop/checkpoint'
import { InvalidRequestError, OutputUnknownError } from './errors.ts'
import { formatSourceFilters, parseSourceFilters, type SourceFilters } from './filter-json.ts'
import { parameters, paths } from './paths.ts'
import { parseSourceIds } from './register.ts'
import { type RequestParameters } from './request-parameters.ts'
import { parseCheckpoint, parsePositions, type StreamPositions } from './stream-positions.ts'
import { parseSubscriptions, type Subscription } from './subscriptions.ts'

export type StreamOutput = 'binary' | 'json' | 'json_plain_value'

/** What a client asks of `/stream`. */
export interface StreamRequest {
  /** Ids of logical sources; undefined: `subscriptions` say what is wanted. */
  readonly sources: readonly number[] | undefined
  /** Logical sources, each with its physical one; left out: `sources` say what is wanted. */
  readonly subscriptions?: readonly Subscription[]
  /** The events after it are wanted; flexible where there are `positions`. */
  readonly checkpoint: Checkpoint
  /** A checkpoint for each physical partition; left out: `checkpoint` is all that was given. */
  readonly positions?: StreamPositions
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
  const positions = request.text(parameters.checkpointMult)
  return {
    ...(subscriptions === undefined
      ? { sources: parseSourceIds(request, request.requiredText(parameters.sources)) }
      : { sources: undefined, subscriptions: parseSubscriptions(request, subscriptions) }),
    checkpoint: checkpointOf(request, subscriptions !== undefined),
    ...(positions === undefined ? {} : { positions: parsePositions(request, positions) }),
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
  const one = request.text(parameters.checkpoint)
  if (one === undefined || request.text(parameters.checkpointMult) !== undefined) return Checkpoint.flexible()
  if (subscribed) throw new InvalidRequestError('Both Subscriptions and CheckpointMult should be present')
  return parseCheckpoint(request, parameters.checkpoint, one)
}
