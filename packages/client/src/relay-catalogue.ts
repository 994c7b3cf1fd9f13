import { SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import {
  type AnswerLimits,
  answerLimits,
  formatRegisterRequest,
  parseSchemas,
  parseSources,
  paths,
  type RegisterRequest,
  type SourceSchema,
} from '@aesop/wire'
import { SourcesMissingError } from './errors.ts'
import { type RelayConnection } from './relay-connection.ts'
import { SourceCatalogue } from './source-catalogue.ts'

/** How long an answer that is not the stream may stay silent, in milliseconds. */
const ANSWER_MS_MAX = 15_000

/**
 * Asks a relay for its sources and for the schemas of those that are wanted by name, and of changes of tables where it tells of
 * them: an older relay does not.
 * @throws SourcesMissingError, and whatever the relay or the network says
 */
export async function readCatalogue(
  connection: RelayConnection,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<SourceCatalogue> {
  const text = (path: string, { bytes }: AnswerLimits): Promise<string> =>
    connection.text(path, bytes, ANSWER_MS_MAX, signal)
  const served = parseSources(await text(`${paths.sources}?protocolVersion=2`, answerLimits.sources))
  const named = served.filter(({ name }) => wanted.includes(name))
  const missing = wanted.filter((name) => !named.some((source) => source.name === name))
  if (missing.length > 0) {
    const names = served.map(({ name }) => name)
    throw new SourcesMissingError(connection.address, missing, names)
  }
  const changes = wanted.includes(SCHEMA_CHANGE_SOURCE)
    ? undefined
    : served.find(({ name }) => name === SCHEMA_CHANGE_SOURCE)
  const sources = changes === undefined ? named : [...named, changes]
  const ids = sources.map(({ id }) => id)
  return new SourceCatalogue(sources, await readSchemas(connection, ids, signal), changes?.id)
}

/** Asks a relay for every version of the schemas of sources. @throws whatever the relay or the network says */
export async function readSchemas(
  connection: RelayConnection,
  sourceIds: readonly number[],
  signal: AbortSignal,
): Promise<SourceSchema[]> {
  const request: RegisterRequest = { sources: sourceIds, protocolVersion: 2, compress: true }
  const { bytes } = answerLimits.register
  const body = await connection.text(formatRegisterRequest(request), bytes, ANSWER_MS_MAX, signal)
  return parseSchemas(body, request)
}
