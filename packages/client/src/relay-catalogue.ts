import { SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { type ListedPhysicalSource, type RelayLink } from '@aesop/wire'
import { SourcesApartError, SourcesMissingError } from './errors.ts'
import { SourceCatalogue } from './source-catalogue.ts'

/**
 * Asks a relay for its sources and for the schemas of those that are wanted by name, and of changes of tables where it tells of
 * them: an older relay does not.
 * @throws SourcesMissingError, SourcesApartError, and whatever the relay or the network says
 */
export async function readCatalogue(
  link: RelayLink,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<SourceCatalogue> {
  const served = await link.sources(signal)
  const named = served.filter(({ name }) => wanted.includes(name))
  const missing = wanted.filter((name) => !named.some((source) => source.name === name))
  if (missing.length > 0) {
    const names = served.map(({ name }) => name)
    throw new SourcesMissingError(link.address, missing, names)
  }
  if (wanted.length > 1) refuseApart(link.address, wanted, await link.physicalSources(signal))
  const changes = wanted.includes(SCHEMA_CHANGE_SOURCE)
    ? undefined
    : served.find(({ name }) => name === SCHEMA_CHANGE_SOURCE)
  const sources = changes === undefined ? named : [...named, changes]
  const ids = sources.map(({ id }) => id)
  return new SourceCatalogue(sources, await link.schemas(ids, signal), changes?.id)
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
