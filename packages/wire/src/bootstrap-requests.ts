import { bootstrapPlaceOf, type BootstrapPlace, type Checkpoint } from '@aesop/checkpoint'
import { formatJson, parseJson } from '@aesop/kernel'
import { ResponseMalformedError } from './errors.ts'
import { formatKeyFilter, parseKeyFilter } from './filter-json.ts'
import { type KeyFilter } from './key-filter.ts'
import { parameters, paths } from './paths.ts'
import { type RequestParameters } from './request-parameters.ts'
import { parseCheckpoint } from './stream-positions.ts'
import { type StreamOutput } from './stream-request.ts'

/** `/startSCN`: from where a snapshot of these sources is consistent with the log. */
export interface StartScnRequest {
  /** Names of logical sources. */
  readonly sources: readonly string[]
  readonly place: BootstrapPlace
  /** Ours: whoever asks can be told by a SchemaChange event that a table was emptied. */
  readonly takesSchemaChanges: boolean
}

/** `/targetSCN`: up to where the log of the source is to be read. */
export interface TargetScnRequest {
  readonly source: string
  readonly place: BootstrapPlace
}

/** `/bootstrap`: the next events of the snapshot or of the log, of the source that the place names. */
export interface BootstrapRequest {
  readonly place: BootstrapPlace
  /** Length of the checkpoint as it was sent. */
  readonly placeBytes: number
  /** Bytes that the answer may have. */
  readonly batchBytes: number
  readonly output: StreamOutput
  /** Undefined: all rows. */
  readonly filter: KeyFilter | undefined
  /** Ours, as of `/stream`; Databus' clients read version 1 here. */
  readonly eventVersionMax: 0 | 2
  readonly takesSchemaChanges: boolean
}

const BATCH_BYTES_MAX = 0x7fffffff
const OUTPUTS: readonly StreamOutput[] = ['binary', 'json', 'json_plain_value']

/** @throws InvalidRequestError */
export function parseStartScnRequest(request: RequestParameters): StartScnRequest {
  const sources = request.requiredText(parameters.sources).split(',')
  if (sources.some((name) => name === '')) request.refuse(parameters.sources)
  return { sources, place: placeOf(request), takesSchemaChanges: request.flag(parameters.schemaChanges) }
}

/** @throws InvalidRequestError */
export function parseTargetScnRequest(request: RequestParameters): TargetScnRequest {
  return { source: request.requiredText(parameters.source), place: placeOf(request) }
}

/** An output that is not known is binary, as in Databus. @throws InvalidRequestError */
export function parseBootstrapRequest(request: RequestParameters): BootstrapRequest {
  const filter = request.text(parameters.filter)
  const output = request.text(parameters.output)?.toLowerCase()
  return {
    place: placeOf(request),
    placeBytes: request.requiredText(parameters.checkpoint).length,
    batchBytes: request.requiredInteger(parameters.batchSize, 1, BATCH_BYTES_MAX),
    output: OUTPUTS.find((known) => known === output) ?? 'binary',
    filter: filter === undefined || filter === '' ? undefined : parseKeyFilter(filter),
    eventVersionMax: request.text(parameters.eventVersionMax) === '2' ? 2 : 0,
    takesSchemaChanges: request.flag(parameters.schemaChanges),
  }
}

function placeOf(request: RequestParameters): BootstrapPlace {
  const text = request.requiredText(parameters.checkpoint)
  return (
    bootstrapPlaceOf(parseCheckpoint(request, parameters.checkpoint, text)) ?? request.refuse(parameters.checkpoint)
  )
}

export function formatStartScnRequest(sources: readonly string[], checkpoint: Checkpoint): string {
  const query = { sources: sources.join(','), checkPoint: checkpoint.format(), schemaChanges: 'true' }
  return `${paths.startScn}?${new URLSearchParams(query).toString()}`
}

export function formatTargetScnRequest(source: string, checkpoint: Checkpoint): string {
  return `${paths.targetScn}?${new URLSearchParams({ source, checkPoint: checkpoint.format() }).toString()}`
}

/** Path and query of our client's request: binary, of both versions, with changes of tables. */
export function formatBootstrapRequest(
  sources: readonly string[],
  checkpoint: Checkpoint,
  batchBytes: number,
  filter?: KeyFilter,
): string {
  const query = new URLSearchParams({
    sources: sources.join(','),
    checkPoint: checkpoint.format(),
    output: 'binary',
    batchSize: String(batchBytes),
    maxev: '2',
    schemaChanges: 'true',
  })
  if (filter !== undefined) query.set(parameters.filter, formatKeyFilter(filter))
  return `${paths.bootstrap}?${query.toString()}`
}

/** The answer of `/startSCN` and `/targetSCN`: a text of JSON, as Databus writes it. */
export function formatScn(scn: bigint): string {
  return formatJson(String(scn))
}

/** @throws ResponseMalformedError */
export function parseScn(text: string): bigint {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw new ResponseMalformedError(`the SCN is no JSON: ${text.slice(0, 80)}`, { cause })
  }
  if (typeof value === 'string' && /^\d{1,19}$/.test(value)) return BigInt(value)
  throw new ResponseMalformedError(`the SCN is ${text.slice(0, 80)}, expected digits between quotes`)
}
