import { SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import {
  type AnswerLimits,
  answerLimits,
  formatRegisterRequest,
  type ListedPhysicalSource,
  parsePhysicalSources,
  parseSchemas,
  parseSources,
  paths,
  type RegisterRequest,
  type SourceSchema,
  UnknownCommandError,
} from '@aesop/wire'
import { SourcesApartError, SourcesMissingError } from './errors.ts'
import { type RelayConnection } from './relay-connection.ts'
import { SourceCatalogue } from './source-catalogue.ts'

/** How long an answer that is not the stream may stay silent, in milliseconds. */
const ANSWER_MS_MAX = 15_000

/**
 * Asks a relay for its sources and for the schemas of those that are wanted by name, and of changes of tables where it tells of
 * them: an older relay does not.
 * @throws SourcesMissingError, SourcesApartError, and whatever the relay or the network says
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
  if (wanted.length > 1) refuseApart(connection.address, wanted, await physicalSources(text))
  const changes = wanted.includes(SCHEMA_CHANGE_SOURCE)
    ? undefined
    : served.find(({ name }) => name === SCHEMA_CHANGE_SOURCE)
  const sources = changes === undefined ? named : [...named, changes]
  const ids = sources.map(({ id }) => id)
  return new SourceCatalogue(sources, await readSchemas(connection, ids, signal), changes?.id)
}

/** Which sources belong together; nothing, where a relay does not tell. */
async function physicalSources(
  text: (path: string, limits: AnswerLimits) => Promise<string>,
): Promise<readonly ListedPhysicalSource[]> {
  try {
    return parsePhysicalSources(await text(paths.physicalSources, answerLimits.sources))
  } catch (error) {
    if (error instanceof UnknownCommandError) return []
    throw error
  }
}

/** @throws SourcesApartError */
function refuseApart(address: string, wanted: readonly string[], listed: readonly ListedPhysicalSource[]): void {
  const owners = new Map<string, readonly string[]>()
  for (const { name, sources } of listed) {
    const had = sources.filter((source) => wanted.includes(source.name)).map((source) => source.name)
    if (had.length > 0) owners.set(name, had)
  }
  if (owners.size > 1) throw new SourcesApartError(address, owners)
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
