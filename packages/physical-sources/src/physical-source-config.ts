import {
  type GivenSettings,
  type OfferedClass,
  PhysicalSourceConfig as SourceConfig,
  type PhysicalSourceOptions,
  type ProducerDefinition,
  SourceConfigInvalidError,
  type SourceSettings,
} from '@aesop/producer'
import { ownSchemas } from './physical-source-schema.ts'
import { producerOf, producers } from './producers.ts'

type Given = Omit<PhysicalSourceOptions, 'settings'> & Readonly<Record<string, unknown>>
type Reader = (given: GivenSettings) => SourceSettings

/**
 * The bean `PhysicalSourceConfig`: what only the sources of one package have is read by that package, which the scheme of the
 * URI names. Of a scheme that nobody here reads, the properties are the settings as they are given.
 */
export async function loadPhysicalSourceConfig(): ReturnType<OfferedClass['load']> {
  const readers = new Map<ProducerDefinition, Reader | undefined>()
  for (const producer of producers) readers.set(producer, await producer.loadSettings?.())
  return class PhysicalSourceConfig extends SourceConfig {
    /** @throws SourceConfigInvalidError of a property, and what the package throws */
    constructor(given: Given) {
      super(withSettings(given, readers))
    }
  }
}

function withSettings(
  given: Given,
  readers: ReadonlyMap<ProducerDefinition, Reader | undefined>,
): PhysicalSourceOptions {
  const isOwn = ([property]: [string, unknown]): boolean => Object.hasOwn(ownSchemas, property)
  const entries = Object.entries(given)
  const properties = Object.fromEntries(entries.filter(isOwn))
  const common = Object.fromEntries(entries.filter((entry) => !isOwn(entry))) as Pick<Given, 'sources' | 'name' | 'uri'>
  const producer = producerOf(given)
  if (producer !== undefined) refuseOthers(producer, given.uri, properties)
  else if (given.uri === undefined) refusePlaceless()
  const read = producer === undefined ? undefined : readers.get(producer)
  if (read !== undefined) return { ...common, ...read({ name: given.name, uri: given.uri, properties }) }
  return Object.keys(properties).length === 0 ? common : { ...common, settings: properties }
}

/** @throws SourceConfigInvalidError of a property of another package. Its value is not shown: it may be a password */
function refuseOthers(producer: ProducerDefinition, uri = '', properties: GivenSettings['properties']): void {
  const other = Object.keys(properties).find((property) => !Object.hasOwn(producer.properties, property))
  if (other === undefined) return
  const expected = `nothing: a source of ${uri.slice(0, uri.indexOf(':'))}: has no ${other}`
  throw new SourceConfigInvalidError('physical source', other, '***', expected)
}

function refusePlaceless(): never {
  const schemes = producers.flatMap(({ schemes }) => schemes).map((scheme) => `${scheme}:`)
  const begins = [schemes.slice(0, -1).join(', '), ...schemes.slice(-1)].join(' or ')
  const places = producers.flatMap(({ inPlaceOfUri }) => inPlaceOfUri ?? [])
  const expected = `a URI that begins with ${begins}, or a ${places.join(' or ')} in its place`
  throw new SourceConfigInvalidError('physical source', 'uri', undefined, expected)
}
