import type { ProducerDefinition, PropertySchema } from '@aesop/producer'
import { ofAll, producers } from './producers.ts'

const forms = producers.flatMap(({ uriForms }) => uriForms)
const inPlaces = producers.flatMap(({ inPlaceOfUri }) => inPlaceOfUri ?? [])

/** How a descriptor names the place of a source: what the packages of producers say of it, together. */
export const uriSchema: PropertySchema = {
  type: 'string',
  description: `${[forms.slice(0, -1).join(', '), ...forms.slice(-1)].join(' or ')}; left out: ${inPlaces.join(' or ')}.`,
}
export const waysToAPlace: readonly PropertySchema[] = ['uri', ...inPlaces].map((property) => ({
  required: [property],
}))

/** Properties that only sources of one package have. */
export const ownSchemas: Readonly<Record<string, PropertySchema>> = ofAll(({ properties }) => properties)

/** What stands beside a URI whose sources do not have it: said when the descriptor is checked, before a bean is made. */
export const schemeRules: readonly PropertySchema[] = producers
  .flatMap((producer) => producer.schemes.map((scheme) => ruleOf(scheme, refusedOf(producer, scheme))))
  .filter((rule) => rule !== undefined)

function refusedOf({ properties, refused = {} }: ProducerDefinition, scheme: string): readonly string[] {
  const others = Object.keys(ownSchemas).filter((name) => !Object.hasOwn(properties, name))
  return [...others, ...(refused[scheme] ?? [])]
}

function ruleOf(scheme: string, names: readonly string[]): PropertySchema | undefined {
  if (names.length === 0) return undefined
  const pattern = `^${scheme.replace(/[.+]/g, '\\$&')}:`
  const refused = names.map((name) => ({
    not: { required: [name] },
    description: `a source of ${scheme}: has no ${name}`,
  }))
  return { if: { properties: { uri: { type: 'string', pattern } }, required: ['uri'] }, then: { allOf: refused } }
}
